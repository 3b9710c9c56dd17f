"""The certificates of CDN Pro in a made-up account, and how the list and the details show them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sandbox.chains import DAY
from sandbox.inventory import Inventory
from sandbox.messages import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Usage = list[tuple[str, list[str]]]


@dataclass(slots=True)
class Version:
    """A version of a certificate, of which the first is 1."""

    fingerprint: str
    created: datetime
    expires: datetime
    kind: str = "uploaded"
    comments: str = ""


@dataclass(slots=True)
class ProCertificate:
    """A certificate of CDN Pro; versions that are None are deployed nowhere."""

    certificate_id: str
    name: str
    created: datetime
    updated: datetime
    versions: list[Version]
    in_production: int | None = 1
    in_staging: int | None = None
    used: Usage = field(default_factory=list)
    """The properties that use it in production, each with its hostnames."""
    tried: Usage = field(default_factory=list)
    """The same in staging."""
    auto_renew: str | None = "Off"
    force_renew: bool = False
    ca_only: bool = False
    description: str | None = ""

    def expires(self, version: int | None) -> str | None:
        """Return when a version ends, if it is deployed."""
        return rfc3339(self.versions[version - 1].expires) if version else None


def rfc3339(time: datetime) -> str:
    """Return a time as CDN Pro says it."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def certificates(count: int, seed: int, now: datetime) -> Inventory[ProCertificate]:
    """Return so many certificates, of which every sixth is of the same kind."""
    rng = random.Random(f"pro {seed}")
    inventory = Inventory[ProCertificate]("certificate_id")
    for number in range(count):
        name = f"pro{number}.example.org"
        created = now - 400 * DAY + timedelta(minutes=number)
        ends = (now + timedelta(hours=rng.randrange(24 * 20, 24 * 300)), now + 330 * DAY)
        certificate = ProCertificate(
            certificate_id=rng.randbytes(12).hex(),
            name=name,
            created=created,
            updated=now - timedelta(hours=number + 1),
            versions=[
                Version(rng.randbytes(20).hex(), created + each * DAY, end) for each, end in enumerate(ends)
            ],
            used=[(f"property-{number}", [name, f"www.{name}"][: 1 + number % 2])],
        )
        deploy(certificate, number % 6)
        if not number:
            # What visitors see, while its successor is in staging.
            certificate.versions[0].expires = now - DAY
        inventory.add(certificate)
    return inventory


def deploy(certificate: ProCertificate, kind: int) -> None:
    """Deploy one or both of a certificate's two versions, or none."""
    versions, used = certificate.versions, certificate.used
    if kind not in {0, 2}:
        del versions[1:]
    match kind:
        case 0:  # The latest version is in staging alone.
            certificate.in_staging, versions[1].comments = 2, "to be deployed"
            certificate.tried = [(name, [*hosts, f"test.{certificate.name}"]) for name, hosts in used]
        case 1:  # Deployed nowhere.
            certificate.in_production, certificate.used = None, []
        case 2:  # Renewed.
            certificate.in_production, certificate.in_staging, certificate.auto_renew = 2, 2, "LE"
            certificate.tried = list(used)
        case 3:  # In staging alone.
            certificate.in_production, certificate.in_staging = None, 1
            certificate.used, certificate.tried = [], used
        case 4:  # To be renewed now.
            certificate.auto_renew, certificate.force_renew = "LE", True
            certificate.description = "by Let's Encrypt"
        case _:
            versions[0].kind, certificate.auto_renew = "selfsigned", None


def row(certificate: ProCertificate) -> dict[str, Any]:
    """Return an item of GetListOfCertificates."""
    return {
        "certificateId": certificate.certificate_id,
        "name": certificate.name,
        "owner": "sandbox",
        "caOnly": certificate.ca_only,
        "latestVersion": len(certificate.versions),
        "autoRenew": certificate.auto_renew,
        "forceRenew": certificate.force_renew,
        "creationTime": rfc3339(certificate.created),
        "lastUpdateTime": rfc3339(certificate.updated),
        "expirationTime": certificate.expires(len(certificate.versions)),
        "versionInProduction": certificate.in_production,
        "versionInStaging": certificate.in_staging,
        "productionExpirationTime": certificate.expires(certificate.in_production),
        "stagingExpirationTime": certificate.expires(certificate.in_staging),
    }


def detail(certificate: ProCertificate) -> dict[str, Any]:
    """Return the answer of GetACertificate."""
    shown = row(certificate)
    shared = ("certificateId", "name", "autoRenew", "forceRenew", "versionInProduction", "versionInStaging")
    return {
        **{name: shown[name] for name in shared},
        "description": certificate.description,
        "versions": [
            {
                "version": number,
                "type": version.kind,
                "fingerprint": version.fingerprint,
                "creationTime": rfc3339(version.created),
                "expirationTime": rfc3339(version.expires),
                "comments": version.comments,
            }
            for number, version in enumerate(certificate.versions, 1)
        ],
        "usageInProduction": usage(certificate.used),
        "usageInStaging": usage(certificate.tried),
    }


def usage(used: Usage) -> list[dict[str, Any]]:
    """Return who uses a certificate."""
    return [
        {"propertyId": identifier, "hostnames": hostnames, "origins": ["origin-1"][: len(hostnames) - 1]}
        for identifier, hostnames in used
    ]


# What a parameter may be, and the code for what it may not.
PARAMETERS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "search": (bool, "InvalidSearch"),
    "offset": (str.isdecimal, "InvalidListOffset"),
    "limit": (lambda text: text.isdecimal() and 1 <= int(text) <= 200, "InvalidListLimit"),
    "target": (("", "all", "staging", "production").__contains__, "InvalidTarget"),
    "autoRenew": (("LE", "Off").__contains__, "InvalidAutoRenew"),
    "sortBy": (
        ("creationTime", "lastUpdateTime", "expirationTime", "productionExpirationTime").__contains__,
        "InvalidSortBy",
    ),
    "sortOrder": (("asc", "desc").__contains__, "InvalidSortOrder"),
}


def page(held: Iterable[ProCertificate], query: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the answer of GetListOfCertificates, unless a parameter is not one that it takes."""
    for name, value in query:
        may_be, code = PARAMETERS.get(name, (None, "InvalidParameter"))
        if may_be is None or not may_be(value):
            raise RefusedError(400, code, f"The query parameter {name} is invalid.")
    asked = dict(query)
    environments = {"all": ("Production", "Staging"), "production": ("Production",), "staging": ("Staging",)}
    rows = [each for each in map(row, held) if asked.get("search", "") in each["name"]]
    if target := asked.get("target"):
        versions = [f"versionIn{environment}" for environment in environments[target]]
        rows = [each for each in rows if any(each[version] for version in versions)]
    if renewed := asked.get("autoRenew"):
        rows = [each for each in rows if (each["autoRenew"] or "Off") == renewed]
    rows.sort(
        key=lambda each: each[asked.get("sortBy", "lastUpdateTime")] or "",
        reverse=asked.get("sortOrder", "desc") == "desc",
    )
    start, limit = int(asked.get("offset", 0)), int(asked.get("limit", 100))
    return {"count": len(rows), "certificates": rows[start : start + limit]}
