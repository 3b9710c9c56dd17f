"""What many accounts cost, stage by stage, against few: python -m benchmarks.scale."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.measure import ROOT, TAP, machine, run, sandbox
from benchmarks.table import line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.measure import Run

REPORT = str(Path(sys.executable).with_name("cdn-certs-report"))
TARGET = str(ROOT / ".meltano/loaders/target-duckdb/venv/bin/target-duckdb")
DBT = str(ROOT / ".meltano/utilities/dbt/venv/bin/dbt")

KEYS = {"alicloud": 1.0, "cdnetworks": 2 / 3}
"""The providers whose accounts there are, in turn, and how many keys in the sandbox make a domain."""

STAGES = ("tap", "target-duckdb, two syncs", "dbt build", "cdn-certs-report, all outputs")


class Size(NamedTuple):
    """So many accounts, each of so many domains."""

    accounts: int
    domains: int

    def __str__(self) -> str:
        return f"{self.accounts * self.domains:,} domains, {self.accounts} accounts"


class Measured(NamedTuple):
    """The runs of each stage, and the megabytes of what was written."""

    stages: Mapping[str, Sequence[Run]]
    files: Mapping[str, float]

    def cpu(self, stage: str) -> float:
        """The processors' seconds of a stage: they do not depend on what else the machine does."""
        return sum(each.cpu for each in self.stages[stage])

    def cells(self, stage: str) -> Iterator[str]:
        """The seconds and those of the processors of a stage, and the most memory that a run of it took."""
        yield f"{sum(each.seconds for each in self.stages[stage]):,.1f}"
        yield f"{self.cpu(stage):,.1f}"
        yield f"{max(each.peak for each in self.stages[stage]):,.0f}"


def measured(size: Size) -> Measured:
    """The way of the certificates of some accounts, from the providers to the report."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "certs.duckdb")
        tap, target = _loaded(size, Path(folder), database)
        dbt = _built(Path(folder), database)
        outputs = {form: Path(folder, f"report.{form}") for form in ("html", "csv", "ics", "json", "metrics")}
        arguments = [part for form, path in outputs.items() for part in (f"--{form}", str(path))]
        report = run((REPORT, str(database), *arguments))
        return Measured(
            dict(zip(STAGES, (tap, target, [dbt], [report]), strict=True)),
            {path.name: path.stat().st_size / 1e6 for path in (database, *outputs.values())},
        )


def _loaded(size: Size, folder: Path, database: Path) -> tuple[list[Run], list[Run]]:
    """Sync each account and load it twice, as of yesterday and of now; one is on the disk at a time."""
    settings = {"path": str(database), "default_target_schema": "cdn_certs"}
    tap, target = [], []
    for number in range(size.accounts):
        provider = [*KEYS][number % len(KEYS)]
        options = {f"{provider}_size": max(int(size.domains * KEYS[provider]), 1), "seed": number + 1}
        with sandbox(provider, **options, unlimited=True) as server:
            config = {provider: {**server.config[provider], "account": f"account {number}"}}
            tap.append(run(TAP, config, stdout=folder / "now"))
        _yesterday(folder / "now", folder / "yesterday")
        target += [run((TARGET, "--config"), settings, stdin=folder / day) for day in ("yesterday", "now")]
    return tap, target


def _yesterday(now: Path, yesterday: Path) -> None:
    """Write the messages of a sync as those of one that began a day before."""
    with now.open("rb") as messages, yesterday.open("wb") as written:
        for message in messages:
            if began := re.search(rb'"synced_at":"([^"]+)"', message):
                before = datetime.fromisoformat(began[1].decode()).astimezone(UTC) - timedelta(days=1)
                said = f"{before:%Y-%m-%dT%H:%M:%S.%fZ}".encode()
                written.write(message.replace(began[0], b'"synced_at":"' + said + b'"'))
            else:
                written.write(message)


def _built(folder: Path, database: Path) -> Run:
    project = str(ROOT / "transform")
    return run(
        (
            DBT,
            "build",
            "--exclude-resource-type",
            "unit_test",
            "--target",
            "duckdb",
            "--log-level-file",
            "none",
        ),
        CERTS_DUCKDB_PATH=str(database),
        DBT_PROJECT_DIR=project,
        DBT_PROFILES_DIR=project,
        DBT_TARGET_PATH=str(folder),
        DBT_SEND_ANONYMOUS_USAGE_STATS="false",
    )


def table(few: Size, many: Size) -> Iterator[str]:
    """The lines of a table: each stage of both, and how it grew against the domains."""
    times = many.accounts * many.domains / few.accounts / few.domains
    columns = ("CPU s", "peak MB")
    yield line("", *(each for size in (few, many) for each in (f"{size}: s", *columns)), "growth")
    yield line("---", *["---:"] * 7)
    one, other = measured(few), measured(many)
    for stage in STAGES:
        yield line(
            stage, *one.cells(stage), *other.cells(stage), grown(one.cpu(stage), other.cpu(stage), times)
        )
    for name, megabytes in other.files.items():
        before = one.files[name]
        cells = (f"{before:,.1f}", "", "", f"{megabytes:,.1f}", "", "")
        yield line(f"{name}, MB", *cells, grown(before, megabytes, times))


def grown(one: float, other: float, times: float) -> str:
    """How much more there is than in proportion: 1 is as the domains grow, more is worse."""
    return f"{other / one / times:.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser("python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--domains", type=int, default=5000, help="of an account (default: %(default)s)")
    parser.add_argument("--few", type=int, default=2, metavar="ACCOUNTS", help="default: %(default)s")
    parser.add_argument("--many", type=int, default=20, metavar="ACCOUNTS", help="default: %(default)s")
    options = parser.parse_args()
    # What was started ends with the benchmark.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"{machine()}; the sandbox runs on the same machine.\n")
    for row in table(Size(options.few, options.domains), Size(options.many, options.domains)):
        print(row, flush=True)


if __name__ == "__main__":
    main()
