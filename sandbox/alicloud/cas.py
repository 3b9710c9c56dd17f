"""CAS: https://www.alibabacloud.com/help/en/ssl-certificate/developer-reference/api-cas-2020-04-07-overview."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from sandbox.alicloud.product import Asked, Product, page
from sandbox.chains import DAY, Chain, pool
from sandbox.inventory import Inventory
from sandbox.limits import Limit
from sandbox.messages import Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIST = "ListUserCertificateOrder"
CHINA = timezone(timedelta(hours=8))
SITES = ("cn-hangzhou", "ap-southeast-1")
# The greatest size of a page is not documented: nobody is seen to ask for more.
SHOW_SIZE = ("ShowSize", 50, 100)
ORDER_TYPES = ("CPACK", "BUY", "UPLOAD", "CERT")
ORDER_STATUSES = ("PAYED", "CHECKING", "CHECKED_FAIL", "NOTACTIVATED", "REVOKED")
CERTIFICATE_STATUSES = ("", "ISSUED", "WILLEXPIRED", "EXPIRED")


@dataclass(slots=True, kw_only=True)
class Held:
    """A certificate that an account holds, and where."""

    certificate_id: str
    instance_id: str
    name: str
    common_name: str
    sans: tuple[str, ...]
    org_name: str
    issuer: str
    serial_no: str
    fingerprint: str
    sha2: str
    starts: datetime
    ends: datetime
    upload: bool
    resource_group_id: str
    sites: tuple[str, ...]

    def is_of(self, status: str, now: datetime) -> bool:
        """Whether a list with a status has it; without one, all that are valid."""
        if self.ends <= now:
            return status == "EXPIRED"
        soon = self.ends <= now + 30 * DAY
        return status in {"", "WILLEXPIRED" if soon else "ISSUED"}


def certificate_id(chain: Chain) -> int:
    """Return the identifier that all products know a certificate by."""
    return 10_000_000 + chain.serial % 10**6


class CAS(Product):
    """The certificates that an account holds, at two sites."""

    name = "cas"
    code = "cas"
    version = "2020-04-07"
    setting = "cas_urls"
    paths = tuple(f"/cas/{site}/" for site in SITES)
    lists = (LIST,)
    never = frozenset({"GetUserCertificateDetail", "GetCertificateDetail"})
    limits: ClassVar[Mapping[str, Limit]] = {LIST: Limit(10, 1, (LIST,))}
    key = ""
    inactive = Refusal(
        status=403, code="OperationDenied", message="The certificate service is not activated."
    )

    def stock(self, size: int) -> Inventory[Held]:
        """Return an inventory of so many certificates: first those that others serve, then forgotten ones."""
        rng = random.Random(f"held {self.state.seed}")
        odd, zones = pool(self.state.seed, self.state.now)
        chains = odd + [chain for pair in zones.values() for chain in pair]
        inventory = Inventory[Held]("certificate_id")
        for number in range(size):
            chain = chains[number] if number < len(chains) else None
            inventory.add(of_chain(number, chain) if chain else forgotten(number, self.state.now, rng))
        return inventory

    @property
    def operations(self) -> Mapping[str, Callable[[Asked], dict[str, Any]]]:
        """What answers the operation."""
        return {LIST: self.certificates_or_orders}

    def certificates_or_orders(self, asked: Asked) -> dict[str, Any]:
        """Answer ListUserCertificateOrder: orders, unless certificates are asked for."""
        kind, status = asked.parameters.get("OrderType", "CPACK"), asked.parameters.get("Status", "")
        of_certificates = kind in {"CERT", "UPLOAD"}
        statuses = CERTIFICATE_STATUSES + (() if of_certificates else ORDER_STATUSES)
        for name, value, values in (("OrderType", kind, ORDER_TYPES), ("Status", status, statuses)):
            if value not in values:
                raise RefusedError(400, f"Invalid{name}", f"The specified {name} is not valid.")
        site = SITES[self.paths.index(asked.path)]
        rows: list[dict[str, Any]]
        if of_certificates:
            held = (each for each in self.inventory if site in each.sites and (each.upload or kind == "CERT"))
            rows = [self.certificate(each) for each in held if each.is_of(status, self.state.now)]
        else:
            rows = [row for row in orders(kind, self.state.now) if status in {"", row["Status"]}]
        shown, paging = page(asked, rows, "CurrentPage", SHOW_SIZE)
        return {**paging, "CertificateOrderList": shown}

    def certificate(self, held: Held) -> dict[str, Any]:
        """Return an item of a list of certificates."""
        return {
            "CertificateId": int(held.certificate_id),
            "InstanceId": held.instance_id,
            "Name": held.name,
            "CommonName": held.common_name,
            "Sans": ",".join(held.sans),
            "OrgName": held.org_name,
            "Country": "CN" if held.org_name else "",
            "Province": "Zhejiang" if held.org_name else "",
            "City": "Hangzhou" if held.org_name else "",
            "Issuer": held.issuer,
            "SerialNo": held.serial_no,
            "Fingerprint": held.fingerprint,
            "Sha2": held.sha2,
            "StartDate": f"{held.starts.astimezone(CHINA):%Y-%m-%d}",
            "EndDate": f"{held.ends.astimezone(CHINA):%Y-%m-%d}",
            "Expired": held.ends <= self.state.now,
            "Upload": held.upload,
            "ResourceGroupId": held.resource_group_id,
        }


def of_chain(number: int, chain: Chain) -> Held:
    """Return a certificate that the CDN may serve."""
    leaf = x509.load_pem_x509_certificate(chain.pem.encode())
    return Held(
        **common(number, chain.common_name),
        certificate_id=str(certificate_id(chain)),
        sans=chain.names,
        issuer=chain.issuer_common_name,
        serial_no=f"{chain.serial:032x}",
        fingerprint=leaf.fingerprint(SHA1()).hex().upper(),  # noqa: S303 - as the provider has it
        sha2=leaf.fingerprint(SHA256()).hex().upper(),
        starts=chain.not_before,
        ends=chain.not_after,
        # Where the CDN says it is, and sometimes elsewhere too.
        sites=SITES if number % 4 == 0 else (SITES[chain.serial % 2],),
    )


def forgotten(number: int, now: datetime, rng: random.Random) -> Held:
    """Return a certificate that nothing serves."""
    ends = now + timedelta(days=rng.randrange(-200, 400), seconds=rng.randrange(86400))
    name = f"forgotten-{number}.example.com"
    return Held(
        **common(number, name),
        certificate_id=str(20_000_000 + number),
        sans=(name, f"www.{name}"),
        issuer="Example RSA CA 1",
        serial_no=f"{rng.getrandbits(120):032x}",
        fingerprint=sha1(name.encode()).hexdigest().upper(),  # noqa: S324 - as the provider has it
        sha2=sha256(name.encode()).hexdigest().upper(),
        starts=ends - 365 * DAY,
        ends=ends,
        sites=(SITES, SITES[:1], SITES[1:])[number % 3],
    )


def common(number: int, name: str) -> dict[str, Any]:
    """Return what all certificates have."""
    upload = number % 3 == 2
    return {
        "instance_id": f"cas-{'upload' if upload else 'ivauto'}-{number:06}",
        "name": f"证书-{number}" if number % 10 == 7 else f"held-{number}",
        "common_name": name,
        "org_name": "Example 株式会社" if number % 2 else "",
        "upload": upload,
        "resource_group_id": "rg-sandbox" if number % 4 else "",
    }


def orders(kind: str, now: datetime) -> list[dict[str, Any]]:
    """Return the orders of an account, which are no certificates."""
    return [
        {
            "OrderId": 30_000_000 + number,
            "InstanceId": f"cas-order-{number}",
            "AliyunOrderId": 40_000_000 + number,
            "PartnerOrderId": f"p-{number}",
            "Domain": f"order-{number}.example.com",
            "DomainCount": 1,
            "WildDomainCount": 0,
            "DomainType": "ONE",
            "CertType": "DV",
            "Algorithm": "RSA",
            "RootBrand": "DigiCert",
            "ProductCode": "digicert-free-1-free",
            "ProductName": "DigiCert Free",
            "BuyDate": int((now - 90 * DAY).timestamp() * 1000),
            "CertStartTime": int((now - 80 * DAY).timestamp() * 1000),
            "CertEndTime": int((now + 10 * DAY).timestamp() * 1000),
            "Status": status,
            "SourceType": kind.lower(),
            "TrusteeStatus": "unTrustee",
        }
        for number, status in enumerate(("ISSUED", "PAYED", "EXPIRED"))
    ]
