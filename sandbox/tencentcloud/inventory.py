"""What a made-up account of Tencent Cloud holds: values as Python objects, which the API renders."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.chains import DAY, Chain, pool
from sandbox.inventory import Inventory, odd

DIGITS = string.digits + string.ascii_letters
SMALL = string.digits + string.ascii_lowercase

# The first certificates of an account: each differs from an ordinary one by these fields.
ODD_CERTIFICATES: tuple[dict[str, object], ...] = (
    {"kind": "svr", "origin": "upload", "alias": "证书"},
    # Ordered, and not issued yet.
    {"status": 0, "begin": None, "end": None, "domains": []},
    {"status": 13, "begin": None, "end": None, "never": True},
    {"status": 10, "revoked": True},
    {"kind": "CA", "origin": "upload"},
    {"status": 3, "domains": []},
    {"status": 1, "hosted": True},
)

# The first domains of CDN, likewise.
ODD_CDN: tuple[dict[str, object], ...] = (
    {"switch": "off", "ssl_status": "closed", "held": "none"},
    # Uploaded to the CDN, with the chain that it serves, or without.
    {"held": "chain"},
    {"held": "uploaded"},
    {"switch": None, "held": "none"},
    {"held": "none"},
    {"status": "offline", "disable": "overdue"},
    {"ssl_status": "deploying", "client": True},
)

# The first domains of EdgeOne: mode, and what their list has.
ODD_EDGEONE: tuple[tuple[str | None, str], ...] = (
    ("disable", "null"),
    ("sslcert", "named"),
    ("eofreecert", "own"),
    ("sslcert", "two"),
    (None, "null"),
    ("eofreecert_manual", "applying"),
    ("sslcert", "mutual"),
    ("eofreecert", "null"),
)


@dataclass(slots=True)
class Certificate:
    """An item of DescribeCertificates."""

    certificate_id: str
    domain: str
    domains: list[str]
    inserted: datetime
    begin: datetime | None
    end: datetime | None
    algorithm: str
    issuer: str
    kind: str = "SVR"
    origin: str = "trustasia"
    alias: str = ""
    status: int = 1
    revoked: bool = False
    hosted: bool = False
    never: bool = False
    """Whether there are zeros where there is no time."""


@dataclass(slots=True)
class CDNDomain:
    """An item of DescribeDomainsConfig."""

    domain: str
    number: int
    created: datetime
    certificate: Certificate
    chain: Chain
    switch: str | None = "on"
    ssl_status: str = "deployed"
    status: str = "online"
    disable: str = "normal"
    held: str = "listed"
    """What it says of its certificate: its identifier, all, all but that, or nothing."""
    client: bool = False


@dataclass(slots=True)
class Zone:
    """An item of DescribeZones."""

    zone_id: str
    zone_name: str
    created: datetime
    type: str = "partial"
    own: dict[str, Chain] = field(default_factory=dict)
    """EdgeOne's own certificates for it."""


@dataclass(slots=True)
class Named:
    """A certificate in the list of a domain of EdgeOne."""

    cert_id: str
    end: datetime | None = None
    status: str = "deployed"
    algorithm: str = "RSA 2048"
    """Of one that the domain only names, nothing is said but its identifier."""


@dataclass(slots=True)
class EdgeOneDomain:
    """An item of DescribeAccelerationDomains."""

    key: str
    created: datetime
    mode: str | None = "sslcert"
    certificates: list[Named] | None = None
    mutual: Named | None = None
    status: str = "online"

    @property
    def zone_id(self) -> str:
        """Return the zone that it belongs to."""
        return self.key.partition("/")[0]

    @property
    def domain_name(self) -> str:
        """Return the domain."""
        return self.key.partition("/")[2]


class Account:
    """So many certificates, domains of CDN and domains of EdgeOne, these in a zone for each 20."""

    def __init__(self, size: int, seed: int, now: datetime) -> None:
        self._random = random.Random(f"tencentcloud {seed}")
        self._now = now
        first, pairs = pool(seed, now)
        self._chains = first + [chain for pair in pairs.values() for chain in pair]
        self.certificates = Inventory[Certificate]("certificate_id")
        self.cdn = Inventory[CDNDomain]("domain")
        self.zones = Inventory[Zone]("zone_id")
        self.edgeone = Inventory[EdgeOneDomain]("key")
        for number in range(min(size, 4 + size // 20)):
            self.add_zone(f"zone-{number}.example")
        zones = list(self.zones)
        for number in range(size):
            chain = self._chains[number % len(self._chains)]
            self.certificates.add(self._certificate(number, chain))
            self.cdn.add(self._cdn_domain(number, chain))
            # The first zone has every second one, the last none.
            place = 0 if number % 2 or len(zones) == 1 else number // 2 % (len(zones) - 1)
            self.edgeone.add(self._edgeone_domain(number, zones[place], chain))

    def deployed(self, names: list[str], kind: str) -> dict[str, list[str]]:
        """Return the domains of CDN or of EdgeOne that certificates are deployed to."""
        served = (
            [(each.certificate.certificate_id, each.domain) for each in self.cdn if each.held == "listed"]
            if kind == "cdn"
            else [
                (named.cert_id, each.domain_name)
                for each in self.edgeone
                for named in each.certificates or ()
            ]
        )
        found: dict[str, list[str]] = {name: [] for name in names}
        for name, domain in served:
            if name in found:
                found[name].append(domain)
        return found

    def add_zone(self, name: str, kind: str = "partial") -> Zone:
        """Add a zone."""
        zone = Zone(f"zone-{self._text(SMALL, 12)}", name, self._now - 300 * DAY, kind)
        self.zones.add(zone)
        return zone

    def _text(self, digits: str, length: int) -> str:
        return "".join(self._random.choices(digits, k=length))

    def _certificate(self, number: int, chain: Chain) -> Certificate:
        certificate = Certificate(
            certificate_id=self._text(DIGITS, 8),
            domain=chain.common_name,
            domains=list(chain.names),
            inserted=chain.not_before + timedelta(minutes=number),
            begin=chain.not_before,
            end=chain.not_after,
            algorithm="ECC 256" if "ECC" in chain.issuer else "RSA 2048",
            issuer=chain.issuer_common_name,
            origin=("trustasia", "upload", "wosign")[number % 3],
            alias=f"certificate-{number}" if number % 4 else "",
            status=3 if chain.not_after < self._now else 1,
        )
        return odd(certificate, number, ODD_CERTIFICATES)

    def _cdn_domain(self, number: int, chain: Chain) -> CDNDomain:
        name = f"www-{number}.{chain.common_name.removeprefix('*.')}"
        held = self.certificates[self.certificates.keys()[-1]]
        domain = CDNDomain(name, number, self._now - (number % 900 + 1) * DAY, held, chain)
        domain.held = "chain" if number % 12 == 11 else "listed"
        return odd(domain, number, ODD_CDN)

    def _edgeone_domain(self, number: int, zone: Zone, chain: Chain) -> EdgeOneDomain:
        mode, held = ODD_EDGEONE[number] if number < len(ODD_EDGEONE) else ("sslcert", "listed")
        key = f"{zone.zone_id}/eo-{number}.{zone.zone_name}"
        domain = EdgeOneDomain(key, self._now - (number % 900 + 1) * DAY, mode)
        if number % 10 == 9:
            domain.status = ("offline", "process", "init")[number // 10 % 3]
        uploaded = self.certificates[self.certificates.keys()[-1]]
        listed = Named(uploaded.certificate_id, uploaded.end, algorithm=uploaded.algorithm)
        own = Named(f"teo-{self._text(SMALL, 12)}")
        match held:
            case "named":
                domain.certificates = [Named(uploaded.certificate_id)]
            case "own":
                zone.own[own.cert_id] = chain
                domain.certificates = [own]
            case "two":
                domain.certificates = [listed, Named(own.cert_id, chain.not_after, algorithm="ECC 256")]
            case "applying":
                domain.certificates = [Named(own.cert_id, chain.not_after, "applying")]
            case "mutual":
                domain.certificates, domain.mutual = [listed], Named(self._text(DIGITS, 8), chain.not_after)
            case "listed":
                domain.certificates = [listed]
        return domain
