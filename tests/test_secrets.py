"""What is secret stays so, and goes to nobody but the provider."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import threading
import traceback
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from process import run_tap
from watched import SECRETS, Watch, forms, run, start

from sandbox import PROVIDERS, Fault
from sandbox.messages import RefusedError
from sandbox.providers import load
from tap_cdn_certs.errors import APIError
from tap_cdn_certs.providers import alicloud, cdnetworks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.messages import Call

DOMAINS = "DescribeUserDomains"
INFO = "DescribeDomainCertificateInfo"
LIST = "QueryCertificateList"
DETAIL = "QueryCertificate"

# With every character that URLs, JSON, XML and HTML escape.
ODD = "s3cr3t+/=%&\"'<>\\{}~"
TOKEN = "s3cr3t/CAIS+token==" * 20
KEY_BLOCK = "-----BEGIN RSA PRIVATE KEY-----\nMIIs3cr3tkey\n-----END RSA PRIVATE KEY-----"

LOGINS = [(provider, login) for provider in PROVIDERS for login in load(provider).logins]


def odd(provider: str, login: str) -> dict[str, str]:
    """The settings of a login whose secrets are odd."""
    api, secrets = load(provider), iter((ODD, TOKEN))
    return {
        name: next(secrets) if value in api.secrets else value for name, value in api.logins[login].items()
    }


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """A sandbox without limits."""
    with Watch(alicloud={"size": 20}, cdnetworks={"size": 4}) as sandbox:
        yield sandbox


def echo(sandbox: Watch, status: int, code: str, *secrets: str) -> None:
    """Let both providers answer with all they were sent, at each request in another form."""
    place = count()
    for api in sandbox.apis.values():
        remember = api.authenticate

        def refuse(call: Call, remember: Any = remember) -> None:
            before = set(sandbox.sent)
            with suppress(RefusedError):
                remember(call)
            told = sorted({*secrets, *(sandbox.sent - before)})
            words = [form for secret in told for form in sorted(forms(secret))]
            words.append(call.header("Authorization"))
            # Long messages are cut off: what comes first differs.
            start = next(place) % len(words)
            raise RefusedError(
                status,
                code,
                f"{' '.join(words[start:] + words[:start])} {KEY_BLOCK}",
                {"x-cnc-request-id": secrets[0], "x-acs-request-id": secrets[0]},
                RequestId=f"R-{secrets[0]}",
                AccessDeniedDetail={"AuthPrincipalOwnerId": "1"},
            )

        api.authenticate = refuse  # type: ignore[method-assign]


@pytest.mark.parametrize(("provider", "login"), LOGINS)
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "Echo"),
        (403, "SignatureDoesNotMatch"),
        (403, "Forbidden.RAM"),
        (401, "x"),
        (462, "y"),
        (400, ODD),
    ],
)
def test_an_echo_is_not_passed_on(
    sandbox: Watch, tmp_path: Path, provider: str, login: str, status: int, code: str
) -> None:
    """A provider that repeats secrets, signatures and keys in its errors, in any form, finds no ear."""
    settings = odd(provider, login)
    secrets = tuple(secret for secret in (ODD, TOKEN) if secret in settings.values())
    echo(sandbox, status, code, *secrets)
    config = {provider: {**sandbox[provider].config(login), **settings}}
    result = run(sandbox, tmp_path, config=config, secrets=(*secrets, "MIIs3cr3tkey"))
    assert result.returncode == 1
    assert sandbox.sent
    for row in result.records["sync_errors"]:
        assert "s3cr3t" not in json.dumps(row)


def test_half_a_secret_is_no_secret_told(sandbox: Watch, tmp_path: Path) -> None:
    """Where a long message is cut off, no part of a secret is left."""
    secret = "s3cr3t" + "0123456789abcdef" * 4
    config = {"cdnetworks": {**sandbox.config()["cdnetworks"], "api_key": secret}}
    for api in sandbox.apis.values():
        lengths = iter(range(430, 500, 7))

        def refuse(_: Call, lengths: Iterator[int] = lengths) -> None:
            raise RefusedError(400, "Echo", "x" * next(lengths) + f" the key {secret} is not right")

        api.authenticate = refuse  # type: ignore[method-assign]
    for _ in range(5):
        result = run(sandbox, tmp_path, config=config)
        assert "s3cr3t" not in result.stdout + result.stderr
        assert "0123456789" not in result.stdout + result.stderr


def test_no_exception_holds_a_secret(sandbox: Watch) -> None:
    """Neither its text nor its causes, whatever the provider says."""
    config = sandbox.config()
    config["alicloud"] |= odd("alicloud", "sts") | {"domains": []}
    config["cdnetworks"] |= odd("cdnetworks", "api_key") | {"certificate_ids": []}
    first = alicloud.CLIENT(config["alicloud"], Event())
    second = cdnetworks.CLIENT(config["cdnetworks"], Event())
    echo(sandbox, 400, ODD, ODD, TOKEN)
    for _ in range(30):
        with pytest.raises(APIError) as raised:
            first.call(DOMAINS)
        assert_nothing_told(raised.value, sandbox, ODD, TOKEN)
    with Watch(alicloud={"size": 1}, cdnetworks={"size": 1}) as other:
        second.url = other["cdnetworks"].url
        echo(other, 400, ODD, ODD)
        for _ in range(20):
            with pytest.raises(APIError) as raised:
                second.call("QueryCertificate", "/1")
            assert_nothing_told(raised.value, other, ODD)


def assert_nothing_told(error: APIError, sandbox: Watch, *secrets: str) -> None:
    """No form of a secret, or of what was sent, is in an exception."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error) + repr(vars(error))
    for secret in (*secrets, *sandbox.sent):
        assert not any(form in shown for form in forms(secret)), shown
    assert "PRIVATE KEY" not in shown


def test_the_faults_of_a_connection_tell_no_secret(tmp_path: Path) -> None:
    """Nobody listens, or hangs up: the log says so, at the level that says most, and no more."""
    for listening in (False, True):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            if listening:
                server.listen()
                threading.Thread(target=lambda s=server: _hang_up(s), daemon=True).start()
            with Watch(alicloud={"size": 1}, cdnetworks={"size": 1}) as sandbox:
                config = sandbox.config(alicloud="sts")
                config["alicloud"]["api_url"] = f"http://127.0.0.1:{server.getsockname()[1]}"
                tap = start(sandbox, tmp_path, config=config)
                tap.wait_for("Attempt 2", "stderr")
                tap.stop(signal.SIGTERM)
                result = tap.end(5)
                assert result.returncode == 143


def _hang_up(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            server.accept()[0].close()


def test_a_private_key_in_a_field_is_not_passed_on(sandbox: Watch, tmp_path: Path) -> None:
    """Beside a chain it is left out; elsewhere the row fails, and says why without saying what."""
    domain = sandbox["alicloud"].inventory["www.example.com"]
    assert domain.certificate
    chain = domain.certificate.server_certificate
    domain.certificate.server_certificate = f"{KEY_BLOCK}\n{chain}\n{KEY_BLOCK}"
    sandbox.faults.add(
        Fault("field", INFO, ".example.com", field="CertName", value=KEY_BLOCK),
        Fault("field", DOMAINS, field="Description", value=KEY_BLOCK, item="ip.example.net"),
        Fault("field", LIST, field="comment", value=KEY_BLOCK, item="100173"),
        Fault("field", DETAIL, "100166", field="name", value=KEY_BLOCK),
    )
    result = run(sandbox, tmp_path, secrets=("MIIs3cr3tkey",))
    assert result.returncode == 0
    assert result.by_key("certificate_info")["www.example.com"]["server_certificate"].split() == chain.split()
    assert result.errors.keys() == {
        ("certificate_info", ".example.com"),
        ("alicloud_domains", "ip.example.net"),
        ("cdnetworks_certificates", "100173"),
        ("ssl_certificate", "100173"),
        ("ssl_certificate", "100166"),
    }
    assert all("private key" in row["message"] for row in result.errors.values())


def test_no_operation_that_returns_private_keys_is_called(sandbox: Watch, tmp_path: Path) -> None:
    """Whatever fails, nothing else is asked than the five operations."""
    sandbox.faults.add(Fault("error", probability=0.3, status=400, code="Odd"))
    run(sandbox, tmp_path)
    assert not sandbox.forbidden
    assert {request.operation for request in sandbox.requests} <= {
        DOMAINS,
        INFO,
        "DescribeCdnHttpsDomainList",
        LIST,
        DETAIL,
    }


def test_a_redirect_is_not_followed(sandbox: Watch, tmp_path: Path) -> None:
    """Its target sees nothing, least of all the signature; the request is made again where it belongs."""
    visits: list[bytes] = []

    class Visit(BaseRequestHandler):
        def handle(self) -> None:
            visits.append(self.request.recv(10_000))

    with ThreadingTCPServer(("127.0.0.1", 0), Visit) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        location = f"http://127.0.0.1:{server.server_address[1]}/"
        for operation in (DOMAINS, DETAIL):
            sandbox.faults.add(Fault("redirect", operation, times=1, location=location))
        result = run(sandbox, tmp_path)
        server.shutdown()
    assert result.returncode == 0
    assert not visits
    assert "not followed" in result.stderr


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@cdn.example.com",
        "http://0.0.0.0",
        "http://192.0.2.1",
        "http://[2001:db8::1]",
        "HTTP://cdn.example.com",
        "ftp://cdn.example.com",
        "//cdn.example.com",
        "cdn.example.com",
        "https://user:s3cr3t@cdn.example.com",
        "https://cdn.example.com/?s3cr3t",
    ],
)
def test_a_provider_elsewhere_is_asked_over_tls_only(tmp_path: Path, url: str) -> None:
    """A mistake in the configuration, before any request."""
    config = {
        "alicloud": {**odd("alicloud", "access_key"), "api_url": url},
        "cdnetworks": {**odd("cdnetworks", "aksk"), "api_url": url},
    }
    result = run_tap(tmp_path, config, timeout=20)
    assert result.returncode == 1
    assert "alicloud.api_url" in result.stderr
    assert "cdnetworks.api_url" in result.stderr
    assert not result.stdout
    assert not any(secret in result.stderr for secret in SECRETS)
    assert "Traceback" not in result.stderr


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.bundle = folder / "authority.pem"
        certificate = self._build(self.name, self.key, self.key, ca=True)
        self.bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _build(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        signer: ec.EllipticCurvePrivateKey,
        *,
        ca: bool = False,
        address: str | None = None,
        days: int = 2,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name if signer is self.key else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=5))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
            )
        )
        if ca:
            others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
            usage = dict.fromkeys((*others, "encipher_only", "decipher_only", "digital_signature"), False)
            key_usage = x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage)
            builder = builder.add_extension(key_usage, critical=True)
        if address:
            name = x509.IPAddress(ip_address(address))
            builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        return builder.sign(signer, hashes.SHA256())

    def context(
        self, address: str = "127.0.0.1", days: int = 2, *, self_signed: bool = False
    ) -> ssl.SSLContext:
        """What a server needs that has a certificate for an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
        signer = key if self_signed else self.key
        certificate = self._build(subject, key, signer, address=address, days=days)
        path = self.folder / "server.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@contextmanager
def over_tls(url: str, context: ssl.SSLContext) -> Iterator[tuple[str, list[int]]]:
    """A server that speaks TLS before one that does not; and how many connections spoke it."""
    target = url.removeprefix("http://").split(":")
    spoken: list[int] = []

    class Forward(BaseRequestHandler):
        def handle(self) -> None:
            with (
                suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as client,
                socket.create_connection((target[0], int(target[1]))) as server,
            ):
                spoken.append(1)
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Forward) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}", spoken
        server.shutdown()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(2**16):
            sink.sendall(data)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_authority_that_is_named_is_trusted(sandbox: Watch, tmp_path: Path, variable: str) -> None:
    """A server behind a company's own authority answers."""
    authority = Authority(tmp_path)
    with over_tls(sandbox["alicloud"].url, authority.context()) as (url, spoken):
        config = {"alicloud": {**sandbox.config()["alicloud"], "api_url": url}}
        env = {"REQUESTS_CA_BUNDLE": "", variable: str(authority.bundle)}
        result = run(sandbox, tmp_path, config=config, env=env)
        assert result.returncode == 0
        assert len(result.records["certificate_info"]) == 20
        assert spoken


@pytest.mark.parametrize("wrong", ["self-signed", "unknown authority", "another address", "expired"])
def test_a_server_that_cannot_be_trusted_is_refused(sandbox: Watch, tmp_path: Path, wrong: str) -> None:
    """At once, with one message, before a signature is sent; the other provider's streams arrive."""
    authority = Authority(tmp_path)
    context = authority.context(
        "192.0.2.1" if wrong == "another address" else "127.0.0.1",
        -1 if wrong == "expired" else 2,
        self_signed=wrong == "self-signed",
    )
    bundle = {} if wrong == "unknown authority" else {"REQUESTS_CA_BUNDLE": str(authority.bundle)}
    with over_tls(sandbox["alicloud"].url, context) as (url, spoken):
        config = sandbox.config()
        config["alicloud"]["api_url"] = url
        result = run(sandbox, tmp_path, config=config, env=bundle)
        assert not spoken
    assert result.returncode == 1
    assert sum("REQUESTS_CA_BUNDLE" in line for line in result.logged("ERROR")) == 1
    assert {row["code"] for row in result.errors.values()} == {"TLSError"}
    assert len(result.records["ssl_certificate"]) == 4
    assert not any(request.provider == "alicloud" for request in sandbox.requests)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_cannot_be_read_is_named(sandbox: Watch, tmp_path: Path, content: str | None) -> None:
    """A wrong path, or a file that is something else: said at once, not tried for minutes."""
    bundle = tmp_path / "bundle.pem"
    if content:
        bundle.write_text(content)
    config = {"cdnetworks": {**sandbox.config()["cdnetworks"], "api_url": "https://127.0.0.1:1"}}
    result = run(sandbox, tmp_path, config=config, env={"REQUESTS_CA_BUNDLE": str(bundle)}, timeout=20)
    assert result.returncode == 1
    assert sum("REQUESTS_CA_BUNDLE" in line for line in result.logged("ERROR")) == 1
