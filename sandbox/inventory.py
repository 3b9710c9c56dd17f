"""What the two made-up accounts hold: values as Python objects, which each API renders its own way."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from sandbox.chains import DAY, Chain, pool

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


@dataclass(slots=True)
class Certificate:
    """A certificate of QueryCertificateList and QueryCertificate; what is None is not in the answer."""

    certificate_id: str
    name: str | None
    comment: str | None = ""
    share_ssl: bool | None = False
    validity_from: datetime | None = None
    validity_to: datetime | None = None
    serial: str | None = None
    issuer: str | None = None
    crt_md5: str | None = None
    key_md5: str | None = None
    ca_md5: str | None = None
    dns_names: list[str] | None = None
    related_domains: list[tuple[int | str, str]] = field(default_factory=list)
    update_time: datetime | None = None
    extra: dict[str, str] = field(default_factory=dict)
    padded: bool = False
    """Whether the answer has blanks after each text."""
    blank: bool = False
    """Whether what is None is an empty element of the answer, and not left out."""


Item = TypeVar("Item", Domain, Certificate)


class Inventory(Generic[Item]):
    """Items by their key, in the order in which they were added."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._items: dict[str, Item] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        # A copy is made in one step: tests change the inventory while the server reads it.
        return iter(list(self._items.values()))

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __getitem__(self, key: str) -> Item:
        return self._items[key]

    def get(self, key: str) -> Item | None:
        """Return the item, if there is one."""
        return self._items.get(key)

    def add(self, item: Item) -> None:
        """Add an item, or put it in the place of the one with its key."""
        self._items[getattr(item, self._key)] = item

    def remove(self, key: str) -> Item:
        """Remove an item."""
        return self._items.pop(key)


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


def domains(count: int, seed: int, now: datetime) -> Inventory[Domain]:
    """Return the domains of the Alibaba Cloud account."""
    rng = random.Random(f"domains {seed}")
    odd, zones = pool(seed, now)
    shared = list(zones.items())
    inventory = Inventory[Domain]("domain_name")
    absents = 0
    for number in range(count):
        absent: Absent | None = None
        chain: Chain | None = None
        if number < len(ODD_DOMAINS):
            name, which = ODD_DOMAINS[number]
            if isinstance(which, int):
                chain = odd[which]
            else:
                absent = which
        else:
            zone, chains = shared[number % len(shared)]
            name = f"{WORDS[number % len(WORDS)]}-{number}.{zone}"
            if rng.random() < 0.1:
                absents += 1
                absent = "off" if absents % 2 else "empty"
            else:
                chain = chains[rng.random() < 0.3]
        created = now - timedelta(seconds=rng.randrange(86400, 3 * 365 * 86400))
        modified = created + (now - created) * rng.random()
        # Every ninth is sent without its seconds.
        modified = (
            modified.replace(microsecond=0) if number % 9 else modified.replace(second=0, microsecond=0)
        )
        origins = sources(number, name)
        inventory.add(
            Domain(
                domain_name=name,
                domain_id=1_000_000_000_000_000 + number,
                cname=f"{name.lstrip('.')}.w.cdn.example.net",
                cdn_type=("web", "download", "video")[number % 3],
                domain_status=ODD_STATUSES.get(name) or ("offline" if number % 50 == 49 else "online"),
                gmt_created=created,
                gmt_modified=modified,
                description="" if number % 3 else f"domain {number}, 描述",
                source_type=origins[0].type,
                ssl_protocol="on" if chain else "off",
                resource_group_id="rg-sandbox" if number % 4 else "",
                sandbox="normal",
                coverage=("domestic", "overseas", "global")[number % 3],
                sources=origins,
                certificate=domain_certificate(chain, name, now, rng) if chain else None,
                absent=absent,
            ),
        )
    return inventory


# The first certificates of an account: each differs from an ordinary one by these fields.
ODD_CERTIFICATES: tuple[dict[str, object], ...] = (
    {},
    # The sample in the documents.
    {
        "serial": "23dw4asq2wr544fw24",
        "validity_from": None,
        "validity_to": None,
        "crt_md5": None,
        "key_md5": None,
        "ca_md5": None,
        "dns_names": None,
        "update_time": None,
    },
    {"comment": "", "related_domains": []},
    {"related_domains": [(2_000_000 + i, f"domain{i}.example.net") for i in range(400)]},
    {"padded": True},
    {"related_domains": [(1234567, "number.example.com"), ("7654321", "text.example.com")]},
    {"extra": {"certificate-algorithm": "SM2", "x-new-field": "surprise"}},
    {"name": "证书-例え-ü", "comment": "コメント"},
    {"name": "<script>alert(\"1\")</script> & 'quoted' ]]>", "comment": 'a < b && c > "d"'},
    {"validity_from": None, "validity_to": None, "update_time": None, "issuer": None, "blank": True},
    {"comment": None, "share_ssl": None, "issuer": None, "name": None},
    {"dns_names": [], "share_ssl": True},
)


def certificates(count: int, seed: int, now: datetime) -> Inventory[Certificate]:
    """Return the certificates of the CDNetworks account."""
    rng = random.Random(f"certificates {seed}")
    odd, zones = pool(seed, now)
    chains = odd + [chain for pair in zones.values() for chain in pair]
    inventory = Inventory[Certificate]("certificate_id")
    for number in range(count):
        chain = chains[number % len(chains)]
        zone = chain.common_name.removeprefix("*.")
        certificate = Certificate(
            certificate_id=str(100_166 + 7 * number),
            name=f"{zone}-{number}",
            comment="" if number % 2 else f"certificate {number}",
            share_ssl=number % 10 == 5,
            validity_from=chain.not_before,
            validity_to=chain.not_after,
            serial=f"{chain.serial + number:x}",
            issuer=chain.issuer,
            crt_md5=md5(f"{chain.pem} {number}".encode(), usedforsecurity=False).hexdigest(),
            key_md5=rng.randbytes(16).hex(),
            ca_md5=md5(chain.issuer.encode(), usedforsecurity=False).hexdigest(),
            dns_names=list(chain.names),
            related_domains=[
                (str(3_000_000 + 10 * number + i), f"d{i}-{number}.{zone}") for i in range(number % 4)
            ],
            update_time=chain.not_before + timedelta(minutes=rng.randrange(60 * 24)),
        )
        for field_name, value in ODD_CERTIFICATES[number].items() if number < len(ODD_CERTIFICATES) else ():
            setattr(certificate, field_name, value)
        inventory.add(certificate)
    return inventory


def rotate(certificate: Certificate, now: datetime, rng: random.Random) -> None:
    """Renew a certificate: another serial number, validity and update time."""
    certificate.serial = f"{rng.getrandbits(127):x}"
    certificate.crt_md5, certificate.key_md5 = rng.randbytes(16).hex(), rng.randbytes(16).hex()
    certificate.validity_from, certificate.validity_to = now - timedelta(hours=1), now + 90 * DAY
    certificate.update_time = now
