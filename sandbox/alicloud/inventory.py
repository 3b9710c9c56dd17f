"""The domains of a made-up account of Alibaba Cloud: values as Python objects, which the API renders."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Literal

from sandbox.chains import DAY, Chain, pool
from sandbox.inventory import Inventory

if TYPE_CHECKING:
    from collections.abc import Iterator

Absent = Literal["empty", "off", "missing", "null"]


@dataclass(slots=True)
class Source:
    """An origin server of a domain."""

    type: str
    content: str
    port: int = 80
    priority: str = "20"
    weight: str = "10"


@dataclass(slots=True)
class DomainCertificate:
    """An item of DescribeDomainCertificateInfo, and of DescribeCdnHttpsDomainList its last two fields."""

    cert_name: str
    cert_id: str
    cert_life: str
    status: str
    cert_update_time: datetime | None
    cert_domain_name: str
    server_certificate_status: str
    cert_org: str
    cert_start_time: datetime | None
    cert_expire_time: datetime | None
    cert_type: str
    domain_cname_status: str
    server_certificate: str = field(repr=False)
    cert_region: str
    cert_common_name: str
    cert_status: str


@dataclass(slots=True)
class Domain:
    """An item of DescribeUserDomains, and its certificate or how the API says that it has none."""

    domain_name: str
    domain_id: int
    cname: str
    cdn_type: str
    domain_status: str
    gmt_created: datetime
    gmt_modified: datetime
    description: str
    source_type: str
    ssl_protocol: str
    resource_group_id: str
    sandbox: str
    coverage: str
    sources: list[Source]
    certificate: DomainCertificate | None = None
    absent: Absent | None = None


SHARED_STATUSES = ("success",) * 12 + ("cname_error", "checking", "domain_invalid", "unsupport_wildcard")
WORDS = ("img", "js", "api", "cdn", "download", "live", "assets", "m", "store", "news")
LIVES = {"free": "3 months", "upload": "months", "cas": "12 months"}

# The first domains of an account: each has something that the many others lack. A number is its certificate's
# place in chains.ODDITIES; text says how the API tells that it has none.
ODD_DOMAINS: tuple[tuple[str, int | Absent], ...] = (
    ("www.example.com", 0),
    (".example.com", 1),
    ("中文.example.com", 2),
    ("many.example.net", 3),
    ("ip.example.net", 4),
    ("plain.example.com", "empty"),
    ("off.example.com", "off"),
    ("missing.example.com", "missing"),
    ("null.example.com", "null"),
    ("staple.example.org", 5),
    ("old.example.org", 6),
    ("self.example.net", 7),
    ("next.example.com", 8),
    ("cn-only.example.org", 9),
    ("hours.example.com", 10),
    ("days.example.com", 11),
    ("expired.example.com", 12),
    ("bücher.example.org", "off"),
    ("review.example.com", "empty"),
    ("failed.example.net", 0),
)
ODD_STATUSES = {"review.example.com": "checking", "failed.example.net": "check_failed"}


def certificate_status(chain: Chain, name: str, now: datetime) -> str:
    """Return the CertStatus of a domain's certificate."""
    if chain.not_after <= now:
        return "expired"
    ascii_name = name.lstrip(".").encode("idna").decode()
    wildcard = "*." + ascii_name.partition(".")[2]
    if not {ascii_name, wildcard} & {*chain.names, chain.common_name}:
        return "mismatch"
    return "expire_soon" if chain.not_after <= now + 30 * DAY else "ok"


def domain_certificate(chain: Chain, name: str, now: datetime, rng: random.Random) -> DomainCertificate:
    """Return the certificate of a domain."""
    kind = ("free", "cas", "upload")[chain.serial % 3]
    return DomainCertificate(
        cert_name=f"cert-{chain.serial % 10**7}",
        cert_id=str(10_000_000 + chain.serial % 10**6),
        cert_life=LIVES[kind],
        status=rng.choice(SHARED_STATUSES),
        cert_update_time=chain.not_before + timedelta(hours=1),
        cert_domain_name=chain.common_name,
        server_certificate_status="on",
        cert_org=chain.issuer.partition("CN=")[2].partition(",")[0],
        cert_start_time=chain.not_before,
        cert_expire_time=chain.not_after,
        cert_type=kind,
        domain_cname_status=rng.choice(("ok", "ok", "ok", "cname_error")),
        server_certificate=chain.pem,
        cert_region=("cn-hangzhou", "ap-southeast-1")[chain.serial % 2],
        cert_common_name=chain.common_name,
        cert_status=certificate_status(chain, name, now),
    )


def sources(number: int, name: str) -> list[Source]:
    """Return the origin servers of a domain: one, or several of several types."""
    if number % 7 == 3:
        return [
            Source("oss", f"bucket-{number}.oss.example.net"),
            Source("ipaddr", f"192.0.2.{number % 250 + 1}", 443, "30", "15"),
            Source("domain", "origin.example.org", 8080),
        ]
    return [Source("domain", f"origin.{name.lstrip('.')}", 443 if number % 2 else 80)]


def domain(number: int, name: str, has: Chain | Absent, now: datetime, rng: random.Random) -> Domain:
    """Return a domain with its certificate, or with how the API says that it has none."""
    created = now - timedelta(seconds=rng.randrange(86400, 3 * 365 * 86400))
    modified = (created + (now - created) * rng.random()).replace(microsecond=0)
    origins = sources(number, name)
    certificate = domain_certificate(has, name, now, rng) if isinstance(has, Chain) else None
    return Domain(
        domain_name=name,
        domain_id=1_000_000_000_000_000 + number,
        cname=f"{name.lstrip('.')}.w.cdn.example.net",
        cdn_type=("web", "download", "video")[number % 3],
        domain_status=ODD_STATUSES.get(name) or ("offline" if number % 50 == 49 else "online"),
        gmt_created=created,
        # Every ninth is sent without its seconds.
        gmt_modified=modified if number % 9 else modified.replace(second=0),
        description="" if number % 3 else f"domain {number}, 描述",
        source_type=origins[0].type,
        ssl_protocol="on" if certificate else "off",
        resource_group_id="rg-sandbox" if number % 4 else "",
        sandbox="normal",
        coverage=("domestic", "overseas", "global")[number % 3],
        sources=origins,
        certificate=certificate,
        absent=None if isinstance(has, Chain) else has,
    )


def domains(count: int, seed: int, now: datetime) -> Inventory[Domain]:
    """Return the domains of the account: odd ones first, then many whose certificates are shared."""
    rng = random.Random(f"domains {seed}")
    odd, zones = pool(seed, now)
    shared = list(zones.items())
    inventory = Inventory[Domain]("domain_name")
    absents: Iterator[Absent] = cycle(("off", "empty"))
    for number in range(count):
        has: Chain | Absent
        if number < len(ODD_DOMAINS):
            name, which = ODD_DOMAINS[number]
            has = odd[which] if isinstance(which, int) else which
        else:
            zone, chains = shared[number % len(shared)]
            name = f"{WORDS[number % len(WORDS)]}-{number}.{zone}"
            has = next(absents) if rng.random() < 0.1 else chains[rng.random() < 0.3]
        inventory.add(domain(number, name, has, now, rng))
    return inventory
