"""The schemas of Alibaba Cloud's streams have every field that the official SDKs' models have."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from cases import schema, streams
from documented import fields

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

OF_ORDERS = (
    "Algorithm AliyunOrderId BuyDate CertEndTime CertStartTime CertType Domain DomainCount DomainType "
    "OrderId PartnerOrderId ProductCode ProductName RootBrand SourceType Status TrusteeStatus WildDomainCount"
)
CHALLENGE = "proves to the authority that the domain is the site's"

# Packages of the SDK, whose models take a second to import.
CAS, CDN = "alibabacloud_cas20200407", "alibabacloud_cdn20180510"
DCDN, ESA = "alibabacloud_dcdn20180115", "alibabacloud_esa20240910"
# The stream, the SDK's package, the model of an item, and the fields that are left out, each with the reason.
STREAMS: list[tuple[str, str, str, dict[str, str]]] = [
    ("alicloud_domains", CDN, "DescribeUserDomainsResponseBodyDomainsPageData", {}),
    ("certificate_info", CDN, "DescribeDomainCertificateInfoResponseBodyCertInfosCertInfo", {}),
    ("alicloud_https_domains", CDN, "DescribeCdnHttpsDomainListResponseBodyCertInfosCertInfo", {}),
    ("alicloud_dcdn_domains", DCDN, "DescribeDcdnUserDomainsResponseBodyDomainsPageData", {}),
    (
        "alicloud_dcdn_certificates",
        DCDN,
        "DescribeDcdnDomainCertificateInfoResponseBodyCertInfosCertInfo",
        {},
    ),
    ("alicloud_dcdn_https_domains", DCDN, "DescribeDcdnHttpsDomainListResponseBodyCertInfosCertInfo", {}),
    (
        "alicloud_cas_certificates",
        CAS,
        "ListUserCertificateOrderResponseBodyCertificateOrderList",
        dict.fromkeys(OF_ORDERS.split(), "comes with orders, and not with certificates"),
    ),
    (
        "alicloud_esa_sites",
        ESA,
        "ListSitesResponseBodySites",
        {
            "Tags": "labels of the owner's own, which may say anything",
            "VerifyCode": "proves that the site is the owner's",
        },
    ),
    (
        "alicloud_esa_certificates",
        ESA,
        "ListCertificatesResponseBodyResult",
        dict.fromkeys((f"DCV.{name}" for name in ("Id", "Key", "Status", "Type", "Value")), CHALLENGE),
    ),
]


def sources(operation: str, properties: dict[str, Any]) -> Iterator[str]:
    """The provider's fields that the descriptions of a schema name as sources."""
    for about in properties.values():
        for named in re.findall(rf"Source: {operation}, `([\w.\[\]]+)`", about["description"]):
            yield named.replace("[]", "")
        yield from sources(operation, about.get("items", about).get("properties", {}))


@pytest.mark.parametrize(("stream", "package", "model", "left_out"), STREAMS)
def test_each_documented_field_is_a_source(
    stream: str, package: str, model: str, left_out: dict[str, str]
) -> None:
    """Of a field of the schema, or left out for a reason; what is left out is documented."""
    (operation,) = (each.operation for each in streams("alicloud") if each.name == stream)
    named = {*sources(operation, schema(stream)["properties"])}
    documented = fields(import_module(f"{package}.models"), model)
    assert documented - named == left_out.keys()
    assert not named & left_out.keys()


def test_each_stream_has_its_model() -> None:
    """None is left out of the comparison."""
    assert {stream for stream, *_ in STREAMS} == {stream.name for stream in streams("alicloud")}
