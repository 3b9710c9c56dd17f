"""What a made-up account of AWS has: values as Python objects, which the API renders."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sandbox.chains import DAY, Chain, pool
from sandbox.inventory import Inventory, odd

if TYPE_CHECKING:
    from sandbox.state import State

ACCOUNT = "123456789012"
END = "-----END CERTIFICATE-----\n"


@dataclass(slots=True)
class Certificate:
    """A certificate of ACM; without a chain, it is not issued."""

    arn: str
    number: int
    names: list[str]
    chain: Chain | None
    type: str
    status: str
    key_type: str
    origin: str
    created_at: datetime
    hierarchy: str | None = None
    managed_by: str | None = None
    in_use_by: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ServerCertificate:
    """A certificate of IAM."""

    arn: str
    number: int
    name: str
    id: str
    path: str
    uploaded_at: datetime
    chain: Chain


@dataclass(slots=True)
class Distribution:
    """A distribution of CloudFront; without a certificate, it serves CloudFront's own."""

    id: str
    number: int
    aliases: list[str]
    modified_at: datetime
    acm: str | None = None
    iam: str | None = None
    tenant_only: bool = False


@dataclass(slots=True)
class Tenant:
    """A tenant of a distribution; without a certificate, it serves that of the distribution."""

    id: str
    number: int
    distribution: str
    domains: list[tuple[str, str]]
    created_at: datetime
    certificate: str | None = None


# The first certificates of ACM: each has something that the many others lack.
ODD: tuple[dict[str, Any], ...] = (
    {
        "type": "AMAZON_ISSUED",
        "origin": "AWS_MANAGED",
        "more": {
            "RenewalSummary": {
                "RenewalStatus": "PENDING_VALIDATION",
                "RenewalStatusReason": "CAA_ERROR",
                "DomainValidationOptions": [{"DomainName": "www.example.com", "ValidationStatus": "FAILED"}],
            }
        },
    },
    {"origin": "ACME", "hierarchy": "N2_AMAZON_MANAGED", "type": "AMAZON_ISSUED"},
    {"chain": None, "status": "PENDING_VALIDATION", "type": "AMAZON_ISSUED"},
    {},
    {
        "chain": None,
        "status": "FAILED",
        "type": "AMAZON_ISSUED",
        "more": {"FailureReason": "CAA_ERROR"},
    },
    {"hierarchy": "N2_SFG2_AMAZON_MANAGED", "managed_by": "CLOUDFRONT", "type": "AMAZON_ISSUED"},
    {
        "type": "PRIVATE",
        "origin": "AWS_MANAGED",
        "more": {
            "CertificateAuthorityArn": f"arn:aws:acm-pca:us-east-1:{ACCOUNT}:certificate-authority/1",
            "RevocationReason": "SUPERSEDED",
        },
        "status": "REVOKED",
    },
)
PATHS = ("/cloudfront/", "/cloudfront/production/", "/legacy/", "/balancer/")
# Which of them a distribution serves, by its number.
SERVED = {1: 0, 6: 2}


def key_type(chain: Chain) -> str:
    """Return what ACM calls the key of a certificate."""
    key = x509.load_pem_x509_certificate(chain.pem.encode()).public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA_{key.key_size}"
    curve = key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else "unknown"
    return {"secp256r1": "EC_prime256v1"}.get(curve, f"EC_{curve}")


class Holdings:
    """The four inventories of an account, each of so many; IAM has no more than four certificates.

    It may have more distributions than the others: some share a certificate.
    """

    def __init__(self, size: int, state: State, distributions: int) -> None:
        self.now = state.now
        first, zones = pool(state.seed, state.now)
        chains = first + [chain for pair in zones.values() for chain in pair]
        self.chains = [(chain, key_type(chain)) for chain in chains]
        self.certificates = Inventory[Certificate]("arn")
        self.server_certificates = Inventory[ServerCertificate]("arn")
        self.distributions = Inventory[Distribution]("id")
        self.tenants = Inventory[Tenant]("id")
        for number in range(size):
            self.certificates.add(self._certificate(number))
        for number in range(min(size, len(PATHS))):
            self.server_certificates.add(self._server_certificate(number))
        for number in range(distributions):
            self.distributions.add(self._distribution(number))
        for number in range(size):
            self.tenants.add(self._tenant(number))

    def _certificate(self, number: int) -> Certificate:
        chain, kind = self.chains[number % len(self.chains)]
        imported = bool(number % 2)
        certificate = Certificate(
            arn=f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/{number:08x}-1234-1234-1234-123456789012",
            number=number,
            names=[*chain.names] or [chain.common_name],
            chain=chain,
            type="IMPORTED" if imported else "AMAZON_ISSUED",
            # One that has ended is not always said to be expired.
            status="EXPIRED" if chain.not_after < self.now - DAY else "ISSUED",
            key_type=kind,
            origin="CUSTOMER_PROVIDED" if imported else "AWS_MANAGED",
            created_at=chain.not_before + timedelta(milliseconds=number),
        )
        return odd(certificate, number, ODD)

    def _server_certificate(self, number: int) -> ServerCertificate:
        chain, _ = self.chains[-1 - number]
        path, name = PATHS[number], f"server-{number}"
        return ServerCertificate(
            arn=f"arn:aws:iam::{ACCOUNT}:server-certificate{path}{name}",
            number=number,
            name=name,
            id=f"ASCASANDBOX{number}",
            path=path,
            uploaded_at=chain.not_before + DAY,
            chain=chain,
        )

    def _distribution(self, number: int) -> Distribution:
        """Return one of each kind: with a certificate of ACM, of IAM, with CloudFront's, with tenants."""
        held = [*self.certificates]
        own = held[number % len(held)]
        names = [name.replace("*", f"d{number}") for name in own.names[:2]]
        made = Distribution(f"ESANDBOX{number:05}", number, names, self.now - timedelta(hours=number))
        match number % 5:
            case 2:
                made.aliases = []
            case 3:
                made.aliases, made.tenant_only, made.acm = [], True, own.arn
            case 1 if number in SERVED:
                # The third is not where it should be.
                made.iam = [*self.server_certificates][SERVED[number]].id
            case _:
                made.acm = own.arn
                own.in_use_by.append(f"arn:aws:cloudfront::{ACCOUNT}:distribution/{made.id}")
        return made

    def _tenant(self, number: int) -> Tenant:
        domains = [(f"t{number}.example.com", "active"), (f"t{number}.example.net", "inactive")]
        made = Tenant(f"dt_{number:05}", number, f"ESANDBOX{3 + number // 5 * 5:05}", domains, self.now - DAY)
        if number % 2:
            made.certificate = [*self.certificates][number].arn
        return made


def renew(certificate: Certificate, chain: Chain) -> None:
    """Give a certificate another chain, as a renewal or another import does: its ARN stays."""
    certificate.chain, certificate.names = chain, [*chain.names]
    certificate.status, certificate.key_type = "ISSUED", key_type(chain)
