"""Alibaba Cloud's Edge Security Acceleration: https://www.alibabacloud.com/help/en/edge-security-acceleration/esa/api-esa-2024-09-10-overview."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, PageNumber
from tap_cdn_certs.records.values import end, identifier, required_identifier, separated, taken, text, utc
from tap_cdn_certs.streams.list_stream import ListStream
from tap_cdn_certs.streams.nested_stream import NestedStream
from tap_cdn_certs.streams.stream import CDNStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.records.values import Item, Record

SITES = Listing(
    operation="ListSites",
    items="Sites",
    key="SiteId",
    paging=PageNumber("PageNumber", size=("PageSize", 500)),
    total="TotalCount",
    noun="sites",
    # For their names, as a certificate may name what is not its site's.
    kept=True,
)
APPLYING = "applying"
# What was applied for, and will not be issued.
IN_VAIN = frozenset({"applyfailed", "canceled"})
CERTIFICATES = Listing(
    operation="ListCertificates",
    items="Result",
    key="Id",
    # The greatest size is not documented: a server that gives less at once is asked for more pages.
    paging=PageNumber("PageNumber", size=("PageSize", 100)),
    total="TotalCount",
    noun="certificates",
)


class ESAStream(CDNStream):
    """A stream of the sites of an Alibaba Cloud account."""

    provider = "alicloud"
    product = "esa"


class AlicloudESASites(ESAStream, ListStream):
    """Sites of an Alibaba Cloud account: domains, with all that is below them."""

    name = "alicloud_esa_sites"
    primary_keys = ("account", "site_id")
    listing = SITES
    # Labels of the owner's own, and what proves that a site is theirs.
    left_out = frozenset({"Tags", "VerifyCode"})

    @override
    def fields(self, item: Item) -> Record:
        return {
            "site_id": required_identifier(item, "SiteId"),
            **taken(text, item, "SiteName", "Status", "OfflineReason", "AccessType", "CnameZone"),
            "name_server_list": separated(item, "NameServerList"),
            **taken(text, item, "Coverage", "InstanceId", "PlanName", "PlanSpecName", "ResourceGroupId"),
            **taken(utc, item, "CreateTime", "UpdateTime", "VisitTime"),
        }


class AlicloudESACertificates(ESAStream, NestedStream):
    """Certificates of each site of an Alibaba Cloud account, those that are still applied for among them."""

    name = "alicloud_esa_certificates"
    primary_keys = ("account", "site_id", "id")
    domain_fields = ("san",)
    listing = SITES
    items = CERTIFICATES
    # What proves to the authority that the domain is the site's.
    left_out = frozenset({"DCV"})

    _site_names: Mapping[str, str] = MappingProxyType({})

    @override
    def parameters(self, key: str) -> Parameters:
        return {"SiteId": key}

    @override
    def fields(self, key: str, answer: Item) -> Record:
        return {
            "site_id": key,
            "id": required_identifier(answer, "Id"),
            **taken(text, answer, "Name", "Type", "Status", "CommonName"),
            "san": separated(answer, "SAN"),
            **taken(text, answer, "Issuer", "IssuerCN"),
            "serial_number": identifier(answer, "SerialNumber"),
            **taken(text, answer, "FingerprintSha256", "PubAlg", "SigAlg"),
            "not_before": utc(answer, "NotBefore"),
            "not_after": end(answer, "NotAfter"),
            **taken(utc, answer, "CreateTime", "UpdateTime"),
            "cas_id": identifier(answer, "CasId"),
            "region": text(answer, "Region"),
            **taken(identifier, answer, "KeyServerId", "ApplyCode"),
            "apply_message": text(answer, "ApplyMessage"),
        }

    @override
    def domains(self, record: Record) -> Iterator[str]:
        status = (record["status"] or "").lower()
        said = (record["fingerprint_sha256"], record["serial_number"], record["not_after"])
        if status in IN_VAIN and not any(said):
            return
        site = None if status == APPLYING else self.site_names.get(record["site_id"])
        for name in super().domains(record):
            if site is None or f".{name}".lower().endswith(f".{site}"):
                yield name

    @property
    def site_names(self) -> Mapping[str, str]:
        """The names of the sites by their identifiers, once they are listed."""
        sites = self.run.inventory(self.provider, SITES)
        if not self._site_names and sites.whole:
            self._site_names = {
                str(site.get("SiteId")): site["SiteName"].lower()
                for site in sites
                if isinstance(site, Mapping) and isinstance(site.get("SiteName"), str)
            }
        return self._site_names


STREAMS = (AlicloudESASites, AlicloudESACertificates)
