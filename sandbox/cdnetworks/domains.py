"""The domains of a made-up account of CDNetworks, and how the list and the details show them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sandbox.inventory import Inventory, odd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cdnetworks.inventory import Certificate

CHINA_STANDARD_TIME = timezone(timedelta(hours=8))
SUITES = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"


@dataclass(slots=True)
class Domain:
    """A domain; what is None is not in an answer."""

    domain_name: str
    domain_id: int
    cname: str | None
    service_type: str | None = "web"
    status: str | None = "Deployed"
    cdn_service_status: bool | None = True
    enabled: bool | None = True
    last_modified: datetime | None = None
    tls_version: str | None = None
    enable_ocsp: bool | None = None
    cipher_suites: str | None = None
    certificates: list[tuple[str, list[str]]] | None = field(default_factory=list)
    """The identifiers of its certificates, by what they are for."""


# The first domains of an account: each differs from an ordinary one by these fields.
ODD_DOMAINS: tuple[dict[str, Any], ...] = (
    {"service_type": "1028", "certificates": None},
    {"tls_version": "TLSv1.2;TLSv1.3", "enable_ocsp": True, "cipher_suites": SUITES},
    {"status": "InProgress"},
    {"enabled": False},
    {"cdn_service_status": False},
    {"cname": None, "service_type": None, "status": None, "enabled": None, "last_modified": None},
)


def domains(count: int, seed: int, now: datetime, held: Inventory[Certificate]) -> Inventory[Domain]:
    """Return so many domains: for each certificate the first that uses it, or one that has none."""
    rng = random.Random(f"domains {seed}")
    inventory = Inventory[Domain]("domain_name")
    every = list(held)
    for number, certificate in zip(range(count), every, strict=True):
        identifier, name = next(
            iter(certificate.related_domains), (4_000_000 + number, f"plain{number}.example.net")
        )
        ids = [certificate.certificate_id] if certificate.related_domains else []
        if ids and number % 5 == 1:
            # One more, for another kind of key.
            ids.append(every[(number + 1) % count].certificate_id)
        domain = Domain(
            domain_name=name,
            domain_id=int(identifier),
            cname=f"{rng.getrandbits(40):010x}.cdnetworks.example",
            last_modified=now - timedelta(minutes=rng.randrange(1, 60 * 24 * 90)),
            certificates=[(usage, [each]) for usage, each in zip(("RSA", "ECC"), ids, strict=False)],
        )
        inventory.add(odd(domain, number, ODD_DOMAINS))
    return inventory


def said(values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that an answer has: booleans are texts."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in values.items()
        if value is not None
    }


def summary(domain: Domain) -> dict[str, Any]:
    """Return an item of QueryApiDomainListService."""
    modified = domain.last_modified
    return said(
        {
            "domain-id": domain.domain_id,
            "domain-name": domain.domain_name,
            "service-type": domain.service_type,
            "cname": domain.cname,
            "status": domain.status,
            "cdn-service-status": domain.cdn_service_status,
            "enabled": domain.enabled,
            "last-modified": modified and modified.astimezone(CHINA_STANDARD_TIME).isoformat(),
            "billing-areas": "cn",
        }
    )


def configuration(domain: Domain, held: Inventory[Certificate]) -> dict[str, Any]:
    """Return the answer of QueryDomainMultiCertConfig."""
    configs = domain.certificates
    return {
        "code": "0",
        "message": "success",
        "data": said(
            {
                "domainId": str(domain.domain_id),
                "domainName": domain.domain_name,
                "TLSVersion": domain.tls_version,
                "enableOCSP": domain.enable_ocsp,
                "cipherSuites": domain.cipher_suites,
                "domainCertConfigs": configs
                and [
                    {"certUsage": usage, "certInfos": [*infos(identifiers, held)]}
                    for usage, identifiers in configs
                ],
            }
        ),
    }


def infos(identifiers: list[str], held: Inventory[Certificate]) -> Iterator[dict[str, Any]]:
    """Return the certificates that the account still has."""
    for certificate in filter(None, map(held.get, identifiers)):
        yield said(
            {
                "certificateId": int(certificate.certificate_id),
                "certificateName": certificate.name,
                "comment": certificate.comment,
                "serial": certificate.serial,
            }
        )
