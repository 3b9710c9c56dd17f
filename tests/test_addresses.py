"""Addresses at which there is no provider: found out once, soon, and with the setting to look at."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

import pytest
import requests
from answering import serving
from watched import Watch, run

from sandbox import Fault
from tap_cdn_certs.api import client as client_module
from tap_cdn_certs.api.rate_limit import Stopped
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_cdn_certs.api.client import Client

CLOSED = "127.0.0.1:9"
TOKEN = "s3cr3t-of-a-redirect"
ALICLOUD = {"alicloud_domains", "certificate_info", "alicloud_https_domains"}
CDNETWORKS = {"cdnetworks_certificates", "ssl_certificate"}


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """A small account of each provider."""
    with Watch(alicloud={"size": 4}, cdnetworks={"size": 2}) as sandbox:
        yield sandbox


def said(result: Any, words: str) -> str:
    """The one error in the log that holds some words."""
    (line,) = (line for line in result.logged("ERROR") if words in line)
    return str(line)


def test_the_test_of_a_closed_port_is_over_soon(sandbox: Watch, tmp_path: Path) -> None:
    """It says where it tried to connect, what came of it, and which setting to look at, once."""
    # For two seconds, and not for ten.
    (tmp_path / "sitecustomize.py").write_text("from tap_cdn_certs import tap; tap.TEST_PATIENCE = 2.0")
    config = {"alicloud": {**sandbox.config()["alicloud"], "api_url": f"https://{CLOSED}"}}
    result = run(sandbox, tmp_path, "--test", config=config, env={"PYTHONPATH": str(tmp_path)}, timeout=30)
    assert result.returncode == 1
    assert result.seconds < 25
    line = said(result, f"The connection to {CLOSED} failed: connections are refused. It was tried ")
    assert line.endswith(". Check the setting alicloud.api_url.")


def test_what_is_not_there_is_given_up_once(sandbox: Watch, tmp_path: Path) -> None:
    """A proxy at a closed port and a name that does not exist: each is tried for one request of all."""
    # Twice, and not for five minutes.
    (tmp_path / "sitecustomize.py").write_text(
        "from tap_cdn_certs.api import client; client.MAX_ATTEMPTS = 2"
    )
    config = sandbox.config()
    config["alicloud"]["api_url"] = "https://cdn.example.com"
    config["cdnetworks"]["api_url"] = "https://cdn.invalid/path"
    proxy = f"http://user:s3cr3t-p@{CLOSED}"
    env = {"PYTHONPATH": str(tmp_path), "https_proxy": proxy, "NO_PROXY": "cdn.invalid"}
    result = run(sandbox, tmp_path, config=config, env=env, secrets=(proxy,))
    assert result.returncode == 1
    line = said(result, "The connection to cdn.invalid:443 failed: the name cannot be resolved.")
    assert line.endswith(" It was tried 2 times. Check the setting cdnetworks.api_url.")
    line = said(
        result, "to cdn.example.com:443, through the proxy that https_proxy names, failed: connections a"
    )
    assert line.endswith(" Check https_proxy, NO_PROXY and the setting alicloud.api_url.")
    assert sum("for the same reason" in line for line in result.logged("ERROR")) == 3
    assert {row["code"] for row in result.errors.values()} == {"NameResolutionError", "ProxyError"}
    assert result.seconds < 15


def test_an_address_of_somebody_else_is_found_out_at_once(sandbox: Watch, tmp_path: Path) -> None:
    """A page that is not found, and a login page elsewhere: two requests each, one message, no token."""
    location = f"https://user:{TOKEN}@login.example.com/sso/{TOKEN}?token={TOKEN}#{TOKEN}"
    with (
        serving(404, b"<html>Not Found</html>") as (nothing, asked),
        serving(302, headers={"Location": location}) as (login, led),
    ):
        config = sandbox.config()
        config["alicloud"]["api_url"], config["cdnetworks"]["api_url"] = nothing, login
        result = run(sandbox, tmp_path, config=config, secrets=(TOKEN,))
    assert result.returncode == 1
    assert (len(asked), len(led)) == (2, 2)
    line = said(result, f"{nothing.removeprefix('http://')} answered HTTP 404 with no error code")
    assert line.endswith("not the API of alicloud. It was tried 2 times. Check the setting alicloud.api_url.")
    line = said(result, f"{login.removeprefix('http://')} answered HTTP 302 with a redirect, which is not f")
    assert "this is not the API of cdnetworks. It leads to login.example.com. It was tried 2 times. " in line
    assert line.endswith("Check the setting cdnetworks.api_url.")
    assert {row["code"] for row in result.errors.values()} == {"HTTP 404", "HTTP 302"}


def test_the_refusal_of_a_gateway_is_put_in_words(sandbox: Watch, tmp_path: Path) -> None:
    """It has a status that says nothing to people, and stays what can be asked for by."""
    refusal = '{"status": 0, "result": "No such app."}'
    sandbox.faults.add(Fault("body", "QueryCertificateList", status=403, body=refusal))
    config = {"cdnetworks": sandbox.config()["cdnetworks"]}
    result = run(sandbox, tmp_path, config=config)
    assert said(
        result, "cdnetworks_certificates: The gateway of cdnetworks refused QueryCertificateList: No such"
    )
    assert "with status 0" not in result.stderr + result.stdout
    assert {row["code"] for row in result.errors.values()} == {"status 0"}


@pytest.fixture
def stopped() -> Event:
    """What ends the client's waits."""
    return Event()


@pytest.fixture
def client(stopped: Event) -> Client:
    """A client of an address at which nothing listens."""
    settings = {"access_key_id": "a", "access_key_secret": "b", "api_url": f"http://{CLOSED}"}
    config = TapCDNCerts(config={"alicloud": settings}).config
    made: Client = PROVIDERS["alicloud"].CLIENT(config["alicloud"], stopped)
    return made


def ask(client: Client, url: str) -> APIError | None:
    """What keeps a request from being answered."""
    try:
        client.request("Operation", requests.Request("GET", url), lambda answer: answer)
    except APIError as error:
        return error
    return None


def test_one_request_that_fails_while_others_are_answered_is_one(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a host that answers nobody meanwhile is given up for all; that it answered before is no proof."""
    monkeypatch.setattr(client_module, "MAX_ATTEMPTS", 2)
    errors: list[APIError | None] = []
    with serving(200, b"{}") as (url, _):
        # Until the account is accepted, one request waits for another.
        assert ask(client, url) is None
        thread = Thread(target=lambda: errors.append(ask(client, f"http://{CLOSED}")))
        thread.start()
        time.sleep(0.2)
        assert ask(client, url) is None
        thread.join()
    assert errors[0]
    assert errors[0].reach is Reach.ATTEMPT
    assert errors[0].message.endswith(" It was tried 2 times.")
    assert client.host().refused is None
    monkeypatch.setattr(client_module, "MAX_ATTEMPTS", 1)
    error = ask(client, f"http://{CLOSED}")
    assert error
    assert error is client.host().refused
    assert error.reach is Reach.HOST
    assert ask(client, url) is error


def test_a_provider_that_has_answered_is_at_its_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is not found is then its gateway's, and one request's; an error of its own is an answer."""
    monkeypatch.setattr(client_module, "MAX_ATTEMPTS", 1)
    page = b"<html>Not Found</html>"
    with serving(403, b'{"Code": "Odd"}') as (url, _), serving(404, page) as (nothing, asked):
        assert getattr(ask(client, url), "code", None) == "Odd"
        error = ask(client, nothing)
    assert error
    assert error.reach is Reach.ATTEMPT
    assert error.message == "alicloud answered HTTP 404 with no error code. It was tried once."
    assert len(asked) == 1
    assert client.host().refused is None


def test_patience_bounds_all_attempts(client: Client) -> None:
    """Whatever keeps the answer away: a server that says nothing, one that fails, a limit that was met."""
    client.patience = 0.5
    for status, reach in ((503, Reach.ATTEMPT), (429, Reach.THROTTLED)):
        with serving(status, headers={"Retry-After": "300"}) as (url, asked):
            began = time.monotonic()
            error = ask(client, url)
            assert error
            assert error.reach is reach
            assert len(asked) == 1
            assert time.monotonic() - began < 10
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:
        began = time.monotonic()
        error = ask(client, f"http://127.0.0.1:{silent.server_port}")
        assert 0.4 < time.monotonic() - began < 10
    assert error
    assert error is client.host().refused
    assert error.message.endswith(
        "did not answer in time. It was tried once. Check the setting alicloud.api_url."
    )


def test_a_silent_address_does_not_keep_the_others_waiting(
    client: Client, stopped: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request of an account is made alone, but not for ever."""
    monkeypatch.setattr(client_module, "FIRST", 0.2)
    with ThreadPoolExecutor(1) as others:
        with socket.create_server(("127.0.0.1", 0)) as silent, serving(200, b"{}") as (url, _):
            hanging = others.submit(ask, client, f"http://127.0.0.1:{silent.getsockname()[1]}")
            time.sleep(0.1)
            assert ask(client, url) is None
            assert not hanging.done()
            stopped.set()
        with pytest.raises(Stopped):
            hanging.result(10)


def test_an_error_does_not_keep_the_answer(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors are held until they are written, and many large answers with them would be too much."""
    monkeypatch.setattr(client_module, "MAX_ATTEMPTS", 1)
    much = b" " * 2**20
    for content in (b'{"a": [' + much, b'{"Code": "Odd", "a": "' + much + b'"}', 64 * much):
        with serving(400, content) as (url, _):
            error = ask(client, url)
        assert error
        held = [value for frame, _ in walk_tb(error.__traceback__) for value in frame.f_locals.values()]
        assert client in held
        assert not [value for value in held if len(repr(value)) > len(much)]
