"""The zones of a made-up account of Cloudflare: values as Python objects, which the API renders."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sandbox.chains import DAY
from sandbox.inventory import Inventory, odd

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Zone:
    """An item of ListZones."""

    zone_id: str
    name: str
    created_on: datetime
    activated_on: datetime | None
    status: str = "active"
    type: str = "full"
    paused: bool = False
    dns_only: bool = False
    plan: str = "Free Website"
    custom_certificates: int = 0
    saas: bool = False
    """Whether it may have custom hostnames."""


@dataclass(slots=True)
class Certificate:
    """A certificate of a pack, or of a custom hostname."""

    certificate_id: str
    issuer: str
    signature: str
    issued_on: datetime
    expires_on: datetime
    status: str = "active"
    serial_number: str = ""
    fingerprint_sha256: str = ""
    region: str | None = None


@dataclass(slots=True)
class Pack:
    """An item of ListCertificatePacks."""

    key: str
    type: str
    status: str
    hosts: list[str]
    certificates: list[Certificate]
    authority: str | None = "google"
    errors: list[str] = field(default_factory=list)

    @property
    def zone_id(self) -> str:
        """Return the zone that it belongs to."""
        return self.key.partition("/")[0]

    @property
    def pack_id(self) -> str:
        """Return its identifier."""
        return self.key.partition("/")[2]


@dataclass(slots=True)
class CustomHostname:
    """An item of ListCustomHostnames."""

    key: str
    hostname: str
    ssl_id: str
    created_at: datetime
    status: str = "active"
    ssl: str | None = "active"
    """The status of its certificates, or none if it has no TLS."""
    uploaded: Certificate | None = None
    issued: list[Certificate] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def zone_id(self) -> str:
        """Return the zone that it belongs to."""
        return self.key.partition("/")[0]

    @property
    def custom_hostname_id(self) -> str:
        """Return its identifier."""
        return self.key.partition("/")[2]


STATUSES = (
    *("active", "initializing", "pending_validation", "deleted", "pending_issuance", "pending_deployment"),
    *("pending_deletion", "pending_expiration", "expired", "initializing_timed_out", "validation_timed_out"),
    *("issuance_timed_out", "deployment_timed_out", "deletion_timed_out", "pending_cleanup", "inactive"),
    *("staging_deployment", "staging_active", "deactivating", "backup_issued", "holding_deployment"),
)
TYPES = (
    *("universal", "advanced", "total_tls", "sni_custom"),
    *("legacy_custom", "mh_custom", "managed_hostname", "keyless"),
)
HOSTNAME_STATUSES = ["active", "pending", "moved", "pending_deletion", "blocked"]
UNFINISHED = frozenset({"initializing", "pending_validation", "pending_issuance", "initializing_timed_out"})
CAA = "caa_error: CAA records do not allow the certificate authority to issue."

# The first zones of an account: each differs from an ordinary one by these fields.
ODD_ZONES: tuple[dict[str, object], ...] = (
    {"name": "example.com", "plan": "Enterprise Website", "custom_certificates": 5, "saas": True},
    {"name": "xn--bcher-kva.example", "type": "partial", "plan": "Business", "custom_certificates": 1},
    {"name": "paused.example", "paused": True},
    {"name": "dns.example", "dns_only": True},
    {"name": "pending.example", "status": "pending", "activated_on": None},
    {"name": "moved.example", "status": "moved", "type": "secondary"},
)


class Account:
    """The zones, their packs and their custom hostnames."""

    def __init__(self, size: int, seed: int, now: datetime) -> None:
        self._random = random.Random(f"zones {seed}")
        self._now = now
        self.zones = Inventory[Zone]("zone_id")
        self.packs = Inventory[Pack]("key")
        self.hostnames = Inventory[CustomHostname]("key")
        for number in range(size):
            zone = self._zone(number)
            self.zones.add(zone)
            for pack in self._many_packs(zone) if number == 0 else self._packs(zone, number):
                self.packs.add(pack)
            for hostname in self._hostnames(zone) if zone.saas else ():
                self.hostnames.add(hostname)

    def _hex(self, digits: int = 32) -> str:
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def _uuid(self) -> str:
        digits = self._hex()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def _zone(self, number: int) -> Zone:
        created = self._now - self._random.randrange(100, 2000) * DAY
        zone = Zone(self._hex(), f"zone-{number}.example", created, created + DAY, saas=number % 20 == 19)
        return odd(zone, number, ODD_ZONES)

    def _certificates(self, days: int, authority: str | None) -> list[Certificate]:
        """Return one with an RSA and one with an ECDSA key, of which the second ends a little later."""
        issuer = {"google": "GoogleTrustServices", "lets_encrypt": "LetsEncrypt"}.get(
            authority or "", "Other"
        )
        end = self._now + days * DAY + timedelta(microseconds=self._random.randrange(10**6))
        return [
            Certificate(
                certificate_id=self._hex(),
                issuer=issuer,
                signature=signature,
                issued_on=end - 90 * DAY,
                expires_on=end + hours * timedelta(hours=1),
                serial_number=str(self._random.getrandbits(127)),
                fingerprint_sha256=self._hex(64),
            )
            for hours, signature in enumerate(("SHA256WithRSA", "ECDSAWithSHA256"))
        ]

    def _pack(self, zone: Zone, kind: str, status: str, hosts: list[str], days: int = 60) -> Pack:
        uploaded = kind.endswith("custom") or kind == "keyless"
        authority = None if uploaded else "lets_encrypt" if status == "backup_issued" else "google"
        certificates = [] if status in UNFINISHED else self._certificates(days, authority)
        identifier = self._hex() if uploaded else self._uuid()
        pack = Pack(f"{zone.zone_id}/{identifier}", kind, status, hosts, certificates, authority)
        for certificate in certificates if uploaded else ():
            certificate.region = "eu"
        return pack

    def _packs(self, zone: Zone, number: int) -> Iterator[Pack]:
        hosts = [zone.name, f"*.{zone.name}"]
        yield self._pack(zone, "universal", "active", hosts, self._random.randrange(-3, 88))
        yield self._pack(zone, "universal", "backup_issued", hosts, self._random.randrange(3, 88))
        if number % 3 == 1:
            yield self._pack(zone, "sni_custom", "active", [f"www.{zone.name}"], 5)
        if number % 5 == 2:
            pack = self._pack(zone, "advanced", "active", [zone.name, f"shop.{zone.name}"], 9)
            pack.errors.append(CAA)
            yield pack

    def _many_packs(self, zone: Zone) -> Iterator[Pack]:
        """Return packs of every type and status, and more than a page holds."""
        yield from self._packs(zone, 1)
        for number in range(60):
            kind, status = TYPES[number % len(TYPES)], STATUSES[number % len(STATUSES)]
            yield self._pack(zone, kind, status, [f"d{number}.{zone.name}"], self._random.randrange(-20, 80))

    def _hostnames(self, zone: Zone) -> Iterator[CustomHostname]:
        """Return hostnames without TLS, with an uploaded certificate, and with those of an authority."""
        for number in range(120):
            key = f"{zone.zone_id}/{self._hex()}"
            name, created = f"www.customer-{number}.example", self._now - number * DAY
            hostname = CustomHostname(key, name, self._uuid(), created)
            certificates = self._certificates(self._random.randrange(-5, 80), "google")
            match number % 6:
                case 0:
                    hostname.ssl = None
                case 1:
                    hostname.uploaded = certificates[0]
                case 2:
                    hostname.ssl, hostname.errors = "pending_validation", [CAA]
                    hostname.status = HOSTNAME_STATUSES[number // 6 % len(HOSTNAME_STATUSES)]
                case 3:
                    # As the documents have it: nobody knows when it ends.
                    pass
                case _:
                    hostname.issued = certificates
            yield hostname
