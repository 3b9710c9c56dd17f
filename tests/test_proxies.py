"""Proxies: one that can never work is named at once, by its variable, and SOCKS works."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, TCPServer, ThreadingTCPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from watched import Watch, run

from tap_cdn_certs.api.proxy import proxy_error
from tap_cdn_certs.errors import Reach
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_cdn_certs.api.client import Client

PASSWORD = "s3cr3t-p@ss"
ADDRESS = "does not hold the address of a proxy"
EXTRA = "PySocks. Install tap-cdn-certs[socks], unset HTTP_PROXY, or name 127.0.0.1 in NO_PROXY."

# To urllib3 before 2.8 a port 0 is none, and what is blank at the end is not there: that may work.
STRICT = pytest.mark.skipif(
    tuple(map(int, urllib3.__version__.split(".")[:2])) < (2, 8), reason="urllib3 makes another proxy of it."
)
# What no connection can be made through: with quotes, without a host, with the port of no host …
BROKEN = (
    " ",
    "htp://user:s3cr3t@proxy.example.com:3128",
    "ftp://proxy.example.com",
    "socks://proxy.example.com:1080",
    "socks6://user:s3cr3t@proxy.example.com:1080",
    "file:///s3cr3t",
    "http://",
    "http://:3128",
    "http://user:s3cr3t@",
    "http:/proxy.example.com:3128",
    "socks5://:1080",
    "http://proxy.example.com:65536",
    pytest.param("http://user:s3cr3t@proxy.example.com:0", marks=STRICT),
    "http://user:s3cr3t@proxy.example.com:port",
    "http://proxy.example.com:-1",
    "socks5h://user:s3cr3t@proxy.example.com:99999",
    "proxy:3128",
    "user:s3cr3t@proxy.example.com:3128",
    "http://user:s3cr3t#@proxy.example.com:3128",
    "http://user:s3cr3t/@proxy.example.com:3128",
    "http://user:s3cr3t%E2%82%AC@proxy.example.com:3128",
    '""',
    '"http://user:s3cr3t@proxy.example.com:3128"',
    "http://<host>:<port>",
    "http://$PROXY:3128",
    "http://my proxy:3128",
    pytest.param("http://proxy.example.com:3128\n", marks=STRICT),
    "http://proxy..example.com:3128",
    f"http://{64 * 'a'}.example.com:3128",
    "http://[::1:3128",
    "::1",
    "*",
    "\x7f",
)
USABLE = (
    "",
    "proxy.example.com",
    "proxy.example.com:3128",
    "http://proxy:3128/",
    "HTTP://proxy.example.com:3128",
    "https://user:s3cr3t@proxy.example.com",
    "http://user:s3cr3t%40%3A%2F%23@proxy_1.example.com:65535",
    "http://127.0.0.1:3128",
    "http://[::1]:3128",
    "http://bücher.example:3128",
    "socks4://proxy.example.com",
    "socks4a://proxy.example.com:1080",
    "socks5://user:s3cr3t@127.0.0.1:1080",
    "SOCKS5H://proxy.example.com:1080",
)


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """A small account of each provider."""
    with Watch(alicloud={"size": 6}, cdnetworks={"size": 3}) as sandbox:
        yield sandbox


def client(url: str = "https://cdn.example.com") -> Client:
    """A client of an address."""
    settings = {"access_key_id": "a", "access_key_secret": "b", "api_url": url}
    config = TapCDNCerts(config={"alicloud": settings}).config
    made: Client = PROVIDERS["alicloud"].CLIENT(config["alicloud"], Event())
    return made


@pytest.mark.parametrize("value", BROKEN)
def test_a_proxy_that_can_never_work_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """By its variable and not its value, with what it should be and what else to do, for all streams."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    refused = client().host().refused
    assert refused
    assert refused.reach is Reach.HOST
    assert f"Nothing can be asked of cdn.example.com: HTTPS_PROXY {ADDRESS}" in refused.message
    assert refused.message.endswith(", unset HTTPS_PROXY, or name cdn.example.com in NO_PROXY.")
    assert "s3cr3t" not in refused.message
    assert client("http://127.0.0.1:9").host().refused is None


@given(
    st.lists(
        st.sampled_from([*':/@%#?[]. "$', "//", "http", "socks5h", "ftp", "proxy", "s3cr3t", ":3128", ":0"])
        | st.text(max_size=3),
        max_size=8,
    ).map("".join)
)
def test_no_proxy_is_a_crash(value: str) -> None:
    """Whatever a variable holds, it is taken, or refused without its value."""
    refused = proxy_error(HTTPAdapter(), "https://cdn.example.com", {"https": value})
    assert refused is None or "s3cr3t" not in str(refused)


@pytest.mark.parametrize("value", USABLE)
def test_a_proxy_that_may_work_is_taken(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Nothing is held against it, and nothing is connected to: most of these names do not exist."""
    monkeypatch.setenv("ALL_PROXY", value)
    assert client().host().refused is None


@pytest.mark.parametrize("exempt", ["cdn.example.com", ".example.com", "*"])
def test_a_proxy_that_does_not_apply_does_not_matter(monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    """`NO_PROXY` exempts the host, or the variable is for another scheme."""
    monkeypatch.setenv("HTTP_PROXY", "ftp://proxy")
    assert client().host().refused is None
    monkeypatch.setenv("ALL_PROXY", "ftp://proxy")
    assert client().host().refused
    monkeypatch.setenv("NO_PROXY", exempt)
    assert client().host().refused is None


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"HTTPS_PROXY": "x:1"}, "HTTPS_PROXY"),
        ({"https_proxy": "x:1"}, "https_proxy"),
        ({"ALL_PROXY": "x:1"}, "ALL_PROXY"),
        ({"all_proxy": "x:1"}, "all_proxy"),
        ({"Https_Proxy": "x:1"}, "Https_Proxy"),
        ({"https_proxy": "x:1", "HTTPS_PROXY": "http://proxy", "all_proxy": "http://proxy"}, "https_proxy"),
        ({"HTTPS_PROXY": "x:1", "all_proxy": "http://proxy"}, "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "x:1", "https_proxy": "x:1", "ALL_PROXY": "x:1", "all_proxy": "x:1"}, "https_proxy"),
        # Empty, the one in lower case takes the other away.
        ({"HTTPS_PROXY": "x:1", "https_proxy": "", "ALL_PROXY": "x:1"}, "ALL_PROXY"),
        ({"HTTPS_PROXY": "", "ALL_PROXY": "x:1"}, "ALL_PROXY"),
        ({"HTTPS_PROXY": "http://proxy", "https_proxy": "", "ALL_PROXY": "x:1"}, "ALL_PROXY"),
        ({"HTTPS_PROXY": "http://proxy", "ALL_PROXY": "x:1"}, None),
        ({"https_proxy": "http://proxy", "HTTPS_PROXY": "x:1"}, None),
    ],
)
def test_the_variable_that_supplies_the_proxy_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str | None
) -> None:
    """Lower case comes first, and the scheme's own before that for all."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    refused = client().host().refused
    assert (refused and refused.message.split(": ")[1].split()[0]) == named


def test_a_proxy_of_the_system_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no variable is set, some systems have a setting."""
    monkeypatch.setattr(requests.utils, "getproxies", lambda: {"https": "x:1"})
    refused = client().host().refused
    assert refused
    assert "the system's setting of a proxy does not hold" in refused.message


@pytest.mark.parametrize(
    ("error", "reach"),
    [
        (requests.exceptions.InvalidSchema("s3cr3t"), Reach.HOST),
        (requests.exceptions.MissingSchema("s3cr3t"), Reach.HOST),
        (requests.exceptions.InvalidURL(urllib3.exceptions.LocationValueError("s3cr3t")), Reach.HOST),
        (requests.exceptions.InvalidProxyURL("s3cr3t"), Reach.HOST),
        (urllib3.exceptions.LocationParseError("s3cr3t"), Reach.HOST),
        (urllib3.exceptions.ProxySchemeUnknown("s3cr3t"), Reach.HOST),
        (urllib3.exceptions.ProxySchemeUnsupported("s3cr3t"), Reach.HOST),
        # What was broken off, and a header that is: another answer may be whole.
        (requests.exceptions.InvalidHeader("s3cr3t"), Reach.ATTEMPT),
        (requests.exceptions.ProxyError("s3cr3t"), Reach.ATTEMPT),
        (requests.exceptions.ConnectionError("s3cr3t"), Reach.ATTEMPT),
        (requests.exceptions.ChunkedEncodingError("s3cr3t"), Reach.ATTEMPT),
        (requests.exceptions.ContentDecodingError("s3cr3t"), Reach.ATTEMPT),
        (urllib3.exceptions.ProtocolError("s3cr3t"), Reach.ATTEMPT),
        (ConnectionResetError("s3cr3t"), Reach.ATTEMPT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.name,
)
def test_what_no_attempt_mends_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reach: Reach
) -> None:
    """An address that there cannot be ends the provider's streams, a connection that broke an attempt."""
    sender = client().host()

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(sender._adapter, "send", fail)
    with pytest.raises(Exception, match=r"The connection to cdn\.example\.com:443 failed") as caught:
        sender.send(requests.Request("GET", sender.url).prepare(), None, 1, 1)
    assert getattr(caught.value, "reach", None) is reach
    assert "s3cr3t" not in str(caught.value)


def test_an_address_that_there_cannot_be_is_said_at_once(sandbox: Watch, tmp_path: Path) -> None:
    """A name that is too long for DNS ends its provider's streams, and no others."""
    config = sandbox.config()
    config["alicloud"]["api_url"] = f"https://{64 * 'a'}.example.com"
    result = run(sandbox, tmp_path, config=config)
    assert result.returncode == 1
    (line,) = (line for line in result.logged("ERROR") if "There is no such address" in line)
    assert line.endswith("set alicloud.api_url right.")
    assert result.syncs["ssl_certificate"]["complete"]
    assert result.seconds < 30


def test_a_broken_proxy_stops_the_streams_that_it_is_for(sandbox: Watch, tmp_path: Path) -> None:
    """One message, exit 1, no request; the provider that `NO_PROXY` exempts is read."""
    config = sandbox.config()
    config["cdnetworks"]["api_url"] = sandbox["cdnetworks"].url.replace("127.0.0.1", "localhost")
    env = {"ALL_PROXY": f"htp://user:{PASSWORD}@127.0.0.1:1", "no_proxy": "localhost"}
    result = run(sandbox, tmp_path, config=config, env=env, secrets=(PASSWORD, env["ALL_PROXY"]))
    assert result.returncode == 1
    assert {request.provider for request in sandbox.requests} == {"cdnetworks"}
    assert len([line for line in result.logged("ERROR") if f"127.0.0.1: ALL_PROXY {ADDRESS}" in line]) == 1
    assert {error["code"] for error in result.records["sync_errors"]} == {"InvalidProxy"}
    complete = {stream for stream, row in result.syncs.items() if row["complete"]}
    assert complete == {"cdnetworks_certificates", "ssl_certificate"}
    assert result.seconds < 30


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h"])
def test_without_pysocks_the_extra_is_named(sandbox: Watch, tmp_path: Path, scheme: str) -> None:
    """A SOCKS proxy cannot be used without it: both providers' streams stop, and each says so once."""
    missing = tmp_path / "missing"
    missing.mkdir()
    (missing / "socks.py").write_text('raise ImportError("No module named socks")')
    env = {"HTTP_PROXY": f"{scheme}://user:{PASSWORD}@127.0.0.1:1", "PYTHONPATH": str(missing)}
    result = run(sandbox, tmp_path, env=env, secrets=(PASSWORD, env["HTTP_PROXY"]))
    assert result.returncode == 1
    assert sandbox.requests == []
    said = [line for line in result.logged("ERROR") if EXTRA in line]
    assert len(said) == 2
    assert all("127.0.0.1: HTTP_PROXY names a SOCKS proxy" in line for line in said)
    assert result.seconds < 30


class SOCKS5(BaseRequestHandler):
    """One connection of a SOCKS5 proxy, which asks for the password: RFC 1928 and RFC 1929."""

    def handle(self) -> None:
        """Greets, checks the password, connects, and passes on what comes."""
        connections.append(self.client_address)
        self.read(self.read(2)[1])
        self.request.sendall(b"\5\2")
        user = self.read(self.read(2)[1])
        right = (user, self.read(self.read(1)[0])) == (b"user", PASSWORD.encode())
        self.request.sendall(b"\1\0" if right else b"\1\1")
        if not right:
            return
        kind = self.read(4)[3]
        host = socket.inet_ntoa(self.read(4)) if kind == 1 else self.read(self.read(1)[0]).decode()
        port = int.from_bytes(self.read(2), "big")
        with socket.create_connection((host, port)) as target:
            self.request.sendall(b"\5\0\0\1" + 6 * b"\0")
            Thread(target=self.pump, args=(self.request, target), daemon=True).start()
            self.pump(target, self.request)

    def read(self, length: int) -> bytes:
        """So many bytes."""
        return bytes(self.request.recv(length, socket.MSG_WAITALL))

    @staticmethod
    def pump(source: socket.socket, sink: socket.socket) -> None:
        """Passes on what one side sends, to its end."""
        try:
            while data := source.recv(2**16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


class Refusing(BaseHTTPRequestHandler):
    """One connection of a proxy that lets nobody through."""

    status = 407

    def do_CONNECT(self) -> None:
        """Refuses, with its status."""
        connections.append(self.client_address)
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


connections: list[Any] = []


@contextmanager
def serving(server: TCPServer) -> Iterator[str]:
    """The address of a server that runs in a thread, and what connected to it in `connections`."""
    connections.clear()
    with server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class SOCKSServer(ThreadingTCPServer):
    """A SOCKS5 proxy."""

    daemon_threads = True


@pytest.mark.parametrize(
    ("variable", "scheme"),
    [("ALL_PROXY", "socks5"), ("all_proxy", "socks5h"), ("HTTP_PROXY", "socks5"), ("http_proxy", "socks5h")],
)
def test_a_sync_goes_through_a_socks_proxy(
    sandbox: Watch, tmp_path: Path, variable: str, scheme: str
) -> None:
    """Everything arrives, through the proxy, and the log does not tell its password, at any level."""
    with serving(SOCKSServer(("127.0.0.1", 0), SOCKS5)) as address:
        value = f"{scheme}://user:{PASSWORD.replace('@', '%40')}@{address}"
        result = run(sandbox, tmp_path, env={variable: value}, secrets=(PASSWORD, value))
    assert result.returncode == 0, result.stderr
    assert all(row["complete"] for row in result.syncs.values())
    assert len(result.records["ssl_certificate"]) == 3
    assert 0 < len(connections) <= len(sandbox.requests)


def test_a_host_that_is_exempt_is_not_asked_for_through_the_proxy(sandbox: Watch, tmp_path: Path) -> None:
    """The loopback address goes through a proxy too, unless `NO_PROXY` names it."""
    with serving(SOCKSServer(("127.0.0.1", 0), SOCKS5)) as address:
        env = {"ALL_PROXY": f"socks5://user:wrong@{address}", "NO_PROXY": "127.0.0.0/8"}
        result = run(sandbox, tmp_path, env=env)
    assert result.returncode == 0
    assert connections == []


def test_a_socks_proxy_that_refuses_is_not_asked_for_minutes(sandbox: Watch, tmp_path: Path) -> None:
    """A wrong password stays wrong."""
    with serving(SOCKSServer(("127.0.0.1", 0), SOCKS5)) as address:
        env = {"ALL_PROXY": f"socks5://user:s3cr3t-wrong@{address}"}
        result = run(sandbox, tmp_path, env=env)
    assert result.returncode == 1
    assert len(connections) <= 2
    said = [line for line in result.logged("ERROR") if "through the proxy that ALL_PROXY names" in line]
    assert len(said) == 2
    assert all("it asks for another user name and password, or forbids this" in line for line in said)


@pytest.mark.parametrize("status", [407, 403])
def test_a_proxy_that_refuses_is_not_asked_for_minutes(
    sandbox: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """One that wants another password, or forbids the host, is asked once and named."""
    monkeypatch.setattr(Refusing, "status", status)
    config = {"alicloud": {**sandbox.config()["alicloud"], "api_url": "https://127.0.0.1:9"}}
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Refusing)) as address:
        env = {"https_proxy": f"http://user:{PASSWORD.replace('@', '%40')}@{address}"}
        result = run(sandbox, tmp_path, config=config, env=env, secrets=(PASSWORD, env["https_proxy"]))
    assert result.returncode == 1
    assert len(connections) == 1
    (line,) = (line for line in result.logged("ERROR") if "proxy that https_proxy names" in line)
    assert "it asks for another user name and password, or forbids this" in line
