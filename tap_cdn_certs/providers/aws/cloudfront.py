"""Distributions of CloudFront, and their tenants: https://docs.aws.amazon.com/cloudfront/latest/APIReference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, Marker, incomplete
from tap_cdn_certs.errors import InvalidValueError
from tap_cdn_certs.providers.aws.client import TENANTS
from tap_cdn_certs.providers.aws.signature import CLOUDFRONT
from tap_cdn_certs.records.seen import words
from tap_cdn_certs.records.values import (
    boolean,
    inner,
    integer,
    members,
    objects,
    required_identifier,
    taken,
    text,
    texts,
    utc,
)
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_cdn_certs.records.values import Item, Record

# Where the origins are and how they are asked: headers hold their passwords. Not even kept.
OF_ORIGINS = words("Origins OriginGroups DefaultCacheBehavior CacheBehaviors CustomErrorResponses")


def distributions(body: Item) -> list[Any]:
    """The distributions of a page, without what is of their origins."""
    page = inner(body, "DistributionList")
    if page.keys().isdisjoint({"IsTruncated", "Items", "Quantity"}):
        # Nothing else would tell it from a list without items.
        raise InvalidValueError("DistributionList is missing.")
    items = members(page, "Items")
    quantity = integer(page, "Quantity")
    if quantity not in {None, len(items)}:
        raise incomplete(f"A page of ListDistributions has {len(items)} of the {quantity} that it should.")
    return [
        {name: value for name, value in item.items() if name not in OF_ORIGINS}
        if isinstance(item, dict)
        else item
        for item in items
    ]


def tenants(body: Item) -> list[Any]:
    """The tenants of a page."""
    if "ListDistributionTenantsResult" not in body:
        raise InvalidValueError("ListDistributionTenantsResult is missing.")
    return members(inner(body, "ListDistributionTenantsResult"), "DistributionTenantList")


def listed(operation: str, path: str, at: str, items: Callable[[Item], list[Any]], noun: str) -> Listing:
    """A list of CloudFront, which gives no more than 100 items at once. Two streams are made of each."""
    paging = Marker(f"{at}.NextMarker", "Marker", f"{at}.IsTruncated", others={"MaxItems": 100})
    path = f"{CLOUDFRONT}/{path}"
    return Listing(operation=operation, items=items, key="Id", path=path, paging=paging, noun=noun, kept=True)


DISTRIBUTIONS = listed(
    "ListDistributions", "distribution", "DistributionList", distributions, "distributions"
)
TENANT_LIST = listed(
    TENANTS, "distribution-tenants", "ListDistributionTenantsResult", tenants, "distribution tenants"
)


class AWSDistributions(ListStream):
    """Distributions of CloudFront, with their domains and the certificate that they serve."""

    name = "aws_distributions"
    provider = "aws"
    primary_keys = ("account", "distribution_id")
    domain_fields = ("aliases",)
    listing = DISTRIBUTIONS
    left_out = words(
        "AnycastIpListId Comment ConnectionFunctionAssociation ETag IsIPV6Enabled PriceClass Restrictions "
        "ViewerCertificate.Certificate ViewerCertificate.CertificateSource ViewerMtlsConfig WebACLId "
        "Aliases.Quantity"
    )

    @override
    def fields(self, item: Item) -> Record:
        certificate = inner(item, "ViewerCertificate")
        recordals = objects(item, "AliasICPRecordals", members)
        return {
            "distribution_id": required_identifier(item, "Id"),
            **taken(text, item, "ARN", "Status"),
            "last_modified_time": utc(item, "LastModifiedTime"),
            "domain_name": text(item, "DomainName"),
            **taken(boolean, item, "Enabled", "Staging"),
            **taken(text, item, "ConnectionMode", "HttpVersion"),
            "aliases": texts(inner(item, "Aliases"), "Items", members),
            "alias_icp_recordals": [taken(text, each, "CNAME", "ICPRecordalStatus") for each in recordals]
            or None,
            "cloudfront_default_certificate": boolean(certificate, "CloudFrontDefaultCertificate"),
            "iam_certificate_id": text(certificate, "IAMCertificateId"),
            "acm_certificate_arn": text(certificate, "ACMCertificateArn"),
            **taken(text, certificate, "SSLSupportMethod", "MinimumProtocolVersion"),
        }


class AWSDistributionTenants(ListStream):
    """Tenants of distributions of CloudFront, with their domains and the certificate of their own."""

    name = "aws_distribution_tenants"
    provider = "aws"
    primary_keys = ("account", "tenant_id")
    domain_fields = ("domains.domain",)
    listing = TENANT_LIST
    left_out = words("ConnectionGroupId Customizations.GeoRestrictions Customizations.WebAcl ETag")

    @override
    def fields(self, item: Item) -> Record:
        domains = objects(item, "Domains", members)
        return {
            "tenant_id": required_identifier(item, "Id"),
            **taken(text, item, "Arn", "DistributionId", "Name"),
            "domains": [taken(text, domain, "Domain", "Status") for domain in domains] or None,
            "certificate_arn": text(inner(item, "Customizations", "Certificate"), "Arn"),
            "enabled": boolean(item, "Enabled"),
            "status": text(item, "Status"),
            **taken(utc, item, "CreatedTime", "LastModifiedTime"),
        }


STREAMS = (AWSDistributions, AWSDistributionTenants)
