"""The domains of a CDNetworks account, and the certificates that each is configured with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing
from tap_cdn_certs.errors import InvalidValueError
from tap_cdn_certs.records.values import (
    CST,
    boolean,
    elements,
    identifier,
    inner,
    objects,
    required_identifier,
    taken,
    text,
    utc,
)
from tap_cdn_certs.streams.changes import ChangesStream
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from tap_cdn_certs.records.values import Item, Record


def domains(body: Item) -> list[Any]:
    """The domains of a list: its key has two names, and is missing when there are none."""
    return elements(body, "domain-list") or elements(body, "domain-summary")


DOMAINS = Listing(
    operation="QueryApiDomainListService",
    items=domains,
    key="domain-name",
    path="/api/domain",
    kept=True,
)


def listed_fields(item: Item) -> Record:
    """What a record has of an item of the list."""
    return {
        "domain_name": required_identifier(item, "domain-name"),
        **taken(identifier, item, "domain-id", "service-type"),
        **taken(text, item, "cname", "status"),
        **taken(boolean, item, "cdn-service-status", "enabled"),
        "last_modified": utc(item, "last-modified", CST),
    }


class CDNetworksDomains(ListStream):
    """Domains of a CDNetworks account, whether or not they have a certificate."""

    name = "cdnetworks_domains"
    provider = "cdnetworks"
    product = "domains"
    primary_keys = ("account", "domain_name")
    domain_fields = ("domain_name",)
    listing = DOMAINS
    # Where it is billed, which no certificate depends on.
    left_out = frozenset({"billing-areas"})

    @override
    def fields(self, item: Item) -> Record:
        return listed_fields(item)


class CDNetworksDomainCertificates(ChangesStream):
    """Domains of a CDNetworks account with all certificates that each is configured with.

    It may have one for each kind of key; the list of certificates says only that the domain is related.
    """

    name = "cdnetworks_domain_certificates"
    provider = "cdnetworks"
    product = "domain_certificates"
    primary_keys = ("account", "domain_name")
    domain_fields = ("domain_name",)
    operation = "QueryDomainMultiCertConfig"
    path = "/api/config/certificate/v2/{key}"
    listing = DOMAINS
    memory = "domains"
    first_by = "last_modified"
    # The same, and the key once more.
    left_out = frozenset({"billing-areas", "domainName"})

    @override
    def listed(self, item: Item) -> Record:
        return listed_fields(item)

    @override
    def detail(self, body: Item) -> Item:
        if data := inner(body, "data"):
            return data
        raise InvalidValueError("data is missing.")

    @override
    def fields(self, key: str, answer: Item) -> Record:
        data = self.seen(answer)
        return {
            "domain_id": identifier(data, "domainId"),
            "tls_version": text(data, "TLSVersion"),
            "enable_ocsp": boolean(data, "enableOCSP"),
            "cipher_suites": text(data, "cipherSuites"),
            # Empty, not null: it was asked, and has none.
            "domain_cert_configs": [
                {
                    "cert_usage": text(config, "certUsage"),
                    "cert_infos": [
                        {
                            "certificate_id": identifier(info, "certificateId"),
                            **taken(text, info, "certificateName", "comment"),
                            "serial": identifier(info, "serial"),
                        }
                        for info in objects(config, "certInfos")
                    ],
                }
                for config in objects(data, "domainCertConfigs")
            ],
        }


STREAMS = (CDNetworksDomains, CDNetworksDomainCertificates)
