"""Certificates, subscriptions and domains: https://www.fastly.com/documentation/reference/api/tls/."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_cdn_certs.api.paging import Listing, PageNumber
from tap_cdn_certs.errors import InvalidValueError
from tap_cdn_certs.providers.fastly.client import BULK_CERTIFICATES
from tap_cdn_certs.providers.fastly.json_api import by_id, joined, named, one, references, resources
from tap_cdn_certs.records.values import boolean, identifier, mapping, required_identifier, text, utc
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cdn_certs.records.values import Item, Record


def listing(operation: str, path: str, noun: str, include: str | None = None, **options: Any) -> Listing:
    """A list of the account; the page size is the greatest that the provider's SDK takes."""
    parameters = {"include": include, "sort": options.pop("sort", None)}
    return Listing(
        operation=operation,
        path=path,
        items=partial(resources, include=include),
        key="id",
        parameters={name: value for name, value in parameters.items() if value},
        paging=PageNumber("page[number]", size=("page[size]", 100)),
        total="meta.record_count",  # which not all answers have
        noun=noun,
        **options,
    )


# By default the newest comes first: one that is added would move all others.
OLDEST = "created_at"
CERTIFICATES = listing("ListTLSCertificates", "/tls/certificates", "certificates", sort=OLDEST)
BULK = listing(BULK_CERTIFICATES, "/tls/bulk/certificates", "certificates", sort=OLDEST)
SUBSCRIPTIONS = listing(
    # Kept, as two streams are made of it.
    *("ListTLSSubscriptions", "/tls/subscriptions", "subscriptions", "tls_certificates"),
    sort=OLDEST,
    kept=True,
)
DOMAINS = listing("ListTLSDomains", "/tls/domains", "domains", "tls_activations", sort="id")
ACTIVATIONS = listing("ListTLSActivations", "/tls/activations", "activations")


class FastlyStream(ListStream):
    """A stream of a Fastly account."""

    provider = "fastly"
    # What a resource is, its place says.
    left_out = frozenset({"type", "*.type"})


class FastlyTLSCertificates(FastlyStream):
    """Certificates of a Fastly account: those of subscriptions, those of Platform TLS, and uploaded ones."""

    name = "fastly_tls_certificates"
    primary_keys = ("account", "certificate_id")
    domain_fields = ("tls_domains",)
    listing = CERTIFICATES
    others = (SUBSCRIPTIONS, BULK)

    @override
    def items(self) -> Iterator[Any]:
        managed = chain.from_iterable(map(certificates_of, self.listed(SUBSCRIPTIONS)))
        known: dict[str, Item] = {}
        for item in chain(managed, (marked(each, {"kind": "bulk"}) for each in self.listed(BULK))):
            if name := self.listing.identify(item):
                known[name] = item
            else:
                yield item
        # What is in neither of the two was uploaded; unless one was not read.
        custom = {"kind": None if self.failure else "custom"}
        for item in self.listed(CERTIFICATES):
            yield marked(item, known.pop(self.listing.identify(item) or "", custom))
        yield from known.values()

    @override
    def fields(self, item: Item) -> Record:
        attributes = mapping(item.get("attributes"), "attributes")
        return {
            "certificate_id": required_identifier(item, "id"),
            "kind": text(item, "kind"),
            "name": text(attributes, "name"),
            "issued_to": text(attributes, "issued_to"),
            "issuer": text(attributes, "issuer"),
            "serial_number": identifier(attributes, "serial_number"),
            "signature_algorithm": text(attributes, "signature_algorithm"),
            "not_before": utc(attributes, "not_before"),
            "not_after": utc(attributes, "not_after"),
            "replace": boolean(attributes, "replace"),
            "created_at": utc(attributes, "created_at"),
            "updated_at": utc(attributes, "updated_at"),
            "deleted_at": utc(attributes, "deleted_at"),
            "tls_domains": named(item, "tls_domains"),
            "tls_configurations": named(item, "tls_configurations"),
            "tls_subscription": identifier(item, "tls_subscription"),
        }

    @override
    def domains(self, record: Record) -> Iterable[str]:
        # It serves all that it names; any other one those that are activated, which are listed.
        is_bulk = record["kind"] == "bulk" and record["deleted_at"] is None
        return super().domains(record) if is_bulk else ()


def certificates_of(subscription: Any) -> list[Item]:
    """The certificates of a subscription; where nobody can tell which they are, one that says nothing."""
    try:
        item = mapping(subscription, "The item")
        mark = {"kind": "managed", "tls_subscription": item.get("id")}
        return [marked(each, mark) for each in references(item, "tls_certificates")]
    except InvalidValueError:
        return [{}]


def marked(item: Any, mark: Item) -> Any:
    """A resource with what its list says of it."""
    return {**mark, **item} if isinstance(item, Mapping) else item


class FastlyTLSSubscriptions(FastlyStream):
    """Subscriptions of a Fastly account: orders of certificates, which Fastly renews."""

    name = "fastly_tls_subscriptions"
    primary_keys = ("account", "subscription_id")
    listing = SUBSCRIPTIONS
    # They are records of their own.
    left_out = FastlyStream.left_out | {"*.data.attributes", "*.data.relationships"}

    @override
    def fields(self, item: Item) -> Record:
        attributes = mapping(item.get("attributes"), "attributes")
        return {
            "subscription_id": required_identifier(item, "id"),
            "certificate_authority": text(attributes, "certificate_authority"),
            "state": text(attributes, "state"),
            "has_active_order": boolean(attributes, "has_active_order"),
            "created_at": utc(attributes, "created_at"),
            "updated_at": utc(attributes, "updated_at"),
            "deleted_at": utc(attributes, "deleted_at"),
            "common_name": one(item, "common_name"),
            "tls_domains": named(item, "tls_domains"),
            "tls_certificates": named(item, "tls_certificates"),
            "tls_configuration": one(item, "tls_configuration"),
            "tls_authorizations": named(item, "tls_authorizations"),
        }

    @override
    def has_certificate(self, record: Record) -> bool:
        return record["tls_certificates"] is not None


class FastlyTLSDomains(FastlyStream):
    """Domains of a Fastly account that certificates or subscriptions name, and what they are served with."""

    name = "fastly_tls_domains"
    primary_keys = ("account", "domain_name")
    domain_fields = ("domain_name",)
    listing = DOMAINS
    others = (ACTIVATIONS,)
    left_out = FastlyStream.left_out | {"*.tls_activations.*.tls_domain"}

    @override
    def items(self) -> Iterator[Any]:
        # Of those that an answer includes, it is not documented that they name their certificates.
        activations = by_id(self.run.inventory(self.provider, ACTIVATIONS))
        for item in self.inventory:
            yield joined(item, "tls_activations", activations)

    @override
    def fields(self, item: Item) -> Record:
        return {
            "domain_name": required_identifier(item, "id"),
            "tls_activations": [
                {
                    "activation_id": required_identifier(activation, "id"),
                    "tls_certificate": one(activation, "tls_certificate"),
                    "tls_configuration": one(activation, "tls_configuration"),
                    "mutual_authentication": one(activation, "mutual_authentication"),
                    "created_at": utc(mapping(activation.get("attributes"), "attributes"), "created_at"),
                }
                for activation in references(item, "tls_activations")
            ]
            or None,
            "tls_certificates": named(item, "tls_certificates"),
            "tls_subscriptions": named(item, "tls_subscriptions"),
        }

    @override
    def has_certificate(self, record: Record) -> bool:
        return bool(record["tls_activations"] or record["tls_certificates"])


STREAMS = (FastlyTLSCertificates, FastlyTLSSubscriptions, FastlyTLSDomains)
