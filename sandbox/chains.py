"""Made-up X.509 chains: a leaf and the intermediate that issued it, as a CDN holds them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID as AccessMethod
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

SIGNED_CERTIFICATE_TIMESTAMPS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")

# RSA keys are slow to make and cannot be made from a seed: these protect nothing.
PRIMES = {
    "authority": (
        (
            "e0ac5c631c59bc7d34fdab877f9405c8469886c1e065528672cbae1f2a029f04fca73cc50caa0b4294eb3a39d49a5d94"
            "42e84647f42ef861c4aaab8651f261982b8f67d805bdea284e9e006b847e64739b6548602bde1d907ecfff2a8d53c35e"
            "0cda0c9dceb6950caf16e23819d83f392cae5271ff659b1374c5712cee014bb3"
        ),
        (
            "c704bb3f8e05c23a70058fd641e55106289499e3a520c43cae3be8cb671286e7dd0f5e2779cd6299de3d9981536931a7"
            "4eb1263a81d0b09684219c64cf95f0aedca7ed5090f2c60f7c744e4559c7b6d223b3214065692f09ed0e88cbe7d79f27"
            "b89b69c9b955941ce52a9db0de89cd348b2bee043c6e380c864311700a0e611d"
        ),
    ),
    "rsa-2048": (
        (
            "ee9116751513e8db321222ee695680a5435f9adba33be89927f38c2a31d03522d03b12cd41f79ecb901fd6a55e8d6db5"
            "109d174870168ed260c17fb36409a7d91eddeab55e19ff72b3c4cf308349aed881f9fcae2ccaa589b65fb093b297e0e7"
            "1c78767427639e347231c2643c28b554ae449ef0511fd0f01b7c9befbfb64703"
        ),
        (
            "b8dd6fd7e3bd01c2ffe364bb15c3cdd6e478072d1a5cfe880ca21d2b6bb19fc051d0bf2aa2afd77eae05ff68d8e24b17"
            "99bb15ccf1ee6588067714b1005217159806618feee04ca8cdaff7ad846d0f1307bba6c0dc274581c63085a6fe581d25"
            "04c58cdec7d035a4bc4b8ac2c1a0383242e43c99044d5bedcefe8cc4c65f5e37"
        ),
    ),
    "rsa-1024": (
        (
            "e72384e17fc9eda8baa7b8f7b1e8048f9f542bfb8a61d1cac5d66345beaf8ff8853e7fefb9bfe2353d275aa00ddad474"
            "91071845120a45eda447ce713ea286c1"
        ),
        (
            "d09d064085dba713e233bd19a568caa3bf090a0be2fe3cee19ecc3c90be4e1c9b55e78066e3c26eaca7ebb77567dc11e"
            "65c3c8bda8164d1269b48ccb2aa21689"
        ),
    ),
}


@dataclass(frozen=True)
class Leaf:
    """What a leaf certificate is made from."""

    common_name: str
    starts: timedelta
    ends: timedelta
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    key: str = "rsa-2048"
    organization: str | None = None
    issuer: str = "Example RSA CA 1"
    self_signed: bool = False
    must_staple: bool = False
    timestamps: int = 0
    access: bool = True
    usage: bool = True


@dataclass(frozen=True)
class Chain:
    """A leaf certificate, what it says, and the chain a server sends, leaf first."""

    common_name: str
    names: tuple[str, ...]
    issuer: str
    serial: int
    not_before: datetime
    not_after: datetime
    pem: str = field(repr=False)

    @property
    def issuer_common_name(self) -> str:
        """What people call the issuer."""
        return self.issuer.partition("CN=")[2].partition(",")[0]


@cache
def private_key(name: str) -> PrivateKey:
    """Return a private key, always the same for a name."""
    if name in PRIMES:
        p, q = (int(prime, 16) for prime in PRIMES[name])
        public = rsa.RSAPublicNumbers(65537, p * q)
        d = rsa.rsa_recover_private_exponent(public.e, p, q)
        crt = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
        return rsa.RSAPrivateNumbers(p, q, d, *crt, public).private_key(unsafe_skip_rsa_key_validation=True)
    curve = ec.SECP384R1() if name == "p-384" else ec.SECP256R1()
    return ec.derive_private_key(random.Random(name).getrandbits(curve.key_size - 8) + 1, curve)


def distinguished_name(common_name: str, organization: str | None = None) -> x509.Name:
    """Return the name of a subject or an issuer."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
        attributes.insert(0, x509.NameAttribute(NameOID.COUNTRY_NAME, "US"))
    return x509.Name(attributes)


def der_octets(octets: bytes) -> bytes:
    """Return a DER octet string."""
    length = len(octets)
    size = (length.bit_length() + 7) // 8
    head = bytes([length]) if length < 128 else bytes([0x80 | size]) + length.to_bytes(size)
    return b"\x04" + head + octets


def timestamp_list(count: int, time: datetime, rng: random.Random) -> x509.UnrecognizedExtension:
    """Return a list of signed certificate timestamps, as RFC 6962 writes them in its section 3.3."""
    timestamps = b""
    for _ in range(count):
        version, log_id, milliseconds = b"\0", rng.randbytes(32), int(time.timestamp() * 1000).to_bytes(8)
        no_extensions, sha256_ecdsa, signature = b"\0\0", b"\4\3", rng.randbytes(70)
        timestamp = version + log_id + milliseconds + no_extensions + sha256_ecdsa
        timestamp += len(signature).to_bytes(2) + signature
        timestamps += len(timestamp).to_bytes(2) + timestamp
    octets = len(timestamps).to_bytes(2) + timestamps
    return x509.UnrecognizedExtension(SIGNED_CERTIFICATE_TIMESTAMPS, der_octets(octets))


def sign(builder: x509.CertificateBuilder, key: PrivateKey) -> x509.Certificate:
    """Return the certificate, signed so that the same seed gives the same bytes."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        digest = SHA384() if key.key_size > 256 else SHA256()
        return builder.sign(key, digest, ecdsa_deterministic=True)
    return builder.sign(key, SHA256())


def intermediate(common_name: str, now: datetime) -> tuple[str, PrivateKey]:
    """Return an intermediate certificate as PEM, and its key."""
    key = private_key("authority" if "RSA" in common_name else common_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(distinguished_name(common_name, "Example Trust"))
        .issuer_name(distinguished_name("Example Root", "Example Trust"))
        .public_key(key.public_key())
        .serial_number(random.Random(common_name).getrandbits(120) + 1)
        .not_valid_before(now - timedelta(days=1500))
        .not_valid_after(now + timedelta(days=5000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    return sign(builder, private_key("root")).public_bytes(Encoding.PEM).decode(), key


def root(now: datetime) -> str:
    """Return the certificate of the root as PEM."""
    key, name = private_key("root"), distinguished_name("Example Root", "Example Trust")
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(random.Random("root").getrandbits(120) + 1)
        .not_valid_before(now - timedelta(days=3000))
        .not_valid_after(now + timedelta(days=7000))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    return sign(builder, key).public_bytes(Encoding.PEM).decode()


def extensions(leaf: Leaf, not_before: datetime, rng: random.Random) -> Iterator[x509.ExtensionType]:
    """Return the extensions that a leaf has beside its basic constraints."""
    if leaf.names or leaf.addresses:
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in leaf.names]
        names += [x509.IPAddress(ip_address(address)) for address in leaf.addresses]
        yield x509.SubjectAlternativeName(names)
    if leaf.usage:
        yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    if leaf.access and not leaf.self_signed:
        ocsp, issuers = "http://ocsp.example.org", "http://ca.example.org/intermediate.crt"
        yield x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(AccessMethod.OCSP, x509.UniformResourceIdentifier(ocsp)),
                x509.AccessDescription(AccessMethod.CA_ISSUERS, x509.UniformResourceIdentifier(issuers)),
            ]
        )
    if leaf.must_staple:
        yield x509.TLSFeature([x509.TLSFeatureType.status_request])
    if leaf.timestamps:
        yield timestamp_list(leaf.timestamps, not_before, rng)


def make(leaf: Leaf, now: datetime, rng: random.Random) -> Chain:
    """Return the chain of a leaf, which is valid around the reference time."""
    key = private_key(leaf.key)
    subject = distinguished_name(leaf.common_name, leaf.organization)
    issuer = subject if leaf.self_signed else distinguished_name(leaf.issuer, "Example Trust")
    # A serial number's first bit is 0, and sometimes so are the next ones: their hexadecimal is uneven.
    serial = rng.getrandbits(rng.choice((63, 120, 124, 127))) + 1
    not_before, not_after = now + leaf.starts, now + leaf.ends
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    for extension in extensions(leaf, not_before, rng):
        builder = builder.add_extension(extension, critical=False)
    chain, authority = ("", key) if leaf.self_signed else intermediate(leaf.issuer, now)
    pem = sign(builder, authority).public_bytes(Encoding.PEM).decode() + chain
    issuer_text = issuer.rfc4514_string()
    return Chain(leaf.common_name, leaf.names, issuer_text, serial, not_before, not_after, pem)


DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
EC_ISSUER = "Example ECC CA 2"

ODDITIES = (
    Leaf("www.example.com", -65 * DAY, 25 * DAY, ("www.example.com", "example.com"), timestamps=2),
    Leaf(
        "*.example.com", -80 * DAY, 10 * DAY, ("*.example.com", "example.com"), key="p-256", issuer=EC_ISSUER
    ),
    Leaf(
        "xn--fiq228c.example.com",
        -30 * DAY,
        60 * DAY,
        ("xn--fiq228c.example.com", "*.xn--fiq228c.example.com"),
    ),
    Leaf(
        "many.example.net",
        -9 * DAY,
        81 * DAY,
        tuple(f"name{i}.example.net" for i in range(100)),
        timestamps=3,
    ),
    Leaf(
        "ip.example.net", -9 * DAY, 356 * DAY, ("ip.example.net",), addresses=("192.0.2.10", "2001:db8::10")
    ),
    Leaf(
        "staple.example.org",
        -40 * DAY,
        50 * DAY,
        ("staple.example.org",),
        key="p-384",
        issuer=EC_ISSUER,
        must_staple=True,
        timestamps=1,
    ),
    Leaf(
        "old.example.org",
        -4000 * DAY,
        -350 * DAY,
        ("old.example.org",),
        key="rsa-1024",
        access=False,
        usage=False,
    ),
    Leaf("self.example.net", -100 * DAY, 3550 * DAY, ("self.example.net",), key="p-256", self_signed=True),
    Leaf("next.example.com", 6 * DAY, 96 * DAY, ("next.example.com",)),
    Leaf("cn-only.example.org", -200 * DAY, 165 * DAY, usage=False),
    Leaf("hours.example.com", -90 * DAY + 5 * HOUR, 5 * HOUR, ("hours.example.com",), timestamps=2),
    Leaf("days.example.com", -87 * DAY, 3 * DAY, ("days.example.com",), organization="Example 株式会社"),
    Leaf("expired.example.com", -93 * DAY, -20 * HOUR, ("expired.example.com",)),
)

ZONES = tuple(
    prefix + top
    for prefix in ("", "shop.", "static.", "video.")
    for top in ("example.com", "example.net", "example.org")
)


@lru_cache(maxsize=2)
def pool(seed: int, now: datetime) -> tuple[list[Chain], dict[str, list[Chain]]]:
    """Return the odd chains, and for each zone the wildcard chains that its domains share."""
    rng = random.Random(f"chains {seed}")
    odd = [make(leaf, now, rng) for leaf in ODDITIES]
    zones = {}
    for zone in ZONES:
        ends = [rng.randint(14, 88) * DAY, rng.choice((-40, -2, 2, 6, 13, 20, 29)) * DAY]
        ends = [end + timedelta(seconds=rng.randrange(86400)) for end in ends]
        leaves = (
            Leaf(f"*.{zone}", ends[0] - 90 * DAY, ends[0], (f"*.{zone}", zone), timestamps=2),
            Leaf(
                f"*.{zone}",
                ends[1] - 365 * DAY,
                ends[1],
                (f"*.{zone}", zone),
                key="p-256",
                issuer=EC_ISSUER,
                organization="Example, Inc.",
            ),
        )
        zones[zone] = [make(leaf, now, rng) for leaf in leaves]
    return odd, zones
