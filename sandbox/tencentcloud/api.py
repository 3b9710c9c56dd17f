"""The APIs of Tencent Cloud's SSL Certificate Service, CDN and EdgeOne."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from uuid import uuid4

from sandbox.api import API
from sandbox.limits import Limit
from sandbox.messages import Answer, Call, Refusal, RefusedError
from sandbox.tencentcloud import rows, signature
from sandbox.tencentcloud.inventory import Account, CDNDomain, Certificate, Zone
from sandbox.tencentcloud.signature import KEY, TEMPORARY, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.inventory import Inventory
    from sandbox.state import State

CERTIFICATES, DEPLOYED = "DescribeCertificates", "DescribeDeployedResources"
CONFIGS = "DescribeDomainsConfig"
ZONES, DOMAINS, DEFAULTS = "DescribeZones", "DescribeAccelerationDomains", "DescribeDefaultCertificates"


class Operation(NamedTuple):
    """An operation: its service and version, the default and greatest size of its pages, its parameters."""

    service: str
    version: str
    pages: tuple[int, int] | None
    items: str
    total: str = "TotalCount"
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def parameters(self) -> set[str]:
        """All that it takes."""
        return {*self.required, *self.optional, *(("Offset", "Limit") if self.pages else ())}


SSL, CDN, TEO = ("ssl", "2019-12-05"), ("cdn", "2018-06-06"), ("teo", "2022-09-01")
SEARCH = ("SearchKey", "CertificateType", "CertificateStatus", "FilterSource", "ExpirationSort", "Upload")
OPERATIONS = {
    CERTIFICATES: Operation(*SSL, (10, 1000), "Certificates", optional=SEARCH),
    DEPLOYED: Operation(*SSL, None, "DeployedResources", required=("CertificateIds", "ResourceType")),
    CONFIGS: Operation(*CDN, (100, 100), "Domains", "TotalNumber", optional=("Filters", "Sort")),
    ZONES: Operation(*TEO, (20, 100), "Zones", optional=("Filters", "Order", "Direction")),
    DOMAINS: Operation(
        *(*TEO, (20, 200), "AccelerationDomains"),
        required=("ZoneId",),
        optional=("Filters", "Order", "Direction", "Match"),
    ),
    DEFAULTS: Operation(
        *TEO, (20, 100), "DefaultServerCertInfo", required=("ZoneId",), optional=("Filters",)
    ),
}
RENDERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    CERTIFICATES: rows.certificate,
    CONFIGS: rows.cdn_domain,
    ZONES: rows.zone,
    DOMAINS: rows.edgeone_domain,
    DEFAULTS: lambda named: rows.default_certificate(*named),
}
TYPES = frozenset({"clb", "cdn", "live", "vod", "waf", "antiddos", "teo"})


class TencentCloud(API[Certificate]):
    """The APIs of Tencent Cloud, for one account."""

    provider = "tencentcloud"
    size = 100
    holds = "certificates and as many domains of CDN and of EdgeOne on Tencent Cloud"
    demo: ClassVar[Mapping[str, Any]] = {"size": 24, "products": ("ssl", "cdn", "edgeone", "deployments")}
    products = ("ssl", "cdn", "edgeone", "deployments")
    lists = (CERTIFICATES, CONFIGS)
    details = ()
    nested: ClassVar[Mapping[str, str]] = {DOMAINS: ZONES}
    supplements = (ZONES, DEPLOYED, DEFAULTS)
    optional = (DEFAULTS,)
    never = frozenset(
        {
            *("DescribeCertificate", "DescribeCertificateDetail", "DescribeDownloadCertificateUrl"),
            *("DownloadCertificate", "CreateCertificateBindResourceSyncTask"),
        }
    )
    logins: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "key": {"secret_id": KEY.id, "secret_key": KEY.secret},
        "temporary": {
            "secret_id": TEMPORARY.id,
            "secret_key": TEMPORARY.secret,
            "token": TEMPORARY.token,
        },
    }
    secrets = (KEY.secret, TEMPORARY.secret, TEMPORARY.token)
    refusals: ClassVar[Mapping[str, Refusal]] = {
        **signature.REFUSALS,
        "permission": Refusal(
            status=200,
            code="UnauthorizedOperation",
            message="You are not authorized to perform this operation.",
        ),
        "gone": Refusal(status=200, code="InvalidParameter.ZoneNotFound", message="The zone does not exist."),
    }
    throttled = Refusal(
        status=200, code="RequestLimitExceeded", message="Your current request exceeds the limit."
    )
    limits: Mapping[str, Limit] = {
        "operation": Limit(20, 1, each=True),
        DEPLOYED: Limit(10, 1, (DEPLOYED,)),
    }

    account: Account

    def __init__(self, state: State, *, international: bool = False, **options: Any) -> None:
        if international:
            self.limits = {**self.limits, CERTIFICATES: Limit(10, 1, (CERTIFICATES,))}
        super().__init__(state, **options)

    def stock(self, size: int) -> Inventory[Certificate]:
        """Return the certificates of an account."""
        self.account = Account(size, self.state.seed, self.state.now)
        return self.account.certificates

    def inventory_of(self, operation: str) -> Inventory[Any]:
        """Return what an operation lists."""
        account = self.account
        held: dict[str, Inventory[Any]] = {
            CONFIGS: account.cdn,
            ZONES: account.zones,
            DOMAINS: account.edgeone,
        }
        return held.get(operation, account.certificates)

    def sent(self, call: Call) -> set[str]:
        """Return what of a call no log should hold: a temporary token too."""
        return super().sent(call) | ({call.header("X-TC-Token")} - {""})

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation named by the header, and the zone that it is about."""
        return call.header("X-TC-Action"), str(self.parameters(call).get("ZoneId", ""))

    def parameters(self, call: Call) -> dict[str, Any]:
        """Return the parameters of a call, if they are an object."""
        try:
            parameters = json.loads(call.body)
        except ValueError:
            return {}
        return parameters if isinstance(parameters, dict) else {}

    def authenticate(self, call: Call) -> None:
        """Check the signature, of the service that has the operation."""
        made = OPERATIONS.get(call.entry.operation)
        signature.check(call, made.service if made else "ssl", self.state.time())

    def operate(self, call: Call) -> Answer:
        """Answer an operation that the sandbox knows, asked for as the documents say."""
        operation = call.entry.operation
        made = OPERATIONS.get(operation)
        if made is None:
            refuse("InvalidAction", f"There is no action {operation} here.")
        if call.header("X-TC-Version") != made.version:
            refuse("NoSuchVersion", f"{operation} is of version {made.version}.")
        # Of the forms that the provider takes, the sandbox takes one.
        if (call.request.method, call.path, call.query) != ("POST", "/", ""):
            refuse("UnsupportedProtocol", "The sandbox takes POST /.")
        if call.header("Content-Type").partition(";")[0] != "application/json":
            refuse("UnsupportedProtocol", "The sandbox takes application/json.")
        parameters = self.parameters(call)
        if unknown := parameters.keys() - made.parameters:
            refuse("UnknownParameter", f"{operation} has no parameter {min(unknown)}.")
        if missing := {*made.required} - parameters.keys():
            refuse("MissingParameter", f"{operation} needs the parameter {min(missing)}.")
        if made.pages is None:
            return self.answered({made.items: self.deployed(parameters)})
        listed = self.items(operation, parameters)
        begin, size = self.page(made.pages, parameters)
        items = [RENDERS[operation](each) for each in listed[begin : begin + size]]
        # Where there is nothing, there is no list.
        answer = self.answered({made.items: items or None, made.total: len(listed)})
        if begin == 0:
            self.listed(operation)
        return answer

    def items(self, operation: str, parameters: Mapping[str, Any]) -> list[Any]:
        """Return what an operation lists; certificates and domains of CDN have the newest first."""
        match operation:
            case "DescribeCertificates":
                return [*self.account.certificates][::-1]
            case "DescribeDomainsConfig":
                return self.configs(parameters)[::-1]
            case "DescribeAccelerationDomains":
                zone_id = self.zone_of(parameters).zone_id
                return [each for each in self.account.edgeone if each.zone_id == zone_id]
            case "DescribeDefaultCertificates":
                return [*self.zone_of(parameters).own.items()]
        return [*self.account.zones]

    def page(self, pages: tuple[int, int], parameters: Mapping[str, Any]) -> tuple[int, int]:
        """Return where a page begins, and its size."""
        default, most = pages
        begin, size = parameters.get("Offset", 0), parameters.get("Limit", default)
        if type(begin) is not int or type(size) is not int or begin < 0 or size < 1:
            refuse("InvalidParameterValue", "Offset has to be 0 or more, Limit 1 or more.")
        # The list of certificates alone takes more for the most.
        if size > most and most != 1000:
            refuse("InvalidParameterValue", f"Limit may be {most} at most.")
        return begin, min(size, most)

    def deployed(self, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what certificates are deployed to."""
        names, kind = parameters["CertificateIds"], parameters["ResourceType"]
        if not isinstance(names, list) or not 1 <= len(names) <= 50:
            refuse("FailedOperation.CertificateIdsOverLimit", "CertificateIds may be 50 at most.")
        if kind not in TYPES:
            refuse("InvalidParameter", "ResourceType is not valid.")
        if not all(name in self.account.certificates for name in names):
            refuse("FailedOperation.CertificateNotFound", "The certificate does not exist.")
        return [
            {
                "CertificateId": name,
                "Count": len(domains),
                "Type": kind,
                "ResourceIds": None,
                "Resources": domains,
            }
            for name, domains in self.account.deployed(names, kind).items()
        ]

    def configs(self, parameters: Mapping[str, Any]) -> list[CDNDomain]:
        """Return the domains of CDN; the one filter is `https`."""
        filters = {each["Name"]: each["Value"] for each in parameters.get("Filters") or ()}
        if filters.keys() - {"https"}:
            refuse("InvalidParameter.CdnParamError", "The sandbox has no such filter.")
        wanted = filters.get("https")
        return [each for each in self.account.cdn if wanted is None or each.switch in wanted]

    def zone_of(self, parameters: Mapping[str, Any]) -> Zone:
        """Return the zone that is asked for, unless it is refused to everybody."""
        zone = self.account.zones.get(parameters["ZoneId"])
        if zone is None:
            self.refuse("gone")
        if zone.type in {"pages", "ai"}:
            self.refuse("permission")
        return zone

    def render(self, call: Call, error: RefusedError) -> Answer:
        """Return an error, as all answers are."""
        del call
        said = {"Code": error.code, "Message": error.message}
        return self.answered({"Error": said, **error.details}, error.status)

    def answered(self, content: Mapping[str, Any], status: int = 200) -> Answer:
        """Return an answer in the envelope that all have; the official SDK reads no other type."""
        return Answer.json(status, {"Response": {"RequestId": str(uuid4()), **content}})
