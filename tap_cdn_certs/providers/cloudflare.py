"""Cloudflare: https://developers.cloudflare.com/api."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from typing_extensions import override

from tap_cdn_certs.api.client import AGAIN, Client
from tap_cdn_certs.api.paging import Listing, PageNumber
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.api.refusals import sentence
from tap_cdn_certs.api.secrets import HIDDEN, quoted
from tap_cdn_certs.api.settings import common_settings, max_connections, string
from tap_cdn_certs.api.signature import Token
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach, Refusal, meanings
from tap_cdn_certs.records.seen import words
from tap_cdn_certs.records.values import (
    boolean,
    elements,
    end,
    identifier,
    inner,
    integer,
    objects,
    required_identifier,
    taken,
    text,
    texts,
    utc,
)
from tap_cdn_certs.streams.list_stream import ListStream
from tap_cdn_certs.streams.nested_stream import NestedStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.host import Host
    from tap_cdn_certs.api.paging import Page, Parameters
    from tap_cdn_certs.records.values import Item, Record

SETTINGS = th.ObjectType(
    string("api_token", "The API token.", required=True, secret=True),
    # The provider allows 1,200, and counts what is done in its dashboard too.
    *common_settings(
        api_url="https://api.cloudflare.com/client/v4",
        rate_limit_requests=1000,
        rate_limit_period=300,
        limited="for all operations together",
    ),
    th.Property(
        "zones",
        th.ArrayType(th.StringType),
        default=[],
        description="The zones to read, by name or ID, as globs such as `*.example.com`; all when empty.",
    ),
    th.Property(
        "custom_hostnames",
        th.BooleanType,
        default=True,
        description="Whether to read the custom hostnames of each zone (Cloudflare for SaaS).",
    ),
    max_connections(8),
    additional_properties=False,
)

# All that is read belongs to a zone.
LIST_ZONES = "ListZones"

# Of a token that is not valid, or may not do what is asked, whatever the status.
DENIED = frozenset({"1000", "6003", "9109", "10000"})
REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
GONE = frozenset({"1001", "7003"})

# "No quota has been allocated for this zone or for this account. …"
SAAS = r"\b(?:saas|custom hostnames?)\b"
NO_SAAS = re.compile(rf"\bquota\b|\bnot\b.*{SAAS}|{SAAS}.*\bnot\b", re.IGNORECASE)
# "Actor 'com.cloudflare.api.token.…' requires permission …": who asked.
ACTOR = re.compile(r"(com\.cloudflare\.api\.(?:token|user)\.)[^\s'\"]+", re.IGNORECASE)


def has_no_saas(message: str) -> bool:
    """Whether a zone is refused because it cannot have custom hostnames."""
    return "permission" not in message and bool(NO_SAAS.search(message))


class CloudflareClient(Client):
    """Requests to a Cloudflare account."""

    provider = "cloudflare"
    secret_settings = ("api_token",)
    request_id_header = "cf-ray"
    # Whatever the status.
    errors: ClassVar = meanings({Reach.THROTTLED: "971 10429"})
    rate_limits: ClassVar = {"account": Limit()}

    @override
    def auth(self, settings: Mapping[str, Any]) -> Token:
        return Token(settings["api_token"])

    @override
    def refusal(self, body: Item) -> Refusal | None:
        errors = objects(body, "errors")
        success = boolean(body, "success")
        if success or (success is None and not errors):
            return None
        error = {"code": "Unsuccessful", "message": "It does not say why.", **(errors[0] if errors else {})}
        return Refusal(quoted(error.get("code")), quoted(error.get("message")))

    @override
    def reach(self, refusal: Refusal, status: int) -> Reach:
        reach = super().reach(refusal, status)
        if reach in AGAIN:
            return reach
        if status == HTTPStatus.NOT_FOUND or (refusal.code in GONE and status not in REFUSED):
            return Reach.GONE
        if has_no_saas(refusal.message):
            return Reach.KEY
        return Reach.PROVIDER if status in REFUSED or refusal.code in DENIED else reach

    @override
    def fail(self, operation: str, host: Host, answer: Answer) -> APIError:
        error = super().fail(operation, host, answer)
        # Who may list the zones has a valid token; it may lack the permission for one of them.
        if error.reach is Reach.PROVIDER and operation != LIST_ZONES:
            error.reach = Reach.KEY
        return error

    @override
    def explanation(self, operation: str, refusal: Refusal, reach: Reach, skew: float) -> str:
        if reach is not Reach.PROVIDER:
            return super().explanation(operation, refusal, reach, skew)
        if operation == LIST_ZONES:
            said = super().explanation(operation, refusal, reach, skew)
            return f"{said} The token has to have the permission Zone → Zone: Read."
        return (
            f"{self.refused_with(operation, refusal)}: {sentence(refusal.message)} The token lacks the "
            "permission Zone → SSL and Certificates: Read: give it to the token, or leave the zones that it "
            "may not read out of the setting cloudflare.zones."
        )

    @override
    def without_secrets(self, text: str, sent: Mapping[str, str] | None = None) -> str:
        return ACTOR.sub(rf"\g<1>{HIDDEN}", super().without_secrets(text, sent))


class Pages(PageNumber):
    """Pages of which each may say in `result_info` how many items there are; else the last is not full.

    A full one has at least the 20 that the provider gives to who does not say how many.
    """

    @override
    def following(self, page: Page) -> Parameters | None:
        full = integer(inner(page.body, "result_info"), "per_page") or 20
        return super().following(page) if page.total is not None or len(page.items) >= full else None


def result(body: Item) -> list[Any]:
    """The items of an answer, where null is none if there are none.

    Raises:
        InvalidValueError: It does not say.
    """
    if body.get("result") is None and integer(inner(body, "result_info"), "total_count") != 0:
        raise InvalidValueError("result is missing.")
    return elements(body, "result")


def messages(item: Item) -> list[str] | None:
    """What keeps a certificate from being issued or renewed."""
    return [said for error in objects(item, "validation_errors") if (said := text(error, "message"))] or None


def paged(operation: str, noun: str, **more: Any) -> Listing:
    """A list of the provider."""
    paging = Pages("page", size=("per_page", 50))
    total = "result_info.total_count"
    return Listing(operation=operation, noun=noun, items=result, key="id", paging=paging, total=total, **more)


ZONES = paged(
    LIST_ZONES,
    "zones",
    path="/zones",
    selected_by="zones",
    named="name",
    nowhere="no zone that the token may read matches",
    kept=True,
)


class CloudflareZones(ListStream):
    """Zones of a Cloudflare account."""

    name = "cloudflare_zones"
    provider = "cloudflare"
    primary_keys = ("account", "zone_id")
    domain_fields = ("name",)
    listing = ZONES
    # Of DNS and prices, and of people: an account's name may be its owner's e-mail address.
    left_out = words(
        "account cname_suffix development_mode meta name_servers original_dnshost original_name_servers "
        "original_registrar owner permissions plan tenant tenant_unit vanity_name_servers verification_key"
    )

    @override
    def fields(self, item: Item) -> Record:
        meta = inner(item, "meta")
        return {
            "zone_id": required_identifier(item, "id"),
            **taken(text, item, "name", "status", "type"),
            "paused": boolean(item, "paused"),
            **taken(utc, item, "created_on", "modified_on", "activated_on"),
            "account_id": identifier(inner(item, "account"), "id"),
            "plan_name": text(inner(item, "plan"), "name"),
            "custom_certificate_quota": integer(meta, "custom_certificate_quota"),
            **taken(boolean, meta, "cdn_only", "dns_only"),
        }


# A pack that is going or gone, whose hosts are no domains of the account any more.
DELETED = frozenset({"deleted", "deletion_timed_out", "pending_cleanup", "pending_deletion"})


class CloudflareCertificatePacks(NestedStream):
    """Certificate packs of the zones of a Cloudflare account, whatever their status."""

    name = "cloudflare_certificate_packs"
    provider = "cloudflare"
    primary_keys = ("account", "zone_id", "pack_id")
    domain_fields = ("hosts",)
    listing = ZONES
    path = "/zones/{key}/ssl/certificate_packs"
    # Without it, those that are active alone.
    items = paged("ListCertificatePacks", "certificate packs", parameters={"status": "all"})
    # What proves to an authority whose domain it is.
    left_out = words("validation_records dcv_delegation_records")

    @override
    def fields(self, key: str, answer: Item) -> Record:
        return {
            "zone_id": key,
            "pack_id": required_identifier(answer, "id"),
            **taken(text, answer, "type", "status"),
            "hosts": texts(answer, "hosts"),
            "primary_certificate": identifier(answer, "primary_certificate"),
            **taken(text, answer, "certificate_authority", "validation_method"),
            "validity_days": integer(answer, "validity_days"),
            "cloudflare_branding": boolean(answer, "cloudflare_branding"),
            "validation_errors": messages(answer),
            "certificates": [
                {
                    "id": identifier(certificate, "id"),
                    "hosts": texts(certificate, "hosts"),
                    **taken(text, certificate, "status", "issuer", "signature", "bundle_method"),
                    "expires_on": end(certificate, "expires_on"),
                    **taken(utc, certificate, "uploaded_on", "modified_on"),
                    "priority": integer(certificate, "priority"),
                    "zone_id": identifier(certificate, "zone_id"),
                    "geo_restrictions_label": text(inner(certificate, "geo_restrictions"), "label"),
                }
                for certificate in objects(answer, "certificates")
            ]
            or None,
        }

    @override
    def domains(self, record: Record) -> Iterable[str]:
        return super().domains(record) if (record["status"] or "deleted").lower() not in DELETED else ()


class CloudflareCustomHostnames(NestedStream):
    """Custom hostnames of the zones of a Cloudflare account, with their certificates."""

    name = "cloudflare_custom_hostnames"
    provider = "cloudflare"
    primary_keys = ("account", "zone_id", "custom_hostname_id")
    domain_fields = ("hostname",)
    listing = ZONES
    path = "/zones/{key}/custom_hostnames"
    items = paged("ListCustomHostnames", "custom hostnames")
    # A private key among them, what proves whose a domain is, and what customers say of themselves.
    left_out = words(
        "custom_metadata custom_origin_sni ownership_verification ownership_verification_http "
        "ssl.custom_certificate ssl.custom_csr_id ssl.custom_key ssl.settings ssl.validation_records "
        "ssl.dcv_delegation_records"
    )

    @classmethod
    @override
    def wanted(cls, settings: Item) -> bool:
        return bool(settings.get("custom_hostnames", True))

    @override
    def items_of(self, key: str) -> Iterator[Any]:
        try:
            return super().items_of(key)
        except APIError as error:
            if not has_no_saas(error.message):
                raise
            self.logger.debug("%s: %s has none: %s", self.name, key, error)
            return iter(())

    @override
    def fields(self, key: str, answer: Item) -> Record:
        ssl = inner(answer, "ssl")
        return {
            "zone_id": key,
            "custom_hostname_id": required_identifier(answer, "id"),
            **taken(text, answer, "hostname", "status"),
            "created_at": utc(answer, "created_at"),
            "custom_origin_server": text(answer, "custom_origin_server"),
            "verification_errors": texts(answer, "verification_errors"),
            "ssl_id": identifier(ssl, "id"),
            **taken(text, ssl, "type", "method", "status", prefix="ssl_"),
            "ssl_wildcard": boolean(ssl, "wildcard"),
            **taken(text, ssl, "bundle_method", "certificate_authority", prefix="ssl_"),
            "ssl_hosts": texts(ssl, "hosts"),
            "ssl_issuer": text(ssl, "issuer"),
            "ssl_serial_number": identifier(ssl, "serial_number"),
            "ssl_signature": text(ssl, "signature"),
            "ssl_uploaded_on": utc(ssl, "uploaded_on"),
            "ssl_expires_on": end(ssl, "expires_on"),
            "ssl_validation_errors": messages(ssl),
            "ssl_certificates": [
                {
                    "id": identifier(certificate, "id"),
                    "issuer": text(certificate, "issuer"),
                    "serial_number": identifier(certificate, "serial_number"),
                    **taken(text, certificate, "signature", "fingerprint_sha256"),
                    "issued_on": utc(certificate, "issued_on"),
                    "expires_on": end(certificate, "expires_on"),
                }
                for certificate in objects(ssl, "certificates")
            ]
            or None,
        }


CLIENT = CloudflareClient
STREAMS = (CloudflareZones, CloudflareCertificatePacks, CloudflareCustomHostnames)
