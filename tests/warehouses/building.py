"""The models built by dbt in each warehouse, and what is in their marts."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import yaml
from emulators import NOWHERE, program
from warehouses import MADE_BY_DBT, NOW, PROJECT, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from emulators import Emulator

    Rows = dict[str, list[dict[str, Any]]]

MARTS = sorted(path.stem for path in PROJECT.glob("models/marts/*.sql"))


def build(emulator: Emulator, variables: Mapping[str, str], *arguments: str) -> None:
    """Builds the models, with the project's own profile."""
    profiles = yaml.safe_load((PROJECT / "profiles.yml").read_text())
    if "port" in emulator.connection:
        address = {name: emulator.connection[name] for name in ("host", "port", "protocol")}
        profiles["cdn_certs"]["outputs"][emulator.kind] |= address
    (emulator.folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    places = {"DBT_PROJECT_DIR": str(PROJECT), "DBT_PROFILES_DIR": str(emulator.folder)}
    places |= {name: str(emulator.folder / name.lower()) for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH")}
    command = [program(emulator.kind, "dbt"), "--no-use-colors", "--log-level-file", "none", "build"]
    run = subprocess.run(
        [*command, "--target", emulator.kind, "--vars", json.dumps({"now": NOW}), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=emulator.folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "CERTS_"))},
            **NOWHERE,
            **emulator.variables,
            **variables,
            **places,
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            # Another zone than UTC must not matter.
            "TZ": "Asia/Shanghai",
        },
    )
    (emulator.folder / "dbt.log").write_text(run.stdout + run.stderr)
    assert run.returncode == 0, run.stdout[-5000:]


def marts(emulator: Emulator, expected: Rows) -> Rows:
    """The rows of the relations that are expected."""
    found = emulator.ask(*(query(emulator.kind, mart, rows[0]) for mart, rows in expected.items()))
    return {mart: ordered(rows) for mart, rows in zip(expected, found, strict=True)}


def query(kind: str, mart: str, columns: Iterable[str]) -> str:
    """What gives a mart's rows."""
    if kind == "snowflake":
        # Its client reads a time that is null as one of 1970.
        times = {name for name in columns if name.endswith(("_at", "_before", "_after", "as_of"))}
        texts = (
            f"replace(to_varchar({name}), ' ', 'T') as {name}" if name in times else name for name in columns
        )
        return f"select {', '.join(texts)} from cdn_certs_marts.{mart}"
    return f"select * from cdn_certs_marts.{mart}"


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without what differs with each run, in an order of their own."""
    given = [
        {name: same(plain(row[name])) for name in sorted(row) if name not in MADE_BY_DBT} for row in rows
    ]
    return sorted(given, key=str)


def same(value: Any) -> Any:
    """A value as all give it: a whole number is an integer, and a time has the digits that it needs."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+", value):
            return value.rstrip("0")
        case _:
            return value
