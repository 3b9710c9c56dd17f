"""Alibaba Cloud CDN: https://www.alibabacloud.com/help/en/cdn/developer-reference/api-cdn-2018-05-10-overview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, PageNumber
from tap_cdn_certs.errors import APIError, Reach
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
    from collections.abc import Callable, Iterator, Mapping

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

# Without these nobody knows when a domain goes down.
ENDS = frozenset({"x509_not_after", "x509_chain_not_after"})


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

    @override
    def fetch(self, key: str) -> Item:
        answer: Item = self.client.call(self.operation, DomainName=key)
        return answer

    @override
    def fields(self, key: str, answer: Item) -> Record:
        # Imported late: cryptography takes long, and --version does without.
        from tap_cdn_certs.records import x509  # noqa: PLC0415

        certificates = [
            self.seen(element, "CertInfo")
            for element in elements(mapping(answer.get("CertInfos"), "CertInfos"), "CertInfo")
        ]
        serving = (item for item in certificates if str(item.get("ServerCertificateStatus")).lower() == "on")
        item = next(serving, certificates[0] if certificates else {})
        pem = unchecked_text(item, "ServerCertificate") or ""
        leaf, faults = x509.leaf_fields(pem) if pem.strip() else (dict.fromkeys(x509.FIELDS), {})
        chain = x509.certificates(pem)
        record = {
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
            # As the provider wrote it, unless it wrote more than certificates.
            "server_certificate": pem if chain and pem.strip() == chain.strip() else chain,
            **leaf,
        }
        self.report_faults(key, leaf, faults)
        return record

    def report_faults(self, domain: str, fields: Record, faults: Mapping[str, str]) -> None:
        """Notes what could not be read of a certificate; its row is read all the same."""
        from tap_cdn_certs.records import x509  # noqa: PLC0415

        names = fields["x509_subject_alternative_names"] or []
        named = x509.covers(names, domain)
        common_name = fields["x509_subject_common_name"] or ""
        if fields["x509_is_ca"] and not x509.covers([*names, common_name], domain):
            message = "The certificate is an authority's and not for the domain: its own may be missing."
            self.report(domain, APIError("InvalidCertificate", message))
        elif faults:
            complete = fields["x509_subject_alternative_names_complete"]
            in_doubt = not faults.keys().isdisjoint(ENDS) or not (complete or named)
            code, reach = ("InvalidCertificate", Reach.KEY) if in_doubt else ("UnreadableField", Reach.FIELD)
            self.report(domain, APIError(code, x509.in_words(faults), reach))

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
