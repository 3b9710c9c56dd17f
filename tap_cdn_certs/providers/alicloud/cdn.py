"""Alibaba Cloud CDN: https://www.alibabacloud.com/help/en/cdn/developer-reference/api-cdn-2018-05-10-overview."""

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
from tap_cdn_certs.records.values import taken, text, unchecked_text, utc
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from tap_cdn_certs.records.values import Item, Record

DOMAINS = domains("DescribeUserDomains")


class AlicloudDomains(AlicloudStream, ListStream):
    """Domains of an Alibaba Cloud CDN account."""

    name = "alicloud_domains"
    product = "cdn"
    listing = DOMAINS

    @override
    def fields(self, item: Item) -> Record:
        return {
            **domain_fields(item),
            **taken(text, item, "CdnType", "SourceType", "SslProtocol", "Coverage"),
        }


class CertificateInfo(DomainCertificates):
    """The certificate that each domain of an Alibaba Cloud CDN account serves, or nulls if there is none."""

    name = "certificate_info"
    product = "cdn"
    operation = "DescribeDomainCertificateInfo"
    listing = DOMAINS
    status = "ServerCertificateStatus"
    proofs = ("cert_id", "cert_name", "cert_expire_time", "server_certificate")

    @override
    def fields(self, key: str, answer: Item) -> Record:
        item = self.served(answer)
        chain, leaf = self.x509(unchecked_text(item, "ServerCertificate") or "", domain=key)
        return {
            "domain_name": key,
            **certificate_fields(item),
            **taken(utc, item, "CertStartTime", "CertUpdateTime"),
            **taken(text, item, "DomainCnameStatus", "ServerCertificateStatus"),
            "server_certificate": chain,
            **leaf,
        }


class AlicloudHTTPSDomains(HTTPSDomains):
    """Domains of an Alibaba Cloud CDN account that have HTTPS on."""

    name = "alicloud_https_domains"
    product = "cdn"
    listing = https_domains("DescribeCdnHttpsDomainList")


STREAMS = (AlicloudDomains, CertificateInfo, AlicloudHTTPSDomains)
