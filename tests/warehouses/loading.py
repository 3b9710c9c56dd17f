"""What the tap wrote, loaded into each warehouse by what people load it with."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulators import NOWHERE, program
from process import environment, run_tap
from warehouses import SCHEMAS, SYNCS, messages

from sandbox import PROVIDERS, Sandbox
from sandbox.edge import Edge
from sandbox.providers import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulators import Emulator

# What a loader, a client or a database could write otherwise.
HARD = {
    "synced_at": "2026-05-04T12:00:00.123456Z",
    "certificate_info": [
        {
            "domain_name": f"hard{number}.example.com",
            "cert_name": name,
            "server_certificate": f"-----BEGIN CERTIFICATE-----\n{number}\n-----END CERTIFICATE-----\n",
            "x509_subject_common_name": name,
            "x509_subject_alternative_names": names,
            "x509_serial_number": f"{2**62 + number:x}",
            "x509_fingerprint_sha256": f"{number:064x}",
            "x509_not_before": "1950-01-01T00:00:00Z",
            "x509_not_after": "9999-12-31T23:59:59Z",
        }
        for number, (name, names) in enumerate(
            {
                "it's": ["hard0.example.com"],
                'a "quoted" \\ name': ['"quoted"', "\\", "a\\nb", "HARD1.example.com"],
                "two\nlines\tand a tab": ["two\nlines"],
                "例子 🔒": ["xn--fsqu00a.example", "例子.example"],
                "{{ no }} %s %(a)s ${a} $1": ["*.example.com"],
                "null": ["null", "NULL", ""],
            }.items()
        )
    ],
    "cloudflare_zones": [{"zone_id": "hard", "name": "a_b%\\", "status": "active"}],
    "cloudflare_custom_hostnames": [
        {"zone_id": "hard", "custom_hostname_id": name, "hostname": name, "status": "active"}
        | {"ssl_status": "active", "ssl_type": "dv", "ssl_expires_on": "2026-09-01T00:00:00Z"}
        for name in ("www.a_b%\\", "www.axb.example")
    ],
}


def tap_output(folder: Path) -> str:
    """The messages of the made-up account's syncs, and of one of the sandbox, some of which fails."""
    written = [
        json.dumps(message) for sync in (*SYNCS, HARD) for message in messages(sync, (*SCHEMAS,), keys=True)
    ]
    own = {name: {"size": 6, "products": load(name).products} for name in PROVIDERS}
    with Sandbox(**own) as sandbox, Edge(sandbox) as edge:
        config = {**sandbox.config(), "edge": edge.config()}
        run = run_tap(folder, {name: {**settings, "account": "sandbox"} for name, settings in config.items()})
    assert run.returncode == 0, run.stderr
    return "\n".join([*written, run.stdout])


def loaded(
    command: list[str], settings: Mapping[str, Any], written: str, folder: Path, **variables: str
) -> None:
    """Loads by a target."""
    config = folder / "target.json"
    config.write_text(json.dumps(settings))
    env = {**environment(**variables), **NOWHERE}
    run = subprocess.run(
        [*command, "--config", str(config)],
        input=written,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=env,
    )
    assert run.returncode == 0, run.stderr


def load_bigquery(emulator: Emulator, written: str) -> None:
    """By z3-target-bigquery: several at once, as it waits for 5 s after each table that it makes."""
    parts: list[dict[str, list[str]]] = [{} for _ in range(6)]
    for line in written.splitlines():
        if stream := json.loads(line).get("stream"):
            least = next((part for part in parts if stream in part), min(parts, key=len))
            least.setdefault(stream, []).append(line)
    settings = {
        "project": "local",
        "dataset": "cdn_certs",
        "credentials_path": emulator.connection["keyfile"],
    }
    settings |= {"method": "streaming_insert", "denormalized": True}
    target = [program("target-bigquery", "target-bigquery")]

    def load_part(number: int) -> None:
        folder = emulator.folder / f"part{number}"
        folder.mkdir()
        lines = chain.from_iterable(parts[number].values())
        loaded(target, settings, "\n".join(lines), folder, **emulator.variables)

    emulator.ask("create schema cdn_certs")
    with ThreadPoolExecutor() as pool:
        list(pool.map(load_part, range(len(parts))))


def load_snowflake(emulator: Emulator, written: str) -> None:
    """Into the tables of meltanolabs-target-snowflake, whose way of loading the emulator does not have."""
    schemas: dict[str, str] = {}
    records: dict[str, dict[str, Any]] = defaultdict(dict)
    for line in written.splitlines():
        message = json.loads(line)
        if message["type"] == "SCHEMA":
            schemas[message["stream"]] = line
            keys = message["key_properties"]
        elif message["type"] == "RECORD":
            record = message["record"]
            records[message["stream"]][str([record[key] for key in keys])] = record
    settings = {name: emulator.connection[name] for name in ("account", "user", "password", "database")}
    address = {name: emulator.connection[name] for name in ("host", "port", "protocol")}
    target = [program("snowflake", "python"), str(Path(__file__).with_name("snowflake_target.py"))]
    settings["default_target_schema"] = "cdn_certs"
    only_schemas = "\n".join(schemas.values())
    loaded(target, settings, only_schemas, emulator.folder, SNOWFLAKE_ADDRESS=json.dumps(address))
    emulator.ask(*(_insert(stream, [*rows.values()]) for stream, rows in records.items()))


def _insert(stream: str, records: list[dict[str, Any]]) -> str:
    names = [*records[0]]
    kinds = {name: SCHEMAS[stream]["properties"][name]["type"] for name in names}
    lists = {name for name, kind in kinds.items() if {"array", "object"}.intersection(kind)}
    columns = (f"parse_json(column{n})" if name in lists else f"column{n}" for n, name in enumerate(names, 1))
    rows = ", ".join(f"({', '.join(_literal(record[name]) for name in names)})" for record in records)
    into = f"cdn_certs.{stream} ({', '.join(names)})"
    return f"insert into {into} select {', '.join(columns)} from values {rows}"


def _literal(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool() | int() | float():
            return str(value).lower()
        case str():
            return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
        case _:
            return _literal(json.dumps(value))


def load_spark(emulator: Emulator, written: str, target_jsonl: str) -> None:
    """By target-jsonl, whose files Spark reads."""
    files = emulator.folder / "files"
    files.mkdir()
    loaded(
        [target_jsonl], {"destination_path": str(files), "do_timestamp_file": False}, written, emulator.folder
    )
    tables = (
        f"create table cdn_certs.{path.stem} as select * from json.`{path}`"
        for path in sorted(files.iterdir())
    )
    emulator.ask("create schema cdn_certs", *tables)
