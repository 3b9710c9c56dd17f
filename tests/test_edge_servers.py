"""What hosts serve that few do: by nginx, and with keys of algorithms that are new, or old."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from authority import openssl
from cryptography.hazmat.primitives.asymmetric import ec, mldsa, rsa
from edges import DAY, Authority, plain, refused
from OpenSSL import SSL
from process import run_tap

from tap_cdn_certs.providers.edge.client import EdgeClient
from tap_cdn_certs.records import x509
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_cdn_certs.providers.edge.visit import Visit

NGINX = """
daemon off; pid nginx.pid; error_log error.log;
events {{}}
http {{
    access_log off; ssl_protocols TLSv1.2 TLSv1.3;
    server {{
        listen 127.0.0.1:{port} ssl default_server; listen [::1]:{port} ssl default_server;
        ssl_reject_handshake on;
    }}
    server {{
        listen 127.0.0.1:{port} ssl; listen [::1]:{port} ssl; server_name both.example.com;
        ssl_certificate rsa.pem; ssl_certificate_key rsa.key;
        ssl_certificate ecdsa.pem; ssl_certificate_key ecdsa.key;
        ssl_stapling on; ssl_stapling_file ecdsa.ocsp;
    }}
    server {{
        listen 127.0.0.1:{port} ssl; server_name members.example.com;
        ssl_certificate rsa.pem; ssl_certificate_key rsa.key;
        ssl_client_certificate root.crt; ssl_verify_client on;
    }}
}}
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A root, and an issuer."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    authority.issue("root", ends=2000 * DAY)
    authority.issue("issuer", "root")
    return authority


def visit(authority: Authority, port: int, host: str, **settings: Any) -> Visit:
    """What a host shows on a port of this machine."""
    own = {"ca_bundle": str(authority.folder / "root.crt"), "timeout": 5, "connect_to": f"127.0.0.1:{port}"}
    return EdgeClient(TapCDNCerts(config={"edge": {**own, **settings}}).config["edge"], Event()).visit(host)


@pytest.fixture(scope="module")
def nginx(authority: Authority) -> Iterator[int]:
    """Debian's nginx with several names on one port."""
    if not (program := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")):
        pytest.skip("There is no nginx: apt-get install nginx-light.")
    folder, port = authority.folder, refused()
    names = ("both.example.com", "*.example.com")
    authority.issue("rsa", "issuer", names=names, key=rsa.generate_private_key(65537, 2048))
    authority.issue("ecdsa", "issuer", names=names)
    for leaf in ("rsa", "ecdsa"):
        authority.bundle(leaf, "issuer").rename(folder / f"{leaf}.pem")
    authority.staple("ecdsa", "issuer")
    (folder / "nginx.conf").write_text(NGINX.format(port=port))
    with subprocess.Popen([program, "-p", folder, "-c", "nginx.conf", "-e", "error.log"]) as server:
        try:
            for _ in range(300):
                with socket.socket() as probe:
                    if not probe.connect_ex(("127.0.0.1", port)):
                        break
                time.sleep(0.02)
                assert server.poll() is None, (folder / "error.log").read_text()
            yield port
        finally:
            server.terminate()


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]"])
def test_of_two_certificates_that_of_newer_clients_is_seen(
    authority: Authority, nginx: int, address: str
) -> None:
    """With its staple."""
    seen = visit(authority, nginx, "both.example.com", connect_to=f"{address}:{nginx}")
    fields, _ = x509.leaf_fields(seen.chain or "", served=True)
    assert (fields["x509_public_key_algorithm"], fields["x509_chain_length"]) == ("EC", 2)
    assert (seen.tls_version, seen.trusted, seen.ocsp_stapled) == ("TLSv1.3", True, True)


def test_a_name_for_members_is_read(authority: Authority, nginx: int) -> None:
    """Who has no certificate to show sees the server's."""
    seen = visit(authority, nginx, "members.example.com")
    assert (seen.error, seen.tls_version, seen.trusted, seen.ocsp_stapled) == (None, "TLSv1.3", True, False)


def test_a_name_that_is_not_served_is_refused(authority: Authority, nginx: int) -> None:
    """With an alert."""
    assert visit(authority, nginx, "unknown.example.net").error == "handshake_failed"


@contextmanager
def serving(authority: Authority, leaf: str) -> Iterator[int]:
    """The port of a server with the newest OpenSSL, that of pyOpenSSL."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.use_certificate_chain_file(str(authority.bundle(leaf, "issuer")))
    context.use_privatekey_file(str(authority.folder / f"{leaf}.key"))

    def talk(connection: socket.socket) -> None:
        server = SSL.Connection(context, connection)
        server.set_accept_state()
        server.do_handshake()
        connection.recv(1)

    with plain(talk) as port:
        yield port


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (mldsa.MLDSA65PrivateKey.generate, "ML-DSA-65"),
        (lambda: ec.generate_private_key(ec.SECP521R1()), "EC"),
        (lambda: rsa.generate_private_key(65537, 1024), "RSA"),  # noqa: S505 - weak ones are to be found
    ],
)
def test_keys_that_are_new_large_or_weak_are_read(authority: Authority, key: Any, algorithm: str) -> None:
    """What a visitor's browser may refuse, the inventory has."""
    authority.issue("odd", "issuer", names=("odd.example.com",), key=key())
    with serving(authority, "odd") as port:
        seen = visit(authority, port, "odd.example.com")
    assert (seen.error, seen.trusted) == (None, True)
    fields, faults = x509.leaf_fields(seen.chain or "", served=True)
    assert fields["x509_public_key_algorithm"] == algorithm
    assert not faults


def test_a_certificate_that_is_partly_understood_is_a_row(authority: Authority, tmp_path: Path) -> None:
    """Its signature, by SM2, cannot be verified: the row has all else, and `sync_errors` says so."""
    key, leaf = authority.folder / "sm2.key", authority.folder / "sm2.crt"
    openssl("genpkey", "-algorithm", "SM2", "-out", key)
    names = ("-subj", "/CN=sm2.example.com", "-addext", "subjectAltName=DNS:sm2.example.com")
    openssl("req", "-x509", "-new", "-sm3", "-key", key, "-out", leaf, *names)
    with serving(authority, "sm2") as port:
        settings = {"domains": ["sm2.example.com"], "connect_to": f"127.0.0.1:{port}"}
        run = run_tap(tmp_path, {"edge": settings})
    assert run.returncode == 0, run.stderr
    row = run.by_key("edge_certificates")["sm2.example.com"]
    assert row["certificate_chain"].startswith(leaf.read_text())
    assert (row["x509_signature_algorithm"], row["x509_self_signed"]) == ("SM2-with-SM3", None)
    assert (row["trusted"], row["trust_error"], row["name_matches"]) == (False, "self-signed", True)
    (error,) = run.records["sync_errors"]
    assert (error["key"], error["code"], error["reach"]) == ("sm2.example.com", "UnreadableField", "field")
    assert "x509_self_signed" in error["message"]
