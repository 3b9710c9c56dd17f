"""Alibaba Cloud CDN: https://www.alibabacloud.com/help/en/cdn/developer-reference/api-cdn-2018-05-10-overview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, PageNumber
from tap_cdn_certs.errors import APIError
from tap_cdn_certs.records.values import (
    elements,
    identifier,
    integer,
    mapping,
    required_identifier,
    text,
    unchecked_text,
    utc,
)
from tap_cdn_certs.streams.detail_stream import DetailStream
from tap_cdn_certs.streams.list_stream import ListStream
from tap_cdn_certs.streams.stream import CDNStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.records.values import Item, Record

PAGES = PageNumber("PageNumber", size=("PageSize", 500))
DOMAINS = Listing(
    operation="DescribeUserDomains",
    items="Domains.PageData",
    key="DomainName",
    # Without it, domains whose review runs or failed are left out.
    parameters={"CheckDomainShow": "true"},
    paging=PAGES,
    total="TotalCount",
    noun="domains",
    selected_by="domains",
    nowhere="no domain of the account matches",
)
HTTPS_DOMAINS = Listing(
    operation="DescribeCdnHttpsDomainList",
    items="CertInfos.CertInfo",
    key="DomainName",
    paging=PAGES,
    total="TotalCount",
    noun="domains",
    selected_by="domains",
    # `DOMAINS` says it: there, domains without HTTPS are too.
    nowhere=None,
)


class AlicloudStream(CDNStream):
    """A stream of an Alibaba Cloud account."""

    provider = "alicloud"
    primary_keys = ("account", "domain_name")


class AlicloudDomains(AlicloudStream, ListStream):
    """Domains of an Alibaba Cloud CDN account."""

    name = "alicloud_domains"
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
            "sources": [
                {
                    "type": text(source, "Type"),
                    "content": text(source, "Content"),
                    "port": integer(source, "Port"),
                    "priority": identifier(source, "Priority"),
                    "weight": identifier(source, "Weight"),
                }
                for element in elements(mapping(item.get("Sources"), "Sources"), "Source")
                for source in [mapping(element, "Source")]
            ]
            or None,
        }


class CertificateInfo(AlicloudStream, DetailStream):
    """The certificate that each domain of an Alibaba Cloud CDN account serves, or nulls if there is none."""

    name = "certificate_info"
    operation = "DescribeDomainCertificateInfo"
    listing = DOMAINS
    # It is asked for by it.
    left_out = frozenset({"DomainName"})

    # 15 fields, one of them a chain, perhaps with thousands of names.
    sizes = (2**18, 1000)

    @override
    def parameters(self, key: str) -> Parameters:
        return {"DomainName": key}

    @override
    def fields(self, key: str, answer: Item) -> Record:
        certificates = [
            self.seen(element, "CertInfo")
            for element in elements(mapping(answer.get("CertInfos"), "CertInfos"), "CertInfo")
        ]
        serving = (item for item in certificates if str(item.get("ServerCertificateStatus")).lower() == "on")
        item = next(serving, certificates[0] if certificates else {})
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

    @override
    def has_certificate(self, record: Record) -> bool:
        return any(
            record[field] for field in ("cert_id", "cert_name", "cert_expire_time", "server_certificate")
        )


class AlicloudHTTPSDomains(AlicloudStream, ListStream):
    """Domains of an Alibaba Cloud CDN account that have HTTPS on."""

    name = "alicloud_https_domains"
    listing = HTTPS_DOMAINS

    @override
    def results(self) -> Iterator[tuple[str | None, Callable[[], Record]]]:
        try:
            yield from super().results()
        except APIError as error:
            # This is how an account without such a domain is answered.
            if error.code != "NoHttpsDomain":
                raise

    @override
    def fields(self, item: Item) -> Record:
        # The provider does not document the zone of these times: UTC is assumed, as in all its others.
        return {
            "domain_name": required_identifier(item, "DomainName"),
            "cert_name": text(item, "CertName"),
            "cert_common_name": text(item, "CertCommonName"),
            "cert_type": text(item, "CertType"),
            "cert_status": text(item, "CertStatus"),
            "cert_start_time": utc(item, "CertStartTime"),
            "cert_expire_time": utc(item, "CertExpireTime"),
            "cert_update_time": utc(item, "CertUpdateTime"),
        }


STREAMS = (AlicloudDomains, CertificateInfo, AlicloudHTTPSDomains)
