"""The whole way: Meltano runs the tap into a warehouse, which then holds what the providers hold."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg
import pytest
import yaml
from cases import APIS, streams
from image import read_only
from process import KEYS, run_tap
from psycopg.conninfo import conninfo_to_dict

from sandbox import Fault, Sandbox
from sandbox.edge import Edge
from sandbox.limits import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Rows = dict[str, list[dict[str, Any]]]

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "meltano.yml").read_text())
SCHEMAS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text())["properties"] for path in (ROOT / "schemas").glob("*.json")
}
DAILY = ROOT / "scripts" / "daily"
WAREHOUSES = ("duckdb", "postgres")
APPENDED = {"sync_errors", "syncs"}
# On these, two runs of the tap do not agree.
OF_A_RUN = {"synced_at", "started_at", "ended_at", "answered_at", "occurred_at", "request_id"}
# DuckDB and PostgreSQL understand it.
TABLES = "select table_name from information_schema.tables where table_schema = '{}'"


@dataclass
class Load:
    """What a warehouse holds after a run of Meltano, and what the run cost."""

    rows: Rows
    models: Rows
    details: int
    log: str


def read_duckdb(path: str, schema: str) -> Rows:
    """The rows of each table of a schema."""
    with duckdb.connect(path, read_only=True) as connection:
        tables = connection.execute(TABLES.format(schema)).fetchall()
        return {name: rows(connection.execute(f'from {schema}."{name}"')) for (name,) in tables}


def read_postgres(url: str, schema: str) -> Rows:
    """The rows of each table of a schema."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(TABLES.format(schema).encode()).fetchall()
        return {name: rows(connection.execute(f'table {schema}."{name}"'.encode())) for (name,) in tables}


def rows(cursor: Any) -> list[dict[str, Any]]:
    """What a query gave, by its columns' names."""
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def plain(value: Any, schema: Mapping[str, Any]) -> Any:
    """A value of a warehouse or of the tap: times in UTC, days as they are written, lists as lists."""
    if value is not None and schema.get("format") == "date-time":
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    if value is not None and schema.get("format") == "date":
        return str(value)
    if isinstance(value, str) and "array" in schema["type"]:
        return json.loads(value)
    return value


def records(tables: Mapping[str, list[dict[str, Any]]], *, but: set[str] = OF_A_RUN) -> Rows:
    """The streams' records, by what two runs agree on, in an order that does not depend on the warehouse."""
    return {
        name: sorted(
            (
                {
                    field: plain(row[field], schema)
                    for field, schema in SCHEMAS[name].items()
                    if field not in but
                }
                for row in tables[name]
            ),
            key=lambda row: json.dumps(row, sort_keys=True, default=str),
        )
        for name in SCHEMAS
    }


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """An account of each provider, with a domain of which something cannot be read."""
    own: dict[str, Any] = {
        name: {"size": 12, "limit": None, "products": api.products} for name, api in APIS.items()
    }
    own["alicloud"]["size"] = 60
    # Not that of all requests too: the runs here are more in 5 minutes than an account may make.
    own["cdnetworks"] |= {"size": 24, "limits": {"operation": Limit(10, 1, each=True)}}
    with Sandbox(**own) as sandbox:
        broken = sandbox["alicloud"].keys("DescribeCdnHttpsDomainList")[-1]
        sandbox.faults.add(
            Fault("field", "DescribeDomainCertificateInfo", broken, field="CertName", value={"a": 1})
        )
        yield sandbox


@pytest.fixture(scope="module")
def edge(sandbox: Sandbox) -> Iterator[Edge]:
    """What is served for some of their domains."""
    with Edge(sandbox) as edge:
        yield edge


@pytest.fixture(scope="module")
def config(sandbox: Sandbox, edge: Edge) -> dict[str, Any]:
    """The tap's configuration."""
    return {**sandbox.config(), "edge": edge.config()}


@pytest.fixture(scope="module")
def environment(config: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables by which Meltano has the project's plugins, the sandbox's accounts and no state."""
    data = tmp_path_factory.mktemp("data")
    # Where scripts/contained has it.
    folder = data / "meltano"
    folder.mkdir()
    for kind in PROJECT["plugins"]:
        (folder / kind).symlink_to(ROOT / ".meltano" / kind)
    others = re.compile("TAP_CDN_CERTS|TARGET_|CDN_CERTS_|CERTS_|DBT_|MELTANO_")
    settings = {
        variable(f"{provider}.{name}"): value if isinstance(value, str) else json.dumps(value)
        for provider, values in config.items()
        for name, value in values.items()
    }
    return {
        **{name: value for name, value in os.environ.items() if not others.match(name)},
        **settings,
        "MELTANO_PROJECT_ROOT": str(ROOT),
        "MELTANO_SYS_DIR_ROOT": str(folder),
        "CDN_CERTS_DATA": str(data),
        # What is not installed here, the Makefile has forgotten.
        "MELTANO_AUTO_INSTALL": "false",
        "DBT_TARGET_PATH": str(data / "dbt"),
        "DBT_LOG_PATH": str(data / "dbt"),
        "DBT_LOG_LEVEL_FILE": "none",
        # Those are for test_transform and test_invented.
        "DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test",
        # Times are in UTC, wherever the tap and the targets run.
        "TZ": "Asia/Shanghai",
    }


@pytest.fixture(scope="module")
def run(meltano: str, sandbox: Sandbox) -> Callable[[str, dict[str, str]], tuple[str, int]]:
    """Runs a job or tasks of meltano.yml, or what the image runs; gives its log, and the details it read."""

    def run(job: str, environment: dict[str, str]) -> tuple[str, int]:
        sandbox.reset()
        if job == "daily":
            # As cron does it, from anywhere, and with next to no environment; and without writing elsewhere.
            known = {
                name: value
                for name, value in environment.items()
                if re.match("TAP_|CDN_CERTS_DATA|DBT_EXCLUDE|DBT_LOG_LEVEL", name)
            }
            command, directory = read_only(str(DAILY.with_name("contained")), str(DAILY)), "/"
            known["PATH"] = "/usr/bin:/bin"
        else:
            command, directory, known = [meltano, "run", *job.split()], None, environment
        done = subprocess.run(
            command, env=known, cwd=directory, capture_output=True, text=True, check=False, timeout=300
        )
        # Some certificates of the sandbox have ended.
        assert done.returncode == (2 if job == "daily" else 0), done.stdout + done.stderr
        details = [request for request in sandbox.requests if request.operation == "QueryCertificate"]
        assert len({request.key for request in details}) == len(details)
        return done.stdout + done.stderr, len(details)

    return run


@pytest.fixture(scope="module")
def report(environment: dict[str, str]) -> Path:
    """Where the job writes its report, as scripts/contained would have it."""
    return Path(environment["CDN_CERTS_DATA"], "report.html")


@pytest.fixture(scope="module")
def loads(
    run: Callable[[str, dict[str, str]], tuple[str, int]],
    environment: dict[str, str],
    report: Path,
    new_postgres_database: Callable[[], str],
) -> dict[str, list[Load]]:
    """What each warehouse holds after one run of its job, and after another."""
    path = str(report.with_name("certs.duckdb"))
    url = new_postgres_database()
    server = conninfo_to_dict(url)
    files = {
        "TARGET_DUCKDB_PATH": path,
        "CDN_CERTS_REPORT_DATABASE": path,
        "CDN_CERTS_REPORT_HTML": str(report),
    }
    login = {
        "TARGET_POSTGRES_HOST": str(server["host"]),
        "TARGET_POSTGRES_PORT": str(server["port"]),
        "TARGET_POSTGRES_USER": str(server["user"]),
        "TARGET_POSTGRES_PASSWORD": "s3cr3t",
        "TARGET_POSTGRES_DATABASE": str(server["dbname"]),
    }

    def load(job: str, variables: dict[str, str], read: Callable[[str, str], Rows], warehouse: str) -> Load:
        log, details = run(job, environment | variables)
        return Load(read(warehouse, "cdn_certs"), read(warehouse, "cdn_certs_marts"), details, log)

    return {
        "duckdb": [load(job, files, read_duckdb, path) for job in ("certs", "daily")],
        # The models are built anew in the other.
        "postgres": [
            load(job, login, read_postgres, url)
            for job in ("certs-postgres", "tap-cdn-certs target-postgres")
        ],
    }


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_a_run_loads_what_the_providers_hold(
    warehouse: str, loads: dict[str, list[Load]], sandbox: Sandbox, edge: Edge
) -> None:
    """A row for each key of the accounts, once, and one for what failed."""
    first = loads[warehouse][0]
    expected = {
        stream.name: {*api.records(stream.operation)}
        for provider, api in sandbox.apis.items()
        for stream in streams(provider)
    }
    expected["edge_certificates"] = {*edge.names}
    expected["syncs"] = {*expected}
    (broken,) = first.rows["sync_errors"]
    expected[broken["stream"]].remove(broken["key"])
    for table, keys in expected.items():
        names = [name for name in KEYS[table] if name not in {"account", "synced_at"}]
        found = ["/".join(row[name] for name in names) for row in first.rows[table]]
        assert sorted(found) == sorted(keys), table
    assert {row["account"] for table in SCHEMAS for row in first.rows[table]} == {"default"}
    assert first.details == len(sandbox["cdnetworks"].inventory)


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_a_warehouse_holds_each_field_that_the_tap_writes(
    warehouse: str, loads: dict[str, list[Load]], config: dict[str, Any], tmp_path: Path
) -> None:
    """No target changes, truncates or forgets a value."""
    tap = run_tap(tmp_path, config)
    assert tap.returncode == 0, tap.stderr
    assert records(loads[warehouse][0].rows) == records(tap.records)


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_a_second_run_asks_for_no_detail_and_duplicates_nothing(
    warehouse: str, loads: dict[str, list[Load]]
) -> None:
    """The state is kept: the rows are the same, and all are of the second run."""
    first, second = loads[warehouse]
    assert second.details == 0
    before, after = records(first.rows), records(second.rows)
    for table in SCHEMAS.keys() - APPENDED:
        assert after[table] == before[table]
        times = [{row["synced_at"] for row in load.rows[table]} for load in (first, second)]
        assert [len(instants) for instants in times] == [1, 1]
        assert max(times[0]) < max(times[1])
    for table in APPENDED:
        assert len(after[table]) == 2 * len(before[table])


def test_both_warehouses_hold_the_same(loads: dict[str, list[Load]]) -> None:
    """In each table, each row, each field; and as many rows in each of the models."""
    for one, other in zip(loads["duckdb"], loads["postgres"], strict=True):
        assert records(one.rows) == records(other.rows)
    first = [loads[warehouse][0].models for warehouse in WAREHOUSES]
    counts = [{name: len(table) for name, table in models.items()} for models in first]
    assert counts[0] == counts[1]


def test_the_job_writes_the_report(loads: dict[str, list[Load]], report: Path) -> None:
    """The page names each certificate that is about to end."""
    assert loads
    assert "expired.example.com" in report.read_text()


def test_meltano_logs_no_secret(loads: dict[str, list[Load]], environment: dict[str, str]) -> None:
    """Neither a key nor a password of the database."""
    extractor = PROJECT["plugins"]["extractors"][0]
    sensitive = [variable(each["name"]) for each in extractor["settings"] if each.get("sensitive")]
    secrets = {environment[name] for name in sensitive if name in environment}
    # Each provider has at least one.
    assert len(secrets) >= len(APIS)
    for secret in (*secrets, "s3cr3t"):
        assert not any(secret in load.log for warehouse in loads.values() for load in warehouse)


@pytest.mark.parametrize("loader", [loader["name"] for loader in PROJECT["plugins"]["loaders"]])
def test_every_loader_of_the_project_is_installed(loader: str) -> None:
    """What meltano.yml offers, the Makefile installs and Meltano runs."""
    program = ROOT / ".meltano" / "loaders" / loader / "venv" / "bin" / loader
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_target_jsonl_writes_each_record(
    meltano: str, environment: dict[str, str], config: dict[str, Any], tmp_path: Path
) -> None:
    """A line for each, in a file for each stream."""
    variables = {"TARGET_JSONL_DESTINATION_PATH": str(tmp_path)}
    command = [meltano, "run", "--full-refresh", "tap-cdn-certs", "target-jsonl"]
    done = subprocess.run(
        command, env=environment | variables, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = {path.stem: path.read_text().splitlines() for path in tmp_path.glob("*.jsonl")}
    tap = run_tap(tmp_path, config)
    assert records({name: [json.loads(line) for line in written.get(name, [])] for name in SCHEMAS}) == (
        records(tap.records)
    )


def variable(setting: str) -> str:
    """The environment's name for a setting."""
    return f"TAP_CDN_CERTS_{setting}".upper().replace(".", "_")


def test_the_plugins_that_are_tested_are_those_of_the_project() -> None:
    """Each version in meltano.yml is the one in the requirements, and exact."""
    pins = {
        pin
        for name in ("plugins", "target-jsonl")
        for pin in (ROOT / "requirements" / f"{name}.in").read_text().split()
        if "==" in pin
    }
    urls = {
        part
        for kind in ("loaders", "utilities")
        for plugin in PROJECT["plugins"][kind]
        for part in plugin["pip_url"].partition("-e ")[0].split()
    }
    assert urls == pins
