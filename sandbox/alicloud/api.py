"""The API of Alibaba Cloud CDN."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote
from uuid import uuid4

from sandbox.alicloud import signature
from sandbox.alicloud.inventory import Domain, domains
from sandbox.alicloud.signature import KEY, STS, AccessKey
from sandbox.api import API
from sandbox.limits import Limit
from sandbox.messages import Answer, Call, Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.alicloud.inventory import DomainCertificate
    from sandbox.inventory import Inventory
    from sandbox.state import State

VERSION = "2018-05-10"
JSON = "application/json;charset=utf-8"
MAX_PAGE_SIZE = 500
DOMAINS = "DescribeUserDomains"
HTTPS = "DescribeCdnHttpsDomainList"
INFO = "DescribeDomainCertificateInfo"


def iso(time: datetime | None) -> str:
    """Return a time as most operations say it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if time else ""


def naive(time: datetime | None) -> str:
    """Return a time as DescribeCdnHttpsDomainList says it: without its zone."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if time else ""


class AlibabaCloud(API[Domain]):
    """The API of Alibaba Cloud CDN."""

    provider = "alicloud"
    size = 1200
    holds = "domains on Alibaba Cloud"
    demo: ClassVar[Mapping[str, Any]] = {"size": 300}
    lists = (DOMAINS, HTTPS)
    details = (INFO,)
    never = frozenset(
        {
            "DescribeCdnCertificateDetail",
            "DescribeCdnCertificateDetailById",
            "DescribeCdnSMCertificateDetail",
            "DescribeDcdnCertificateDetail",
            "DescribeDcdnCertificateDetailById",
            "DescribeDcdnSMCertificateDetail",
            "GetUserCertificateDetail",
        },
    )
    logins: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "access_key": {"access_key_id": KEY.id, "access_key_secret": KEY.secret},
        "sts": {
            "access_key_id": STS.id,
            "access_key_secret": STS.secret,
            "security_token": str(STS.token),
        },
    }
    secrets: tuple[str, ...] = (KEY.secret, STS.secret, str(STS.token))
    refusals: ClassVar[Mapping[str, Refusal]] = {
        **signature.REFUSALS,
        "permission": Refusal(
            status=403,
            code="Forbidden.RAM",
            message="User not authorized to operate on the specified resource.",
        ),
        "gone": Refusal(
            status=404, code="InvalidDomain.NotFound", message="The domain provided does not belong to you."
        ),
        "inactive": Refusal(status=403, code="CdnServiceNotFound", message="The CDN service is not found."),
    }
    throttled = Refusal(
        status=400, code="Throttling.User", message="Request was denied due to user flow control."
    )
    hints: Mapping[str, str] = {
        **API.hints,
        "x-acs-retry-after": "{milliseconds:.0f}",
        "x-ratelimit-user-api": "Limit:1,Remain:0,TimeLeft:{milliseconds:.0f},Reset:1",
    }
    more: Mapping[str, Mapping[str, Any]] = {
        "Forbidden.RAM": {"AccessDeniedDetail": {"AuthPrincipalOwnerId": "1234567890", "PolicyType": "None"}},
    }
    limits: Mapping[str, Limit] = {"operation": Limit(100, 1, each=True)}

    def __init__(self, state: State, **options: Any) -> None:
        super().__init__(state, **options)
        self.issued: dict[str, AccessKey] = {}

    def issue(self, seconds: float) -> AccessKey:
        """Issue a temporary key, which is refused once so many seconds are over."""
        token, end = f"s3cr3t-token-{uuid4().hex}", self.state.time() + seconds
        key = AccessKey(f"STS.s3cr3t{uuid4().hex}", f"s3cr3t-secret-{uuid4().hex}", token, end)
        self.issued[key.id] = key
        self.secrets += (key.secret, token)
        return key

    def stock(self, size: int) -> Inventory[Domain]:
        """Return an inventory of so many domains."""
        return domains(size, self.state.seed, self.state.now)

    def keys(self, operation: str) -> list[str]:
        """Return the domains that an operation lists, or may be asked for."""
        if operation == HTTPS:
            return [domain.domain_name for domain in self.inventory if domain.certificate]
        return super().keys(operation)

    def sent(self, call: Call) -> set[str]:
        """Return what of a call no log should hold: a temporary token too."""
        token = call.header("x-acs-security-token")
        return super().sent(call) | ({token} if token else set())

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation named by the header, and the domain it is about."""
        return call.header("x-acs-action"), self.parameters(call).get("DomainName", "")

    def parameters(self, call: Call) -> dict[str, str]:
        """Return the parameters of the query and of a form."""
        form = call.body.decode(errors="replace") if "form" in call.header("Content-Type") else ""
        return dict(signature.parameters(call.query) + signature.parameters(form))

    def authenticate(self, call: Call) -> None:
        """Check the signature, whose nonce is good once."""
        signature.check(call, self.state.time(), self.issued)
        if not self.once(call.header("x-acs-signature-nonce"), signature.MINUTES_15):
            self.refuse("repeated")

    def operate(self, call: Call) -> Answer:
        """Answer one of the operations that the sandbox knows."""
        operations = {
            DOMAINS: self.user_domains,
            HTTPS: self.https_domains,
            INFO: self.certificate_info,
        }
        operation = operations.get(call.entry.operation)
        if call.entry.operation in self.never:
            raise RefusedError(403, "Forbidden.RAM", "The sandbox gives no private keys.")
        if operation is None or call.header("x-acs-version") != VERSION:
            message = "Specified api is not found, please check your url and method."
            raise RefusedError(404, "InvalidAction.NotFound", message)
        content = {**operation(self.parameters(call)), "RequestId": str(uuid4()).upper()}
        answer = Answer.json(200, content, JSON)
        if content.get("PageNumber") == 1:
            self.listed(call.entry.operation)
        return answer

    def page(self, parameters: dict[str, str], items: list[Domain]) -> tuple[list[Domain], dict[str, int]]:
        """Return a page of the items, and its number, size and their total."""
        numbers = []
        for name, default, most in (("PageNumber", "1", 100_000), ("PageSize", "20", MAX_PAGE_SIZE)):
            text = parameters.get(name, default)
            if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
                message = f"The specified {name} is not valid: 1 to {most}."
                raise RefusedError(400, f"Invalid{name}.Malformed", message)
            numbers.append(int(text))
        number, size = numbers
        paging = {"PageNumber": number, "PageSize": size, "TotalCount": len(items)}
        return items[(number - 1) * size : number * size], paging

    def user_domains(self, parameters: dict[str, str]) -> dict[str, Any]:
        """DescribeUserDomains."""
        items = list(self.inventory)
        if parameters.get("CheckDomainShow") != "true":
            items = [item for item in items if item.domain_status not in ("checking", "check_failed")]
        items, paging = self.page(parameters, items)
        return {**paging, "Domains": {"PageData": [page_data(item) for item in items]}}

    def https_domains(self, parameters: dict[str, str]) -> dict[str, Any]:
        """DescribeCdnHttpsDomainList."""
        items = [item for item in self.inventory if item.certificate]
        if not items:
            raise RefusedError(400, "NoHttpsDomain", "The account has no HTTPS domain.")
        items, paging = self.page(parameters, items)
        infos = [https_domain(item.domain_name, item.certificate) for item in items if item.certificate]
        return {**paging, "CertInfos": {"CertInfo": infos}}

    def certificate_info(self, parameters: dict[str, str]) -> dict[str, Any]:
        """DescribeDomainCertificateInfo."""
        name = parameters.get("DomainName")
        if not name:
            raise RefusedError(400, "MissingDomainName", "DomainName is mandatory for this action.")
        domain = self.inventory.get(name)
        if domain is None:
            self.refuse("gone")
        if domain.certificate:
            return {"CertInfos": {"CertInfo": [certificate_info(name, domain.certificate)]}}
        answers: dict[str | None, dict[str, Any]] = {
            "off": {"CertInfos": {"CertInfo": [no_certificate(name)]}},
            "missing": {},
            "null": {"CertInfos": None},
        }
        return answers.get(domain.absent, {"CertInfos": {"CertInfo": []}})

    def render(self, call: Call, error: RefusedError) -> Answer:
        """Return an error of the gateway or of an operation."""
        content = {
            "Code": error.code,
            "Message": error.message,
            "RequestId": str(uuid4()).upper(),
            "HostId": call.request.host,
            "Recommend": f"https://api.alibabacloud.com/troubleshoot?q={quote(error.code)}&product=Cdn",
            **error.details,
        }
        return Answer.json(error.status, content, JSON)


def page_data(domain: Domain) -> dict[str, Any]:
    """Return an item of DescribeUserDomains."""
    modified = iso(domain.gmt_modified)
    return {
        "DomainName": domain.domain_name,
        "DomainId": domain.domain_id,
        "Cname": domain.cname,
        "CdnType": domain.cdn_type,
        "DomainStatus": domain.domain_status,
        "GmtCreated": iso(domain.gmt_created),
        # The documents have a sample without seconds.
        "GmtModified": modified if domain.gmt_modified.second else modified[:-4] + "Z",
        "Description": domain.description,
        "SourceType": domain.source_type,
        "SslProtocol": domain.ssl_protocol,
        "ResourceGroupId": domain.resource_group_id,
        "Sandbox": domain.sandbox,
        "Coverage": domain.coverage,
        "Sources": {
            "Source": [
                {
                    "Type": source.type,
                    "Content": source.content,
                    "Port": source.port,
                    "Priority": source.priority,
                    "Weight": source.weight,
                }
                for source in domain.sources
            ],
        },
    }


def https_domain(name: str, certificate: DomainCertificate) -> dict[str, str]:
    """Return an item of DescribeCdnHttpsDomainList."""
    return {
        "DomainName": name,
        "CertName": certificate.cert_name,
        "CertCommonName": certificate.cert_common_name,
        "CertType": certificate.cert_type,
        "CertStatus": certificate.cert_status,
        "CertStartTime": naive(certificate.cert_start_time),
        "CertExpireTime": naive(certificate.cert_expire_time),
        "CertUpdateTime": naive(certificate.cert_update_time),
    }


def certificate_info(name: str, certificate: DomainCertificate) -> dict[str, str]:
    """Return an item of DescribeDomainCertificateInfo."""
    return {
        "DomainName": name,
        "CertName": certificate.cert_name,
        "CertId": certificate.cert_id,
        "CertLife": certificate.cert_life,
        "Status": certificate.status,
        "CertUpdateTime": iso(certificate.cert_update_time),
        "CertDomainName": certificate.cert_domain_name,
        "ServerCertificateStatus": certificate.server_certificate_status,
        "CertOrg": certificate.cert_org,
        "CertStartTime": iso(certificate.cert_start_time),
        "CertExpireTime": iso(certificate.cert_expire_time),
        "CertType": certificate.cert_type,
        "DomainCnameStatus": certificate.domain_cname_status,
        "ServerCertificate": certificate.server_certificate,
        "CertRegion": certificate.cert_region,
    }


def no_certificate(name: str) -> dict[str, str]:
    """Return the item of a domain without a certificate."""
    fields = (
        "CertName CertId CertLife Status CertUpdateTime CertDomainName CertOrg CertStartTime CertExpireTime "
        "CertType DomainCnameStatus ServerCertificate CertRegion"
    )
    return {"DomainName": name, "ServerCertificateStatus": "off"} | dict.fromkeys(fields.split(), "")
