"""The sandbox: its limits, its accounts, its control, and its command."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from callers import INFO, LIST, XML, acs3, aksk, basic, code, send
from lxml import etree

from sandbox import PROVIDERS, Fault, Sandbox
from sandbox.providers import load

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve a sandbox without rate limits."""
    with Sandbox(alicloud={"size": 60, "limit": None}, cdnetworks={"limit": None}) as sandbox:
        yield sandbox


@pytest.mark.parametrize("offset", [-1000, 1000])
def test_a_clock_that_is_off_is_refused_and_told(
    sandbox: Sandbox,
    offset: int,
) -> None:
    """Dates 15 minutes from the server's clock are refused, and the Date header tells that clock."""
    sandbox.clock_offset = offset
    responses = [send(request) for request in (acs3(sandbox), basic(sandbox), aksk(sandbox))]
    assert [response.status_code for response in responses] == [400, 401, 462]
    assert code(responses[0]) == "InvalidTimeStamp.Expired"
    for response in responses:
        date = parsedate_to_datetime(response.headers["Date"])
        assert abs((date - datetime.now(UTC)).total_seconds() - offset) < 5


def test_a_date_of_the_wrong_format_is_refused(sandbox: Sandbox) -> None:
    """A date without its zone, or not in GMT, is refused."""
    request = acs3(sandbox, headers={"x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"})
    assert code(send(request)) == "InvalidTimeStamp.Format"
    for date in (formatdate(usegmt=False), "Fri, 99 Xyz 2025 09:47:27 GMT", "now"):
        assert send(basic(sandbox, date=date)).status_code == 401


def test_any_window_of_the_period_holds_as_many_calls_as_allowed() -> None:
    """The calls beyond the limit are refused and do not count; each operation has its own limit."""
    with Sandbox(alicloud={"size": 30, "limit": (5, 0.6)}, cdnetworks={"limit": (2, 0.6)}) as sandbox:
        answers = [send(acs3(sandbox)) for _ in range(8)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [400] * 3
        assert code(answers[-1]) == "Throttling.User"
        assert send(acs3(sandbox, "DescribeUserDomains", {})).status_code == 200
        assert sandbox.refused == 3
        assert sandbox.worst(INFO) == 8
        time.sleep(0.6)
        assert [send(acs3(sandbox)).status_code for _ in range(6)] == [200] * 5 + [400]
        answers = [send(basic(sandbox, f"{LIST}/100166")) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 403]
        assert code(answers[-1]) == "WPLUS_AccountApiTooFrequence"
        assert send(basic(sandbox)).status_code == 202


def test_calls_at_once_do_not_pass_the_limit() -> None:
    """Of many calls that arrive together as many are accepted as allowed, whatever the latency."""
    limit = (7, 60)
    with (
        Sandbox(alicloud={"size": 5, "limit": limit}, latency=0.05) as sandbox,
        ThreadPoolExecutor(20) as pool,
    ):
        calls = [acs3(sandbox) for _ in range(40)]
        statuses = list(pool.map(lambda call: send(call).status_code, calls))
        assert (statuses.count(200), statuses.count(400)) == (7, 33)
        assert sandbox.refused == 33
        assert sandbox.worst(INFO) == 40


def test_an_empty_account_has_no_https_domain() -> None:
    """An account without domains answers its lists as the providers do."""
    with Sandbox(alicloud={"size": 0}, cdnetworks={"size": 0}) as sandbox:
        response = send(acs3(sandbox, "DescribeCdnHttpsDomainList", {}))
        assert (response.status_code, code(response)) == (400, "NoHttpsDomain")
        assert send(acs3(sandbox, "DescribeUserDomains", {})).json()["TotalCount"] == 0
        assert len(etree.fromstring(send(basic(sandbox, **XML)).content)) == 0
        assert send(basic(sandbox)).json() == {"ssl-certificate": None}
        sandbox["cdnetworks"].json = "ssl-certificates"
        assert send(basic(sandbox)).json() == {"ssl-certificates": []}


def test_the_inventory_changes_while_one_pages(sandbox: Sandbox) -> None:
    """What a test wants to happen, happens once, behind the first page."""
    sandbox.during_listing = lambda: sandbox["alicloud"].inventory.remove("www.example.com")
    first = send(acs3(sandbox, "DescribeUserDomains", {"PageNumber": "1"})).json()
    second = send(acs3(sandbox, "DescribeUserDomains", {"PageNumber": "2"})).json()
    assert first["Domains"]["PageData"][0]["DomainName"] == "www.example.com"
    assert (first["TotalCount"], second["TotalCount"]) == (58, 57)
    assert code(send(acs3(sandbox))) == "InvalidDomain.NotFound"
    new = replace(sandbox["alicloud"].inventory[".example.com"], domain_name="new.example.com")
    sandbox.during_listing = lambda: sandbox["alicloud"].inventory.add(new)
    pages = [send(acs3(sandbox, "DescribeUserDomains", {"PageNumber": page})).json() for page in ("1", "3")]
    assert [page["TotalCount"] for page in pages] == [57, 58]
    assert pages[1]["Domains"]["PageData"][-1]["DomainName"] == "new.example.com"
    sandbox.during_listing = lambda: sandbox["cdnetworks"].inventory.remove("100166")
    assert send(basic(sandbox)).status_code == 202
    response = send(basic(sandbox, f"{LIST}/100166"))
    assert (response.status_code, code(response)) == (404, "NoSuchSsl")
    assert response.headers["x-cnc-request-id"]


@pytest.mark.parametrize("action", ["DescribeCdnCertificateDetail", "GetUserCertificateDetail"])
def test_a_call_for_a_private_key_is_refused_and_recorded(
    sandbox: Sandbox,
    action: str,
) -> None:
    """The operations that return private keys answer with an error, and tests can see who called."""
    assert sandbox.forbidden == []
    assert send(acs3(sandbox, action)).status_code == 403
    assert send(basic(sandbox, "/api/ssl/content/100166/download")).status_code == 403
    assert [request.provider for request in sandbox.forbidden] == ["alicloud", "cdnetworks"]


def test_an_unknown_operation_is_not_found(sandbox: Sandbox) -> None:
    """An operation that does not exist, or not in that version, is an error."""
    assert code(send(acs3(sandbox, "DescribeNothing"))) == "InvalidAction.NotFound"
    old = acs3(sandbox, headers={"x-acs-version": "2014-11-11"})
    assert send(old).status_code == 404
    assert send(basic(sandbox, "/api/nothing")).status_code == 404


def test_the_same_seed_and_time_make_the_same_inventory() -> None:
    """The inventory depends on the seed and the time, and on nothing else."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    one, two, three = (
        Sandbox(alicloud={"size": 90}, cdnetworks={}, seed=seed, now=now) for seed in (1, 1, 2)
    )
    assert (
        list(one["alicloud"].inventory)
        == list(two["alicloud"].inventory)
        != list(three["alicloud"].inventory)
    )
    assert (
        list(one["cdnetworks"].inventory)
        == list(two["cdnetworks"].inventory)
        != list(three["cdnetworks"].inventory)
    )


def test_a_process_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """The command writes a configuration when it listens, can be controlled, and ends on SIGTERM."""
    config, ready = tmp_path / "config.json", tmp_path / "ready.json"
    arguments = ["--alicloud-size", "40", "--cdnetworks-limit", "10/3", "--latency", "5"]
    files = ["--config-file", str(config), "--ready-file", str(ready)]
    command = [sys.executable, "-m", "sandbox", *arguments, *files]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            urls = json.loads(process.stdout.readline())
            deadline = time.monotonic() + 60
            while not config.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert json.loads(ready.read_text()) == urls
            settings = json.loads(config.read_text())
            assert settings["alicloud"]["api_url"] == urls["alicloud"]
            assert settings["cdnetworks"]["api_key"] == "s3cr3t-cdnetworks"
            assert settings["cdnetworks"]["rate_limit_period"] == 3
            remote: Any = {name: SimpleNamespace(url=url) for name, url in urls.items()}
            control = urls["cdnetworks"] + "/_sandbox/"
            fault = {"kind": "html_502", "operation": INFO, "times": 1}
            assert requests.post(control + "faults", json=fault, timeout=30).status_code == 200
            assert requests.post(control + "faults", json={"kind": "typo"}, timeout=30).status_code == 400
            assert [send(acs3(remote)).status_code for _ in "12"] == [502, 200]
            assert requests.delete(control + "faults", timeout=30).status_code == 200
            statistics = requests.get(control + "statistics", timeout=30).json()
            assert statistics["operations"][INFO]["status"] == {"502": 1, "200": 1}
            assert len(requests.get(control + "requests", timeout=30).json()) == 2
            requests.post(control + "reset", timeout=30)
            assert requests.get(control + "statistics", timeout=30).json()["requests"] == 0
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


def test_only_the_provider_that_is_named_is_served() -> None:
    """Its address answers for the control, and there is no other; without a name there are all."""
    command = [sys.executable, "-m", "sandbox", "alicloud", "--unlimited"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            (url,) = json.loads(process.stdout.readline()).values()
            limits = requests.get(f"{url}/_sandbox/statistics", timeout=30).json()["limits"]
        finally:
            process.terminate()
    assert limits == {"alicloud": {}}
    assert Sandbox(cdnetworks={"size": 1}).config().keys() == {"cdnetworks"}
    assert tuple(Sandbox().config()) == PROVIDERS
    wrong = subprocess.run([*command, "typo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "there is no provider 'typo', but alicloud, cdnetworks" in wrong.stderr


@pytest.mark.parametrize(
    ("provider", "operation"),
    [(name, op) for name in PROVIDERS for op in load(name).lists + load(name).details],
)
def test_every_refusal_is_one_of_the_provider(provider: str, operation: str) -> None:
    """Each error by its meaning can be told as a fault, and each operation counts against a limit."""
    api = load(provider)
    for refusal in (*api.refusals.values(), api.throttled):
        fault = Fault("error", operation, **refusal)
        assert fault.options == refusal
    assert any(limit.counts(operation) for limit in api.limits.values())


def test_a_port_that_is_taken_is_an_error(sandbox: Sandbox) -> None:
    """A sandbox that cannot listen says so where it is entered."""
    port = int(sandbox["alicloud"].url.rpartition(":")[2])
    with (
        pytest.raises(OSError, match="address already in use"),
        Sandbox(alicloud={"size": 1, "port": port}),
    ):
        pass


def test_a_configuration_has_the_credentials_asked_for(sandbox: Sandbox) -> None:
    """The tap is configured with either kind of credentials, and with the sandbox's rate limits."""
    assert "security_token" not in sandbox.config()["alicloud"]
    settings = sandbox.config(alicloud="sts", cdnetworks="aksk")
    assert settings["alicloud"]["security_token"] == "s3cr3t-token"
    assert settings["cdnetworks"].keys() == {
        "access_key_id",
        "access_key_secret",
        "api_url",
        "products",
        "rate_limit_requests",
        "rate_limit_period",
    }
    alicloud = Sandbox(alicloud={"size": 1, "limit": (7, 2)}).config()["alicloud"]
    assert (alicloud["rate_limit_requests"], alicloud["rate_limit_period"]) == (7, 2)
