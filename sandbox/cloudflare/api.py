"""The API of Cloudflare."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.api import API
from sandbox.cloudflare.inventory import Account, Certificate, CustomHostname, Pack, Zone
from sandbox.limits import Limit
from sandbox.messages import Answer, Call, Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.inventory import Inventory

ZONES, PACKS, HOSTNAMES = "ListZones", "ListCertificatePacks", "ListCustomHostnames"
BEARER = "s3cr3t-cloudflare-token-0123456789abcdef"
PATHS = {
    r"/zones": ZONES,
    r"/zones/([^/]+)/ssl/certificate_packs": PACKS,
    r"/zones/([^/]+)/custom_hostnames": HOSTNAMES,
    r"/zones/([^/]+)/ssl/verification": "SSLVerification",
}
# Beside the page, with all the values that a parameter may have, or any.
PARAMETERS: dict[str, dict[str, set[str]]] = {
    ZONES: {
        "order": {"name", "status", "account.id", "account.name"},
        "direction": {"asc", "desc"},
        "status": {"initializing", "pending", "active", "moved"},
        "match": {"any", "all"},
        "name": set(),
        "account.id": set(),
        "account.name": set(),
        "type": set(),
    },
    PACKS: {"status": {"all"}, "deploy": {"staging", "production"}},
    HOSTNAMES: {"order": {"ssl", "ssl_status"}, "direction": {"asc", "desc"}, "hostname": set(), "id": set()},
}
NO_SAAS = "No quota has been allocated for this zone or for this account."
KEY = "-----BEGIN PRIVATE KEY-----\nMIIs3cr3tkey\n-----END PRIVATE KEY-----\n"
RECORDS = [{"txt_name": "_acme-challenge.example.com", "txt_value": "s3cr3t-acme", "status": "pending"}]


def iso(time: datetime | None) -> str | None:
    """Return a time: some have a fraction of a second, of as many digits as it needs."""
    if time is None:
        return None
    fraction = f".{time.microsecond:06}".rstrip("0") if time.microsecond else ""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"


class Cloudflare(API[Zone]):
    """The API of Cloudflare."""

    provider = "cloudflare"
    size = 100
    holds = "zones on Cloudflare"
    demo: ClassVar[Mapping[str, Any]] = {"size": 4}
    lists = (ZONES,)
    details = ()
    nested: ClassVar[Mapping[str, str]] = {PACKS: ZONES, HOSTNAMES: ZONES}
    # None gives a private key; these make the provider do something.
    never = frozenset({"SSLVerification", "Change"})
    logins: ClassVar[Mapping[str, Mapping[str, str]]] = {"token": {"api_token": BEARER}}
    secrets = (BEARER,)
    refusals: ClassVar[Mapping[str, Refusal]] = {
        "credentials": Refusal(status=403, code="9109", message="Invalid access token"),
        "permission": Refusal(status=403, code="10000", message="Authentication error"),
        "gone": Refusal(
            status=404,
            code="7003",
            message="Could not route to the zone, perhaps your object identifier is invalid?",
        ),
    }
    throttled = Refusal(
        status=429,
        code="10500",
        message="More than 1200 requests per 300 seconds reached. Please wait and consider throttling your "
        "request speed",
    )
    limits: Mapping[str, Limit] = {"account": Limit(1200, 300)}

    def stock(self, size: int) -> Inventory[Zone]:
        """Return an inventory of so many zones, each with its packs and custom hostnames."""
        self.account = Account(size, self.state.seed, self.state.now)
        self._random = random.Random(self.state.seed)
        return self.account.zones

    def inventory_of(self, operation: str) -> Inventory[Any]:
        """Return the zones, or what all of them have."""
        inventories: dict[str, Inventory[Any]] = {
            PACKS: self.account.packs,
            HOSTNAMES: self.account.hostnames,
        }
        return inventories.get(operation, self.inventory)

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation that a method and a path mean, and the zone that it is about."""
        if call.request.method != "GET":
            return "Change", ""
        for pattern, operation in PATHS.items():
            if match := re.fullmatch(pattern, call.path):
                return operation, match[1] if match.groups() else ""
        return call.path, ""

    def authenticate(self, call: Call) -> None:
        """Check the token."""
        scheme, _, token = call.header("Authorization").partition(" ")
        if not token:
            raise RefusedError(400, "9106", "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if scheme != "Bearer" or not re.fullmatch(r"[\w-]{40}", token):
            chain = [{"code": 6111, "message": "Invalid format for Authorization header"}]
            raise RefusedError(400, "6003", "Invalid request headers", error_chain=chain)
        if token != BEARER:
            self.refuse("credentials")

    def operate(self, call: Call) -> Answer:
        """Answer one of the operations that the sandbox knows."""
        if call.entry.operation not in PARAMETERS:
            raise RefusedError(400, "7000", "No route for that URI")
        (page, size), items = self.page(call), self.items(call)
        shown = items[(page - 1) * size :][:size]
        info = {
            "page": page,
            "per_page": size,
            "count": len(shown),
            "total_count": len(items),
            "total_pages": -(-len(items) // size),
        }
        # Where there is little, some answers do not say how much.
        known = not call.entry.key or len(items) >= size or len(items) % 2
        answer = self.answered(200, shown, **({"result_info": info} if known else {}))
        if page == 1:
            self.listed(call.entry.operation)
        return answer

    def items(self, call: Call) -> list[dict[str, Any]]:
        """Return all items of a list."""
        zone_id = call.entry.key
        zone = self.inventory.get(zone_id)
        if zone is None and zone_id:
            self.refuse("gone")
        match call.entry.operation:
            case "ListCertificatePacks":
                own = [pack for pack in self.account.packs if pack.zone_id == zone_id]
                every = "status" in call.request.query
                return [pack_row(pack) for pack in own if every or pack.status == "active"]
            case "ListCustomHostnames":
                if zone and not zone.saas:
                    raise RefusedError(403, "1404", NO_SAAS)
                return [hostname_row(each) for each in self.account.hostnames if each.zone_id == zone_id]
        return [row(each) for each in self.inventory]

    def page(self, call: Call) -> tuple[int, int]:
        """Return the number and the size of the page that is asked for; refuse what no document has."""
        query = call.request.query
        for name, value in query.items():
            allowed = PARAMETERS[call.entry.operation].get(name)
            if name not in {"page", "per_page"} and (allowed is None or (allowed and value not in allowed)):
                raise RefusedError(400, "1003", f"Invalid or unknown parameter: {name}")
        page, size = query.get("page", "1"), query.get("per_page", "20")
        if not (
            re.fullmatch(r"[1-9]\d{0,4}", page) and re.fullmatch(r"\d{1,2}", size) and 5 <= int(size) <= 50
        ):
            raise RefusedError(400, "1006", "page has to be 1 or more, per_page 5 to 50")
        return int(page), int(size)

    def render(self, call: Call, error: RefusedError) -> Answer:
        """Return an error; its code is a number."""
        del call
        code = int(error.code) if error.code.isdecimal() else error.code
        errors = [{"code": code, "message": error.message, **error.details}]
        return self.answered(error.status, None, success=False, errors=errors)

    def answered(self, status: int, result: Any, **more: Any) -> Answer:
        """Return an answer in the envelope that all have."""
        # What is in `messages` is no error.
        messages = [{"code": 10000, "message": "This API Token is valid and active"}]
        envelope = {"result": result, "success": True, "errors": [], "messages": messages, **more}
        answer = Answer.json(status, envelope)
        answer.headers["cf-ray"] = f"{self._random.getrandbits(64):016x}-FRA"
        return answer


def row(zone: Zone) -> dict[str, Any]:
    """Return an item of ListZones."""
    return {
        "id": zone.zone_id,
        "name": zone.name,
        "status": zone.status,
        "paused": zone.paused,
        "type": zone.type,
        "development_mode": 0,
        "name_servers": ["ada.ns.example", "bob.ns.example"],
        "original_name_servers": None,
        "original_registrar": None,
        "original_dnshost": None,
        "modified_on": iso(zone.created_on),
        "created_on": iso(zone.created_on),
        "activated_on": iso(zone.activated_on),
        "meta": {
            "step": 2,
            "custom_certificate_quota": zone.custom_certificates,
            "page_rule_quota": 3,
            "phishing_detected": False,
            "cdn_only": False,
            "dns_only": zone.dns_only,
        },
        "owner": {"id": "feedbeef" * 4, "type": "user", "email": "s3cr3t@example.com"},
        "account": {"id": "0123456789abcdef" * 2, "name": "s3cr3t@example.com's Account"},
        "permissions": ["#zone:read"],
        "plan": {
            "id": "0feeeeee" * 4,
            "name": zone.plan,
            "price": 0,
            "currency": "USD",
            "is_subscribed": True,
        },
        "verification_key": "284344499-s3cr3t",
    }


def pack_row(pack: Pack) -> dict[str, Any]:
    """Return an item of ListCertificatePacks."""
    return {
        "id": pack.pack_id,
        "type": pack.type,
        "hosts": pack.hosts,
        "primary_certificate": pack.certificates[0].certificate_id if pack.certificates else None,
        "status": pack.status,
        "certificates": [pack_certificate(pack, certificate) for certificate in pack.certificates],
        "certificate_authority": pack.authority,
        "validation_method": "txt" if pack.authority else None,
        "validity_days": 90 if pack.authority else None,
        "cloudflare_branding": False,
        "validation_errors": [{"message": message} for message in pack.errors],
        "validation_records": RECORDS if pack.errors else [],
        "dcv_delegation_records": [],
    }


def pack_certificate(pack: Pack, certificate: Certificate) -> dict[str, Any]:
    """Return a certificate of a pack."""
    return {
        "id": certificate.certificate_id,
        "hosts": pack.hosts,
        "issuer": certificate.issuer,
        "signature": certificate.signature,
        "status": pack.status,
        "bundle_method": "ubiquitous",
        "zone_id": pack.zone_id,
        "uploaded_on": iso(certificate.issued_on),
        "modified_on": iso(certificate.issued_on),
        "expires_on": iso(certificate.expires_on),
        "priority": 0.0,
        **({"geo_restrictions": {"label": certificate.region}} if certificate.region else {}),
    }


def hostname_row(hostname: CustomHostname) -> dict[str, Any]:
    """Return an item of ListCustomHostnames."""
    return {
        "id": hostname.custom_hostname_id,
        "hostname": hostname.hostname,
        "ssl": ssl(hostname) if hostname.ssl else None,
        "status": hostname.status,
        "verification_errors": ["None of the A or AAAA records are owned by this account."]
        * len(hostname.errors),
        "ownership_verification": {"type": "txt", "name": "_cf.example.com", "value": "s3cr3t-ownership"},
        "ownership_verification_http": {"http_url": "http://example.com/x", "http_body": "s3cr3t-ownership"},
        "custom_metadata": {"customer": "s3cr3t"},
        "created_at": iso(hostname.created_at),
        **({"custom_origin_server": "origin.example.com"} if hostname.uploaded else {}),
    }


def ssl(hostname: CustomHostname) -> dict[str, Any]:
    """Return the certificates of a custom hostname: the answers have more than the documents say."""
    common = {
        "id": hostname.ssl_id,
        "type": "dv",
        "method": "http",
        "status": hostname.ssl,
        "wildcard": False,
        "bundle_method": "ubiquitous",
        "validation_errors": [{"message": message} for message in hostname.errors],
        "validation_records": RECORDS if hostname.errors else [],
        "settings": {"min_tls_version": "1.2"},
    }
    if uploaded := hostname.uploaded:
        return {
            **common,
            "hosts": [hostname.hostname],
            "issuer": uploaded.issuer,
            "serial_number": uploaded.serial_number,
            "signature": uploaded.signature,
            "uploaded_on": iso(uploaded.issued_on),
            "expires_on": iso(uploaded.expires_on),
            "custom_certificate": "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
            "custom_key": KEY,
        }
    issued = [issued_certificate(certificate) for certificate in hostname.issued]
    return {**common, "certificate_authority": "google", **({"certificates": issued} if issued else {})}


def issued_certificate(certificate: Certificate) -> dict[str, Any]:
    """Return a certificate that the provider has ordered for a custom hostname."""
    return {
        "id": certificate.certificate_id,
        "issuer": certificate.issuer,
        "serial_number": certificate.serial_number,
        "signature": certificate.signature,
        "fingerprint_sha256": certificate.fingerprint_sha256,
        "issued_on": iso(certificate.issued_on),
        "expires_on": iso(certificate.expires_on),
    }
