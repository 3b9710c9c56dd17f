"""The certificates of a made-up account of CDNetworks: values as Python objects, which the API renders."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5

from sandbox.chains import DAY, pool
from sandbox.inventory import Inventory, odd


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

RENEWALS = 8


def certificates(count: int, seed: int, now: datetime) -> Inventory[Certificate]:
    """Return the certificates of the CDNetworks account."""
    rng = random.Random(f"certificates {seed}")
    first, zones = pool(seed, now)
    chains = first + [chain for pair in zones.values() for chain in pair]
    inventory = Inventory[Certificate]("certificate_id")
    for number in range(count):
        chain = chains[number % len(chains)]
        zone = chain.common_name.removeprefix("*.")
        related: list[tuple[int | str, str]] = [
            (str(3_000_000 + 10 * number + i), f"d{i}-{number}.{zone}") for i in range(number % 4)
        ]
        # An account has a chain a few times, as it was renewed; what else it has is for names of its own.
        own = number >= RENEWALS * len(chains)
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
            dns_names=[name for _, name in related] if own else list(chain.names),
            related_domains=related,
            update_time=chain.not_before + timedelta(minutes=rng.randrange(60 * 24)),
        )
        inventory.add(odd(certificate, number, ODD_CERTIFICATES))
    return inventory


def rotate(certificate: Certificate, now: datetime, rng: random.Random) -> None:
    """Renew a certificate: another serial number, validity and update time."""
    certificate.serial = f"{rng.getrandbits(127):x}"
    certificate.crt_md5, certificate.key_md5 = rng.randbytes(16).hex(), rng.randbytes(16).hex()
    certificate.validity_from, certificate.validity_to = now - timedelta(hours=1), now + 90 * DAY
    certificate.update_time = now
