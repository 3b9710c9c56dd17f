"""The command, what it reads, what it writes, and how it ends."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import duckdb
import jsonschema
import pytest
import vobject  # type: ignore[import-untyped]
from reported import (
    ESCAPES,
    FORMULA,
    NOW,
    SCHEMA,
    SCRIPT,
    STALE,
    certificate,
    health,
    load,
    models,
    naive,
)

from cdn_certs_report.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

    from reported import Make, Row, Run


def test_says_the_same_of_both_databases(database: Make, report: Run, postgres_url: str) -> None:
    """PostgreSQL's types give the document that DuckDB's do, and it follows its schema."""
    schema = f"report_{uuid4().hex}"
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+psycopg://", postgres_url)
    load(url, models(), schema)
    _, of_duckdb, _ = report(database(), "--json", "-")
    plain = url.replace("+psycopg", "")
    code, of_postgres, _ = report(plain, "--json", "-", "--schema", schema)

    assert code == 0
    assert json.loads(of_postgres) == json.loads(of_duckdb)
    described = json.loads(files("cdn_certs_report").joinpath("report.schema.json").read_text("utf-8"))
    jsonschema.validate(
        json.loads(of_postgres), described, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def test_accepts_a_path_and_a_url(database: Make, report: Run) -> None:
    """A DuckDB file is named by its path or by its URL."""
    path = database()
    assert report(path, "--json", "-") == report(f"duckdb:///{path}", "--json", "-")


def test_never_writes_to_the_database(database: Make) -> None:
    """Somebody else who reads the file is not in the way."""
    path = database()
    with duckdb.connect(path, read_only=True):
        process = subprocess.run(
            [sys.executable, "-m", "cdn_certs_report", path, "--json", "-"], capture_output=True, check=True
        )
    assert json.loads(process.stdout)["certificates"]


def test_writes_csv_that_no_spreadsheet_computes(database: Make, report: Run, tmp_path: Path) -> None:
    """A formula becomes text, a number stays one, and DuckDB reads every row."""
    path = tmp_path / "report.csv"
    report(database(), "--csv", str(path))
    with duckdb.connect() as connection:
        rows = connection.read_csv(str(path), all_varchar=True, header=True).fetchall()
    assert len(rows) == len(models()["certificate_expiry"])
    with path.open(newline="", encoding="utf-8") as file:
        found = {row["name"]: row for row in csv.DictReader(file)}
    assert found[SCRIPT]["issuer"] == f"'{FORMULA}"
    assert found[SCRIPT]["certificate_id"].startswith("'+")
    assert float(found["second-name"]["hours_left"]) < 0
    assert found["hours-name"]["not_after"] == "2026-11-25T07:59:00Z"
    assert found["days-name"]["used_by"].count(" ") == 119
    cells = (cell for row in found.values() for cell in row.values())
    assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-\D", cell)]


def test_writes_a_calendar(database: Make, report: Run) -> None:
    """Each known end is an event in UTC, with the domains that it takes down."""
    _, written, _ = report(database(), "--ics", "-")
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
    events = {event.summary.value: event for event in vobject.readOne(written).vevent_list}

    assert len(events) == len([row for row in models()["certificate_expiry"] if row["not_after"]])
    event = events["Certificate hours-name ends (alicloud / default)"]
    assert event.dtstart.value == NOW + timedelta(hours=47, minutes=59)
    assert event.dtstart.value.utcoffset() == timedelta()
    assert "www.example.com" in event.description.value
    assert events[f"Certificate {SCRIPT} ends (cdnetworks / games)"]
    assert "Certificate 中文 ; a, b\N{REPLACEMENT CHARACTER}c ends (cdnetworks / games)" in events
    assert "\x1b" not in written
    # An alarm that is over would ring when the calendar is opened.
    assert not hasattr(event, "valarm")
    assert events["Certificate days-name ends (alicloud / default)"].valarm.trigger.value == timedelta(
        days=-7
    )


def test_updates_a_calendar(database: Make, report: Run) -> None:
    """A certificate that was renewed is the same event, later, and no two are the same."""

    def events(ends: timedelta, synced_at: datetime) -> list[Any]:
        row = certificate("days", ends, "ok", synced_at=naive(synced_at))
        other = certificate("days", ends, "ok", account="games")
        _, written, _ = report(database(certificate_expiry=[row, other]), "--ics", "-")
        return list(vobject.readOne(written).vevent_list)

    before = events(timedelta(days=1), NOW - timedelta(days=1))
    after = events(timedelta(days=91), NOW)
    assert [event.uid.value for event in before] == [event.uid.value for event in after]
    assert len({event.uid.value for event in before}) == 2
    assert int(before[0].sequence.value) < int(after[0].sequence.value)


def test_prints_a_plain_table_into_a_pipe(database: Make, report: Run) -> None:
    """The table has a certificate a line, and nothing that a terminal obeys."""
    hostile = certificate("hostile", timedelta(days=1), "critical", name=f"{ESCAPES} [bold]b[/bold]")
    code, out, err = report(database(certificate_expiry=[hostile]))
    assert code == 0
    assert not err
    assert "[31mred\N{REPLACEMENT CHARACTER} [bold]b[/bold]" in out
    assert "\x1b" not in out
    assert "Complete: as of 2026-11-23 07:00 UTC." in out


def test_says_how_many_rows_it_left_out(database: Make, report: Run) -> None:
    """A table that is cut short says so."""
    _, out, _ = report(database(), "--limit", "2")
    assert "Certificates: 9, the first 2 shown: 1 expired, 3 critical" in out
    assert "months-name" not in out


@pytest.mark.parametrize(
    ("replaced", "within", "code", "said"),
    [
        ({}, "14d", 2, "ends 2026-11-24 07:00 UTC (23 h): today-name (alicloud / default), domains: 1"),
        ({}, "0h", 2, "ended 2026-11-23 07:59 UTC (\N{MINUS SIGN}1 s): second-name"),
        ({"certificate_expiry": [certificate("hours", timedelta(hours=36), "critical")]}, "36h", 2, "hours"),
        ({"certificate_expiry": [certificate("hours", timedelta(hours=37), "critical")]}, "36h", 0, ""),
        # Nothing is served by it.
        ({"certificate_expiry": [certificate("months", timedelta(days=-9), "expired")]}, "36h", 0, ""),
        ({"certificate_expiry": []}, "14d", 0, ""),
        (
            {"certificate_expiry": [certificate("hours", None, "unknown")]},
            "14d",
            3,
            "nobody knows when hours",
        ),
        ({"certificate_expiry": [], "sync_health": []}, "14d", 3, "No sync is recorded"),
        (
            {"certificate_expiry": [], "sync_health": [health(**STALE)]},
            "14d",
            3,
            "last read completely 5 days ago",
        ),
        (
            {
                "certificate_expiry": [],
                "sync_health": [health(state="incomplete", last_complete_sync_at=None)],
            },
            "14d",
            3,
            "was never read completely",
        ),
        (
            {"certificate_expiry": [], "sync_health": [health(state="incomplete")]},
            "14d",
            3,
            "was not read to its end",
        ),
        (
            {"certificate_expiry": [], "sync_health": [health(state="partial", failed=2)]},
            "14d",
            3,
            "2 could not",
        ),
        # What ends is known, whatever else is not.
        ({"sync_health": []}, "14d", 2, "No sync is recorded"),
    ],
)
def test_fails_when_something_ends_or_nobody_can_tell(
    database: Make,
    report: Run,
    replaced: dict[str, list[Row]],
    within: str,
    code: int,
    said: str,
) -> None:
    """The exit code is 2 for what ends, 3 for what cannot be told, and stderr says which."""
    path = database(**replaced)
    result, _, err = report(path, "--json", "-", "--fail-within", within)
    assert result == code
    assert said in err if said else not err
    assert report(path, "--json", "-")[0] == 0


def test_says_which_account_is_old(database: Make, report: Run) -> None:
    """Where one of several failed for days, it is named with its age, and the others are not."""
    syncs = [health(account="shop"), health(account="group", **STALE), health(account="games")]
    path = database(certificate_expiry=[], sync_health=syncs)
    code, _, said = report(path, "--json", "-", "--fail-within", "14d")
    assert code == 3
    assert "alicloud / group: certificate_info was last read completely 5 days ago" in said
    assert "shop" not in said
    assert "games" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.duckdb"], "no database at missing.duckdb"),
        (["duckdb:///missing.duckdb"], "no database at missing.duckdb"),
        (
            ["postgresql://user:s3cr3t@127.0.0.1:1/certs"],
            "Cannot open postgresql+psycopg://user:***@127.0.0.1:1",
        ),
        (["postgresql://127.0.0.1:1/certs?password=s3cr3t"], "Cannot open postgresql+psycopg://127.0.0.1:1"),
        (["postgresql://user:s3cr3t@host:port/certs"], "not a database URL"),
        (["nosuchdb://user:s3cr3t@host/certs"], "No driver for nosuchdb"),
    ],
)
def test_says_in_a_line_why_it_cannot_read(report: Run, arguments: list[str], said: str) -> None:
    """What goes wrong is one line, exit 1, and never a password."""
    code, out, err = report(*arguments)
    assert code == 1
    assert not out
    assert err.count("\n") == 1
    assert said in err
    assert "s3cr3t" not in err


def test_says_that_dbt_has_not_run(report: Run, database: Make, tmp_path: Path) -> None:
    """Missing and outdated models, and a file that is no database, are told apart."""
    path = database()
    with duckdb.connect(path) as connection:
        connection.execute(f"alter table {SCHEMA}.sync_health drop column listed")
    for arguments in ([path], [path, "--schema", "elsewhere"]):
        code, _, err = report(*arguments)
        assert code == 1
        assert 'run "dbt build"' in err
    broken = tmp_path / "broken.duckdb"
    broken.write_text("no database")
    code, _, err = report(str(broken))
    assert (code, err.count("\n")) == (1, 1)
    assert "Cannot open" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fail-within", "soon"],
        ["--now", "today"],
        ["--limit", "x"],
        ["--csv", "-", "--json", "-"],
        ["--nope"],
    ],
)
def test_a_mistake_is_not_a_certificate_that_ends(
    database: Make, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """A wrong option exits 1, as 2 has a meaning."""
    with pytest.raises(SystemExit) as raised:
        main([database(), *arguments])
    assert raised.value.code == 1
    assert "cdn-certs-report: " in capsys.readouterr().err


def test_says_where_it_cannot_write(database: Make, report: Run, tmp_path: Path) -> None:
    """A folder that is missing is named."""
    code, _, err = report(database(), "--html", str(tmp_path / "missing" / "report.html"))
    assert code == 1
    assert f"Cannot write {tmp_path / 'missing' / 'report.html'}: No such file" in err


def test_stops_quietly_when_nobody_reads(database: Make) -> None:
    """A closed pipe is no error."""
    command = [sys.executable, "-m", "cdn_certs_report", database(), "--html", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
