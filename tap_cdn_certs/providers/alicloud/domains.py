"""What the products of Alibaba Cloud that serve domains have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, PageNumber
from tap_cdn_certs.errors import APIError
from tap_cdn_certs.records.values import (
    elements,
    end,
    identifier,
    inner,
    integer,
    objects,
    required_identifier,
    taken,
    text,
    utc,
)
from tap_cdn_certs.streams.detail_stream import DetailStream
from tap_cdn_certs.streams.list_stream import ListStream
from tap_cdn_certs.streams.stream import CDNStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.records.values import Item, Record

PAGES = PageNumber("PageNumber", size=("PageSize", 500))


def domains(operation: str, **parameters: str) -> Listing:
    """The list of all domains of a product."""
    return Listing(
        operation=operation,
        items="Domains.PageData",
        key="DomainName",
        # Without it, domains whose review runs or failed are left out.
        parameters={"CheckDomainShow": "true", **parameters},
        paging=PAGES,
        total="TotalCount",
        noun="domains",
        selected_by="domains",
        nowhere="no domain of the account matches",
    )


def https_domains(operation: str) -> Listing:
    """The list of a product's domains that have HTTPS on."""
    return Listing(
        operation=operation,
        items="CertInfos.CertInfo",
        key="DomainName",
        paging=PAGES,
        total="TotalCount",
        noun="domains",
        selected_by="domains",
        # The list of all domains says it: there, those without HTTPS are too.
        nowhere=None,
    )


def origins(item: Item) -> list[Record] | None:
    """The origins of a domain, in the provider's order."""
    return [
        {
            **taken(text, source, "Type", "Content"),
            "port": integer(source, "Port"),
            **taken(identifier, source, "Priority", "Weight"),
        }
        for source in objects(inner(item, "Sources"), "Source")
    ] or None


def domain_fields(item: Item) -> Record:
    """The fields of a domain that all products have."""
    return {
        "domain_name": required_identifier(item, "DomainName"),
        "domain_id": identifier(item, "DomainId"),
        **taken(text, item, "Cname", "DomainStatus"),
        **taken(utc, item, "GmtCreated", "GmtModified"),
        **taken(text, item, "Description", "ResourceGroupId", "Sandbox"),
        "sources": origins(item),
    }


def certificate_fields(item: Item) -> Record:
    """The fields of a domain's certificate that all products have."""
    return {
        "cert_name": text(item, "CertName"),
        "cert_id": identifier(item, "CertId"),
        **taken(text, item, "CertType", "CertRegion", "CertDomainName", "CertOrg", "CertLife"),
        "cert_expire_time": end(item, "CertExpireTime"),
        "status": text(item, "Status"),
    }


class AlicloudStream(CDNStream):
    """A stream of an Alibaba Cloud account."""

    provider = "alicloud"
    primary_keys = ("account", "domain_name")
    domain_fields = ("domain_name",)


class DomainCertificates(AlicloudStream, DetailStream):
    """The certificate that each domain of a product serves, or nulls if there is none."""

    # Where an item says whether HTTPS is on.
    status: ClassVar[str]

    # It is asked for by it.
    left_out = frozenset({"DomainName"})

    # 15 fields, one of them a chain, perhaps with thousands of names.
    sizes = (2**18, 1000)

    @override
    def parameters(self, key: str) -> Parameters:
        return {"DomainName": key}

    def served(self, answer: Item) -> Item:
        """The item of the certificate that is served, else the first; empty if there is none."""
        items = [
            self.seen(element, "CertInfo") for element in elements(inner(answer, "CertInfos"), "CertInfo")
        ]
        serving = (item for item in items if str(item.get(self.status)).lower() == "on")
        return next(serving, items[0] if items else {})


class HTTPSDomains(AlicloudStream, ListStream):
    """The domains of a product that have HTTPS on."""

    @override
    def results(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
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
            **taken(text, item, "CertName", "CertCommonName", "CertType", "CertStatus"),
            "cert_start_time": utc(item, "CertStartTime"),
            "cert_expire_time": end(item, "CertExpireTime"),
            "cert_update_time": utc(item, "CertUpdateTime"),
        }
