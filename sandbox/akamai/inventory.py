"""The enrollments and hostnames of a made-up account of Akamai: values as Python objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.chains import DAY, ODDITIES, ZONES, Chain, pool
from sandbox.inventory import Inventory

if TYPE_CHECKING:
    from datetime import datetime

CONTRACTS = ("1-1TJZH5", "C-0N7RAC7")
PLACE = {
    "addressLineOne": "s3cr3t Broadway",
    "addressLineTwo": None,
    "city": "Cambridge",
    "country": "US",
    "phone": "s3cr3t-617-555-0111",
    "postalCode": "02142",
    "region": "MA",
}
ORGANIZATION = {"name": "s3cr3t Inc.", **PLACE}
CONTACT = {
    **PLACE,
    "firstName": "s3cr3t-Ada",
    "lastName": "s3cr3t-Lovelace",
    "email": "s3cr3t@example.com",
    "organizationName": "s3cr3t Inc.",
    "title": "Administrator",
}


@dataclass(slots=True)
class Held:
    """A certificate that is deployed."""

    chain: Chain
    algorithm: str | None = "RSA"
    """As the provider says it, if it does."""
    shown: bool = True
    """Whether the provider shows the certificate itself, and its chain."""

    @property
    def key_algorithm(self) -> str:
        """Return what tells it from others in a deployment."""
        return self.algorithm or ("RSA" if self.shown else "unknown")

    @property
    def leaf(self) -> str | None:
        """Return the certificate."""
        return self.chain.pem.split(END)[0] + END if self.shown else None

    @property
    def trust_chain(self) -> str | None:
        """Return the certificates above it; none of one that signed itself."""
        return self.chain.pem.partition(END)[2].strip() or None if self.shown else None


END = "-----END CERTIFICATE-----"


@dataclass(slots=True)
class Deployment:
    """What an enrollment has on a network."""

    primary: Held | None
    stacked: list[Held] = field(default_factory=list)
    stapled: bool = True

    @property
    def held(self) -> list[Held]:
        """Return all of its certificates."""
        return [*([self.primary] if self.primary else []), *self.stacked]


@dataclass(slots=True)
class Enrollment:
    """An item of ListEnrollments."""

    enrollment_id: str
    contract_id: str
    common_name: str
    names: list[str]
    number: int
    production: Deployment | None = None
    staging: Deployment | None = None
    type: str = "san"
    validation: str = "dv"
    ra: str = "lets-encrypt"
    sni_only: bool = True
    clone_dns_names: bool = True
    dns_names: list[str] = field(default_factory=list)
    change_management: bool = False
    renewal: datetime | None = None
    pending: list[str] = field(default_factory=list)

    @property
    def networks(self) -> dict[str, Deployment | None]:
        """Return what it has on each network."""
        return {"production": self.production, "staging": self.staging}

    @property
    def rows(self) -> list[str]:
        """Return what identifies each of its certificates in the account."""
        return [
            f"{self.enrollment_id}/{network}/{held.key_algorithm}"
            for network, deployment in self.networks.items()
            for held in (deployment.held if deployment else ())
        ]


@dataclass(slots=True)
class Hostname:
    """An item of ListHostnames."""

    key: str
    contract_id: str
    number: int
    certificate: str = "CPS_MANAGED"

    @property
    def name(self) -> str:
        """Return the domain."""
        return self.key.partition("/")[2]


class Account:
    """The enrollments of all contracts, and the hostnames of all properties."""

    def __init__(self, size: int, seed: int, now: datetime) -> None:
        self._odd, self._zones = pool(seed, now)
        self.enrollments = Inventory[Enrollment]("enrollment_id")
        self.hostnames = Inventory[Hostname]("key")
        for number in range(size):
            self.enrollments.add(self._enrollment(number))
            self.hostnames.add(self._hostname(number))

    def _enrollment(self, number: int) -> Enrollment:
        rsa, ecdsa = self._zones[ZONES[number % len(ZONES)]]
        first, algorithm, other = rsa, "RSA", Held(ecdsa, "ECDSA")
        if number < len(ODDITIES):
            first = self._odd[number]
            if ODDITIES[number].key.startswith("p-"):
                algorithm, other = "ECDSA", Held(rsa)
        enrollment = Enrollment(
            enrollment_id=str(10_000 + number),
            contract_id=CONTRACTS[number % 2],
            common_name=first.common_name,
            names=[*first.names],
            number=number,
            production=Deployment(Held(first, algorithm)),
            staging=Deployment(Held(first, algorithm), stapled=False),
            renewal=first.not_after - 30 * DAY,
        )
        for name, value in changes(number, enrollment, other).items():
            setattr(enrollment, name, value)
        return enrollment

    def _hostname(self, number: int) -> Hostname:
        key = f"production/www-{number}.shop.example.com"
        return Hostname(key, CONTRACTS[number % 2], number, "DEFAULT" if number % 3 == 2 else "CPS_MANAGED")


def changes(number: int, enrollment: Enrollment, other: Held) -> dict[str, Any]:
    """Return how an enrollment differs from an ordinary one: each eighth in the same way."""
    production = enrollment.production
    assert production  # noqa: S101 - an ordinary one has it
    assert production.primary  # noqa: S101
    first = production.primary.chain
    ways: dict[int, dict[str, Any]] = {
        # One that is renewed is tested first.
        1: {"staging": Deployment(other), "pending": ["renewal"]},
        2: {
            **dict.fromkeys(("type", "validation", "ra"), "third-party"),
            "renewal": None,
            "change_management": True,
        },
        # Nothing is deployed yet.
        3: {"production": None, "staging": None, "pending": ["new-certificate"]},
        4: {"sni_only": False, "clone_dns_names": False, "staging": None, "validation": "ov"},
        5: {"clone_dns_names": False, "dns_names": [f"sni-{number}.example.com"], "validation": "ev"},
        6: {"production": Deployment(production.primary, [other]), "staging": None},
        7: {"production": Deployment(production.primary, [other]), "staging": Deployment(None, [other])},
    }
    if number == 9:
        # Of one the kind of its key is not said, and the other is not shown either.
        unsaid = Held(first, None)
        return {"production": Deployment(unsaid), "staging": Deployment(Held(first, None, shown=False))}
    return ways.get(number % 8, {})
