"""Runs what opens a DuckDB file once nobody else has it open: DuckDB itself fails at once where one writes.

The lock is on a file beside the database. The program inherits it, and the kernel frees it when that ends.
"""  # noqa: INP001

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn


def target_duckdb() -> NoReturn:
    """The executable `target-duckdb-in-turn`."""
    _run("target-duckdb", os.environ.get("TARGET_DUCKDB_PATH"))


def dbt() -> NoReturn:
    """The executable `dbt-in-turn`."""
    _run("dbt", os.environ.get("CERTS_DUCKDB_PATH"))


def report() -> NoReturn:
    """The executable `cdn-certs-report-in-turn`, which reads, so that nobody begins to write meanwhile."""
    _run("cdn-certs-report", os.environ.get("CDN_CERTS_REPORT_DATABASE"))


def _run(program: str, database: str | None) -> NoReturn:
    # A stop ends the wait, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    path = Path(database or f"{os.environ.get('MELTANO_PROJECT_ROOT', '.')}/output/certs.duckdb").resolve()
    # A report may be of another database; what there is no folder for, the program itself complains of.
    if "://" not in (database or "") and path.parent.is_dir():
        _wait(path, os.environ.get("MELTANO_EXTRACTOR_NAME") or program)
    os.execv(Path(sys.executable).with_name(program), [program, *sys.argv[1:]])  # noqa: S606 - no shell


def _wait(database: Path, name: str) -> None:
    """Takes the lock and leaves a name with it; where somebody else has it, says who."""
    try:
        lock = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        # Where it may not write, it cannot be in a writer's way, and the program says what else is wrong.
        return
    os.set_inheritable(lock, True)  # noqa: FBT003 - its only way
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 1000).decode() or "another process"
        sys.stderr.write(f"Waiting for {database}, which {holder} has open.\n")
        began = time.monotonic()
        fcntl.flock(lock, fcntl.LOCK_EX)
        sys.stderr.write(f"Waited {time.monotonic() - began:.0f} s.\n")
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{name} (process {os.getpid()})".encode(), 0)
