"""ESA: https://www.alibabacloud.com/help/en/edge-security-acceleration/esa/api-esa-2024-09-10-overview."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from typing import TYPE_CHECKING, Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.alicloud.cas import SITES as REGIONS
from sandbox.alicloud.cas import certificate_id
from sandbox.alicloud.domains import iso
from sandbox.alicloud.product import Asked, Product, page
from sandbox.chains import DAY, Chain, pool
from sandbox.inventory import Inventory
from sandbox.limits import Limit
from sandbox.messages import Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIST_SITES, LIST = "ListSites", "ListCertificates"
FIRST_SITE = 123_456_789_012_300
# The greatest size of a page of certificates is not documented.
PAGE_SIZE = ("PageSize", 20, 100)

# The first certificates of an account: type and status. Those that follow are as their dates are.
ODDITIES = (
    ("upload", None),
    ("cas", None),
    ("free", "Issued"),
    ("free", "Applying"),
    ("free", "ApplyFailed"),
    ("keyless", None),
    ("free", "Canceled"),
)
STATUSES = ("active", "active", "pending", "offline", "moved")


@dataclass(slots=True, kw_only=True)
class Site:
    """An item of ListSites."""

    site_id: str
    site_name: str
    status: str
    access_type: str
    coverage: str
    created: datetime


@dataclass(slots=True, kw_only=True)
class SiteCertificate:
    """An item of ListCertificates; without an end while it is applied for."""

    site_id: str
    id: str
    name: str
    type: str
    status: str
    names: tuple[str, ...]
    serial_number: str
    fingerprint: str
    starts: datetime | None
    ends: datetime | None
    created: datetime
    cas_id: str
    region: str
    iso: bool

    @property
    def key(self) -> str:
        """What identifies it in the account."""
        return f"{self.site_id}/{self.id}"

    def time(self, value: datetime | None) -> str:
        """Return a time as the documents say, or as a sample has it; both are in UTC."""
        if self.iso:
            return iso(value)
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if value else ""


class ESA(Product):
    """Sites, and the certificates of each."""

    name = "esa"
    code = "ESA"
    version = "2024-09-10"
    setting = "esa_url"
    paths = ("/esa/",)
    lists = (LIST_SITES,)
    nested: ClassVar[Mapping[str, str]] = {LIST: LIST_SITES}
    never = frozenset({"GetOriginClientCertificate", "GetClientCertificate"})
    get_only = frozenset({LIST_SITES})
    limits: ClassVar[Mapping[str, Limit]] = {"esa": Limit(10, 1, (LIST_SITES, LIST), each=True)}
    key = "SiteId"
    inactive = Refusal(status=403, code="EsaServiceNotFound", message="The ESA service is not found.")

    def stock(self, size: int) -> Inventory[Site]:
        """Return an inventory of a site for each 20 of so many certificates, and of a few beside."""
        _, zones = pool(self.state.seed, self.state.now)
        chains = dict(zones)
        inventory = Inventory[Site]("site_id")
        self.certificates = Inventory[SiteCertificate]("key")
        count = min(size, 4 + size // 20)
        for number in range(count):
            name = [*zones][number] if number < len(zones) else f"site-{number}.example.net"
            inventory.add(site(number, name, self.state.now))
        rng = random.Random(f"sites {self.state.seed}")
        sites = list(inventory)
        for number in range(size):
            # The first site has every second one, the last none.
            has = sites[0 if number % 2 or count == 1 else number // 2 % (count - 1)]
            self.certificates.add(certificate(number, has, chains.get(has.site_name), self.state.now, rng))
        return inventory

    @property
    def operations(self) -> Mapping[str, Callable[[Asked], dict[str, Any]]]:
        """What answers each of the operations."""
        return {LIST_SITES: self.list_sites, LIST: self.list_certificates}

    def inventory_of(self, operation: str) -> Inventory[Any]:
        """Return what an operation lists."""
        return self.certificates if operation == LIST else self.inventory

    def list_sites(self, asked: Asked) -> dict[str, Any]:
        """Answer a page of the sites."""
        shown, paging = page(asked, list(self.inventory))
        return {**paging, "Sites": [row_of_site(each) for each in shown]}

    def list_certificates(self, asked: Asked) -> dict[str, Any]:
        """Answer a page of the certificates of a site."""
        site_id = asked.parameters.get("SiteId", "")
        if not site_id:
            raise RefusedError(400, "MissingSiteId", "SiteId is mandatory for this action.")
        if not site_id.isdecimal():
            raise RefusedError(400, "InvalidSiteId.Malformed", "The specified SiteId is not valid.")
        site = self.inventory.get(site_id)
        if site is None:
            raise RefusedError(404, "SiteNotFound", "The specified site does not exist.")
        rows = [each for each in self.certificates if each.site_id == site_id]
        shown, paging = page(asked, rows, size=PAGE_SIZE)
        result = [row_of_certificate(each) for each in shown]
        return {**paging, "SiteId": int(site_id), "SiteName": site.site_name, "Result": result}


def site(number: int, name: str, now: datetime) -> Site:
    """Return a site."""
    return Site(
        site_id=str(FIRST_SITE + number),
        site_name=name,
        status=STATUSES[number % len(STATUSES)],
        access_type=("NS", "CNAME")[number % 2],
        coverage=("global", "domestic", "overseas")[number % 3],
        created=now - (100 + number) * DAY,
    )


def certificate(
    number: int, site: Site, chains: list[Chain] | None, now: datetime, rng: random.Random
) -> SiteCertificate:
    """Return a certificate of a site: the CDN's of the same names, or one of its own."""
    kind, status = (
        ODDITIES[number] if number < len(ODDITIES) else (("cas", "upload", "free")[number % 3], None)
    )
    ends = now + timedelta(days=rng.randrange(-50, 300), seconds=rng.randrange(86400))
    fields: dict[str, Any] = {
        "names": (f"www-{number}.{site.site_name}", f"*.app-{number}.{site.site_name}"),
        "serial_number": f"{rng.getrandbits(120):032x}",
        "fingerprint": sha256(f"site certificate {number}".encode()).hexdigest(),
        "starts": ends - 365 * DAY,
        "ends": ends,
        "cas_id": "",
        "region": "",
    }
    if kind == "cas" and chains:
        fields = of_chain(chains[number % 2])
    if status in {"Applying", "ApplyFailed", "Canceled"}:
        fields |= {"serial_number": "", "fingerprint": "", "starts": None, "ends": None}
    return SiteCertificate(
        **fields,
        site_id=site.site_id,
        id=md5(f"{number}".encode()).hexdigest(),  # noqa: S324 - as long as the provider's
        name=f"site-certificate-{number}",
        type=kind,
        status=status or by_dates(fields["ends"], now),
        created=now - timedelta(days=90, seconds=number),
        iso=number % 7 == 6,
    )


def of_chain(chain: Chain) -> dict[str, Any]:
    """Return the fields of a certificate that the CDN may serve too."""
    leaf = x509.load_pem_x509_certificate(chain.pem.encode())
    return {
        "names": chain.names,
        "serial_number": f"{chain.serial:x}",
        "fingerprint": leaf.fingerprint(SHA256()).hex(),
        "starts": chain.not_before,
        "ends": chain.not_after,
        "cas_id": str(certificate_id(chain)),
        "region": REGIONS[chain.serial % 2],
    }


def by_dates(ends: datetime, now: datetime) -> str:
    """Return the status of a certificate that was issued."""
    if ends <= now:
        return "Expired"
    return "Expiring" if ends <= now + 30 * DAY else "OK"


def row_of_site(site: Site) -> dict[str, Any]:
    """Return an item of ListSites."""
    named = site.access_type == "NS"
    return {
        "SiteId": int(site.site_id),
        "SiteName": site.site_name,
        "Status": site.status,
        "OfflineReason": "missing_icp" if site.status == "offline" else "",
        "AccessType": site.access_type,
        "CnameZone": "" if named else f"{site.site_name}.cname.example.net",
        "NameServerList": "ns1.example.net, ns2.example.net" if named else "",
        "VerifyCode": "" if named else "verify_s3cr3t",
        "Coverage": site.coverage,
        "InstanceId": f"esa-site-{site.site_id}",
        "PlanName": "basic",
        "PlanSpecName": "entranceplan_intl",
        "ResourceGroupId": "rg-sandbox",
        "Tags": {"owner": "a team"},
        "CreateTime": iso(site.created),
        "UpdateTime": iso(site.created + DAY),
        "VisitTime": iso(site.created + 2 * DAY),
    }


def row_of_certificate(each: SiteCertificate) -> dict[str, Any]:
    """Return an item of ListCertificates."""
    row: dict[str, Any] = {
        "Id": each.id,
        "Name": each.name,
        "Type": each.type,
        "Status": each.status,
        "CommonName": each.names[0],
        "SAN": ",".join(each.names),
        "CreateTime": each.time(each.created),
        "UpdateTime": each.time(each.created + DAY),
    }
    if each.ends:
        row |= {
            "Issuer": "Example Trust",
            "IssuerCN": "Example RSA CA 1",
            "SerialNumber": each.serial_number,
            "FingerprintSha256": each.fingerprint,
            "PubAlg": "RSA",
            "SigAlg": "SHA256-RSA",
            "NotBefore": each.time(each.starts),
            "NotAfter": each.time(each.ends),
        }
    else:
        challenge = {
            "Id": "1",
            "Type": "DNS",
            "Key": "_acme",
            "Value": "s3cr3t-challenge",
            "Status": "pending",
        }
        row |= {"NotBefore": "", "NotAfter": "", "DCV": [challenge]}
    if each.status == "ApplyFailed":
        row |= {"ApplyCode": 4, "ApplyMessage": "The domain is not resolved to the site."}
    if each.type == "keyless":
        row["KeyServerId"] = "ks-1"
    if each.cas_id:
        row |= {"CasId": each.cas_id, "Region": each.region}
    return row
