"""Alibaba Cloud CDN: https://www.alibabacloud.com/help/en/cdn/developer-reference/api-cdn-2018-05-10-overview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cdn_certs.providers.alicloud.domains import (
    AlicloudStream,
    DomainCertificates,
    HTTPSDomains,
    domains,
    https_domains,
    origins,
)
from tap_cdn_certs.records.values import identifier, required_identifier, text, unchecked_text, utc
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
            "domain_name": required_identifier(item, "DomainName"),
            "domain_id": identifier(item, "DomainId"),
            "cname": text(item, "Cname"),
            "cdn_type": text(item, "CdnType"),
            "domain_status": text(item, "DomainStatus"),
            "gmt_created": utc(item, "GmtCreated"),
            "gmt_modified": utc(item, "GmtModified"),
            "description": text(item, "Description"),
            "source_type": text(item, "SourceType"),
            "ssl_protocol": text(item, "SslProtocol"),
            "resource_group_id": text(item, "ResourceGroupId"),
            "sandbox": text(item, "Sandbox"),
            "coverage": text(item, "Coverage"),
            "sources": origins(item),
        }


class CertificateInfo(DomainCertificates):
    """The certificate that each domain of an Alibaba Cloud CDN account serves, or nulls if there is none."""

    name = "certificate_info"
    product = "cdn"
    operation = "DescribeDomainCertificateInfo"
    listing = DOMAINS
    status = "ServerCertificateStatus"
    chain = "server_certificate"

    @override
    def fields(self, key: str, answer: Item) -> Record:
        item = self.served(answer)
        chain, leaf = self.x509(key, unchecked_text(item, "ServerCertificate") or "", domain=key)
        return {
            "domain_name": key,
            "cert_name": text(item, "CertName"),
            "cert_id": identifier(item, "CertId"),
            "cert_type": text(item, "CertType"),
            "cert_region": text(item, "CertRegion"),
            "cert_domain_name": text(item, "CertDomainName"),
            "cert_org": text(item, "CertOrg"),
            "cert_life": text(item, "CertLife"),
            "cert_start_time": utc(item, "CertStartTime"),
            "cert_expire_time": utc(item, "CertExpireTime"),
            "cert_update_time": utc(item, "CertUpdateTime"),
            "status": text(item, "Status"),
            "domain_cname_status": text(item, "DomainCnameStatus"),
            "server_certificate_status": text(item, "ServerCertificateStatus"),
            "server_certificate": chain,
            **leaf,
        }


class AlicloudHTTPSDomains(HTTPSDomains):
    """Domains of an Alibaba Cloud CDN account that have HTTPS on."""

    name = "alicloud_https_domains"
    product = "cdn"
    listing = https_domains("DescribeCdnHttpsDomainList")


STREAMS = (AlicloudDomains, CertificateInfo, AlicloudHTTPSDomains)
