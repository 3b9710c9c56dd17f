"""TLS servers that nobody here wrote, and others that are none, on loopback: what an edge may be."""

from __future__ import annotations

import re
import socket
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseBuilder
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


class Authority:
    """Certificates and their keys in a folder, `name.crt` and `name.key`, of leaves and of authorities."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, tuple[x509.Certificate, Any]] = {}

    def issue(
        self,
        name: str,
        issuer: str | None = None,
        *,
        names: tuple[str, ...] | None = None,
        starts: timedelta = -30 * DAY,
        ends: timedelta = 60 * DAY,
        usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.SERVER_AUTH,
        key: Any = None,
    ) -> None:
        """Make a certificate, an authority's if it has no names; without an issuer it signs itself."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        above, signer = self._made[issuer] if issuer else (None, key)
        builder = x509.CertificateBuilder(
            *(above.subject if above else subject, subject, key.public_key(), x509.random_serial_number()),
            *(NOW + starts, NOW + ends),
        ).add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
        if names:
            general = [x509.DNSName(each) for each in names]
            builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
        if names is not None and usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        digest = SHA256() if isinstance(signer, ec.EllipticCurvePrivateKey) else None
        made = builder.sign(signer, digest)
        self._made[name] = made, key
        (self.folder / f"{name}.crt").write_bytes(made.public_bytes(Encoding.PEM))
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / f"{name}.key").write_bytes(private)

    def bundle(self, *names: str) -> Path:
        """Return a file of several certificates."""
        path = self.folder / f"{len([*self.folder.iterdir()])}.pem"
        path.write_text("".join((self.folder / f"{name}.crt").read_text() for name in names))
        return path

    def staple(self, name: str, issuer: str) -> Path:
        """Return a file with an OCSP response."""
        certificate, _ = self._made[name]
        above, key = self._made[issuer]
        response = (
            OCSPResponseBuilder()
            .add_response(certificate, above, SHA256(), OCSPCertStatus.GOOD, NOW, NOW + DAY, None, None)
            .responder_id(x509.ocsp.OCSPResponderEncoding.NAME, above)
            .sign(key, SHA256())
        )
        path = self.folder / f"{name}.ocsp"
        path.write_bytes(response.public_bytes(Encoding.DER))
        return path


@contextmanager
def s_server(
    authority: Authority,
    leaf: str,
    *chain: str,
    options: tuple[Any, ...] = (),
    address: str = "127.0.0.1",
) -> Iterator[int]:
    """OpenSSL's server, which sends a leaf and after it a chain, and its port."""
    folder = authority.folder
    command = ["openssl", "s_server", "-accept", f"{address}:0"]
    command += ["-cert", folder / f"{leaf}.crt", "-key", folder / f"{leaf}.key"]
    command += ["-cert_chain", authority.bundle(*chain)] if chain else []
    with subprocess.Popen(
        [*command, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            assert server.stdout
            said = []
            for line in server.stdout:
                said.append(line)
                if found := re.match(r"ACCEPT \S+:(\d+)", line):
                    break
            else:
                raise AssertionError("".join(said))
            Thread(target=server.stdout.read, daemon=True).start()
            yield int(found[1])
        finally:
            server.kill()


@contextmanager
def plain(talk: Callable[[socket.socket], object], family: int = socket.AF_INET) -> Iterator[int]:
    """A server that says what a function says, and its port."""
    with socket.socket(family) as listener:
        listener.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        listener.listen(100)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    Thread(target=converse, args=(connection,), daemon=True).start()

        def converse(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                talk(connection)

        Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def hang(connection: socket.socket) -> None:
    """Say nothing."""
    time.sleep(30)
    del connection


def drip(connection: socket.socket) -> None:
    """Say a long record, an octet at a time."""
    for octet in b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + bytes(1000):
        connection.sendall(bytes([octet]))
        time.sleep(0.05)


def reset(connection: socket.socket) -> None:
    """Break off the connection."""
    connection.recv(100)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def http(connection: socket.socket) -> None:
    """Answer as a web server without TLS does."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def ssh(connection: socket.socket) -> None:
    """Greet as an SSH server does."""
    connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    time.sleep(5)


def gigabyte(connection: socket.socket) -> None:
    """Send a greeting of 16 MiB, and more."""
    connection.recv(4096)
    while True:
        connection.sendall(b"\x16\x03\x03\x40\x00" + b"\x02\xff\xff\xff" + bytes(2**14 - 4))


def warnings(connection: socket.socket) -> None:
    """Send warning alerts without an end."""
    connection.recv(4096)
    while True:
        connection.sendall(b"\x15\x03\x03\x00\x02\x01\x5a" * 1000)


def refused() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
