"""The certificates of CDN Pro: https://docs.cdnetworks.com/en/cdn-pro/apidocs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, Offset
from tap_cdn_certs.records.values import (
    boolean,
    end,
    identifier,
    integer,
    objects,
    required_identifier,
    taken,
    text,
    texts,
    utc,
)
from tap_cdn_certs.streams.changes import ChangesStream

if TYPE_CHECKING:
    from tap_cdn_certs.records.values import Item, Record

CERTIFICATES = Listing(
    operation="GetListOfCertificates",
    items="certificates",
    key="certificateId",
    path="/cdn/certificates",
    # What is new while it is read comes last.
    parameters={"sortBy": "creationTime", "sortOrder": "asc"},
    paging=Offset("offset", size=("limit", 200), start=0),
    total="count",
    noun="certificates of CDN Pro",
    kept=True,
)


def common_fields(item: Item) -> Record:
    """The fields that GetListOfCertificates and GetACertificate have in common."""
    return {
        **taken(text, item, "name", "autoRenew"),
        "force_renew": boolean(item, "forceRenew"),
        **taken(integer, item, "versionInProduction", "versionInStaging"),
    }


def usage(item: Item, name: str) -> list[Record]:
    """Who uses a certificate in production, or in staging."""
    return [
        {
            "property_id": identifier(used, "propertyId"),
            **taken(texts, used, "hostnames", "origins"),
        }
        for used in objects(item, name)
    ]


class CDNetworksProCertificates(ChangesStream):
    """Certificates of CDN Pro, each with its versions and the domains that it serves."""

    name = "cdnetworks_pro_certificates"
    provider = "cdnetworks"
    product = "pro"
    primary_keys = ("account", "certificate_id")
    domain_fields = ("usage_in_production.hostnames", "usage_in_staging.hostnames")
    operation = "GetACertificate"
    path = "/cdn/certificates/{key}"
    # Some thousands of hostnames.
    sizes = (2**21, 50_000)
    listing = CERTIFICATES
    memory = "certificates"
    first_by = "production_expiration_time"
    # Who holds it: a customer's or a person's name.
    left_out = frozenset({"owner"})

    @override
    def listed(self, item: Item) -> Record:
        return {
            "certificate_id": required_identifier(item, "certificateId"),
            **common_fields(item),
            "ca_only": boolean(item, "caOnly"),
            **taken(utc, item, "creationTime", "lastUpdateTime"),
            "latest_version": integer(item, "latestVersion"),
            **taken(end, item, "expirationTime", "productionExpirationTime", "stagingExpirationTime"),
        }

    @override
    def fields(self, key: str, answer: Item) -> Record:
        detail = self.seen(answer)
        return {
            **common_fields(detail),
            "description": text(detail, "description"),
            "versions": [
                {
                    "version": integer(version, "version"),
                    "type": text(version, "type"),
                    "fingerprint": identifier(version, "fingerprint"),
                    "creation_time": utc(version, "creationTime"),
                    "expiration_time": end(version, "expirationTime"),
                    "comments": text(version, "comments"),
                }
                for version in objects(detail, "versions")
            ],
            # Empty, not null: it was asked, and nobody uses it.
            "usage_in_production": usage(detail, "usageInProduction"),
            "usage_in_staging": usage(detail, "usageInStaging"),
        }


STREAMS = (CDNetworksProCertificates,)
