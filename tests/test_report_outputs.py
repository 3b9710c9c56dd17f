"""What the report writes, in charsets, spreadsheets and calendars that are not its own."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import vobject  # type: ignore[import-untyped]
from icalendar import Calendar
from reported import NOW, certificate, domain, naive

from cdn_certs_report.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reported import Make, Row


AT = ("--now", NOW.isoformat())
MINUS = "\N{MINUS SIGN}"
PLAIN_C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A locale without a charset, which Python is kept from replacing with UTF-8."""


def run(*arguments: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command as at NOW, as a process with its own environment."""
    return subprocess.run(
        [sys.executable, "-m", "cdn_certs_report", *arguments, *AT],
        capture_output=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONIOENCODING"} | environment,
    )


def written(path: str, form: str) -> bytes:
    """Return what the command writes into a file."""
    file = Path(path).with_suffix(".output")
    assert main([path, form, str(file), *AT]) == 0
    return file.read_bytes()


# Charsets.


def test_is_exact_where_the_charset_is_utf_8(database: Make) -> None:
    """A minus is a minus there, and names are as they are."""
    process = run(database(), "--fail-within", "14d", PYTHONIOENCODING="utf-8")
    assert process.returncode == 2
    assert f"{MINUS}1 s  Expired" in process.stdout.decode()
    assert "  中文 ; a, b\N{REPLACEMENT CHARACTER}c   " in process.stdout.decode()
    assert f"ended 2026-11-23 07:59 UTC ({MINUS}1 s): second-name" in process.stderr.decode()


@pytest.mark.parametrize(
    ("charset", "environment", "name"),
    [
        ("gbk", {"PYTHONIOENCODING": "gbk"}, "中文 ; a, b?c"),
        ("latin-1", {"PYTHONIOENCODING": "latin-1"}, r"\u4e2d\u6587 ; a, b?c"),
        ("ascii", {"PYTHONIOENCODING": "ascii"}, r"\u4e2d\u6587 ; a, b?c"),
        ("ascii", PLAIN_C, r"\u4e2d\u6587 ; a, b?c"),
    ],
)
def test_speaks_every_charset(database: Make, charset: str, environment: dict[str, str], name: str) -> None:
    """What a charset lacks is escaped, columns stay below their titles, and the exit code is the same."""
    process = run(database(), "--fail-within", "14d", **environment)
    assert process.returncode == 2
    assert name in process.stdout.decode(charset)
    assert f"{name} (cdnetworks / games)" in process.stderr.decode(charset)
    assert "ended 2026-11-23 07:59 UTC (-1 s): second-name" in process.stderr.decode(charset)
    # In these charsets, a character has as many bytes as a terminal gives it columns.
    title, *rows = process.stdout.splitlines()[:10]
    for column in (b"State", b"Certificate", b"Provider / account", b"Domains"):
        begin = title.index(column)
        assert {row[begin - 2 : begin] for row in rows} == {b"  "}
        assert all(row[begin : begin + 1].strip() for row in rows)
    assert b"-1 s  Expired" in rows[0]


def test_cuts_no_line_where_it_cannot_show_that(database: Make) -> None:
    """A column that is too wide ends in an ellipsis, or where there is none, goes on in the next line."""
    account = "".join(f"{number:04}" for number in range(100))
    path = database(certificate_expiry=[certificate("days", timedelta(days=9), "ok", account=account)])
    assert "\N{HORIZONTAL ELLIPSIS}" in run(path, PYTHONIOENCODING="utf-8").stdout.decode()
    process = run(path, PYTHONIOENCODING="latin-1")
    assert process.returncode == 0
    titles, *lines = process.stdout.decode("latin-1").splitlines()
    begin, end = titles.index("Provider / account"), titles.index("Domains")
    assert account in "".join(line[begin:end].strip() for line in lines[:-2]).replace("alicloud /", "")


def test_prints_into_what_has_no_charset(database: Make) -> None:
    """A program that calls the command gets the table as text."""
    with redirect_stdout(io.StringIO()) as printed:
        assert main([database(), *AT]) == 0
    assert f"{MINUS}1 s  Expired" in printed.getvalue()
    assert "中文" in printed.getvalue()


@pytest.mark.parametrize("form", ["--csv", "--json", "--ics", "--html"])
def test_writes_utf_8_whatever_the_charset(database: Make, form: str) -> None:
    """An output is the same on every stdout, and in a file."""
    path = database()
    process = run(path, form, "-", "--fail-within", "14d", PYTHONIOENCODING="ascii")
    assert process.returncode == 2
    assert process.stdout == written(path, form)
    assert "中文" in process.stdout.decode()


def test_names_files_that_no_charset_holds(database: Make, tmp_path: Path) -> None:
    """A file with such a name is written, or the message about it is one line."""
    path, folder = database(), os.fsencode(tmp_path)
    assert run(path, "--csv", folder + "/报告.csv".encode(), **PLAIN_C).returncode == 0
    assert (tmp_path / "报告.csv").exists()
    process = run(path, "--csv", folder + "/没有/报告.csv".encode(), **PLAIN_C)
    assert (process.returncode, process.stderr.count(b"\n")) == (1, 1)
    assert b"Cannot write" in process.stderr
    assert b"No such file" in process.stderr


@pytest.mark.parametrize("name", ["证书.duckdb", "没有.duckdb"])
def test_says_that_a_database_has_no_name_here(database: Make, tmp_path: Path, name: str) -> None:
    """A name that is no text in a locale is a mistake, and no traceback; in UTF-8 it is a name."""
    database("证书.duckdb")
    process = run(os.fsencode(tmp_path / name), **PLAIN_C)
    assert process.returncode == 1
    assert b"is not text in this locale: set PYTHONUTF8=1" in process.stderr
    assert b"Traceback" not in process.stderr
    process = run(os.fsencode(tmp_path / name), **PLAIN_C | {"PYTHONUTF8": "1"})
    assert process.returncode == (0 if (tmp_path / name).exists() else 1)
    assert b"Traceback" not in process.stderr


def test_needs_no_stdout_for_files(database: Make, tmp_path: Path) -> None:
    """A schedule that closes stdout gets its file and its exit code."""
    file = tmp_path / "report.json"
    command = [sys.executable, "-m", "cdn_certs_report", database(), "--json", str(file), *AT]
    script = 'exec "$@" --fail-within 14d >&-'
    process = subprocess.run(["sh", "-c", script, "sh", *command], stderr=subprocess.PIPE, check=False)
    assert process.returncode == 2
    assert b"Traceback" not in process.stderr
    assert json.loads(file.read_text("utf-8"))["certificates"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_says_that_the_disk_is_full(database: Make) -> None:
    """A report that is not written is exit 1, and never the file `None`."""
    process = run(database(), "--csv", "/dev/full")
    assert process.returncode == 1
    assert process.stderr == b"cdn-certs-report: Cannot write /dev/full: No space left on device\n"


# Spreadsheets.


def cells(path: str) -> list[dict[str, str]]:
    """Return the rows of the CSV, as its readers get them."""
    return list(csv.DictReader(io.StringIO(written(path, "--csv").decode("utf-8-sig"), newline="")))


def test_tells_a_spreadsheet_its_charset(database: Make, tmp_path: Path) -> None:
    """The CSV has a byte order mark, which is no part of the first column for those who read it."""
    content = written(database(), "--csv")
    assert content.startswith("\N{BYTE ORDER MARK}state,not_after,".encode())
    assert content.count("\N{BYTE ORDER MARK}".encode()) == 1
    file = tmp_path / "report.csv"
    file.write_bytes(content)
    with duckdb.connect() as connection:
        columns = connection.read_csv(str(file), all_varchar=True, header=True).columns
    assert columns[:2] == ["state", "not_after"]


FORMULAS = ('=HYPERLINK("https://evil.example")', " =1+1", "+1", "-x", "@SUM(1)", "\uff1d1")
NUMBERS = (
    *("0012", "00123456789012345678", "12345678901234567890123456789012", "5e10", "5E+10", "1.5e-3"),
    *("1,234.5", ".5", "(5)", "50%", "$5", "5 €", "1 1/2", f"{MINUS}5", "\uff11\uff12"),
)
DATES = (
    *("1-2", "1/2", "1.2.2026", "2026-11-23", "2026-11-23T08:00:00Z", "1:30", "1:30 p.m.", "9 a"),
    *("May-21", "21 sept", "Monday, January 5, 2026", "2026年11月23日", "下午3时", "2026 一月"),
)
TRUTHS = ("true", " FALSE ")
TAKEN = (*FORMULAS, *NUMBERS, *DATES, *TRUTHS)
TEXT = (
    *("www.example.com", "*.example.com", "00ff0123456789abcdef", "12a5e10", "e12", "1st", "pm2", "shop-1"),
    *("cert-2026", "2026-11-23-example", "market-1", "mayor 5", "may", "truest", "证书", "第2张证书"),
)


@pytest.mark.parametrize("column", ["name", "certificate_id", "serial_number", "account", "issuer"])
def test_keeps_text_text_in_a_spreadsheet(database: Make, column: str) -> None:
    """What it would take for a formula, number, date or truth begins with an apostrophe, and nothing else."""
    ends = timedelta(days=99)
    path = database(
        certificate_expiry=[
            certificate(f"key-{i:03}", ends, "ok", **{"name": f"name {i:03}", column: text})
            for i, text in enumerate((*TAKEN, *TEXT))
        ]
    )
    found = {row["certificate_key"]: row[column] for row in cells(path)}
    assert [found[key] for key in sorted(found)] == [*(f"'{text}" for text in TAKEN), *TEXT]


def test_keeps_a_list_of_domains_text(database: Make) -> None:
    """A cell of domains follows the same rule."""
    path = database(
        certificate_expiry=[certificate("days", timedelta(days=9), "ok")],
        certificate_domains=[domain("days", "10.0.0.1"), domain("days", "10.0.0.2")],
    )
    assert cells(path)[0]["used_by"] == "'10.0.0.1 10.0.0.2"


def test_keeps_numbers_numbers_in_a_spreadsheet(database: Make) -> None:
    """Numbers, times and truths are as they were."""
    row = next(row for row in cells(database()) if row["name"] == "second-name")
    assert (row["days_left"], row["hours_left"]) == ("-1e-05", "-0.0003")
    assert (row["public_key_bits"], row["in_use"], row["stale"]) == ("2048", "true", "false")
    assert (row["not_after"], row["synced_at"]) == ("2026-11-23T07:59:59Z", "2026-11-23T07:00:00Z")


MOST = 32_767


@pytest.mark.parametrize("number", [1_000, 1_092, 1_093, 3_000])
def test_a_long_list_fits_a_cell(database: Make, number: int) -> None:
    """A list is cut after a whole domain, and says how many more there are; JSON has them all."""
    # Each with the space before it is 30 characters.
    names = [f"{i:05}.long-names.example.com".rjust(29, "x") for i in range(number)]
    path = database(
        certificate_expiry=[certificate("days", timedelta(days=9), "ok")],
        certificate_domains=[domain("days", name) for name in names],
    )
    (row,) = cells(path)
    assert len(row["used_by"]) <= MOST
    shown, cut, more = row["used_by"].partition(" … +")
    assert shown.split() == names[: len(shown.split())]
    if number * 30 - 1 < MOST:
        assert not cut
        assert len(shown.split()) == number
    else:
        assert int(more.removesuffix(" more")) == number - len(shown.split())
        assert len(row["used_by"]) > MOST - 60
    (found,) = json.loads(written(path, "--json"))["certificates"]
    assert found["used_by"] == names


@pytest.mark.parametrize("text", ["x", "0", "中", "\N{LOCK}"])
def test_a_long_text_fits_a_cell(database: Make, text: str) -> None:
    """A text is cut too, however Excel counts its characters, and behind an apostrophe."""
    path = database(certificate_expiry=[certificate("days", timedelta(days=9), "ok", issuer=text * 40_000)])
    (row,) = cells(path)
    assert MOST - 60 < len(row["issuer"].encode("utf-16-le")) / 2 <= MOST
    shown, _, more = row["issuer"].partition(" … +")
    assert shown.lstrip("'") == text * (40_000 - int(more.removesuffix(" more")))


# Calendars.


def events(path: str) -> list[Any]:
    """Return the events of a calendar, on which two readers agree."""
    content = written(path, "--ics").decode()
    found = Calendar.from_ical(content).events
    others = vobject.readOne(content).vevent_list
    for event, other in zip(found, others, strict=True):
        assert (event["UID"], event.start) == (other.uid.value, other.dtstart.value)
        if "DTEND" in event:
            assert event.end == other.dtend.value
    return list(found)


def test_an_event_has_an_end(database: Make) -> None:
    """It begins when the certificate ends, and lasts half an hour."""
    found = events(database())
    assert {event.DTEND - event.DTSTART for event in found} == {timedelta(minutes=30)}
    assert {event.DTEND.utcoffset() for event in found} == {timedelta()}


def test_the_last_second_has_an_event(database: Make) -> None:
    """A certificate which ends at the end of the year 9999, as one for ever does, is no error."""
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=NOW.tzinfo)
    (event,) = events(database(certificate_expiry=[certificate("ever", last - NOW, "ok")]))
    assert event.start == last
    assert "DTEND" not in event


def expiries(path: str) -> dict[str, tuple[datetime, int]]:
    """Return when each event begins, and its sequence, by UID."""
    found = events(path)
    by_uid = {str(event["UID"]): (event.start, int(event["SEQUENCE"])) for event in found}
    assert len(by_uid) == len(found)
    return by_uid


def renewal(key: str, ends: int, read: int, **fields: Any) -> Row:
    """Return a certificate, by the days from NOW until it ends and since it was read."""
    return certificate(key, timedelta(days=ends), "ok", synced_at=naive(NOW - timedelta(days=read)), **fields)


def served(key: str, names: Iterable[str] = ("a.example.com", "b.example.com"), **fields: Any) -> list[Row]:
    """Return the domains that a certificate serves."""
    return [domain(key, name, **fields) for name in names]


def test_a_renewal_moves_the_event_of_the_domains(database: Make) -> None:
    """Another certificate which serves the same domains is the same event, later."""
    before = expiries(database(certificate_expiry=[renewal("old", 1, 2)], certificate_domains=served("old")))
    after = expiries(
        database(
            certificate_expiry=[renewal("new", 91, 0, name="another")],
            certificate_domains=[*reversed(served("new")), domain("new", "c.example.com", "san")],
        )
    )
    assert before.keys() == after.keys()
    assert before.popitem()[1] < after.popitem()[1]


def test_a_renewal_moves_the_event_of_its_identifier(database: Make) -> None:
    """A certificate which keeps its identifier is the same event, whatever relates to it."""
    fields = {"provider": "cdnetworks", "certificate_id": "7"}
    (before,) = events(
        database(
            certificate_expiry=[renewal("old", 1, 2, **fields)],
            certificate_domains=[domain("old", "a.example.com", "related", provider="cdnetworks")],
        )
    )
    (after,) = events(
        database(
            certificate_expiry=[renewal("new", 91, 0, **fields)],
            certificate_domains=[domain("new", "b.example.com", "related", provider="cdnetworks")],
        )
    )
    assert before["UID"] == after["UID"]
    assert before.start < after.start
    assert before["SEQUENCE"] < after["SEQUENCE"]


def test_other_domains_are_another_event(database: Make) -> None:
    """Accounts, providers and sets of domains have events of their own."""
    rows = [
        renewal("one", 1, 0),
        renewal("two", 2, 0),
        renewal("three", 3, 0, account="games"),
        renewal("four", 4, 0, provider="cdnetworks"),
        renewal("unused", 5, 0),
        renewal("keyed", 6, 0, certificate_id=None),
    ]
    domains = [
        *served("one"),
        *served("two", ["a.example.com"]),
        *served("three", account="games"),
        *served("four", provider="cdnetworks"),
    ]
    assert len(expiries(database(certificate_expiry=rows, certificate_domains=domains))) == len(rows)


def test_two_certificates_are_two_events(database: Make) -> None:
    """The first to end has the event that both would be, in whatever order the database gives them."""
    rows = [renewal("late", 50, 0), renewal("soon", 5, 0), renewal("same", 5, 0)]
    domains = [*served("late"), *served("soon"), *served("same")]
    found = expiries(database(certificate_expiry=rows, certificate_domains=domains))
    turned = expiries(database(certificate_expiry=rows[::-1], certificate_domains=domains))
    assert found == turned
    assert len(found) == 3
    (alone,) = expiries(database(certificate_expiry=rows[:1], certificate_domains=served("late")))
    assert found[alone][0] == NOW + timedelta(days=5)
