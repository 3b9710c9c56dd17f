"""What hosts serve, asked by the tap and by the usual ways."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from subprocess import Popen
from typing import TYPE_CHECKING, Any

from benchmarks.measure import ROOT, TAP, run
from benchmarks.table import line

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = ("", "goal", "tap-cdn-certs", "loop with ssl", "64 threads with ssl")
USUAL = (sys.executable, "-m", "benchmarks.edge_usual")


@contextmanager
def server() -> Iterator[dict[str, Any]]:
    """The settings of a server, in a process of its own, whose handshakes take 100 ms."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.edge_server", folder]
        with Popen(command, cwd=ROOT) as process:
            try:
                while not (port := Path(folder, "port")).exists():
                    if process.poll() is not None:
                        sys.exit("The server did not start.")
                    time.sleep(0.05)
                ca_bundle = str(Path(folder, "root.pem"))
                yield {"connect_to": f"127.0.0.1:{port.read_text()}", "ca_bundle": ca_bundle}
            finally:
                process.terminate()


def edge(runs: int, hosts: int, slow_hosts: int, many_hosts: int) -> Iterator[str]:
    """Hosts whose handshakes take 100 ms, over the whole process."""
    with server() as settings:

        def settings_of(count: int) -> dict[str, Any]:
            return {**settings, "domains": [f"h{number}.example.com" for number in range(count)]}

        tap = [run(TAP, {"edge": settings_of(hosts)}) for _ in range(runs)]
        loop = [run((*USUAL, "1"), settings_of(slow_hosts)) for _ in range(runs)]
        threads = [run((*USUAL, "64"), settings_of(hosts)) for _ in range(runs)]
        many = run(TAP, {"edge": settings_of(many_hosts)})
    seconds = [median(each.seconds for each in way) for way in (tap, loop, threads)]
    rates = [count / each for count, each in zip((hosts, slow_hosts, hosts), seconds, strict=True)]
    costs = [median(each.cpu for each in way) for way in (tap, loop, threads)]
    each = [1000 * cost / count for cost, count in zip(costs, (hosts, slow_hosts, hosts), strict=True)]
    peak = median(each.peak for each in tap)
    yield row(f"{hosts:,} hosts (loop: {slow_hosts}), 100 ms a handshake: seconds", "< 4", *seconds)
    yield row("… hosts/s", "", *rates, decimals=0)
    yield row("… ms of CPU per host, start-up included", "", *each, decimals=2)
    yield row(f"Peak memory at {many_hosts:,} hosts, MB", "< 150", many.peak, decimals=0)
    yield row(f"… / at {hosts:,}", "≤ 1.3", many.peak / peak, decimals=2)


def row(what: str, goal: str, *values: float, decimals: int = 1) -> str:
    """A line of the table: of the tap, and of the others where they are measured."""
    cells = [f"{value:,.{decimals}f}" for value in values]
    return line(what, goal, *cells, *[""] * (len(HEADER) - 2 - len(cells)))
