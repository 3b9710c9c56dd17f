"""Issues certificates, also such as nobody should."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tap_cdn_certs.records.x509 import der

if TYPE_CHECKING:
    from pathlib import Path

CONSTRAINTS, ALTERNATIVE_NAMES = "2.5.29.19", "2.5.29.17"
CA = bytes.fromhex("30030101ff")

P256 = "EC:ec_paramgen_curve:P-256"


def openssl(*arguments: str | Path, text: str = "") -> str:
    """Return what an OpenSSL command prints; skip the test if this OpenSSL cannot do that."""
    done = subprocess.run(["openssl", *arguments], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace')[:200]}")
    return done.stdout.decode(errors="replace")


class Authority:
    """Issues certificates with OpenSSL, in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        # Without a configuration of its own, OpenSSL would add the extensions of the machine's.
        self.configuration = directory / "openssl.cnf"
        self.configuration.write_text("[req]\ndistinguished_name=dn\n[dn]\n")

    def key(self, kind: str) -> Path:
        """Return the key of an algorithm and, after a colon, its option; it is generated once."""
        path = self.directory / f"{kind.replace(':', '-')}.key"
        if not path.exists():
            algorithm, _, option = kind.partition(":")
            options = ["-pkeyopt", option] if option else []
            openssl("genpkey", "-algorithm", algorithm, *options, "-out", path)
        return path

    def issue(
        self, subject: str, *arguments: str, key: str = P256, issuer: str | None = None, signer: str = P256
    ) -> str:
        """Return a certificate, self-signed unless it has an issuer, whose certificate was issued before."""
        issued = ("-CA", self.directory / f"{issuer}.crt", "-CAkey", self.key(signer)) if issuer else ()
        request = ("req", "-x509", "-new", "-config", self.configuration, "-key", self.key(key), "-utf8")
        certificate = openssl(*request, "-subj", subject, *issued, *arguments)
        self.directory.joinpath(f"{subject.rpartition('=')[2]}.crt").write_text(certificate)
        return certificate


def reencoded(encoded: bytes, old: bytes, new: bytes) -> bytes:
    """Return a DER element in which one of the elements, or a row of them, is another."""
    tag, content, _ = der.first(encoded)
    if content == old:
        return element(tag, new)
    if not tag & 0x20:
        return encoded
    return element(tag, *(reencoded(part.der, old, new) for part in der.elements(content)))


def element(tag: int, *contents: bytes) -> bytes:
    """Return a DER element."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + content


class Issuer:
    """A certification authority that issues what it is told to, with any octets as extensions."""

    def __init__(
        self,
        name: str,
        issuer: Issuer | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        **options: Any,
    ) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.pem = (issuer or self).issue(name, {CONSTRAINTS: CA}, key=self.key, **options)

    def issue(
        self,
        name: str,
        extensions: dict[str, bytes] | None = None,
        *,
        begin: str = "2026-10-01T00:00:00",
        end: str = "2026-12-29T23:59:59",
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> str:
        """Return a certificate: its extensions by identifier, each the octets of its value."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        public_key = (key or ec.generate_private_key(ec.SECP256R1())).public_key()
        begins, ends = (datetime.fromisoformat(time).replace(tzinfo=UTC) for time in (begin, end))
        builder = x509.CertificateBuilder(
            self.name, subject, public_key, x509.random_serial_number(), begins, ends
        )
        for identifier, value in (extensions or {}).items():
            extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(identifier), value)
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM).decode()


def names(*names: str | bytes) -> bytes:
    """Return the value of an extension with alternative names: DNS names, or whole elements."""
    parts = (name if isinstance(name, bytes) else element(0x82, name.encode("latin-1")) for name in names)
    return element(0x30, *parts)
