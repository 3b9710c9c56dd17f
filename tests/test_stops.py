"""Stops, at any moment, and what the next sync makes of them."""

from __future__ import annotations

import fcntl
import json
import random
import re
import signal
import struct
import subprocess
import termios
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any

import pytest
from cases import read_streams
from hypothesis import given, settings
from hypothesis import strategies as st
from process import TAP, start_tap
from stopping import SOON, STOPS, assert_stopped
from watched import SECRETS, Watch, WatchedRun, catalog, check, run, start

from sandbox import Fault
from tap_cdn_certs.tap import STOP_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

DOMAINS = "DescribeUserDomains"
INFO = "DescribeDomainCertificateInfo"
LIST = "QueryCertificateList"
DETAIL = "QueryCertificate"

# What an interpreter that has not come to the tap's first line ends with: it knows no better.
NEVER_STARTED = {signal.SIGTERM: {-15}, signal.SIGINT: {-2, 1}}


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """A sandbox without limits that answers no faster than a network."""
    with Watch(alicloud={"size": 600}, cdnetworks={"size": 24}, latency=0.02) as sandbox:
        yield sandbox


def hold(sandbox: Watch) -> None:
    """Let the last domain's answer not come: a sync is never over before a slow test stops it."""
    sandbox.faults.add(Fault("timeout", INFO, sandbox["alicloud"].inventory.keys()[-1]))


def wait_for_handlers(process: subprocess.Popen[str]) -> None:
    """Wait until the tap's first line has run, after which the signals are its own."""
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace")
        caught = re.search(r"SigCgt:\s+(\w+)", status)
        if caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.001)


def wait_until_full(pipe: IO[str]) -> None:
    """Wait until a pipe that nobody reads takes nothing more."""
    held = [0]
    while held[-1] < 2**15 or len(set(held[-50:])) > 1:
        held.append(struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0])
        time.sleep(0.01)


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_at_a_random_moment_is_clean(sandbox: Watch, tmp_path: Path, number: signal.Signals) -> None:
    """From the program's first line to the last record: whole lines, the state, the code, no traceback."""
    rng = random.Random(int(number))
    stopped = 0
    # The imports, of which a forked tap has none, and what comes after them.
    moments = [(False, rng.uniform(0, 0.4)) for _ in range(5)] + [
        (True, rng.uniform(0, 0.8)) for _ in range(6)
    ]
    for forked, moment in moments:
        tap = start(sandbox, tmp_path, forked=forked)
        wait_for_handlers(tap.process)
        time.sleep(moment)
        tap.stop(number)
        result = tap.end(5)
        if result.returncode == 0:
            continue
        stopped += 1
        assert_stopped(result, number)
        if result.records["ssl_certificate"]:
            assert result.types[-1] == "STATE"
    assert stopped > 5


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_before_the_first_import_is_clean(
    sandbox: Watch, tmp_path: Path, number: signal.Signals
) -> None:
    """In the first milliseconds the interpreter ends the process: nothing is written."""
    for moment in (0.0, 0.01, 0.02, 0.04):
        began = time.monotonic()
        with start_tap(tmp_path, sandbox.config(), forked=False) as tap:
            time.sleep(moment)
            tap.send_signal(number)
            late = time.monotonic() - began > 0.1
            stdout, stderr = tap.communicate(timeout=60)
        if number == signal.SIGINT and tap.returncode == 0:
            assert_swallowed(sandbox, stdout, stderr)
        else:
            assert tap.returncode in {STOPS[number], *NEVER_STARTED[number]}
            assert late or not stdout


def test_an_interrupt_that_the_interpreter_swallows_stops_nothing(sandbox: Watch, tmp_path: Path) -> None:
    """Where it only says that it ignores the exception, before the tap's first line, the sync is whole."""
    (tmp_path / "sitecustomize.py").write_text(
        "import signal\n"
        "class Finalized:\n"
        "    def __del__(self):\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "Finalized()\n"
    )
    with start_tap(tmp_path, sandbox.config(), env={"PYTHONPATH": str(tmp_path)}) as tap:
        stdout, stderr = tap.communicate(timeout=60)
    assert tap.returncode == 0
    assert_swallowed(sandbox, stdout, stderr)


def assert_swallowed(sandbox: Watch, stdout: str, stderr: str) -> None:
    """The interpreter told of the interrupt before the tap told anything, and the sync is whole."""
    told, log = re.split(r"^(?=\d{4}-)", stderr, maxsplit=1, flags=re.MULTILINE)
    assert "KeyboardInterrupt" in told
    whole = WatchedRun(0, stdout, log)
    check(whole, {*SECRETS})
    assert whole.syncs.keys() == {stream.name for _, stream in read_streams(sandbox)}
    assert all(row["complete"] for row in whole.syncs.values())


@pytest.mark.parametrize("kind", ["reset_before", "html_502"])
def test_a_stop_while_another_attempt_is_awaited_is_prompt(sandbox: Watch, tmp_path: Path, kind: str) -> None:
    """The wait for another attempt does not delay it."""
    for operation in (DOMAINS, DETAIL):
        sandbox.faults.clear()
        sandbox.faults.add(Fault(kind, operation))
        sandbox.reset()
        tap = start(sandbox, tmp_path)
        while sandbox.count(operation) < 2:
            time.sleep(0.01)
            assert tap.process.poll() is None
        tap.stop(signal.SIGTERM)
        assert_stopped(tap.end(5), signal.SIGTERM)


def test_a_second_stop_changes_nothing(sandbox: Watch, tmp_path: Path) -> None:
    """An impatient one is as clean."""
    hold(sandbox)
    tap = start(sandbox, tmp_path)
    tap.wait_for('"certificate_info","record"')
    tap.stop(signal.SIGTERM)
    with suppress(ProcessLookupError):
        tap.process.send_signal(signal.SIGTERM)
    assert_stopped(tap.end(5), signal.SIGTERM)


@pytest.mark.parametrize("moment", ["writing", "waiting"])
def test_a_target_that_does_not_read_delays_no_stop(sandbox: Watch, tmp_path: Path, moment: str) -> None:
    """The pipe is full, whether the tap writes a record at that moment, or only its last state."""
    state: dict[str, Any] | None = None
    if moment == "waiting":
        # Larger than a pipe, and so written only if somebody reads.
        memory = {str(number): {"digest": "0" * 16} for number in range(5000)}
        state = {"bookmarks": {"other": {"certificates": memory}}}
        sandbox.faults.add(Fault("throttle", DOMAINS, hint="Retry-After", wait=900))
    tap = start_tap(tmp_path, sandbox.config(), state=state, env={"LOGLEVEL": "WARNING"})
    assert tap.stdout
    if moment == "waiting":
        # What it writes first is read; what it writes at the end is not.
        tap.stdout.readline()
        while not sandbox.count(DOMAINS):
            assert tap.poll() is None
            time.sleep(0.01)
    else:
        wait_until_full(tap.stdout)
    assert tap.poll() is None
    tap.send_signal(signal.SIGTERM)
    try:
        assert tap.wait(SOON) == 143
    finally:
        tap.kill()
    assert STOP_TIMEOUT < 2
    stdout, stderr = tap.communicate()
    assert "Traceback" not in stderr
    assert not any(secret in stdout + stderr for secret in SECRETS)
    # What was cut off has no end of line, and so no target takes it for a message.
    for line in stdout.split("\n")[:-1]:
        json.loads(line)


@settings(max_examples=8)
@given(st.lists(st.integers(min_value=0, max_value=11), min_size=1, max_size=3), st.sampled_from([*STOPS]))
def test_a_resumed_sync_repeats_no_certificate_and_misses_none(
    moments: list[int], number: signal.Signals
) -> None:
    """Stopped after any number of details, again and again: what was read once is not asked for again."""
    with (
        Watch(alicloud={"size": 1}, cdnetworks={"size": 12}, latency=0.01) as sandbox,
        TemporaryDirectory() as folder,
    ):
        config = {"cdnetworks": sandbox.config()["cdnetworks"]}
        state: dict[str, Any] | None = None
        asked = 0
        finished: set[str] = set()
        for moment in moments:
            # Alone: what it read ahead, while others are written, would be asked for again.
            alone = "--catalog", catalog(Path(folder), "ssl_certificate", "sync_errors", "syncs")
            tap = start(sandbox, Path(folder), *alone, config=config, state=state)
            lists = sandbox.count(LIST)
            while (sandbox.count(LIST) == lists or sandbox.count(DETAIL) < asked + moment) and (
                tap.process.poll() is None
            ):
                time.sleep(0.001)
            tap.stop(number)
            stopped = tap.end(5)
            if stopped.returncode != 0:
                assert_stopped(stopped, number)
            state = stopped.state or state
            requests = [request.key for request in sandbox.requests if request.operation == DETAIL]
            assert not finished & set(requests[asked:])
            remembered = (state or {}).get("bookmarks", {}).get("ssl_certificate", {}).get("certificates", {})
            # Nothing is forgotten, and all that was emitted is remembered.
            assert finished | stopped.by_key("ssl_certificate").keys() <= remembered.keys()
            # Only the answer that was under way is lost: a stop does not wait for it.
            assert len(requests) - asked - len(remembered.keys() - finished) <= 1
            asked, finished = len(requests), set(remembered)
        result = run(sandbox, Path(folder), config=config, state=state)
        assert result.returncode == 0
        requests = [request.key for request in sandbox.requests if request.operation == DETAIL]
        assert set(requests) == set(sandbox["cdnetworks"].inventory.keys())
        assert not finished & set(requests[asked:])
        certificates = result.by_key("ssl_certificate")
        assert certificates.keys() == set(requests)
        for certificate in sandbox["cdnetworks"].inventory:
            updated = certificates[certificate.certificate_id]["certificate_update_time"]
            expected = certificate.update_time
            assert updated == (expected and f"{expected:%Y-%m-%dT%H:%M:%SZ}")


def test_the_state_of_a_stop_remembers_the_limit(tmp_path: Path) -> None:
    """A resumed sync waits for the requests of the stopped one: the provider has nothing to refuse."""
    with Watch(alicloud={"size": 1}, cdnetworks={"size": 12, "limit": (4, 3)}) as sandbox:
        config = {"cdnetworks": sandbox.config()["cdnetworks"]}
        tap = start(sandbox, tmp_path, config=config)
        while sandbox.count(DETAIL) < 4:
            time.sleep(0.005)
        time.sleep(0.3)
        tap.stop(signal.SIGTERM)
        stopped = tap.end(5)
        assert_stopped(stopped, signal.SIGTERM)
        result = run(sandbox, tmp_path, config=config, state=stopped.state)
        assert result.returncode == 0
        assert sandbox.refused == 0
        assert sandbox.worst(DETAIL) <= 4


def test_a_target_that_takes_five_lines_ends_the_tap(sandbox: Watch, tmp_path: Path) -> None:
    """As in `tap-cdn-certs | head -5`."""
    with start_tap(tmp_path, sandbox.config()) as tap:
        assert tap.stdout
        assert tap.stderr
        lines = [tap.stdout.readline() for _ in range(5)]
        tap.stdout.close()
        stderr = tap.stderr.read()
        assert tap.wait(SOON) == 1
    assert all(json.loads(line) for line in lines)
    assert stderr.count("The target is gone") == 1
    assert "Traceback" not in stderr


def test_a_target_and_a_log_that_are_gone_end_the_tap(sandbox: Watch, tmp_path: Path) -> None:
    """Whatever started it was killed, with both of its pipes: it does not wait for anybody."""
    with start_tap(tmp_path, sandbox.config()) as tap:
        assert tap.stdout
        assert tap.stderr
        assert tap.stdout.readline()
        tap.stderr.close()
        tap.stdout.close()
        try:
            assert tap.wait(SOON) == 1
        finally:
            tap.kill()


def test_an_output_that_is_full_or_closed_is_said(sandbox: Watch, tmp_path: Path) -> None:
    """A disk without space and a closed stdout: a line, and not a traceback."""
    (tmp_path / "config.json").write_text(json.dumps(sandbox.config()))
    for redirection in (">/dev/full", ">&-"):
        ended = subprocess.run(
            ["sh", "-c", f'exec "$0" --config config.json {redirection}', TAP],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert ended.returncode == 1, redirection
        assert "Traceback" not in ended.stderr
        assert "The output cannot be written" in ended.stderr


def test_one_stream_alone_can_be_stopped_and_resumed(sandbox: Watch, tmp_path: Path) -> None:
    """With a catalog that selects `ssl_certificate`: the state of others that it was given is kept."""
    only = catalog(tmp_path, "ssl_certificate", "syncs")
    state = {"bookmarks": {"another": {"place": 1}}}
    sandbox.faults.add(Fault("throttle", DETAIL, "100194", hint="Retry-After", wait=900))
    tap = start(sandbox, tmp_path, "--catalog", only, state=state)
    tap.wait_for("Everything waits", "stderr")
    tap.stop(signal.SIGTERM)
    stopped = tap.end(5)
    assert_stopped(stopped, signal.SIGTERM)
    assert stopped.state
    assert stopped.state["bookmarks"]["another"] == {"place": 1}
    assert len(stopped.state["bookmarks"]["ssl_certificate"]["certificates"]) == len(
        stopped.records["ssl_certificate"]
    )


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_at_the_end_does_not_hide_how_it_ended(tmp_path: Path, number: signal.Signals) -> None:
    """When all is written, the signal is heard or comes too late; Python's own end is not ended by it."""
    with Watch(fastly={"size": 2}) as sandbox:
        for delay in range(8):
            tap = start(sandbox, tmp_path, forked=False)
            tap.wait_for('"stream":"syncs","record"')
            time.sleep(0.01 * delay)
            tap.stop(number)
            assert tap.end(5).returncode in {0, STOPS[number]}
