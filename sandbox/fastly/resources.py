"""What an account of Fastly holds, as its API says it: https://jsonapi.org."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.fastly.inventory import Activation, Certificate, Domain, Subscription


def to(kind: str, identifiers: list[str]) -> dict[str, Any]:
    """Return a relationship to many."""
    return {"data": [{"id": each, "type": kind} for each in identifiers]}


def to_one(kind: str, identifier: str | None) -> dict[str, Any]:
    """Return a relationship to one, or to none."""
    return {"data": {"id": identifier, "type": kind} if identifier else None}


def iso(time: datetime, milliseconds: str = ".000") -> str:
    """Return a time as most operations say it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{milliseconds}Z"


def certificate(item: Certificate) -> dict[str, Any]:
    """Return the resource of a certificate."""
    attributes = {
        "created_at": iso(item.created_at),
        "issued_to": item.issued_to,
        "issuer": item.issuer,
        "name": item.name,
        "not_after": iso(item.not_after),
        "not_before": iso(item.not_before),
        "replace": item.replace,
        "serial_number": item.serial_number,
        "signature_algorithm": item.signature_algorithm,
        "updated_at": iso(item.updated_at),
    }
    return {
        "id": item.certificate_id,
        "type": "tls_certificate",
        "attributes": {name: value for name, value in attributes.items() if value is not None},
        "relationships": {"tls_domains": to("tls_domain", item.domains)},
    }


def bulk_certificate(item: Certificate) -> dict[str, Any]:
    """Return the resource of a certificate of Platform TLS."""
    attributes = {
        "not_after": iso(item.not_after, ""),
        "not_before": iso(item.not_before, ""),
        "created_at": iso(item.created_at, ""),
        "updated_at": iso(item.updated_at, ""),
        "replace": item.replace,
    }
    relationships = {
        "tls_configurations": to("tls_configuration", item.configurations),
        "tls_domains": to("tls_domain", item.domains),
    }
    return {
        "id": item.certificate_id,
        "type": "tls_bulk_certificate",
        "attributes": attributes,
        "relationships": relationships,
    }


def subscription(item: Subscription) -> dict[str, Any]:
    """Return the resource of a subscription."""
    attributes = {
        "certificate_authority": item.certificate_authority,
        "created_at": iso(item.created_at),
        "state": item.state,
        "has_active_order": item.state not in {"issued", "failed"},
        "updated_at": iso(item.updated_at),
    }
    relationships = {
        "tls_authorizations": to("tls_authorization", item.authorizations),
        "tls_certificates": to("tls_certificate", [each.certificate_id for each in item.certificates]),
        "tls_domains": to("tls_domain", item.domains),
        "common_name": to_one("tls_domain", item.domains[0]),
        "tls_configuration": to_one("tls_configuration", item.configuration),
    }
    return {
        "id": item.subscription_id,
        "type": "tls_subscription",
        "attributes": attributes,
        "relationships": relationships,
    }


def activation(item: Activation) -> dict[str, Any]:
    """Return the resource of an activation."""
    relationships = {
        "tls_certificate": to_one("tls_certificate", item.certificate_id),
        "tls_configuration": to_one("tls_configuration", item.configuration),
        "tls_domain": to_one("tls_domain", item.domain_name),
    }
    if item.mutual_authentication:
        relationships["mutual_authentication"] = to_one("mutual_authentication", item.mutual_authentication)
    return {
        "id": item.activation_id,
        "type": "tls_activation",
        "attributes": {"created_at": iso(item.created_at)},
        "relationships": relationships,
    }


def domain(item: Domain, activations: list[str]) -> dict[str, Any]:
    """Return the resource of a domain, whose identifier is its name."""
    relationships = {
        "tls_activations": to("tls_activation", activations),
        "tls_certificates": to("tls_certificate", item.certificates),
        "tls_subscriptions": to("tls_subscription", item.subscriptions),
    }
    return {"id": item.domain_name, "type": "tls_domain", "relationships": relationships}


def paging(path: str, parameters: Mapping[str, str], number: int, size: int, total: int) -> dict[str, Any]:
    """Return what an answer says of pages; its links name the provider's own address."""
    pages = max(-(-total // size), 1)

    def link(page: int) -> str:
        return f"https://api.fastly.com{path}?{urlencode({**parameters, 'page[number]': page})}"

    links = {
        "self": link(number),
        "first": link(1),
        "prev": link(number - 1) if number > 1 else None,
        "next": link(number + 1) if number < pages else None,
        "last": link(pages),
    }
    meta = {"per_page": size, "current_page": number, "record_count": total, "total_pages": pages}
    return {"links": links, "meta": meta}
