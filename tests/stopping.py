"""What a stop has to leave behind, and stopping what tests have started."""

from __future__ import annotations

import json
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watched import WatchedRun

STOPS = {signal.SIGTERM: 143, signal.SIGINT: 130}
# The two seconds that are promised, and as many for a machine that has other work.
SOON = 4.0


def assert_stopped(run: WatchedRun, number: signal.Signals) -> None:
    """The exit code says which signal it was, soon after it; nothing is complete that is not."""
    assert run.returncode == STOPS[number]
    assert run.seconds < SOON
    assert not run.stdout or json.loads(run.stdout.splitlines()[-1])
    for row in run.records["syncs"]:
        # Only a stop after everything was read can leave one; `check` has compared it with the records.
        assert row["complete"]


@contextmanager
def ended(server: subprocess.Popen[bytes]) -> Iterator[None]:
    """A server is interrupted after its use, and killed if that is not enough."""
    try:
        yield
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
