"""Hostnames of properties: https://techdocs.akamai.com/property-mgr/reference/get-hostnames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cdn_certs.api.paging import Link, Listing
from tap_cdn_certs.providers.akamai.client import HOSTNAMES
from tap_cdn_certs.records.values import identifier, required_identifier, taken, text
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tap_cdn_certs.api.paging import Page, Parameters
    from tap_cdn_certs.records.values import Item, Record

NETWORK = "production"


class Pages(Link):
    """Pages that name the next one, the last perhaps too: it is not full, or the total tells it."""

    @override
    def following(self, page: Page) -> Parameters | None:
        # What counts for an offset, items or pages, the documents do not agree on: the link knows.
        link = super().following(page)
        full = len(page.items) >= self.others["limit"]
        more = bool(link or full) if page.total is None else page.received < page.total or bool(link and full)
        return link or {**self.others, "offset": page.received} if more and page.items else None


class AkamaiHostnames(ListStream):
    """Hostnames of the properties that are active on the production network."""

    name = "akamai_hostnames"
    provider = "akamai"
    product = "hostnames"
    primary_keys = ("account", "network", "hostname")
    domain_fields = ("hostname",)
    listing = Listing(
        operation=HOSTNAMES,
        path="/papi/v1/hostnames",
        items="hostnames.items",
        key="cnameFrom",
        parameters={"network": NETWORK.upper(), "sort": "hostname:a"},
        paging=Pages("hostnames.nextLink", others={"offset": 0, "limit": 500}),
        total="hostnames.totalItems",
        noun="hostnames",
    )

    @override
    def results(self) -> Generator[tuple[str, Callable[[], Record]], None, None]:
        for key, read in super().results():
            yield key if key.startswith("#") else f"{NETWORK}/{key}", read

    @override
    def fields(self, item: Item) -> Record:
        return {
            "network": NETWORK,
            "hostname": required_identifier(item, "cnameFrom"),
            **taken(identifier, item, "contractId", "groupId", "propertyId"),
            **taken(text, item, "propertyName", "propertyType"),
            **of_network(item, "production"),
            **of_network(item, "staging"),
        }


def of_network(item: Item, network: str) -> Record:
    """Where a hostname points on a network, and whose certificate it has there."""
    return {
        **taken(text, item, f"{network}CertType", f"{network}CnameTo", f"{network}CnameType"),
        **taken(identifier, item, f"{network}EdgeHostnameId"),
    }


STREAMS = (AkamaiHostnames,)
