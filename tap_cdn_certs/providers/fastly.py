"""Fastly TLS: https://www.fastly.com/documentation/reference/api/tls/."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from typing_extensions import override

from tap_cdn_certs.api.answer import MAX_WAIT
from tap_cdn_certs.api.client import Client
from tap_cdn_certs.api.paging import Listing, PageNumber, found
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.api.refusals import sentence
from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.api.settings import common_settings, string
from tap_cdn_certs.api.signature import Token
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach, Refusal
from tap_cdn_certs.records.seen import words
from tap_cdn_certs.records.values import (
    boolean,
    elements,
    end,
    identifier,
    inner,
    mapping,
    required_identifier,
    taken,
    text,
    utc,
)
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.host import Host
    from tap_cdn_certs.api.paging import Page
    from tap_cdn_certs.records.values import Item, Record

SETTINGS = th.ObjectType(
    string("api_token", "An API token with the scope `global:read`.", required=True, secret=True),
    # The documents limit writes alone, to 1,000 an hour.
    *common_settings(api_url="https://api.fastly.com", rate_limit_requests=900, rate_limit_period=3600),
    additional_properties=False,
)

LONGEST_CODE = 3  # words: of more, it is a message
WAIT = 60.0  # seconds, where the limit was met and the answer does not say how long
PERMISSION = "a token, fastly.api_token, with the scope global:read for all services, whose user may read TLS"
NOT_THERE = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class FastlyClient(Client):
    """Requests to a Fastly account: https://www.fastly.com/documentation/reference/api/."""

    provider = "fastly"
    accept = "application/vnd.api+json"  # without it, parameters have no effect
    secret_settings = ("api_token",)
    rate_limits: ClassVar = {"account": Limit()}

    @override
    def auth(self, settings: Mapping[str, Any]) -> Token:
        return Token(settings["api_token"], header="Fastly-Key", scheme="")

    @override
    def refusal(self, body: Item) -> Refusal | None:
        # {"errors": [{"title", "detail"}]} or, of older operations, {"msg", "detail"}.
        errors = body.get("errors")
        error = (errors[0] if isinstance(errors, list) and errors else errors) or body
        said = error if isinstance(error, Mapping) else {"title": error}
        code = said.get("title") or said.get("msg") or said.get("detail")
        return Refusal(quoted(code), quoted(said.get("detail") or "")) if code else None

    @override
    def fail(self, operation: str, host: Host, answer: Answer) -> APIError:
        # So are accounts answered that have no Platform TLS.
        if operation == BULK.operation and answer.status in NOT_THERE:
            message = (
                f"fastly answered {operation} with HTTP {answer.status}: the account has no Platform TLS, so "
                "that there are no bulk certificates. If it has, see what fastly.api_token may read."
            )
            return APIError(f"HTTP {answer.status}", message, Reach.INACTIVE)
        error = super().fail(operation, host, answer)
        if len(error.code.split()) > LONGEST_CODE:
            error.code = f"HTTP {answer.status}"
        if answer.status == HTTPStatus.FORBIDDEN:
            error.reach = Reach.STREAM
            error.message = f"{sentence(error.message)} {operation} needs {PERMISSION}."
        return error

    @override
    def wait_hint(self, answer: Answer) -> float | None:
        if answer.status != HTTPStatus.TOO_MANY_REQUESTS or answer.wait() is not None:
            return answer.wait()
        reset = answer.headers.get("Fastly-RateLimit-Reset", "").strip()
        # Seconds since 1970, by the provider's clock.
        left = float(reset) - time.time() - answer.skew() if reset.isdecimal() else WAIT
        return min(max(left, 0.0), MAX_WAIT)


# Resources, and what relates them: https://jsonapi.org/format.


def references(item: Item, name: str) -> list[Item]:
    """What a relationship names: a list, one resource, or none."""
    relationships = inner(item, "relationships")
    relationship = inner(relationships, name)
    # The provider's SDK knows one without `data`, that of a subscription to its common name.
    place, within = (relationships, name) if "id" in relationship else (relationship, "data")
    return [mapping(each, name) for each in elements(place, within)]


def named(item: Item, name: str) -> list[str] | None:
    """The identifiers of what a relationship names; those of domains are their names."""
    return [required_identifier(each, "id") for each in references(item, name)] or None


def one(item: Item, name: str) -> str | None:
    """The identifier of what a relationship names that is to one resource at most."""
    return next(iter(named(item, name) or ()), None)


def by_id(items: Iterable[Any]) -> dict[str, Item]:
    """Resources by their identifiers, without what is none."""
    return {str(each.get("id")): each for each in items if isinstance(each, Mapping)}


def joined(item: Any, name: str, known: Mapping[str, Item]) -> Any:
    """A resource in which a relationship has those resources themselves that are known."""
    # What is wrong with it, its record will say.
    with suppress(InvalidValueError):
        whole = mapping(item, "The item")
        data = [known.get(str(each.get("id")), each) for each in references(whole, name)]
        return {**whole, "relationships": {**inner(whole, "relationships"), name: {"data": data}}}
    return item


def resources(body: Item, include: str | None = None) -> list[Any]:
    """The resources of an answer, with those in a relationship that the answer includes.

    Raises:
        InvalidValueError: It is not a list.
    """
    if body.get("data") is None:
        raise InvalidValueError("data is missing.")
    items, included = elements(body, "data"), by_id(elements(body, "included"))
    return [joined(item, include, included) for item in items] if include else items


class Pages(PageNumber):
    """Pages of which each may link to the next, whose number is counted all the same."""

    @override
    def has_more(self, page: Page) -> bool:
        return bool(found(page.body, "links.next"))


def listing(operation: str, path: str, noun: str, *, kept: bool = False, **parameters: str) -> Listing:
    """A list of the account; the page size is the greatest that the provider's SDK takes."""
    return Listing(
        operation=operation,
        path=path,
        items=partial(resources, include=parameters.get("include")),
        key="id",
        parameters=parameters,
        paging=Pages("page[number]", size=("page[size]", 100)),
        total="meta.record_count",  # which not all answers have
        noun=noun,
        kept=kept,
    )


# By default the newest comes first: one that is added would move all others.
OLDEST = "created_at"
CERTIFICATES = listing("ListTLSCertificates", "/tls/certificates", "certificates", sort=OLDEST)
BULK = listing("ListTLSBulkCertificates", "/tls/bulk/certificates", "certificates", sort=OLDEST)
SUBSCRIPTIONS = listing(
    # Kept, as two streams are made of it.
    *("ListTLSSubscriptions", "/tls/subscriptions", "subscriptions"),
    include="tls_certificates",
    sort=OLDEST,
    kept=True,
)
DOMAINS = listing("ListTLSDomains", "/tls/domains", "domains", include="tls_activations", sort="id")
ACTIVATIONS = listing("ListTLSActivations", "/tls/activations", "activations")


class FastlyStream(ListStream):
    """A stream of a Fastly account."""

    provider = "fastly"
    # What a resource is, its place says.
    left_out = words("type *.type")


class FastlyTLSCertificates(FastlyStream):
    """Certificates of a Fastly account: those of subscriptions, those of Platform TLS, and uploaded ones."""

    name = "fastly_tls_certificates"
    primary_keys = ("account", "certificate_id")
    domain_fields = ("tls_domains",)
    listing = CERTIFICATES
    others = (SUBSCRIPTIONS, BULK)

    @override
    def items(self) -> Iterator[Any]:
        managed = chain.from_iterable(map(certificates_of, self.listed_by(SUBSCRIPTIONS)))
        known: dict[str, Item] = {}
        for item in chain(managed, (marked(each, kind="bulk") for each in self.listed_by(BULK))):
            if name := self.listing.identify(item):
                known[name] = item
            else:
                yield item
        # What is in neither of the two was uploaded; unless one was not read.
        custom = {"kind": None if self.failure else "custom"}
        for item in self.listed_by(CERTIFICATES):
            yield marked(item, **known.pop(self.listing.identify(item) or "", custom))
        yield from known.values()

    @override
    def fields(self, item: Item) -> Record:
        attributes = inner(item, "attributes")
        return {
            "certificate_id": required_identifier(item, "id"),
            "kind": text(item, "kind"),
            **taken(text, attributes, "name", "issued_to", "issuer"),
            "serial_number": identifier(attributes, "serial_number"),
            "signature_algorithm": text(attributes, "signature_algorithm"),
            "not_before": utc(attributes, "not_before"),
            "not_after": end(attributes, "not_after"),
            "replace": boolean(attributes, "replace"),
            **taken(utc, attributes, "created_at", "updated_at", "deleted_at"),
            **taken(named, item, "tls_domains", "tls_configurations"),
            "tls_subscription": identifier(item, "tls_subscription"),
        }

    @override
    def domains(self, record: Record) -> Iterable[str]:
        # It serves all that it names; any other one those that are activated, which are listed.
        is_bulk = record["kind"] == "bulk" and record["deleted_at"] is None
        return super().domains(record) if is_bulk else ()


def certificates_of(subscription: Any) -> list[Item]:
    """The certificates of a subscription; where nobody can tell which they are, one that says nothing."""
    with suppress(InvalidValueError):
        item = mapping(subscription, "The item")
        managed = {"kind": "managed", "tls_subscription": item.get("id")}
        return [marked(each, **managed) for each in references(item, "tls_certificates")]
    return [{}]


def marked(item: Any, **said: Any) -> Any:
    """A resource with what its list says of it."""
    return {**said, **item} if isinstance(item, Mapping) else item


class FastlyTLSSubscriptions(FastlyStream):
    """Subscriptions of a Fastly account: orders of certificates, which Fastly renews."""

    name = "fastly_tls_subscriptions"
    primary_keys = ("account", "subscription_id")
    listing = SUBSCRIPTIONS
    proofs = ("tls_certificates",)
    # They are records of their own.
    left_out = FastlyStream.left_out | words("*.data.attributes *.data.relationships")

    @override
    def fields(self, item: Item) -> Record:
        attributes = inner(item, "attributes")
        return {
            "subscription_id": required_identifier(item, "id"),
            **taken(text, attributes, "certificate_authority", "state"),
            "has_active_order": boolean(attributes, "has_active_order"),
            **taken(utc, attributes, "created_at", "updated_at", "deleted_at"),
            "common_name": one(item, "common_name"),
            **taken(named, item, "tls_domains", "tls_certificates"),
            "tls_configuration": one(item, "tls_configuration"),
            "tls_authorizations": named(item, "tls_authorizations"),
        }


class FastlyTLSDomains(FastlyStream):
    """Domains of a Fastly account that certificates or subscriptions name, and what they are served with."""

    name = "fastly_tls_domains"
    primary_keys = ("account", "domain_name")
    domain_fields = ("domain_name",)
    listing = DOMAINS
    others = (ACTIVATIONS,)
    proofs = ("tls_activations", "tls_certificates")
    left_out = FastlyStream.left_out | words("*.tls_activations.*.tls_domain")

    @override
    def items(self) -> Iterator[Any]:
        # Of those that an answer includes, it is not documented that they name their certificates.
        activations = by_id(self.run.inventory(self.provider, ACTIVATIONS))
        for item in self.inventory:
            yield joined(item, "tls_activations", activations)

    @override
    def fields(self, item: Item) -> Record:
        activations = [
            {
                "activation_id": required_identifier(activation, "id"),
                **taken(one, activation, "tls_certificate", "tls_configuration", "mutual_authentication"),
                "created_at": utc(inner(activation, "attributes"), "created_at"),
            }
            for activation in references(item, "tls_activations")
        ]
        return {
            "domain_name": required_identifier(item, "id"),
            "tls_activations": activations or None,
            **taken(named, item, "tls_certificates", "tls_subscriptions"),
        }


CLIENT = FastlyClient
STREAMS = (FastlyTLSCertificates, FastlyTLSSubscriptions, FastlyTLSDomains)
