"""What a made-up account of Fastly holds: values as Python objects, which the API renders."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.chains import DAY, Chain, pool
from sandbox.inventory import Inventory

DIGITS = string.digits + string.ascii_letters
CONFIGURATIONS = ("t7CguUGZzb2W9Euo5FoKa", "6BJN1m42DmVgmSE7tnZCZg")
# Of those that have a certificate, how many: a renewal leaves the one before for a while.
ISSUED = {"issued": 1, "renewing": 2, "failed": 1}
STATES = ("issued", "renewing", "pending", "issued", "failed", "processing")
AUTHORITIES = ("certainly", "lets-encrypt", "globalsign")


@dataclass(slots=True)
class Certificate:
    """An uploaded certificate, or one of a subscription or of Platform TLS, which says less."""

    certificate_id: str
    not_before: datetime
    not_after: datetime
    created_at: datetime
    updated_at: datetime
    domains: list[str]
    replace: bool = False
    name: str | None = None
    issued_to: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    signature_algorithm: str | None = None
    configurations: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Subscription:
    """An order of certificates, and those that were issued."""

    subscription_id: str
    certificate_authority: str
    state: str
    created_at: datetime
    updated_at: datetime
    domains: list[str]
    configuration: str | None
    authorizations: list[str]
    certificates: list[Certificate]


@dataclass(slots=True)
class Activation:
    """A domain that is served with a certificate, in a configuration."""

    activation_id: str
    domain_name: str
    certificate_id: str
    configuration: str
    created_at: datetime
    mutual_authentication: str | None = None


@dataclass(slots=True)
class Domain:
    """A domain, and which certificates and subscriptions name it."""

    domain_name: str
    certificates: list[str] = field(default_factory=list)
    subscriptions: list[str] = field(default_factory=list)


class Account:
    """An account with so many certificates of each kind, and so many subscriptions."""

    def __init__(self, size: int, seed: int, now: datetime) -> None:
        self.random = random.Random(f"fastly {seed}")
        self.now = now
        self.certificates = Inventory[Certificate]("certificate_id")
        self.bulk = Inventory[Certificate]("certificate_id")
        self.subscriptions = Inventory[Subscription]("subscription_id")
        self.activations = Inventory[Activation]("activation_id")
        self.domains = Inventory[Domain]("domain_name")
        odd, zones = pool(seed, now)
        chains = odd + [chain for pair in zones.values() for chain in pair]
        for number in range(size):
            chain = chains[number % len(chains)]
            zone = chain.common_name.removeprefix("*.")
            self.upload(number, chain, zone)
            self.subscribe(number, chain, zone)
            self.upload_bulk(number, chain, zone)

    def identifier(self) -> str:
        """Return an identifier as Fastly makes them."""
        return "".join(self.random.choices(DIGITS, k=22))

    def certificate(self, chain: Chain, domains: list[str], *, days: int = 0) -> Certificate:
        """Return a certificate with the times of a chain, or of so many days before it."""
        begin = chain.not_before - days * DAY
        created = min(begin + timedelta(minutes=self.random.randrange(600)), self.now)
        end = chain.not_after - days * DAY
        return Certificate(self.identifier(), begin, end, created, created, domains)

    def described(self, certificate: Certificate, number: int, chain: Chain) -> Certificate:
        """Return a certificate with what those of Platform TLS do not say."""
        certificate.issued_to = chain.common_name
        certificate.issuer = "" if number % 11 == 10 else chain.issuer_common_name
        certificate.serial_number = str(chain.serial + number)
        certificate.signature_algorithm = "ECDSA-SHA256" if "ECC" in chain.issuer else "SHA256-RSA"
        return certificate

    def add_domain(self, name: str, certificate: str = "", subscription: str = "") -> None:
        """Name a domain on a certificate or a subscription."""
        domain = self.domains.get(name) or Domain(name)
        domain.certificates += [certificate] if certificate else []
        domain.subscriptions += [subscription] if subscription else []
        self.domains.add(domain)

    def activate(self, name: str, certificate: Certificate, configuration: int = 0) -> None:
        """Serve a domain with a certificate."""
        activation = Activation(
            self.identifier(),
            name,
            certificate.certificate_id,
            CONFIGURATIONS[configuration],
            certificate.created_at + timedelta(minutes=1),
            self.identifier() if len(self.activations) % 7 == 3 else None,
        )
        self.activations.add(activation)

    def upload(self, number: int, chain: Chain, zone: str) -> None:
        """Add an uploaded certificate: each third is not activated, each fourth in two configurations."""
        domains = [f"{label}-{number}.{zone}" for label in ("www", "api", "bücher")[: number % 4]]
        # Two certificates of a domain: one for each kind of key, say.
        domains += [f"shared-{number // 2}.example.com"] if number % 6 < 2 else []
        certificate = self.described(self.certificate(chain, domains), number, chain)
        certificate.name = (
            None if number % 5 == 4 else f"证书 {number}" if number % 5 == 3 else f"{zone}-{number}"
        )
        certificate.replace = number % 9 == 8
        self.certificates.add(certificate)
        for name in domains:
            self.add_domain(name, certificate.certificate_id)
            for configuration in range(0 if number % 3 == 2 else 1 + (number % 4 == 3)):
                self.activate(name, certificate, configuration)

    def subscribe(self, number: int, chain: Chain, zone: str) -> None:
        """Add a subscription, whose newest certificate Fastly activates."""
        state = STATES[number % len(STATES)]
        domains = [f"managed-{number}.{zone}", f"*.managed-{number}.{zone}"][: 1 + number % 2]
        certificates = [
            self.described(self.certificate(chain, domains, days=60 * age), number, chain)
            for age in range(ISSUED.get(state, 0))
        ]
        subscription = Subscription(
            self.identifier(),
            AUTHORITIES[number % len(AUTHORITIES)],
            state,
            chain.not_before - DAY,
            chain.not_before,
            domains,
            CONFIGURATIONS[0] if certificates else None,
            [self.identifier() for _ in domains],
            certificates,
        )
        self.subscriptions.add(subscription)
        for name in domains:
            self.add_domain(name, subscription=subscription.subscription_id)
            for certificate in certificates:
                self.add_domain(name, certificate.certificate_id)
            for certificate in certificates[:1]:
                self.activate(name, certificate)

    def upload_bulk(self, number: int, chain: Chain, zone: str) -> None:
        """Add a certificate of Platform TLS, whose domains need no activation."""
        domains = [f"bulk{i}-{number}.{zone}" for i in range(1 + number % 3)]
        certificate = self.certificate(chain, domains)
        certificate.configurations = [*CONFIGURATIONS[: 1 + number % 2]]
        self.bulk.add(certificate)
        for name in domains:
            self.add_domain(name)
