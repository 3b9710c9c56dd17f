"""Distributions of CloudFront, and their tenants: https://docs.aws.amazon.com/cloudfront/latest/APIReference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, Marker
from tap_cdn_certs.errors import InvalidValueError
from tap_cdn_certs.providers.aws.services import CLOUDFRONT, TENANTS
from tap_cdn_certs.records.values import boolean, mapping, members, required_identifier, text, texts, utc
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from tap_cdn_certs.records.values import Item, Record

# Where the origins are and how they are asked: headers hold their passwords. Not even kept.
OF_ORIGINS = frozenset(
    {"Origins", "OriginGroups", "DefaultCacheBehavior", "CacheBehaviors", "CustomErrorResponses"}
)


def distributions(body: Item) -> list[Any]:
    """The distributions of a page, without what is of their origins."""
    page = mapping(body.get("DistributionList"), "DistributionList")
    if page.keys().isdisjoint({"IsTruncated", "Items", "Quantity"}):
        # Nothing else would tell it from a list without items.
        raise InvalidValueError("DistributionList is missing.")
    return [
        {name: value for name, value in item.items() if name not in OF_ORIGINS}
        if isinstance(item, dict)
        else item
        for item in members(page, "Items")
    ]


def tenants(body: Item) -> list[Any]:
    """The tenants of a page."""
    if "ListDistributionTenantsResult" not in body:
        raise InvalidValueError("ListDistributionTenantsResult is missing.")
    page = mapping(body["ListDistributionTenantsResult"] or None, "ListDistributionTenantsResult")
    return members(page, "DistributionTenantList")


DISTRIBUTIONS = Listing(
    operation="ListDistributions",
    items=distributions,
    key="Id",
    path=f"{CLOUDFRONT}/distribution",
    # More are not given.
    paging=Marker("DistributionList.NextMarker", "Marker", others={"MaxItems": 100}),
    noun="distributions",
    kept=True,
)
TENANT_LIST = Listing(
    operation=TENANTS,
    items=tenants,
    key="Id",
    path=f"{CLOUDFRONT}/distribution-tenants",
    paging=Marker("ListDistributionTenantsResult.NextMarker", "Marker", others={"MaxItems": 100}),
    noun="distribution tenants",
    kept=True,
)


class AWSDistributions(ListStream):
    """Distributions of CloudFront, with their domains and the certificate that they serve."""

    name = "aws_distributions"
    provider = "aws"
    primary_keys = ("account", "distribution_id")
    domain_fields = ("aliases",)
    listing = DISTRIBUTIONS
    left_out = frozenset(
        {
            "AnycastIpListId",
            "Comment",
            "ConnectionFunctionAssociation",
            "ETag",
            "IsIPV6Enabled",
            "PriceClass",
            "Restrictions",
            "ViewerCertificate.Certificate",
            "ViewerCertificate.CertificateSource",
            "ViewerMtlsConfig",
            "WebACLId",
            "Aliases.Quantity",
        }
    )

    @override
    def fields(self, item: Item) -> Record:
        certificate = mapping(item.get("ViewerCertificate"), "ViewerCertificate")
        return {
            "distribution_id": required_identifier(item, "Id"),
            "arn": text(item, "ARN"),
            "status": text(item, "Status"),
            "last_modified_time": utc(item, "LastModifiedTime"),
            "domain_name": text(item, "DomainName"),
            "enabled": boolean(item, "Enabled"),
            "staging": boolean(item, "Staging"),
            "connection_mode": text(item, "ConnectionMode"),
            "http_version": text(item, "HttpVersion"),
            "aliases": texts(
                {"Aliases": members(mapping(item.get("Aliases"), "Aliases"), "Items")}, "Aliases"
            ),
            "alias_icp_recordals": [
                {"cname": text(recordal, "CNAME"), "icp_recordal_status": text(recordal, "ICPRecordalStatus")}
                for element in members(item, "AliasICPRecordals")
                for recordal in [mapping(element, "AliasICPRecordal")]
            ]
            or None,
            "cloudfront_default_certificate": boolean(certificate, "CloudFrontDefaultCertificate"),
            "iam_certificate_id": text(certificate, "IAMCertificateId"),
            "acm_certificate_arn": text(certificate, "ACMCertificateArn"),
            "ssl_support_method": text(certificate, "SSLSupportMethod"),
            "minimum_protocol_version": text(certificate, "MinimumProtocolVersion"),
        }


class AWSDistributionTenants(ListStream):
    """Tenants of distributions of CloudFront, with their domains and the certificate of their own."""

    name = "aws_distribution_tenants"
    provider = "aws"
    primary_keys = ("account", "tenant_id")
    domain_fields = ("domains.domain",)
    listing = TENANT_LIST
    left_out = frozenset(
        {"ConnectionGroupId", "Customizations.GeoRestrictions", "Customizations.WebAcl", "ETag"}
    )

    @override
    def fields(self, item: Item) -> Record:
        customizations = mapping(item.get("Customizations"), "Customizations")
        return {
            "tenant_id": required_identifier(item, "Id"),
            "arn": text(item, "Arn"),
            "distribution_id": text(item, "DistributionId"),
            "name": text(item, "Name"),
            "domains": [
                {"domain": text(domain, "Domain"), "status": text(domain, "Status")}
                for element in members(item, "Domains")
                for domain in [mapping(element, "Domain")]
            ]
            or None,
            "certificate_arn": text(mapping(customizations.get("Certificate"), "Certificate"), "Arn"),
            "enabled": boolean(item, "Enabled"),
            "status": text(item, "Status"),
            "created_time": utc(item, "CreatedTime"),
            "last_modified_time": utc(item, "LastModifiedTime"),
        }


STREAMS = (AWSDistributions, AWSDistributionTenants)
