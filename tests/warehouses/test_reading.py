"""The report on BigQuery and Snowflake, as emulators play them, by the dialects that the extras bring."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from emulators import NOWHERE, ROOT, program
from reported import DDL, load, models
from reported import NOW as LATER
from warehouses import NOW

from cdn_certs_report.__main__ import main

if TYPE_CHECKING:
    from emulators import Emulator
    from warehouses import Warehouse

    Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module", params=["bigquery", "snowflake"])
def emulator(request: pytest.FixtureRequest) -> Emulator:
    """A warehouse, with tables of hostile rows in a schema of another name than the models' usual one."""
    started: Emulator = request.getfixturevalue(f"{request.param}_emulator")
    types = {name: [each.split(maxsplit=1) for each in ddl.split(",")] for name, ddl in DDL.items()}
    rows = {
        name: [{**dict.fromkeys(column for column, _ in types[name]), **row} for row in each]
        for name, each in models().items()
    }
    tables = {name: (types[name], rows[name]) for name in DDL}
    asked = {"url": url(started), "schema": "acme_marts", "tables": tables}
    script = str(Path(__file__).with_name("fill.py"))
    filled = python(started, script, stdin=json.dumps(asked, default=datetime.isoformat))
    assert filled.returncode == 0, filled.stderr
    return started


def url(emulator: Emulator, namespace: str = "", **changed: str) -> str:
    """The URL of a warehouse, perhaps with the dataset or schema that it may end with."""
    own = {name: str(value) for name, value in emulator.connection.items()} | changed
    if emulator.kind == "bigquery":
        return f"bigquery://{own['project']}{namespace}?credentials_path={own['keyfile']}"
    login = f"{own['user']}:{own['password']}@{own['host']}:{own['port']}"
    at = f"account={own['account']}&protocol={own['protocol']}"
    return f"snowflake://{login}/{own['database']}{namespace}?{at}"


def python(emulator: Emulator, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs Python in the environment that has the dialect, with the report; a warning is an error."""
    return subprocess.run(
        [program(emulator.kind, "python"), "-W", "error::UserWarning", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=emulator.folder,
        env={**os.environ, **NOWHERE, **emulator.variables, "PYTHONPATH": str(ROOT)},
    )


def assert_same(emulator: Emulator, namespace: str, database: str, now: str, capfd: Captured) -> None:
    """The document of a warehouse is that of a DuckDB file, field by field, and so is what is said."""
    options = ("--json", "-", "--now", now)
    assert main([database, *options]) == 0
    expected = capfd.readouterr()
    found = python(emulator, "-m", "cdn_certs_report", url(emulator, namespace), *options)
    assert (found.returncode, found.stderr) == (0, expected.err)
    assert json.loads(found.stdout) == json.loads(expected.out)


def test_reads_hostile_rows_as_from_duckdb(emulator: Emulator, tmp_path: Path, capfd: Captured) -> None:
    """Null times, odd characters and unknown ends are the same; the schema is the one that the URL names."""
    path = tmp_path / "certs.duckdb"
    load(f"duckdb:///{path}", models())
    assert_same(emulator, "/acme_marts", str(path), LATER.isoformat(), capfd)


@pytest.mark.parametrize("kind", ["bigquery", "snowflake"])
def test_reads_what_dbt_built_as_from_duckdb(
    kind: str, duckdb_built: Warehouse, capfd: Captured, request: pytest.FixtureRequest
) -> None:
    """The models are found by themselves, and the report of them is DuckDB's."""
    built: Emulator = request.getfixturevalue(f"{kind}_built")
    assert_same(built, "", duckdb_built.variables["CERTS_DUCKDB_PATH"], NOW, capfd)


def test_says_why_it_cannot_be_read(emulator: Emulator) -> None:
    """A schema, or a login, that is not there is a line, which holds no secret."""
    missing = python(emulator, "-m", "cdn_certs_report", url(emulator), "--schema", "elsewhere")
    login = {"keyfile": "/s3cr3t-is-no-file.json"} if emulator.kind == "bigquery" else {"port": "9"}
    refused = python(emulator, "-m", "cdn_certs_report", url(emulator, **login))
    for run in (missing, refused):
        assert (run.returncode, run.stdout, run.stderr.count("\n")) == (1, "", 1), run.stderr
        assert f"{emulator.kind}://" in run.stderr
        assert ":s3cr3t" not in run.stderr
    assert 'The models are not in schema "elsewhere"' in missing.stderr
