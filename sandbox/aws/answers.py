"""What the APIs of AWS say of each thing, in the order of their documents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from sandbox.aws.inventory import ACCOUNT, END

if TYPE_CHECKING:
    from sandbox.aws.inventory import Certificate, Distribution, ServerCertificate, Tenant
    from sandbox.chains import Chain

VERSION = "2020-05-31"
NAMESPACES = {
    "cloudfront": f"http://cloudfront.amazonaws.com/doc/{VERSION}/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
}
# With what no log should hold: how CloudFront proves to an origin that it is CloudFront.
ORIGINS = {
    "Quantity": 1,
    "Items": [
        (
            "Origin",
            {
                "Id": "origin",
                "DomainName": "origin.example.com",
                "CustomHeaders": {
                    "Quantity": 1,
                    "Items": [
                        ("OriginCustomHeader", {"HeaderName": "X-Key", "HeaderValue": "s3cr3t-of-the-origin"})
                    ],
                },
            },
        )
    ],
}


def iso(time: datetime) -> str:
    """Return a time as CloudFront and IAM say it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"


def pem(chain: Chain) -> tuple[str, str]:
    """Return a leaf and the rest of its chain."""
    leaf, _, rest = chain.pem.partition(END)
    return leaf + END, rest


def viewer_certificate(held: Distribution) -> dict[str, Any]:
    """Return the certificate that a distribution serves."""
    own: dict[str, Any] = {"CloudFrontDefaultCertificate": "true", "SSLSupportMethod": "vip"}
    if held.acm:
        own = {
            "CloudFrontDefaultCertificate": "false",
            "ACMCertificateArn": held.acm,
            "SSLSupportMethod": "sni-only",
        }
    elif held.iam:
        own = {
            "CloudFrontDefaultCertificate": "false",
            "IAMCertificateId": held.iam,
            "SSLSupportMethod": "vip",
        }
    named, source = held.acm or held.iam, "acm" if held.acm else "iam"
    own |= {"MinimumProtocolVersion": "TLSv1.2_2021" if named else "TLSv1"}
    return own | ({"Certificate": named, "CertificateSource": source} if named else {})


def distribution(held: Distribution) -> dict[str, Any]:
    """Return an item of ListDistributions."""
    aliases: dict[str, Any] = {"Quantity": len(held.aliases)}
    aliases |= {"Items": [("CNAME", name) for name in held.aliases]} if held.aliases else {}
    return {
        "Id": held.id,
        "ARN": f"arn:aws:cloudfront::{ACCOUNT}:distribution/{held.id}",
        "ETag": f"E{held.number}",
        "Status": "InProgress" if held.number % 7 == 6 else "Deployed",
        "LastModifiedTime": iso(held.modified_at),
        "DomainName": f"d{held.number:04}.cloudfront.net",
        "Aliases": aliases,
        "Origins": ORIGINS,
        "Comment": f"s3cr3t comment {held.number}",
        "PriceClass": "PriceClass_All",
        "Enabled": held.number % 9 != 8,
        "ViewerCertificate": viewer_certificate(held),
        "WebACLId": "",
        "HttpVersion": "http2and3",
        "IsIPV6Enabled": True,
        "AliasICPRecordals": [
            ("AliasICPRecordal", {"CNAME": name, "ICPRecordalStatus": "APPROVED"}) for name in held.aliases
        ],
        "Staging": held.number % 11 == 10,
        "ConnectionMode": "tenant-only" if held.tenant_only else "direct",
    }


def tenant(held: Tenant) -> dict[str, Any]:
    """Return an item of ListDistributionTenants."""
    return {
        "Id": held.id,
        "DistributionId": held.distribution,
        "Name": f"tenant-{held.number}",
        "Arn": f"arn:aws:cloudfront::{ACCOUNT}:distribution-tenant/{held.id}",
        "Domains": [("member", {"Domain": name, "Status": status}) for name, status in held.domains],
        "ConnectionGroupId": "cg_1",
        "Customizations": {"Certificate": {"Arn": held.certificate}} if held.certificate else None,
        "CreatedTime": iso(held.created_at),
        "LastModifiedTime": iso(held.created_at),
        "ETag": f"E{held.number}",
        "Enabled": held.number % 4 != 3,
        "Status": "Deployed",
    }


def times(held: Certificate) -> dict[str, float]:
    """Return the times that ACM says of a certificate."""
    said = {"CreatedAt": held.created_at.timestamp()}
    if held.type == "IMPORTED":
        said = {"ImportedAt": held.created_at.timestamp()}
    elif held.chain:
        said["IssuedAt"] = held.created_at.timestamp() + 60
    if held.chain:
        said |= {"NotBefore": held.chain.not_before.timestamp(), "NotAfter": held.chain.not_after.timestamp()}
    if held.status == "REVOKED":
        said["RevokedAt"] = held.created_at.timestamp() + 3600
    return said


def in_both(held: Certificate) -> dict[str, Any]:
    """Return what a list and a detail of ACM say alike."""
    managed = {"ManagedBy": held.managed_by} if held.managed_by else {}
    return {
        "CertificateArn": held.arn,
        "DomainName": held.names[0],
        "Status": held.status,
        "Type": held.type,
        "KeyAlgorithm": held.key_type,
        "RenewalEligibility": "ELIGIBLE" if held.type != "IMPORTED" and held.in_use_by else "INELIGIBLE",
        "CertificateKeyPairOrigin": held.origin,
        **times(held),
        **managed,
    }


def summary(held: Certificate) -> dict[str, Any]:
    """Return an item of ListCertificates, which has no more than 100 names."""
    return {
        **in_both(held),
        "SubjectAlternativeNameSummaries": held.names[:100],
        "HasAdditionalSubjectAlternativeNames": len(held.names) > 100,
        "KeyUsages": ["DIGITAL_SIGNATURE"],
        "ExtendedKeyUsages": ["TLS_WEB_SERVER_AUTHENTICATION"],
        "InUse": bool(held.in_use_by),
        "ExportOption": "DISABLED",
        "Exported": False,
    }


def validation(name: str, held: Certificate) -> dict[str, Any]:
    """Return how it is found out that a domain is the account's."""
    return {
        "DomainName": name,
        "ValidationDomain": name,
        "ValidationStatus": "SUCCESS" if held.chain else "PENDING_VALIDATION",
        "ValidationMethod": "DNS",
        "ResourceRecord": {"Name": f"_x.{name}.", "Type": "CNAME", "Value": "_s3cr3t.acm-validations.aws."},
    }


def detail(held: Certificate) -> dict[str, Any]:
    """Return what DescribeCertificate says."""
    said = {
        **in_both(held),
        "SubjectAlternativeNames": held.names,
        "InUseBy": held.in_use_by,
        "KeyUsages": [{"Name": "DIGITAL_SIGNATURE"}],
        "ExtendedKeyUsages": [{"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"}],
        "Options": {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"},
    }
    if held.hierarchy:
        said["RootHierarchyType"] = held.hierarchy
    if held.type == "AMAZON_ISSUED":
        said["DomainValidationOptions"] = [validation(name, held) for name in held.names]
    if held.chain:
        digits = f"{held.chain.serial:x}"
        digits = digits.zfill(len(digits) + len(digits) % 2)
        said |= {
            "Serial": ":".join(digits[place : place + 2] for place in range(0, len(digits), 2)),
            "Subject": f"CN={held.chain.common_name}",
            "Issuer": held.chain.issuer,
            "SignatureAlgorithm": "SHA256WITHRSA",
        }
    said |= held.more
    if "RenewalSummary" in said:
        about = {"ValidationDomain": held.names[0], "ValidationMethod": "DNS"}
        options = [option | about for option in said["RenewalSummary"]["DomainValidationOptions"]]
        updated = held.created_at.timestamp()
        said["RenewalSummary"] = said["RenewalSummary"] | {
            "DomainValidationOptions": options,
            "UpdatedAt": updated,
        }
    return said


def metadata(held: ServerCertificate) -> dict[str, Any]:
    """Return an item of ListServerCertificates."""
    return {
        "Path": held.path,
        "ServerCertificateName": held.name,
        "ServerCertificateId": held.id,
        "Arn": held.arn,
        "UploadDate": iso(held.uploaded_at),
        "Expiration": iso(held.chain.not_after),
    }


def element(name: str, content: Any, namespace: str = "") -> ET.Element:
    """Return an XML element of text, of fields, or of pairs of names and values; what is None is left out."""
    node = ET.Element(name, {"xmlns": namespace} if namespace else {})
    if isinstance(content, dict | list):
        pairs = content.items() if isinstance(content, dict) else content
        node.extend([element(*pair) for pair in pairs if pair[1] is not None])
    else:
        node.text = str(content).lower() if isinstance(content, bool) else str(content)
    return node
