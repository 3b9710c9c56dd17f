"""The domains of a made-up account of Alibaba Cloud: values as Python objects, which the products render."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sandbox.alicloud.cas import SITES, certificate_id
from sandbox.chains import DAY, Chain, pool
from sandbox.inventory import Inventory

if TYPE_CHECKING:
    from collections.abc import Iterator

Absent = Literal["empty", "off", "missing", "null"]
Oddities: TypeAlias = tuple[tuple[str, int | Absent], ...]


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
    """The certificate of a domain; its last two fields only the list of HTTPS domains has."""

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


@dataclass(slots=True, kw_only=True)
class Domain:
    """A domain, and its certificate or how the API says that it has none."""

    domain_name: str
    domain_id: int
    cname: str
    domain_status: str
    gmt_created: datetime
    gmt_modified: datetime
    description: str
    ssl_protocol: str
    resource_group_id: str
    sandbox: str
    sources: list[Source]
    certificate: DomainCertificate | None = None
    absent: Absent | None = None


@dataclass(slots=True, kw_only=True)
class CDNDomain(Domain):
    """An item of DescribeUserDomains."""

    cdn_type: str
    source_type: str
    coverage: str


@dataclass(slots=True, kw_only=True)
class DCDNDomain(Domain):
    """An item of DescribeDcdnUserDomains, and the type of its business, which is asked for and not told."""

    scene: str
    function_type: str
    web_site_type: str


SHARED_STATUSES = ("success",) * 12 + ("cname_error", "checking", "domain_invalid", "unsupport_wildcard")
WORDS = ("img", "js", "api", "cdn", "download", "live", "assets", "m", "store", "news")
LIVES = {"free": "3 months", "upload": "months", "cas": "12 months"}

# The first domains of a product: each has something that the many others lack. A number is its certificate's
# place in chains.ODDITIES; text says how the API tells that it has none.
CDN_ODDITIES: Oddities = (
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
DCDN_ODDITIES: Oddities = (
    ("app.example.com", 1),
    (".dyn.example.com", 1),
    ("routine.example.net", 3),
    ("image.example.com", 1),
    ("数据.example.com", 1),
    ("plain.dyn.example.com", "empty"),
    ("off.dyn.example.com", "off"),
    ("missing.dyn.example.com", "missing"),
    ("null.dyn.example.com", "null"),
    ("expired.dyn.example.com", 12),
    ("review.dyn.example.com", "empty"),
    ("failed.dyn.example.net", 0),
    ("broken.dyn.example.org", 5),
)
ODD_STATUSES = {
    "review.example.com": "checking",
    "failed.example.net": "check_failed",
    "review.dyn.example.com": "checking",
    "failed.dyn.example.net": "check_failed",
    "broken.dyn.example.org": "configure_failed",
}
WEB_SITE_TYPES = ("dynamic", "computing_routine", "computing_image")
FUNCTIONS = {"dynamic": "", "computing_routine": "routine", "computing_image": "image"}
SCENES = ("apiscene", "webservicescene", "staticscene", "")


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
        cert_id=str(certificate_id(chain)),
        cert_life=LIVES[kind],
        status=rng.choice(SHARED_STATUSES),
        cert_update_time=chain.not_before + timedelta(hours=1),
        cert_domain_name=chain.common_name,
        server_certificate_status="on",
        cert_org=chain.issuer_common_name,
        cert_start_time=chain.not_before,
        cert_expire_time=chain.not_after,
        cert_type=kind,
        domain_cname_status=rng.choice(("ok", "ok", "ok", "cname_error")),
        server_certificate=chain.pem,
        cert_region=SITES[chain.serial % 2],
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


def domain(number: int, name: str, has: Chain | Absent, now: datetime, rng: random.Random) -> dict[str, Any]:
    """Return the fields of a domain, with its certificate or with how the API says that it has none."""
    created = now - timedelta(seconds=rng.randrange(86400, 3 * 365 * 86400))
    modified = (created + (now - created) * rng.random()).replace(microsecond=0)
    certificate = domain_certificate(has, name, now, rng) if isinstance(has, Chain) else None
    return {
        "domain_name": name,
        "domain_status": ODD_STATUSES.get(name) or ("offline" if number % 50 == 49 else "online"),
        "gmt_created": created,
        # Every ninth is sent without its seconds.
        "gmt_modified": modified if number % 9 else modified.replace(second=0),
        "description": "" if number % 3 else f"domain {number}, 描述",
        "ssl_protocol": "on" if certificate else "off",
        "resource_group_id": "rg-sandbox" if number % 4 else "",
        "sandbox": "normal",
        "sources": sources(number, name),
        "certificate": certificate,
        "absent": None if isinstance(has, Chain) else has,
    }


def domains(
    count: int, seed: int, now: datetime, kind: str, oddities: Oddities
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Return numbers and fields of domains: odd ones first, then many whose certificates are shared.

    Args:
        kind: What those of one product have in their names, and those of another not.
    """
    rng = random.Random(f"domains {seed}{kind}")
    odd, zones = pool(seed, now)
    shared = list(zones.items())
    absents: Iterator[Absent] = cycle(("off", "empty"))
    for number in range(count):
        has: Chain | Absent
        if number < len(oddities):
            name, which = oddities[number]
            has = odd[which] if isinstance(which, int) else which
        else:
            zone, chains = shared[number % len(shared)]
            name = f"{WORDS[number % len(WORDS)]}{kind}-{number}.{zone}"
            has = next(absents) if rng.random() < 0.1 else chains[rng.random() < 0.3]
        yield number, domain(number, name, has, now, rng)


def cdn_domains(count: int, seed: int, now: datetime) -> Inventory[CDNDomain]:
    """Return the domains that an account has on the CDN."""
    inventory = Inventory[CDNDomain]("domain_name")
    for number, fields in domains(count, seed, now, "", CDN_ODDITIES):
        inventory.add(
            CDNDomain(
                **fields,
                domain_id=1_000_000_000_000_000 + number,
                cname=f"{fields['domain_name'].lstrip('.')}.w.cdn.example.net",
                cdn_type=("web", "download", "video")[number % 3],
                source_type=fields["sources"][0].type,
                coverage=("domestic", "overseas", "global")[number % 3],
            )
        )
    return inventory


def dcdn_domains(count: int, seed: int, now: datetime) -> Inventory[DCDNDomain]:
    """Return the domains that an account has on DCDN, of each type of business."""
    inventory = Inventory[DCDNDomain]("domain_name")
    for number, fields in domains(count, seed, now, "-dyn", DCDN_ODDITIES):
        web_site_type = WEB_SITE_TYPES[max(0, number % 6 - 3)]
        if (certificate := fields["certificate"]) and certificate.cert_type == "free":
            # There are none for nothing.
            certificate.cert_type = "cas"
        inventory.add(
            DCDNDomain(
                **fields,
                domain_id=2_000_000_000_000_000 + number,
                cname=f"{fields['domain_name'].lstrip('.')}.w.dcdn.example.net",
                scene=SCENES[number % len(SCENES)],
                function_type=FUNCTIONS[web_site_type],
                web_site_type=web_site_type,
            )
        )
    return inventory
