"""Databases that real targets load and dbt builds the models in."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import duckdb
import forked
import psycopg
import yaml
from process import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Row = dict[str, Any]

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "transform"
SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "schemas").glob("*.json"))}
SYNCS = yaml.safe_load((ROOT / "tests/fixtures/transform/syncs.yml").read_text())
QUESTIONS = {path.stem: path.read_text() for path in sorted(PROJECT.glob("questions/*.sql"))}
NOW = "2026-05-05T00:00:00+08:00"
MADE_BY_DBT = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")


@dataclass
class Warehouse:
    """A database that a target loads and dbt builds in."""

    name: str
    target: str
    dbt: str
    folder: Path
    variables: dict[str, str]
    settings: Row
    connect: Callable[[], Any] = field(repr=False)

    def load(self, *syncs: Row, streams: tuple[str, ...] = tuple(SCHEMAS), keys: bool = True) -> None:
        """Loads syncs as the tap would write them; without their keys, targets append."""
        for sync in syncs:
            self.load_lines("\n".join(map(json.dumps, messages(sync, streams, keys=keys))))

    def load_lines(self, written: str) -> None:
        """Loads what a tap wrote."""
        config = self.folder / f"{self.name}.json"
        config.write_text(json.dumps(self.settings))
        command = [self.target, "--config", str(config)]
        loaded = forked.run(command, input=written, cwd=self.folder, env=os.environ)
        assert loaded.returncode == 0, loaded.stderr

    def build(self, *arguments: str, project: Path = PROJECT) -> None:
        """Builds the models, where a warning is an error."""
        paths = {name: str(self.folder / name.lower()) for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH")}
        # Another zone than UTC must not matter; nor must what the machine has set for dbt.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DBT_", "CERTS_", "MELTANO_"))}
        run = forked.run(
            [
                self.dbt,
                "--no-use-colors",
                "--log-level-file",
                "none",
                "--warn-error",
                *arguments,
                "--target",
                self.name,
            ],
            cwd=self.folder,
            env={
                **inherited,
                **paths,
                **self.variables,
                "DBT_PROJECT_DIR": str(project),
                "DBT_PROFILES_DIR": str(project),
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                "TZ": "Asia/Shanghai",
            },
        )
        assert run.returncode == 0, run.stdout + run.stderr

    def query(self, sql: str) -> list[Row]:
        """Runs a query and gives its rows."""
        with self.connect() as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def rows(self, model: str) -> list[Row]:
        """The rows of a model in an order of their own, without what differs with each run."""
        rows = [
            {name: plain(value) for name, value in row.items() if name not in MADE_BY_DBT}
            for row in self.query(f"select * from cdn_certs_marts.{model}")  # noqa: S608
        ]
        return sorted((dict(sorted(row.items())) for row in rows), key=str)

    def columns(self) -> dict[str, set[str]]:
        """The columns of each model."""
        columns: dict[str, set[str]] = {}
        for row in self.query(
            "select table_name, column_name from information_schema.columns"
            " where table_schema = 'cdn_certs_marts'"
        ):
            columns.setdefault(row["table_name"], set()).add(row["column_name"])
        return columns


def messages(sync: Row, streams: tuple[str, ...], *, keys: bool) -> Iterator[Row]:
    """The Singer messages of a sync."""
    synced_at = sync["synced_at"]
    counts = {"listed": 0, "read": 0, "without_certificate": 0, "skipped": 0, "failed": 0}
    defaults = {"syncs": {**counts, "started_at": synced_at, "ended_at": synced_at}}
    defaults["sync_errors"] = {"occurred_at": synced_at}
    for stream in streams:
        schema = {name: value for name, value in SCHEMAS[stream].items() if name != "$schema"}
        key = KEYS[stream] if keys else ()
        yield {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": key}
        for record in sync.get(stream, []):
            common = {**dict.fromkeys(schema["properties"]), "account": "main", "synced_at": synced_at}
            yield {
                "type": "RECORD",
                "stream": stream,
                "record": {**common, **defaults.get(stream, {}), **record},
            }
    yield {"type": "STATE", "value": {}}


def plain(value: Any) -> Any:
    """A value as both databases can give it."""
    match value:
        case float():
            return round(value, 6)
        case datetime():
            return value.isoformat()
        case str() if value.startswith("[") and value.endswith("]"):
            return json.loads(value)
        case _:
            return value


def duckdb_warehouse(folder: Path, target: str, dbt: str) -> Warehouse:
    """A new DuckDB file."""
    path = folder / "certs.duckdb"
    return Warehouse(
        "duckdb",
        target,
        dbt,
        folder,
        {"CERTS_DUCKDB_PATH": str(path)},
        {"path": str(path), "default_target_schema": "cdn_certs"},
        lambda: duckdb.connect(path, read_only=True),
    )


def postgres_warehouse(folder: Path, target: str, dbt: str, url: str) -> Warehouse:
    """A new database on a PostgreSQL server."""
    name = f"transform_{uuid4().hex}"
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")
    parts = urlsplit(url)
    settings = {"host": parts.hostname, "port": parts.port, "user": parts.username}
    settings |= {"password": parts.password or "unused", "database": name}
    return Warehouse(
        "postgres",
        target,
        dbt,
        folder,
        {f"CERTS_POSTGRES_{key.upper()}": str(value) for key, value in settings.items()},
        {**settings, "default_target_schema": "cdn_certs"},
        lambda: psycopg.connect(f"{url}/{name}"),
    )
