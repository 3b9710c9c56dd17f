"""Stops while each provider is asked, and what the next sync makes of them."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from cases import (
    APIS,
    EACH_DETAIL,
    EACH_OPERATION,
    assert_everything_arrived,
    only,
    stream_of,
)
from process import start_tap
from stopping import SOON, STOPS, assert_stopped
from watched import run, start

from sandbox import Fault

if TYPE_CHECKING:
    from pathlib import Path


def forever(provider: str, operation: str, kind: str, key: str | None = None) -> Fault:
    """A fault for which the tap waits a quarter of an hour, or an answer that does not come."""
    return Fault(kind, operation, key, hint=next(iter(APIS[provider].hints)), wait=900)


@EACH_OPERATION
@pytest.mark.parametrize(
    ("kind", "number"), [("throttle", number) for number in STOPS] + [("timeout", signal.SIGTERM)]
)
def test_a_stop_while_it_waits_is_prompt(
    tmp_path: Path, provider: str, operation: str, kind: str, number: signal.Signals
) -> None:
    """For the limit, or for an answer, of a list or of details."""
    with only(provider, 20) as sandbox:
        sandbox.faults.add(forever(provider, operation, kind))
        tap = start(sandbox, tmp_path)
        if kind == "throttle":
            tap.wait_for("Everything waits", "stderr")
        while not sandbox.count(operation):
            time.sleep(0.005)
            assert tap.process.poll() is None
        tap.stop(number)
        assert_stopped(tap.end(5), number)


@EACH_OPERATION
@pytest.mark.parametrize("kind", ["throttle", "timeout"])
def test_a_target_that_goes_away_ends_a_wait(
    tmp_path: Path, provider: str, operation: str, kind: str
) -> None:
    """A wait for the limit, or for an answer, is not waited out for nobody."""
    with only(provider, 20) as sandbox:
        sandbox.faults.add(forever(provider, operation, kind))
        with start_tap(tmp_path, sandbox.config(), env={"LOGLEVEL": "WARNING"}) as tap:
            assert tap.stdout
            assert tap.stderr
            os.set_blocking(tap.stdout.fileno(), False)
            while not sandbox.count(operation):
                assert tap.poll() is None
                time.sleep(0.01)
                with suppress(BlockingIOError):
                    os.read(tap.stdout.fileno(), 2**20)
            time.sleep(0.1)
            tap.stdout.close()
            assert tap.wait(SOON) == 1
            stderr = tap.stderr.read()
    assert stderr.count("The target is gone") == 1
    assert "Traceback" not in stderr


@EACH_DETAIL
@pytest.mark.parametrize("number", STOPS)
def test_a_stopped_sync_is_not_complete_and_the_next_one_is(
    tmp_path: Path, provider: str, operation: str, number: signal.Signals
) -> None:
    """Nothing that a stopped run wrote says that it read everything."""
    stream = stream_of(provider, operation).name
    with only(provider, 40) as sandbox:
        # A sync is never over before a slow test stops it.
        sandbox.faults.add(forever(provider, operation, "timeout", sandbox[provider].keys(operation)[-1]))
        tap = start(sandbox, tmp_path)
        tap.wait_for(f'"{stream}","record"')
        tap.stop(number)
        stopped = tap.end(5)
        assert_stopped(stopped, number)
        assert not stopped.records["syncs"]
        assert stopped.records[stream]
        sandbox.faults.clear()
        assert_everything_arrived(sandbox, run(sandbox, tmp_path, state=stopped.state))
