"""What makes a sync fast, by what it does and not by seconds: a strict provider has nothing to refuse."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import subprocess
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from process import TAP, Run, environment, run_tap

from sandbox import Sandbox
from tap_cdn_certs.api.rate_limit import OperationLimits, RateLimit
from tap_cdn_certs.streams import progress
from tap_cdn_certs.streams.progress import Counts, Progress

if TYPE_CHECKING:
    from pathlib import Path

DETAILS = {"alicloud": "DescribeDomainCertificateInfo", "cdnetworks": "QueryCertificate"}


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The connections that are opened to a sandbox of this process."""
    opened: list[object] = []
    made = web.RequestHandler.connection_made

    def connection_made(self: web.RequestHandler, transport: Any) -> None:
        opened.append(transport)
        made(self, transport)

    monkeypatch.setattr(web.RequestHandler, "connection_made", connection_made)
    return opened


def details(sandbox: Sandbox, provider: str) -> list[str]:
    """The keys whose details were asked for, in the order of the requests."""
    return [request.key for request in sandbox.requests if request.operation == DETAILS[provider]]


def sync(tmp_path: Path, sandbox: Sandbox, provider: str, state: Any = None, **settings: Any) -> Run:
    """A sync of one provider."""
    run = run_tap(tmp_path, {provider: sandbox.config()[provider] | settings}, state=state)
    assert run.returncode == 0, run.stderr
    return run


def test_nothing_is_refused_at_the_default_settings(tmp_path: Path, connections: list[object]) -> None:
    """A provider that enforces its limit refuses nothing, and is asked for each domain once."""
    with Sandbox(alicloud={"size": 450}, latency=0.15) as sandbox:
        names = sandbox["alicloud"].inventory.keys()
        config = sandbox.config()["alicloud"]
        # The defaults, which are the provider's limit.
        assert (config.pop("rate_limit_requests"), config.pop("rate_limit_period")) == (100, 1)
        run = run_tap(tmp_path, {"alicloud": config})
        assert run.returncode == 0, run.stderr
        assert sandbox.refused == 0
        assert sandbox.worst(DETAILS["alicloud"]) <= 100
        assert Counter(details(sandbox, "alicloud")) == Counter(names)
    assert [record["domain_name"] for record in run.records["certificate_info"]] == names
    assert len(connections) <= 32
    assert "max_connections" not in run.stderr


@pytest.mark.parametrize("most", [1, 5])
def test_opens_no_more_connections_than_it_may(tmp_path: Path, connections: list[object], most: int) -> None:
    """Connections are kept: there are never more than `max_connections`, for all streams together."""
    with Sandbox(alicloud={"size": 60, "limit": None}, latency=0.002) as sandbox:
        sync(tmp_path, sandbox, "alicloud", max_connections=most)
    assert len(connections) <= most


def test_output_does_not_grow_but_by_records(tmp_path: Path) -> None:
    """A sync of many domains has as many SCHEMA and STATE messages as one of few."""
    counts = []
    for domains in (20, 400):
        with Sandbox(alicloud={"size": domains, "limit": None}) as sandbox:
            run = sync(tmp_path, sandbox, "alicloud")
        assert len(run.records["certificate_info"]) == domains
        counts.append({kind: count for kind, count in Counter(run.types).items() if kind != "RECORD"})
        assert len(json.dumps(run.state)) < 1000
    assert counts[0] == counts[1]


def test_says_when_the_connections_hold_it_back(tmp_path: Path) -> None:
    """Where the latency is high for the connections, the log says so, and how many it would take."""
    with Sandbox(alicloud={"size": 40}, latency=0.1) as sandbox:
        run = sync(tmp_path, sandbox, "alicloud", max_connections=2)
    advice = re.search(
        r"max_connections \(2\) held .* back, .* at (\d+) ms an answer, (\d+) would", run.stderr
    )
    assert advice, run.stderr
    latency, enough = map(int, advice.groups())
    assert 100 <= latency <= 200
    assert latency / 1000 * 95 <= enough <= latency / 1000 * 100 + 2


@pytest.mark.parametrize("remembered", [True, False])
def test_a_sync_right_after_another_is_refused_once_at_most(tmp_path: Path, *, remembered: bool) -> None:
    """The state says which calls still count; without it, one refusal is enough to wait properly."""
    with Sandbox(cdnetworks={"size": 10, "limit": (10, 3)}) as sandbox:
        first = sync(tmp_path, sandbox, "cdnetworks")
        assert sandbox.refused == 0
        for certificate in sandbox["cdnetworks"].inventory:
            sandbox["cdnetworks"].rotate(certificate.certificate_id)
        second = sync(tmp_path, sandbox, "cdnetworks", first.state if remembered else None)
        assert sandbox.refused <= (0 if remembered else 1)
        assert len(details(sandbox, "cdnetworks")) == 20 + sandbox.refused
    assert len(second.records["ssl_certificate"]) == 10


def test_unchanged_certificates_cost_no_request(tmp_path: Path) -> None:
    """The list is one request; a detail is asked for only where the list has changed."""
    with Sandbox(cdnetworks={"size": 12, "limit": None}) as sandbox:
        first = sync(tmp_path, sandbox, "cdnetworks")
        sandbox.reset()
        changed = next(iter(sandbox["cdnetworks"].inventory)).certificate_id
        sandbox["cdnetworks"].rotate(changed)
        second = sync(tmp_path, sandbox, "cdnetworks", first.state)
        assert details(sandbox, "cdnetworks") == [changed]
        assert len(sandbox.requests) == 2
    assert len(second.records["ssl_certificate"]) == 12


def test_progress_is_logged_while_it_waits(tmp_path: Path) -> None:
    """Without a terminal there is a line in the log about every 10 s, also while the limit is waited for."""
    with Sandbox(cdnetworks={"size": 3, "limit": (2, 12)}) as sandbox:
        run = sync(tmp_path, sandbox, "cdnetworks")
    lines = [line for line in run.stderr.splitlines() if " of 3, " in line]
    assert len(lines) == 1, run.stderr
    assert re.search(r"ssl_certificate: 2 of 3, 0\.\d/s, \d+ s left, waits [12] s for the limit", lines[0])
    assert "\r" not in run.stderr
    assert set(run.types) <= {"SCHEMA", "RECORD", "STATE"}


def test_a_terminal_shows_a_live_line(tmp_path: Path) -> None:
    """On a terminal a line for each stream shows how far it is; it is not written anywhere else."""
    with Sandbox(alicloud={"size": 60}, latency=0.02) as sandbox:
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"alicloud": sandbox.config()["alicloud"]}))
        terminal, stderr = pty.openpty()
        shown = bytearray()

        def read() -> None:
            # The end of a terminal is an error.
            try:
                while chunk := os.read(terminal, 2**16):
                    shown.extend(chunk)
            except OSError:
                pass

        reader = threading.Thread(target=read)
        reader.start()
        with subprocess.Popen(
            [TAP, "--config", path], stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment()
        ) as tap:
            os.close(stderr)
            stdout, _ = tap.communicate(timeout=60)
        reader.join(10)
        os.close(terminal)
    assert tap.returncode == 0
    live = [line for line in re.split(r"[\r\n]", shown.decode()) if line.startswith("certificate_info: ")]
    assert any(re.search(r"\d+%.*\d+/60 \[.*/s", line) for line in live), live
    assert len(Run(0, stdout, "").records["certificate_info"]) == 60
    assert "\r" not in stdout


def test_progress_says_how_far_it_is(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line has what is done, the total, the rate, the time left, and a wait that somebody would notice."""
    counts = Counts()
    with caplog.at_level(logging.INFO, "tap-cdn-certs"), Progress("certificate_info", counts) as shown:
        shown.update()
        assert not caplog.records
        monkeypatch.setattr(progress, "LOG_INTERVAL", 0.0)
        counts.read = 2000
        shown.update()
        assert re.search(r"certificate_info: 2,000 so far, [\d.]+/s$", caplog.text.strip())
        shown.total = 4000
        counts.failed = 1
        assert re.fullmatch(r"certificate_info: 2,001 of 4,000, [\d.]+/s, \d+ s left", str(shown))
        shown.limit = OperationLimits([RateLimit(10, 300)], threading.Event())
        shown.limit.waits_until = shown._started + 3600
        assert str(shown).endswith(" left, waits 1 h 0 min for the limit")
