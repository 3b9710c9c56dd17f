"""The items of Tencent Cloud's lists, with the secrets that the provider puts there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sandbox.chains import DAY

if TYPE_CHECKING:
    from sandbox.chains import Chain
    from sandbox.tencentcloud.inventory import CDNDomain, Certificate, EdgeOneDomain, Named, Zone

CHINA = timezone(timedelta(hours=8))
ZEROS = "0000-00-00 00:00:00"
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIs3cr3tkey\n-----END RSA PRIVATE KEY-----\n"
PROJECT = {
    "ProjectName": "默认项目",
    "ProjectCreatorUin": 100000000002,
    "ProjectCreateTime": ZEROS,
    "ProjectResume": "s3cr3t resume",
    "OwnerUin": 100000000001,
    "ProjectId": "0",
}


def local(time: datetime | None, nothing: str | None = "") -> str | None:
    """Return a time of SSL or CDN: in China, its seconds with as few digits as they need."""
    if time is None:
        return nothing
    there = time.astimezone(CHINA)
    return f"{there:%Y-%m-%d %H:%M}:{there.second}"


def iso(time: datetime | None, *, offset: bool = False) -> str:
    """Return a time of EdgeOne, in one of its two forms."""
    zone = "+00:00" if offset else "Z"
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{zone}" if time else ""


def certificate(item: Certificate) -> dict[str, Any]:
    """Return an item of DescribeCertificates."""
    uploaded, is_ca = item.origin == "upload", item.kind == "CA"
    return {
        **order(item, issued=item.begin is not None, uploaded=uploaded),
        **renewal(item, uploaded=uploaded),
        "OwnerUin": "100000000001",
        "ProjectId": "0",
        "From": item.origin,
        "CertificateType": item.kind,
        "ProductZhName": item.issuer,
        "Domain": item.domain,
        "Alias": item.alias,
        "Status": item.status,
        "VulnerabilityStatus": "INACTIVE",
        "InsertTime": local(item.inserted),
        "CertificateId": item.certificate_id,
        "SubjectAltName": item.domains or None,
        "CertSANs": item.domains,
        "IsVip": False,
        "IsWildcard": item.domain.startswith("*."),
        "IsVulnerability": False,
        "IsIgnore": False,
        "IsSM": False,
        "IsDNSPODResolve": False,
        "IsPackage": False,
        "EncryptAlgorithm": item.algorithm,
        "CAEncryptAlgorithms": ["RSA 2048"] if is_ca else [],
        "CAEndTimes": [local(item.end), ""] if is_ca else [],
        "CACommonNames": [item.issuer] if is_ca else None,
        "ProjectInfo": PROJECT,
        "BoundResource": None,
        "Tags": [{"TagKey": "owner", "TagValue": "s3cr3t@example.com"}],
    }


def order(item: Certificate, *, issued: bool, uploaded: bool) -> dict[str, Any]:
    """Return how a certificate was ordered, and what became of that."""
    nothing = ZEROS if item.never else ""
    return {
        "PackageType": None if uploaded else "83",
        "PackageTypeName": "" if uploaded else "TrustAsia C1 DV Free",
        "StatusMsg": "PRE-REVIEWING" if not issued else None,
        "StatusName": "证书已颁发" if issued else "审核中",
        "VerifyType": None if uploaded else "DNS_AUTO",
        "CertBeginTime": local(item.begin, nothing),
        "CertEndTime": local(item.end, nothing),
        "ValidityPeriod": "3" if issued else "",
        "IsDv": not uploaded,
        "Deployable": issued,
        "AllowDownload": issued or None,
        "SupportDownloadType": {"NGINX": True, "OTHER": True},
        "KeyPasswordCustomFlag": False,
        "PreAuditInfo": {"TotalPeriod": 1, "NowPeriod": 1, "ManagerId": "s3cr3t-manager"},
        "DVAuthDeadline": local(None if uploaded else item.inserted),
        "AwaitingValidationMsg": "CAA" if not issued else "",
        "CertRevokedTime": local(item.inserted if item.revoked else None, None),
    }


def renewal(item: Certificate, *, uploaded: bool) -> dict[str, Any]:
    """Return how a certificate is renewed and replaced: most are not, by the provider."""
    hosted = item.inserted if item.hosted else None
    replaced = ("OriginCertificateId", "ReplacedBy", "ReplacedFor", "RenewOrder")
    return {
        "RenewAble": item.status == 1,
        "IsExpiring": item.status == 1,
        "AutoRenewFlag": 0 if uploaded else 1,
        "HasRenewOrder": "LtIaSxlb" if item.hosted else "",
        "HostingStatus": 10 if item.hosted else -1,
        "HostingCompleteTime": local(hosted),
        "HostingRenewCertId": "LtIaSxlb" if item.hosted else "",
        "HostingResourceTypes": ["cdn", "clb"] if item.hosted else [],
        "HostingConfig": {"ReplaceTime": 999, "MessageTypes": [0]} if item.hosted else None,
        "IsHostingUploadRenewCert": False,
        "ReplaceOriCertIsDelete": False,
        "ValidationPassedTime": local(hosted, "--"),
        "ServiceId": "service-1" if item.hosted else "",
        "ServiceStatus": "running" if item.hosted else "",
        "CertServiceBeginTime": local(hosted),
        "CertServiceEndTime": local(hosted),
        "CertServiceShareEnabled": item.hosted,
        "CertServiceValidCertificateCount": int(item.hosted),
        "CertificateExtra": {
            "DomainNumber": str(len(item.domains)),
            **dict.fromkeys(replaced, "K926htp2" if item.hosted else None),
            "SMCert": 0,
            "CompanyType": 2 if item.hosted else None,
            "ServiceRenewCertificateId": "LtIaSxlb" if item.hosted else "",
            "ServiceOriginCertificateId": "K926htp2" if item.hosted else "",
        },
    }


def server_certificate(item: CDNDomain) -> dict[str, Any] | None:
    """Return what a domain of CDN says of its certificate, with its private key."""
    if item.held == "none":
        return None
    listed, chain = item.held == "listed", item.held == "chain"
    return {
        "CertId": item.certificate.certificate_id if listed else "",
        "CertName": item.certificate.alias if listed else "s3rver",
        "Certificate": item.chain.pem if chain else None,
        "PrivateKey": PRIVATE_KEY,
        "ExpireTime": local(item.chain.not_after),
        "DeployTime": local(item.created),
        "Message": "备注" if chain else "",
        "From": "upload" if not listed else "cloud",
    }


def https(item: CDNDomain) -> dict[str, Any] | None:
    """Return the configuration of HTTPS of a domain of CDN."""
    if item.switch is None:
        return None
    on = "on" if item.client else "off"
    client = {
        "Certificate": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
        "CertName": "clients",
        "ExpireTime": local(item.chain.not_after),
        "DeployTime": local(item.created),
    }
    return {
        "Switch": item.switch,
        "Http2": on,
        "OcspStapling": "off",
        "VerifyClient": on,
        "CertInfo": server_certificate(item),
        "ClientCertInfo": client if item.client else None,
        "Spdy": "off",
        "SslStatus": item.ssl_status,
        "Hsts": {"Switch": on, "MaxAge": 31536000 if item.client else None, "IncludeSubDomains": on},
        "TlsVersion": ["TLSv1.2", "TLSv1.3"] if item.client else None,
    }


def cdn_domain(item: CDNDomain) -> dict[str, Any]:
    """Return an item of DescribeDomainsConfig."""
    secret = {"Switch": "on", "AccessKey": "AKs3cr3t", "SecretKey": "s3cr3t-origin"}
    return {
        "ResourceId": f"cdn-{item.number:08}",
        "AppId": 1251000004,
        "Domain": item.domain,
        "Cname": f"{item.domain}.cdn.dnsv1.com",
        "Status": item.status,
        "ProjectId": 0,
        "ServiceType": "web",
        "CreateTime": local(item.created),
        "UpdateTime": local(item.created + DAY),
        "Origin": {
            "Origins": ["origin.example.com"],
            "OriginType": "domain",
            "AdvanceHttps": {"CertInfo": {"Certificate": "s3cr3t", "PrivateKey": PRIVATE_KEY}},
        },
        "Https": https(item),
        "Authentication": {"Switch": "on", "TypeA": {"SecretKey": "s3cr3tviewer", "ExpireTime": 600}},
        "AwsPrivateAccess": secret,
        "HwPrivateAccess": secret,
        "QnPrivateAccess": secret,
        "OssPrivateAccess": secret,
        "RequestHeader": {"Switch": "on", "HeaderRules": [{"HeaderValue": "s3cr3t"}]},
        "Disable": item.disable,
        "Area": "mainland",
        "Readonly": "normal",
        "ParentHost": "example.com" if item.client else "",
        "Tag": [{"TagKey": "owner", "TagValue": "s3cr3t"}],
    }


def zone(item: Zone) -> dict[str, Any]:
    """Return an item of DescribeZones."""
    return {
        "ZoneId": item.zone_id,
        "ZoneName": item.zone_name,
        "AliasZoneName": "",
        "Area": "global",
        "Type": item.type,
        "Tags": [],
        "Resources": None,
        "NSDetail": None,
        "OwnershipVerification": {"DnsVerification": {"RecordValue": "s3cr3t"}},
        "CreatedOn": iso(item.created),
        "ModifiedOn": iso(item.created),
        "Status": "active",
        "ActiveStatus": "active",
        "Paused": False,
    }


def named(item: Named) -> dict[str, Any]:
    """Return a certificate in a domain's list: a sample has nothing but its identifier."""
    if item.end is None:
        return {"CertId": item.cert_id}
    return {
        "CertId": item.cert_id,
        "Alias": "alias",
        "Type": "upload",
        "ExpireTime": iso(item.end),
        "DeployTime": iso(item.end - 80 * DAY, offset=True),
        "SignAlgo": item.algorithm,
        "Status": item.status,
    }


def edgeone_domain(item: EdgeOneDomain) -> dict[str, Any]:
    """Return an item of DescribeAccelerationDomains."""
    listed = None if item.certificates is None else [named(each) for each in item.certificates]
    infos = [named(item.mutual)] if item.mutual else []
    mutual = {"Switch": "on", "CertInfos": infos} if infos else None
    upstream: dict[str, Any] | None = mutual and {
        "UpstreamMutualTLS": mutual,
        "UpstreamCertificateVerify": {
            "VerificationMode": "custom_ca",
            "CustomCACerts": infos,
        },
    }
    certificate = {
        "Mode": item.mode,
        "List": listed,
        "ClientCertInfo": mutual,
        "UpstreamCertInfo": upstream,
    }
    return {
        "DomainName": item.domain_name,
        "DomainStatus": item.status,
        "ZoneId": item.zone_id,
        "Cname": f"{item.domain_name}.eo.dnse3.com",
        "IPv6Status": "follow",
        "IdentificationStatus": "finished",
        "OwnershipVerification": {"FileVerification": {"Content": "s3cr3t"}},
        "OriginDetail": {
            "OriginType": "AWS_S3",
            "Origin": "s3.example.com",
            "PrivateAccess": "on",
            "PrivateParameters": [{"Name": "SecretAccessKey", "Value": "s3cr3t-bucket"}],
        },
        "OriginProtocol": "FOLLOW",
        "CreatedOn": iso(item.created, offset=True),
        "ModifiedOn": iso(item.created + DAY),
        # A sample lacks it.
        **({"Certificate": certificate} if item.mode else {}),
    }


def default_certificate(cert_id: str, chain: Chain) -> dict[str, Any]:
    """Return an item of DescribeDefaultCertificates."""
    return {
        "CertId": cert_id,
        "Alias": "EdgeOne default",
        "Type": "default",
        "ExpireTime": iso(chain.not_after, offset=True),
        "EffectiveTime": iso(chain.not_before, offset=True),
        "CommonName": chain.common_name,
        "SubjectAltName": list(chain.names) or None,
        "Status": "deployed",
        "Message": "",
        "SignAlgo": "RSA 2048",
    }
