"""Measure the tap against the sandbox, beside the usual ways to read the same API: python -m benchmarks."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.edge import HEADER as EDGE_HEADER
from benchmarks.edge import edge
from benchmarks.measure import PARENT_CHILD, PROVIDER_SDK, TAP, Run, first_version, machine, run, sandbox
from benchmarks.table import Row, line
from sandbox.providers import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sandbox.limits import Limit

HEADER = (
    "",
    "goal",
    "tap-cdn-certs",
    "SDK parent/child",
    "ratio",
    "provider's SDK, 32 threads",
    "the tap's first version",
)


class Size(NamedTuple):
    """How much is measured, and how often."""

    runs: int
    domains: int  # under the provider's limit
    slow_domains: int  # of what makes one request after another
    fast_domains: int  # without a limit
    small: int
    large: int
    period: float
    hosts: int
    slow_hosts: int  # one after another
    many_hosts: int


FULL = Size(3, 3000, 100, 3000, 2000, 100_000, 6, 1000, 50, 10_000)
QUICK = Size(1, 300, 20, 1000, 500, 3000, 3, 1000, 20, 2000)


def at_the_limit(size: Size) -> Iterator[Row]:
    """Alibaba Cloud with its limit enforced."""
    with sandbox("alicloud", alicloud_size=size.domains, latency=150) as server:
        tap = [server.run(TAP, "alicloud") for _ in range(size.runs)]
    with sandbox("alicloud", alicloud_size=min(size.domains, 1000), latency=150) as server:
        sdk = [server.run(PROVIDER_SDK, "alicloud") for _ in range(size.runs)]
    with sandbox("alicloud", alicloud_size=size.slow_domains, latency=150) as server:
        child = [server.run(PARENT_CHILD, "alicloud") for _ in range(size.runs)]
    what = "Alibaba Cloud, 150 ms latency, 100 calls/s: domains/s"
    yield Row(what, "≥ 95", rate(tap), rate(child), rate(sdk))
    yield Row(
        "… over the whole process, start-up and lists included", "", whole(tap), whole(child), whole(sdk)
    )
    yield Row("… refused requests", "0", worst(tap), worst(child), of(sdk, "refused"), 0, ratio=False)
    with sandbox("alicloud", alicloud_size=size.domains, latency=400) as server:
        tap = [server.run(TAP, "alicloud", max_connections=64) for _ in range(size.runs)]
    yield Row("Alibaba Cloud, 400 ms latency, `max_connections` 64: domains/s", "≥ 95", rate(tap))
    yield Row("… refused requests", "0", worst(tap), decimals=0)


def at_once(size: Size) -> Iterator[Row]:
    """The whole process, of one provider and of two side by side, beside the tap's first version."""
    period, certificates = size.domains / 500, 50
    options = {
        "alicloud_size": size.domains,
        "cdnetworks_size": certificates,
        "cdnetworks_limit": f"10/{period}",
        "latency": 150,
    }
    with sandbox("alicloud", "cdnetworks", **options) as server, first_version() as first:
        taps = (TAP, first) if first else (TAP,)
        alone = [[server.run(tap, "alicloud") for _ in range(size.runs)] for tap in taps]
        other = [of([server.run(tap, "cdnetworks")], "seconds") for tap in taps]
        both = [[server.run_all(tap) for _ in range(size.runs)] for tap in taps]
        waits = [max(server.first_records(tap).values()) for tap in taps]
    seconds = [of(runs, "seconds") for runs in alone]
    slower = [max(pair) for pair in zip(seconds, other, strict=True)]

    def row(what: str, goal: str, values: list[float], decimals: int = 2) -> Row:
        return Row(what, goal, values[0], first_version=dict(enumerate(values)).get(1), decimals=decimals)

    least = size.domains / 100
    what = f"Alibaba Cloud, {size.domains:,} domains, 150 ms: whole process / least time"
    yield row(what, "≤ 1.06", [value / least for value in seconds])
    yield row("… refused requests", "0", [float(worst(runs)) for runs in alone], 0)
    what = f"… with {certificates} details of CDNetworks beside: time / the slower one alone"
    ratios = [of(runs, "seconds") / value for runs, value in zip(both, slower, strict=True)]
    yield row(what, "≤ 1.1", ratios)
    yield row("… until the first record of each provider, s", "≤ 3", waits, 1)
    yield row("… peak memory, MB", "", [of(runs, "peak") for runs in both], 0)


def cdnetworks(size: Size) -> Iterator[Row]:
    """CDNetworks with its limit enforced, in a period that is shorter than the provider's."""
    for certificates in (24, 30):
        least = (certificates - 1) // 10 * size.period
        options = {"cdnetworks_size": certificates, "cdnetworks_limit": f"10/{size.period}", "latency": 5}
        with sandbox("cdnetworks", **options) as server:
            tap = [server.run(TAP, "cdnetworks") for _ in range(size.runs)]
            what = f"CDNetworks, {certificates} details, 10 calls in {size.period:g} s: time / least possible"
            yield Row(what, "≤ 1.05", of(tap, "span") / least, decimals=3)
            yield Row("… refused requests", "0", worst(tap), decimals=0)
    refused = []
    with sandbox("cdnetworks", cdnetworks_size=10, cdnetworks_limit=f"10/{size.period}") as server:
        first = server.run(TAP, "cdnetworks")
        # The calls that count, but none of the certificates: all are asked for again.
        calls = first.state["bookmarks"]["ssl_certificate"]["calls"]
        for state in ({"bookmarks": {"ssl_certificate": {"calls": calls}}}, None):
            config = {"cdnetworks": server.config["cdnetworks"]}
            before = server.seen(first, "cdnetworks").refused
            refused.append(server.seen(run(TAP, config, state), "cdnetworks").refused - before)
    yield Row(
        "… refused requests of a sync that starts right after another, with its state",
        "0",
        refused[0],
        decimals=0,
    )
    yield Row("… and without", "≤ 1", refused[1], decimals=0)


def aws(size: Size) -> Iterator[Row]:
    """An account of 500 distributions with 200 certificates, within the limits of each service."""
    ratios, refused = [], []
    options = json.dumps({"aws": {"distributions": 500}})
    with sandbox("aws", aws_size=200, options=options, latency=50) as server:
        for _ in range(size.runs):
            first = server.run(TAP, "aws")
            seen = server.operations()
            span = max(each["last"] for each in seen.values()) - min(each["first"] for each in seen.values())
            ratios.append(span / least(load("aws").limits.values(), seen))
            refused.append(sum(each["refused"] for each in seen.values()))
        server.reset()
        run(TAP, {"aws": server.config["aws"]}, first.state)
        again = sum(each["requests"] for each in server.operations().values())
    yield Row(
        "AWS, 500 distributions, 200 certificates: time / least possible", "≤ 1.1", median(ratios), decimals=3
    )
    yield Row("… refused requests", "0", max(refused), decimals=0)
    yield Row("… requests of the next sync", "≤ 12", again, decimals=0)


def without_limit(size: Size) -> Iterator[Row]:
    """No limit: what the processor allows."""
    with sandbox("alicloud", alicloud_size=size.fast_domains, latency=5, unlimited=True) as server:
        tap = [server.run(TAP, "alicloud") for _ in range(size.runs)]
        sdk = [server.run(PROVIDER_SDK, "alicloud") for _ in range(size.runs)]
    with sandbox("alicloud", alicloud_size=size.small // 2, latency=5, unlimited=True) as server:
        child = [server.run(PARENT_CHILD, "alicloud") for _ in range(size.runs)]
    yield Row(
        "Alibaba Cloud, 5 ms latency, no limit: domains/s", "≥ 450", rate(tap), rate(child), rate(sdk), 0
    )
    what = "… ms of CPU per domain, start-up included"
    yield Row(what, "", cpu(tap), cpu(child), cpu(sdk), 2)


def growth(size: Size) -> Iterator[Row]:
    """What a sync of many domains needs, against one of few."""
    measured: list[Run] = []
    for command, domains, runs in (
        (TAP, size.small, size.runs),
        (TAP, size.large, 1),
        (PARENT_CHILD, size.small // 4, size.runs),
        (PARENT_CHILD, size.small, 1),
    ):
        with sandbox("alicloud", alicloud_size=domains, unlimited=True) as server:
            each = sorted((server.run(command, "alicloud") for _ in range(runs)), key=lambda run: run.span)
            measured.append(each[len(each) // 2])
    small, large, small_child, large_child = measured
    sizes = f"{size.large:,} domains (parent/child: {size.small:,})"
    yield Row(f"Peak memory at {sizes}, MB", "< 150", large.peak, large_child.peak, decimals=0)
    fewer = f"at {size.small:,} (parent/child: {size.small // 4:,})"
    yield Row(
        f"… / {fewer}",
        "≤ 1.3",
        large.peak / small.peak,
        large_child.peak / small_child.peak,
        decimals=2,
        ratio=False,
    )
    times = [large.rate, small.rate, large_child.rate, small_child.rate]
    yield Row(
        f"Time per domain, / {fewer}",
        "≤ 1.1",
        times[1] / times[0],
        times[3] / times[2],
        decimals=2,
        ratio=False,
    )
    yield Row("STATE messages", "", large.states, large_child.states, decimals=0)
    yield Row("SCHEMA messages", "", large.schemas, large_child.schemas, decimals=0)


def start_up(size: Size) -> Iterator[Row]:
    """How long it takes until anything happens."""
    version, imported = [], []
    for _ in range(5 * size.runs):
        version.append(run((TAP[0], "--version")))
        imported.append(run((sys.executable, "-c", "import singer_sdk")))
    ratio = of(version, "seconds") / of(imported, "seconds")
    yield Row("`--version` / `python -c 'import singer_sdk'`", "≤ 1.3", ratio, decimals=2)


def least(limits: Iterable[Limit], seen: Mapping[str, Mapping[str, float]]) -> float:
    """The seconds that the calls of some operations take at least, within the limits of each."""
    seconds = []
    for limit in limits:
        calls = [each["requests"] for operation, each in seen.items() if limit.counts(operation)]
        # The last of them waits for so many periods.
        seconds += [
            (most - 1) // limit.requests * limit.seconds for most in (calls if limit.each else [sum(calls)])
        ]
    return max(seconds)


def of(runs: list[Run], name: str) -> float:
    """The median of what several runs measured."""
    return float(median(getattr(run, name) for run in runs))


def rate(runs: list[Run]) -> float:
    """The median rate of several runs, between the first and the last detail request."""
    return of(runs, "rate")


def whole(runs: list[Run]) -> float:
    """The median rate of several runs, over the whole process."""
    return median((run.details - run.refused) / run.seconds for run in runs)


def cpu(runs: list[Run]) -> float:
    """The median of what a domain costs, in milliseconds."""
    return median(1000 * run.cpu / (run.details - run.refused) for run in runs)


def worst(runs: list[Run]) -> int:
    """The most requests of a run that were refused: the tap's should not be, in any."""
    return max(run.refused for run in runs)


def main() -> None:
    """Prints two tables, line by line as they are measured."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, once: within a minute")
    # What was started ends with the benchmark.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    size = QUICK if parser.parse_args().quick else FULL
    print(f"{machine()}. Medians of {size.runs}; the sandbox runs on the same machine.\n")
    print(line(*HEADER))
    print(line("---", *["---:"] * (len(HEADER) - 1)))
    parts: tuple[Callable[[Size], Iterator[Row]], ...] = (
        at_the_limit,
        at_once,
        cdnetworks,
        aws,
        without_limit,
        growth,
        start_up,
    )
    for part in parts:
        for row in part(size):
            print(row, flush=True)
    print()
    print(line(*EDGE_HEADER))
    print(line("---", *["---:"] * (len(EDGE_HEADER) - 1)))
    for written in edge(size.runs, size.hosts, size.slow_hosts, size.many_hosts):
        print(written, flush=True)


if __name__ == "__main__":
    main()
