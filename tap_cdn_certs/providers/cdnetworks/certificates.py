"""The certificates of a CDNetworks account."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing
from tap_cdn_certs.records.values import (
    CST,
    boolean,
    elements,
    end,
    identifier,
    mapping,
    objects,
    required_identifier,
    taken,
    text,
    texts,
    utc,
)
from tap_cdn_certs.streams.changes import ChangesStream
from tap_cdn_certs.streams.list_stream import ListStream
from tap_cdn_certs.streams.stream import CDNStream

if TYPE_CHECKING:
    from tap_cdn_certs.records.values import Item, Record


def certificates(body: Item) -> list[Any]:
    """The certificates of a list: its key has two names, and is missing when there are none."""
    return elements(body, "ssl-certificates") or elements(body, "ssl-certificate")


CERTIFICATES = Listing(
    operation="QueryCertificateList",
    items=certificates,
    key="certificate-id",
    path="/api/ssl/certificate",
    selected_by="certificate_ids",
    nowhere="the account does not have",
    kept=True,
)


def listed_fields(item: Item) -> Record:
    """What a record has of an item of the list."""
    return {"certificate_id": required_identifier(item, "certificate-id"), **common_fields(item)}


def common_fields(item: Item) -> Record:
    """The fields that QueryCertificateList and QueryCertificate have in common."""
    return {
        **taken(text, item, "name", "comment"),
        "share_ssl": boolean(item, "share-ssl"),
        "certificate_validity_from": utc(item, "certificate-validity-from", CST),
        "certificate_validity_to": end(item, "certificate-validity-to", partial(utc, zone=CST)),
        "certificate_serial": identifier(item, "certificate-serial"),
        **taken(text, item, "certificate-issuer", "crt-md5", "key-md5", "ca-md5"),
        "dns_names": texts(item, "dns-names"),
        "related_domains": [
            {
                "domain_id": identifier(domain, "domain-id"),
                "domain_name": text(domain, "domain-name"),
            }
            for domain in objects(item, "related-domains")
        ]
        or None,
    }


class CDNetworksStream(CDNStream):
    """A stream of a CDNetworks account."""

    provider = "cdnetworks"
    product = "certificates"
    primary_keys = ("account", "certificate_id")
    domain_fields = ("related_domains.domain_name",)


class CDNetworksCertificates(CDNetworksStream, ListStream):
    """Certificates of a CDNetworks account."""

    name = "cdnetworks_certificates"
    listing = CERTIFICATES

    @override
    def fields(self, item: Item) -> Record:
        return listed_fields(item)


class SSLCertificate(CDNetworksStream, ChangesStream):
    """Certificates of a CDNetworks account with the time of their last change.

    The list has all but that time, and a detail costs half a minute of the limit.
    """

    name = "ssl_certificate"
    operation = "QueryCertificate"
    path = "/api/ssl/certificate/{key}"
    # Some 8,000 related domains.
    sizes = (2**21, 50_000)
    listing = CERTIFICATES
    memory = "certificates"
    first_by = "certificate_validity_to"

    @override
    def listed(self, item: Item) -> Record:
        return listed_fields(item)

    @override
    def detail(self, body: Item) -> Item:
        # It may be wrapped as in the list.
        return mapping(body.get("ssl-certificate", body), "ssl-certificate")

    @override
    def fields(self, key: str, answer: Item) -> Record:
        detail = self.seen(answer)
        return {
            "certificate_update_time": utc(detail, "certificate-update-time", CST),
            **common_fields(detail),
        }


STREAMS = (CDNetworksCertificates, SSLCertificate)
