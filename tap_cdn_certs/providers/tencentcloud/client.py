"""Requests to a Tencent Cloud account: https://www.tencentcloud.com/document/product/1278/46696."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import requests
from typing_extensions import override

from tap_cdn_certs.api.client import Client
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.errors import Reach, meanings
from tap_cdn_certs.providers.tencentcloud.signature import TC3HMACSHA256
from tap_cdn_certs.records.seen import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.errors import Refusal
    from tap_cdn_certs.records.values import Item

# The services and the versions of their APIs.
VERSIONS = {"ssl": "2019-12-05", "cdn": "2018-06-06", "teo": "2022-09-01"}


DEPLOYED = "DescribeDeployedResources"
# The service that has an operation, and what of the setting `products` needs it.
OPERATIONS = {
    "DescribeCertificates": ("ssl", "ssl"),
    DEPLOYED: ("ssl", "deployments"),
    "DescribeDomainsConfig": ("cdn", "cdn"),
    "DescribeZones": ("teo", "edgeone"),
    "DescribeAccelerationDomains": ("teo", "edgeone"),
    "DescribeDefaultCertificates": ("teo", "edgeone"),
}
UNKNOWN = ("ssl", "ssl")  # one that nobody asks for

# All that an answer may have. Beside it there are origins' and viewers' passwords and keys, of a certificate
# its private key: of what is not here, nothing but the name goes on.
KNOWN = words(
    "Response Error Code Message RequestId TotalCount TotalNumber Certificates DeployedResources Domains "
    "Zones AccelerationDomains DefaultServerCertInfo OwnerUin ProjectId From PackageType PackageTypeName "
    "CertificateType ProductZhName Domain Alias Status StatusName StatusMsg VulnerabilityStatus "
    "VerifyType CertBeginTime CertEndTime ValidityPeriod InsertTime CertificateId SubjectAltName CertSANs "
    "EncryptAlgorithm CAEncryptAlgorithms CAEndTimes CACommonNames IsDv IsWildcard IsVulnerability "
    "RenewAble Deployable IsIgnore IsSM IsExpiring AllowDownload IsDNSPODResolve IsPackage "
    "KeyPasswordCustomFlag ReplaceOriCertIsDelete AutoRenewFlag HostingStatus HostingCompleteTime "
    "HostingRenewCertId HostingResourceTypes IsHostingUploadRenewCert HasRenewOrder DVAuthDeadline "
    "ValidationPassedTime AwaitingValidationMsg CertRevokedTime ServiceId ServiceStatus "
    "CertServiceBeginTime CertServiceEndTime CertServiceShareEnabled CertServiceValidCertificateCount "
    "CertificateExtra DomainNumber OriginCertificateId ReplacedBy ReplacedFor RenewOrder SMCert "
    "CompanyType ServiceRenewCertificateId ServiceOriginCertificateId ProjectInfo ProjectName "
    "PreAuditInfo TotalPeriod NowPeriod Count Resources ResourceIds ResourceId AppId Cname ServiceType "
    "CreateTime UpdateTime Disable Area Readonly ParentHost Https Switch SslStatus Http2 OcspStapling "
    "VerifyClient Spdy TlsVersion Hsts MaxAge IncludeSubDomains CertInfo CertId CertName Certificate "
    "ExpireTime DeployTime ClientCertInfo ZoneId ZoneName DomainName DomainStatus IdentificationStatus "
    "CreatedOn ModifiedOn Mode List Type SignAlgo CertInfos UpstreamCertInfo UpstreamMutualTLS "
    "UpstreamCertificateVerify VerificationMode CustomCACerts EffectiveTime CommonName"
)
DEPTH = 12  # more than any of them has

DEBTS = frozenset({"UnauthorizedOperation.CdnUserIsSuspended", "UnauthorizedOperation.CdnUserIsIsolated"})
# What else may help where an operation is refused.
INSTEAD = {
    "DescribeDomainsConfig": " Without it, the product deployments still says to which domains the "
    "certificates are deployed.",
    "DescribeAccelerationDomains": " EdgeOne refuses the zones of its Pages and AI to everybody, and no "
    "policy changes that: to hear no more of them, name all others in the setting tencentcloud.zones.",
}


class TencentCloudClient(Client):
    """Requests to the services of a Tencent Cloud account."""

    provider = "tencentcloud"
    secret_settings = ("secret_key", "token")
    url_settings = ("api_url", *(f"{service}_url" for service in VERSIONS))
    rate_limits: ClassVar = {
        # In China DescribeCertificates has more, but nobody has as many pages.
        "ssl": Limit(10, 1.0, ("DescribeCertificates", DEPLOYED), each=True),
        **Client.rate_limits,
    }
    error_at = ("Response.Error.Code", "Response.Error.Message")
    request_id_at = "Response.RequestId"
    # Whatever the status, which is 200.
    errors: ClassVar = meanings(
        {
            Reach.THROTTLED: "RequestLimitExceeded LimitExceeded.RateLimitExceeded "
            "LimitExceeded.SslCertRequestLimitExceeded UnauthorizedOperation.OperationTooOften",
            Reach.ATTEMPT: "InternalError FailedOperation.SystemError FailedOperation.NetworkError "
            "FailedOperation.DataSystemError FailedOperation.SslCertCannotGetOrder",
            Reach.PROVIDER: "AuthFailure",
            Reach.STREAM: "UnauthorizedOperation AuthFailure.UnauthorizedOperation FailedOperation.AuthError "
            "FailedOperation.CAMAuthorizedFail FailedOperation.NoProjectPermission "
            "FailedOperation.RoleNotFoundAuthorization",
            Reach.INACTIVE: "ResourceNotFound.CdnUserNotExists",
            Reach.GONE: "FailedOperation.CertificateNotFound InvalidParameter.ZoneNotFound "
            "InvalidParameterValue.ZoneNotFound ResourceNotFound.CdnHostNotExists",
        }
    )
    credentials_refused = ()

    def __init__(self, settings: Mapping[str, Any], stopped: Any) -> None:
        self._named = {service: url_setting(service, settings) for service in VERSIONS}
        super().__init__(settings, stopped)

    @property
    @override
    def credentials(self) -> str:
        return (
            "tencentcloud.secret_id, tencentcloud.secret_key and, for temporary credentials, "
            "tencentcloud.token"
        )

    @override
    def auth(self, settings: Mapping[str, Any]) -> TC3HMACSHA256:
        return TC3HMACSHA256(settings, service_of)

    @override
    def urls(self, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        site = "intl.tencentcloudapi.com" if settings.get("international") else "tencentcloudapi.com"
        own = {name: f"https://{service}.{site}" for service, name in self._named.items()}
        yield from ((name, settings.get(name) or url) for name, url in own.items())

    @override
    def address_setting(self, operation: str) -> str:
        return self._named[service_of(operation)]

    @override
    def ask(
        self, operation: str, path: str = "", parameters: Parameters | None = None, url: str | None = None
    ) -> requests.Request:
        headers = {
            "X-TC-Action": operation,
            "X-TC-Version": VERSIONS[service_of(operation)],
            "X-TC-Language": "en-US",
        }
        address = url or self.addresses(operation)[0]
        return requests.Request("POST", f"{address}{path}/", headers, json=dict(parameters or {}))

    @override
    def parse(self, answer: Answer) -> Item:
        known: Item = without_unknown(super().parse(answer))
        return known

    @override
    def is_of_the_clock(self, refusal: Refusal, skew: float) -> bool:
        return refusal.code == "AuthFailure.SignatureExpire"

    @override
    def explanation(self, operation: str, refusal: Refusal, reach: Reach, skew: float) -> str:
        refused = self.refused_with(operation, refusal)
        if refusal.code in DEBTS:
            return f"{refused}: CDN is suspended for the account, which has debts. Settle them."
        if reach is Reach.STREAM:
            service, product = OPERATIONS.get(operation, UNKNOWN)
            return (
                f"{refused}: the CAM user lacks the action {service}:{operation}. Add it to its policy, or "
                f"take {product} out of the setting tencentcloud.products.{INSTEAD.get(operation, '')}"
            )
        said = super().explanation(operation, refusal, reach, skew)
        if refusal.code == "AuthFailure.SecretIdNotFound":
            said += " An account of the international site needs tencentcloud.international, no other does."
        return said


def url_setting(service: str, settings: Mapping[str, Any]) -> str:
    """The setting that has the address of a service, or could have it."""
    own = f"{service}_url"
    return "api_url" if settings.get("api_url") and not settings.get(own) else own


def service_of(operation: str) -> str:
    """The service that has an operation."""
    return OPERATIONS.get(operation, UNKNOWN)[0]


def without_unknown(value: Any, depth: int = DEPTH) -> Any:
    """An answer in which what no field takes has its name alone, and what is nested deeper nothing."""
    if not isinstance(value, dict | list):
        return value
    if not depth:
        return None
    if isinstance(value, list):
        return [without_unknown(each, depth - 1) for each in value]
    return {
        name: without_unknown(inner, depth - 1) if name in KNOWN else None for name, inner in value.items()
    }
