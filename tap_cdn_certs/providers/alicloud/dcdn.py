"""Alibaba Cloud DCDN: https://www.alibabacloud.com/help/en/dcdn/developer-reference/api-dcdn-2018-01-15-overview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cdn_certs.providers.alicloud.domains import (
    AlicloudStream,
    DomainCertificates,
    HTTPSDomains,
    certificate_fields,
    domain_fields,
    domains,
    https_domains,
)
from tap_cdn_certs.records.values import taken, text, unchecked_text
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from tap_cdn_certs.records.values import Item, Record

# Without it, those of the edge's functions are left out.
DOMAINS = domains("DescribeDcdnUserDomains", WebSiteType="dynamic,computing_routine,computing_image")


class AlicloudDCDNDomains(AlicloudStream, ListStream):
    """Domains of an Alibaba Cloud DCDN account."""

    name = "alicloud_dcdn_domains"
    product = "dcdn"
    listing = DOMAINS

    @override
    def fields(self, item: Item) -> Record:
        return {
            **domain_fields(item),
            **taken(text, item, "SSLProtocol", "Scene", "FunctionType"),
        }


class AlicloudDCDNCertificates(DomainCertificates):
    """The certificate that each domain of an Alibaba Cloud DCDN account serves, or nulls if there is none."""

    name = "alicloud_dcdn_certificates"
    product = "dcdn"
    operation = "DescribeDcdnDomainCertificateInfo"
    listing = DOMAINS
    status = "SSLProtocol"
    proofs = ("cert_id", "cert_name", "cert_expire_time", "ssl_pub")

    @override
    def fields(self, key: str, answer: Item) -> Record:
        item = self.served(answer)
        chain, leaf = self.x509(unchecked_text(item, "SSLPub") or "", domain=key)
        return {
            "domain_name": key,
            **certificate_fields(item),
            "ssl_protocol": text(item, "SSLProtocol"),
            "ssl_pub": chain,
            **leaf,
        }


class AlicloudDCDNHTTPSDomains(HTTPSDomains):
    """Domains of an Alibaba Cloud DCDN account that have HTTPS on."""

    name = "alicloud_dcdn_https_domains"
    product = "dcdn"
    listing = https_domains("DescribeDcdnHttpsDomainList")


STREAMS = (AlicloudDCDNDomains, AlicloudDCDNCertificates, AlicloudDCDNHTTPSDomains)
