"""Syncs the sandbox's accounts into output/certs.duckdb with Meltano, and shows what expires next."""  # noqa: INP001

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from sandbox import PROVIDERS, Sandbox
from sandbox.edge import Edge
from sandbox.providers import load

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
DATABASE = Path("output", "certs.duckdb")
REPORT = Path("output", "report.html")
LOG = Path("output", "demo.log")
ACCOUNT = "sandbox"


def main() -> None:
    """Run the job, and print the rows that it loaded and the certificates that expire next."""
    os.chdir(ROOT)
    DATABASE.parent.mkdir(exist_ok=True)
    refuse_others()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # The inventory is one of today's: a second run of the same day finds nothing new.
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    accounts = {provider: load(provider) for provider in PROVIDERS}
    *several, last = [f"{account.demo['size']} {account.holds}" for account in accounts.values()]
    say(f"The sandbox has {', '.join(several)} and {last}, and an edge that serves some of the domains.")
    own = {name: account.demo for name, account in accounts.items()}
    with Sandbox(now=today, **own) as sandbox, Edge(sandbox) as edge:
        say(f"Running the Meltano job certs: tap, DuckDB, dbt, report. Its log is {LOG}.")
        start = time.monotonic()
        run_job(environment({**sandbox.config(), "edge": edge.config()}))
        say(f"Done in {time.monotonic() - start:.0f} s.")
    say("")
    say(f"Rows in {DATABASE}:")
    with duckdb.connect(DATABASE, read_only=True) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'cdn_certs' order by 1"
        ).fetchall()
        width = max(26, *(len(table) + 1 for (table,) in tables))
        for (table,) in tables:
            counted = connection.execute(f'select count(*) from cdn_certs."{table}"').fetchone()  # noqa: S608
            say(f"  {table:<{width}}{counted[0] if counted else 0:>6}")
    say("")
    report = [sys.executable, "-m", "cdn_certs_report", str(DATABASE), "--limit", "15"]
    subprocess.run(report, check=True)  # noqa: S603
    say(f"The report is {REPORT}.")


def refuse_others() -> None:
    """End where the inventory has somebody's own accounts: made-up ones would stay in it."""
    if not DATABASE.exists():
        return
    others = "select account from cdn_certs.syncs where account <> ? limit 1"
    try:
        with duckdb.connect(DATABASE, read_only=True) as connection:
            found = connection.execute(others, [ACCOUNT]).fetchone()
    except duckdb.CatalogException:
        return
    except duckdb.IOException as error:
        # Another process has it open, or it is none: DuckDB says which.
        sys.exit(str(error))
    if found:
        sys.exit(f"{DATABASE} has other accounts than the demo's, such as {found[0]}: move it away before.")


def environment(config: Mapping[str, Any]) -> dict[str, str]:
    """The environment in which Meltano finds the tap's configuration, and nobody's else."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TAP_CDN_CERTS_", "TARGET_", "CDN_CERTS_", "CERTS_", "DBT_", "MELTANO_"))
    }
    settings = {
        f"TAP_CDN_CERTS_{provider}_{name}".upper(): value if isinstance(value, str) else json.dumps(value)
        for provider, values in config.items()
        for name, value in {**values, "account": ACCOUNT}.items()
    }
    return {**inherited, **settings, "MELTANO_PROJECT_ROOT": str(ROOT), "MELTANO_ENVIRONMENT": "demo"}


def run_job(variables: dict[str, str]) -> None:
    """Run the job, with its output in the log, and end with it whatever ends this."""
    command = [".venv-meltano/bin/meltano", "run", "certs"]
    with LOG.open("wb") as log:
        # A group of its own: the tap, the target and dbt are stopped with it.
        job = subprocess.Popen(  # noqa: S603
            command, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        try:
            code = job.wait()
        except BaseException:
            os.killpg(job.pid, signal.SIGTERM)
            try:
                job.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(job.pid, signal.SIGKILL)
                job.wait()
            raise
    if code:
        last = LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-30:]
        sys.exit("\n".join([*last, f"The job failed: all of its output is in {LOG}."]))


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
