"""What hosts serve, as real servers show it and OpenSSL's own programs see it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from functools import partial
from ipaddress import ip_address
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from edges import DAY, Authority, drip, gigabyte, hang, http, plain, refused, reset, s_server, ssh, warnings
from process import Run, run_tap, start_tap
from singer_sdk.exceptions import ConfigValidationError
from stopping import SOON
from watched import Watch

from sandbox.edge import Edge
from tap_cdn_certs.providers import edge as edge_wing
from tap_cdn_certs.providers.edge.client import EdgeClient
from tap_cdn_certs.streams.domains import Domains
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from process import Record

PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


class Case(NamedTuple):
    """A server: what it sends, and what is to be said of its trust."""

    leaf: str
    chain: tuple[str, ...]
    trust_error: str | None = None
    options: tuple[Any, ...] = ()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Two roots, one of them trusted, and leaves of all kinds."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    issue = authority.issue
    for root in ("root", "stranger"):
        issue(root, starts=-2000 * DAY, ends=2000 * DAY)
    issue("issuer", "root")
    issue("ended", "root", ends=-DAY)
    issue("private", "stranger")
    good = partial(issue, names=("good.example.com", "*.good.example.com"))
    good("good", "issuer")
    good("expired", "issuer", ends=-DAY)
    good("future", "issuer", starts=2 * DAY)
    good("client", "issuer", usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    good("below", "ended")
    good("strange", "private")
    good("other", "issuer")
    good("self")
    issue("nameless", "issuer", names=())
    return authority


CASES = {
    "tls13": Case("good", ("issuer",)),
    "tls12": Case("good", ("issuer",), options=("-tls1_2",)),
    "rooted": Case("good", ("issuer", "root")),
    "wrong-order": Case("good", ("root", "issuer")),
    "several-leaves": Case("good", ("other", "issuer")),
    "no-chain": Case("good", (), 'unknown issuer: the intermediate "issuer" is missing'),
    "stranger": Case("strange", ("private",), 'unknown issuer: "stranger" is neither trusted nor sent'),
    "whole-stranger": Case(
        "strange", ("private", "stranger"), 'unknown issuer: the root "stranger" is not trusted'
    ),
    "self-signed": Case("self", (), "self-signed"),
    "expired": Case("expired", ("issuer",), "expired"),
    "future": Case("future", ("issuer",), "not yet valid"),
    "ended": Case("below", ("ended",), 'the authority "ended" expired'),
    "client": Case("client", ("issuer",), "not for TLS servers"),
    "nameless": Case("nameless", ("issuer",)),
    "wants-client12": Case("good", ("issuer",), options=("-tls1_2", "-Verify", "1", "-verify_return_error")),
    "wants-client13": Case("good", ("issuer",), options=("-tls1_3", "-Verify", "1", "-verify_return_error")),
}
HOSTILE = {
    "hang": (hang, "timed_out"),
    "drip": (drip, "timed_out"),
    "reset": (reset, "closed"),
    "end": (lambda connection: connection.recv(100), "closed"),
    "http": (http, "not_tls"),
    "ssh": (ssh, "not_tls"),
    "gigabyte": (gigabyte, "too_large"),
    "warnings": (warnings, "handshake_failed"),
}
TIMEOUT = 1.5


class Seen(NamedTuple):
    """A sync, and the ports of the servers by the first labels of their names."""

    run: Run
    seconds: float
    ports: dict[str, int]

    def __getitem__(self, name: Any) -> Record:
        return self.run.by_key("edge_certificates")[f"{name}.good.example.com"]


@pytest.fixture(scope="module")
def seen(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """A sync that asks all servers."""
    with ExitStack() as stack:
        ports = {
            name: stack.enter_context(s_server(authority, case.leaf, *case.chain, options=case.options))
            for name, case in CASES.items()
        }
        staple = ("-status_file", authority.staple("good", "issuer"))
        ports["stapled"] = stack.enter_context(s_server(authority, "good", "issuer", options=staple))
        old = ("-tls1", "-cipher", "ALL:@SECLEVEL=0")
        ports["tls10"] = stack.enter_context(s_server(authority, "good", "issuer", options=old))
        ports["endless"] = stack.enter_context(s_server(authority, "good", *["issuer"] * 900))
        ports |= {name: stack.enter_context(plain(talk)) for name, (talk, _) in HOSTILE.items()}
        ports["refused"] = refused()
        domains = [f"{name}.good.example.com" for name in ports]
        config = {
            "domains": [*domains, "misses.example.net", "localhost"],
            "connect_to": {
                **{f"{name}.*": f"127.0.0.1:{port}" for name, port in ports.items()},
                "misses.example.net": f"127.0.0.1:{ports['tls13']}",
            },
            "ca_bundle": str(authority.folder / "root.crt"),
            "timeout": TIMEOUT,
        }
        started = time.monotonic()
        run = run_tap(tmp_path_factory.mktemp("edge"), {"edge": config})
        yield Seen(run, time.monotonic() - started, ports)


def test_each_host_is_a_row(seen: Seen) -> None:
    """In its turn, and with the schema's fields in its order; the sync is complete."""
    assert seen.run.returncode == 0, seen.run.stderr
    assert not seen.run.records["sync_errors"]
    (sync,) = seen.run.records["syncs"]
    assert sync["complete"]
    assert sync["listed"] == len(seen.ports) + 2 == sync["read"] + sync["without_certificate"]
    assert "Traceback" not in seen.run.stderr
    # Some of the servers would go on for half a minute, or for ever.
    assert seen.seconds < 10 * TIMEOUT


@pytest.mark.parametrize("name", [*CASES, "stapled"])
def test_a_certificate_is_as_openssl_sees_it(
    seen: Seen, authority: Authority, tmp_path: Path, name: str
) -> None:
    """The chain, the version, the cipher and the staple as `s_client` has them, the trust as `verify`."""
    row, case = seen[name], CASES.get(name, CASES["tls13"])
    client = ["openssl", "s_client", "-connect", f"127.0.0.1:{seen.ports[name]}", "-showcerts", "-status"]
    client += ["-servername", f"{name}.good.example.com"]
    shown = subprocess.run(client, input="", capture_output=True, text=True, check=False).stdout
    chain = PEM.findall(shown.partition("Server certificate")[0] or shown)
    assert PEM.findall(row["certificate_chain"]) == chain
    assert len(chain) == 1 + len(case.chain) == row["x509_chain_length"]
    agreed = re.search(r"New, (\S+), Cipher is (\S+)", shown)
    assert agreed
    assert (row["tls_version"], row["cipher_suite"]) == agreed.groups()
    assert row["ocsp_stapled"] == ("OCSP Response Status: successful" in shown) == (name == "stapled")
    assert row["x509_fingerprint_sha256"] == fingerprint(authority.folder / f"{case.leaf}.crt")
    (tmp_path / "leaf.pem").write_text(chain[0])
    (tmp_path / "chain.pem").write_text("".join(chain))
    verify = ["openssl", "verify", "-purpose", "sslserver", "-untrusted", str(tmp_path / "chain.pem")]
    verify += ["-no-CApath", "-no-CAstore", "-CAfile", str(authority.folder / "root.crt")]
    verdict = subprocess.run(
        [*verify, str(tmp_path / "leaf.pem")], capture_output=True, text=True, check=False
    )
    assert row["trusted"] == (verdict.returncode == 0), verdict.stderr
    assert row["trust_error"] == case.trust_error
    assert row["name_matches"] == (case.leaf != "nameless")
    assert row["error"] is None
    assert row["answered_at"] > row["synced_at"]


def fingerprint(path: Path) -> str:
    """The SHA-256 of a certificate, as OpenSSL prints it."""
    command = ["openssl", "x509", "-in", str(path), "-noout", "-fingerprint", "-sha256"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return printed.partition("=")[2].strip().replace(":", "").lower()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        *((name, error) for name, (_, error) in HOSTILE.items()),
        ("tls10", "handshake_failed"),
        ("endless", "too_large"),
        ("refused", "refused"),
    ],
)
def test_a_host_that_shows_none_says_why(seen: Seen, name: str, error: str) -> None:
    """A row with a code, and nulls: `test_each_host_is_a_row` bounds the time."""
    row = seen[name]
    assert row["error"] == error
    given = {field for field, value in row.items() if value is not None}
    assert given == {"account", "domain_name", "address", "port", "error", "synced_at"}
    assert (row["address"], row["port"]) == ("127.0.0.1", seen.ports[name])


def test_names_that_do_not_match_and_addresses_that_are_not_public_are_rows(seen: Seen) -> None:
    """A certificate for others is read; a name of this machine is not connected to."""
    rows = seen.run.by_key("edge_certificates")
    assert (rows["misses.example.net"]["name_matches"], rows["misses.example.net"]["trusted"]) == (
        False,
        True,
    )
    assert rows["localhost"]["error"] == "not_public"


def client(authority: Authority, **settings: Any) -> EdgeClient:
    """What asks hosts, with the settings' defaults."""
    config = {"edge": {"ca_bundle": str(authority.folder / "root.crt"), "timeout": 3, **settings}}
    return EdgeClient(TapCDNCerts(config=config).config["edge"], Event())


def test_a_host_with_ipv6_alone_is_read(authority: Authority) -> None:
    """By the address that the setting names."""
    with s_server(authority, "good", "issuer", address="[::1]") as port:
        visit = client(authority, connect_to=f"[::1]:{port}").visit("good.example.com")
    assert (visit.error, visit.address, visit.trusted) == (None, "::1", True)


def found(*addresses: str, port: int = 443) -> list[Any]:
    """What the system's resolver gives."""
    families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
    return [
        (family, socket.SOCK_STREAM, 6, "", (address, port))
        for family, address in zip(families, addresses, strict=True)
    ]


@pytest.mark.parametrize(
    "address",
    [
        *("0.1.2.3", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.9.10", "169.254.169.254", "172.16.0.1"),
        *("192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:10.0.0.1"),
        *("::ffff:8.8.8.8", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "100::1"),
        *("2001:db8::1", "2001::1", "2002:a00:1::1", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1%1"),
        *("fec0::1", "ff02::1", "5f00::1", "::10.0.0.1"),
    ],
)
def test_no_connection_is_made_to_an_address_that_is_not_public(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, address: str
) -> None:
    """Whatever a name resolves to: the row says so."""
    connected: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found(address))
    monkeypatch.setattr(socket.socket, "connect", lambda _, there: connected.append(there))
    visit = client(authority).visit("www.example.com")
    assert visit.error == "not_public"
    assert ip_address(visit.address or "") == ip_address(address.partition("%")[0])
    assert not connected


def test_what_was_judged_is_connected_to(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    """A name is resolved once; the addresses among its that are public are tried in turn, of each family."""
    asked: list[str] = []
    connected: list[str] = []

    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        public = ("2606:4700::1", "2606:4700::2", "64:ff9b::808:808", "1.1.1.1", "10.0.0.1")
        return found(*public) if len(asked) == 1 else found("127.0.0.1")

    def connect(_: socket.socket, there: Any) -> None:
        connected.append(there[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    visit = client(authority).visit("www.example.com")
    assert (visit.error, visit.address) == ("refused", "64:ff9b::808:808")
    assert asked == ["www.example.com"]
    assert connected == ["2606:4700::1", "1.1.1.1", "2606:4700::2", "64:ff9b::808:808"]


@pytest.mark.parametrize("setting", ["private", "object", "text", "place"])
def test_the_user_may_name_any_address(
    monkeypatch: pytest.MonkeyPatch, authority: Authority, setting: str
) -> None:
    """With `allow_private` what names resolve to, with `connect_to` what its closest glob names."""
    with s_server(authority, "good", "issuer") as port:
        asked: list[tuple[str, int]] = []
        resolver = lambda *where, **_: asked.append(where) or found("127.0.0.1", port=port)  # noqa: E731
        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        routes = {"*": "127.0.0.1:1", "*.example.com": "edge.internal:443", "*.com": "127.0.0.1:1"}
        value = {"private": True, "object": routes, "text": json.dumps(routes), "place": "edge.internal"}[
            setting
        ]
        name = "allow_private" if setting == "private" else "connect_to"
        visit = client(authority, **{name: value}).visit("good.example.com")
    assert (visit.error, visit.address) == (None, "127.0.0.1")
    assert asked == [("good.example.com" if setting == "private" else "edge.internal", 443)]


def test_a_resolver_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, authority: Authority
) -> None:
    """The time is for all of a visit."""
    over, ended = Event(), []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.append(over.wait(30)))
    visit = client(authority, timeout=0.2).visit("www.example.com")
    assert (visit.error, visit.address) == ("not_resolved", None)
    assert not ended
    over.set()


def test_nothing_reached_is_said_once(tmp_path: Path) -> None:
    """As a row of `sync_errors` beside the hosts' own, and by the exit code."""
    config = {"domains": ["a.example.com", "b.example.com"], "connect_to": f"127.0.0.1:{refused()}"}
    run = run_tap(tmp_path, {"edge": config})
    assert run.returncode == 1
    assert {row["error"] for row in run.records["edge_certificates"]} == {"refused"}
    (error,) = run.records["sync_errors"]
    assert (error["key"], error["code"], error["provider"]) == ("*", "NothingReached", "edge")
    (sync,) = run.records["syncs"]
    assert not sync["complete"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"domains": ["a b"]}, "edge.domains names a b, which is neither a host nor a glob"),
        ({"domains": [".example.com"]}, "edge.domains names .example.com"),
        ({"connect_to": "127.0.0.1:99999"}, "edge.connect_to names no host and port"),
        ({"connect_to": {"*": "https://example.com"}}, "edge.connect_to names no host and port"),
        ({"connect_to": '{"*": 5}'}, "edge.connect_to names no host and port"),
        ({"connect_to": "[1]"}, "edge.connect_to names no host and port"),
        ({"connect_to": 5}, "edge.connect_to has to be a text or an object"),
        ({"ca_bundle": "/nowhere.pem"}, "edge.ca_bundle cannot be read"),
        ({"ca_bundle": __file__}, "edge.ca_bundle holds no certificates"),
        ({"timeout": 0}, "edge.timeout"),
        ({"port": 70000}, "edge.port"),
    ],
)
def test_a_mistake_is_named_before_any_host_is_asked(settings: dict[str, Any], said: str) -> None:
    """By its setting."""
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"edge": settings})
    assert any(mistake.startswith(said) for mistake in caught.value.errors), caught.value.errors


def test_the_domains_of_other_providers_are_asked_for(tmp_path: Path) -> None:
    """Those that globs keep and, beside them, names; each once, and labelled as the accounts are."""
    own = {"alicloud": {"size": 30}, "aws": {"size": 10}}
    with Watch(**own) as sandbox, Edge(sandbox) as edge:
        config: dict[str, Any] = {**sandbox.config(), "edge": edge.config()}
        config["edge"]["domains"] += ["added.example.org", "*.nowhere.example"]
        config["aws"]["account"] = "cloud"
        run = run_tap(tmp_path, config)
    assert run.returncode == 0, run.stderr
    rows = run.by_key("edge_certificates")
    assert rows.keys() == {*edge.names, "added.example.org"}
    assert {row["account"] for row in rows.values()} == {"default+cloud"}
    assert [row["stream"] for row in run.records["syncs"]][-1] == "edge_certificates"
    assert "edge.domains names *.nowhere.example, which no domain that is listed matches" in run.stderr
    for name, chain in edge.chains.items():
        assert rows[name]["certificate_chain"] == chain
    info = {
        row["domain_name"].encode("idna").decode(): row["x509_fingerprint_sha256"]
        for row in run.records["certificate_info"]
        if not row["domain_name"].startswith(".")
    }
    same = {name for name in edge.chains if rows[name]["x509_fingerprint_sha256"] == info[name]}
    assert same == {*edge.chains} - {"staple.example.org", "days.example.com"}
    verdicts = {name: row["trust_error"] or row["error"] for name, row in rows.items() if not row["trusted"]}
    assert verdicts == {
        "ip.example.net": 'unknown issuer: the intermediate "Example RSA CA 1" is missing',
        "self.example.net": "self-signed",
        "next.example.com": "not yet valid",
        "expired.example.com": "expired",
        "hours.example.com": "timed_out",
        "added.example.org": "closed",
    }
    assert {name for name, row in rows.items() if row["name_matches"] is False} == {
        "days.example.com",
        "cn-only.example.org",
    }


def test_names_are_followed_while_others_add_them() -> None:
    """Each once, in their order, until there are no more."""
    domains = Domains()
    domains.add(["a", "b", "a"])
    names: list[str] = []
    follower = Thread(target=lambda: names.extend(domains))
    follower.start()
    domains.add(["b", "c"])
    domains.end()
    follower.join(5)
    assert names == [*domains] == ["a", "b", "c"]


@pytest.mark.parametrize("arguments", [(), ("--test",)], ids=["sync", "test"])
def test_a_stop_while_a_host_is_waited_for_is_prompt(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Nothing under way is waited for."""
    with plain(hang) as port:
        settings = {"domains": ["a.example.com"], "connect_to": f"127.0.0.1:{port}", "timeout": 60}
        with start_tap(tmp_path, {"edge": settings}, *arguments) as tap:
            time.sleep(1)
            assert tap.poll() is None
            tap.terminate()
            assert tap.wait(SOON) == 128 + signal.SIGTERM
            tap.communicate()


def test_a_test_of_the_configuration_says_whether_hosts_can_be_reached(
    tmp_path: Path, authority: Authority
) -> None:
    """Any of them."""
    with s_server(authority, "good", "issuer") as port:
        routes = {"a.example.com": f"127.0.0.1:{refused()}", "b.example.com": f"127.0.0.1:{port}"}
        settings = {"domains": [*routes], "connect_to": routes}
        run = run_tap(tmp_path, {"edge": settings}, "--test")
    assert run.returncode == 0, run.stderr
    assert "edge: the credentials and permissions suffice." in run.stderr
    run = run_tap(tmp_path, {"edge": settings}, "--test")
    assert run.returncode == 1
    assert "edge: NOT ready: edge_certificates could not be read: None of 2 hosts was reached" in run.stderr


def test_a_test_of_the_configuration_asks_a_few_hosts(tmp_path: Path) -> None:
    """However many there are."""
    hosts = [f"h{number}.example.com" for number in range(200)]
    settings = {"domains": hosts, "connect_to": f"127.0.0.1:{refused()}"}
    run = run_tap(tmp_path, {"edge": settings}, "--test")
    assert "None of 10 hosts was reached" in run.stderr


def test_the_system_says_whom_to_trust(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    """Where no other file is named."""
    with s_server(authority, "good", "issuer") as port:
        asked = {"connect_to": f"127.0.0.1:{port}", "ca_bundle": None}
        assert client(authority, **asked).visit("good.example.com").trusted is False
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.folder / "root.crt"))
        assert client(authority, **asked).visit("good.example.com").trusted is True


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra to install."""
    monkeypatch.setattr(edge_wing, "find_spec", lambda _: None)
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={"edge": {}})
    assert caught.value.errors == ["edge needs the package pyOpenSSL: install tap-cdn-certs[edge]."]
