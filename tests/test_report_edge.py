"""What the edge serves, in the report's outputs and exit codes."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING

import duckdb
import jsonschema
import pytest
import vobject  # type: ignore[import-untyped]
from reported import MISSING, NOW, SCHEMA, SCRIPT, certificate, domain, drift, edge, naive

if TYPE_CHECKING:
    from reported import Make, Row, Run


DAYS = timedelta(days=1)


def test_the_earlier_of_both_ends_counts(database: Make, report: Run) -> None:
    """In JSON, which follows its schema, in CSV and in the calendar; what is for other names ends nothing."""
    source = database(**edge())
    document = json.loads(report(source, "--json", "-")[1])
    described = json.loads(files("cdn_certs_report").joinpath("report.schema.json").read_text("utf-8"))
    jsonschema.validate(document, described, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    shown = ("edge_verdict", "state", "ends_at", "edge_not_after", "served_otherwise")
    own, sooner, ended = "2027-02-21T08:00:00Z", "2026-11-25T20:00:00Z", "2026-11-22T08:00:00Z"
    expected = {
        "shop": ("renewed_not_served", "critical", sooner, sooner, ["www.example.com"]),
        "chain": ("untrusted", "ok", own, None, ["chain.example.com"]),
        "name": ("name_mismatch", "ok", own, None, ["name.example.com"]),
        "other": ("other_certificate", "ok", own, None, ["other.example.com"]),
        "old": ("expired", "expired", ended, ended, ["old.example.com"]),
        "down": ("unreachable", "ok", own, None, ["down.example.com"]),
        "both": ("same", "ok", own, None, []),
    }
    certificates = [each for each in document["certificates"] if each["provider"] == "alicloud"]
    assert {each["certificate_key"]: tuple(each[name] for name in shown) for each in certificates} == expected
    assert [each["certificate_key"] for each in certificates][:2] == ["old", "shop"]
    assert len(document["edge_drift"]) == len(edge()["edge_drift"])

    rows = csv.DictReader(report(source, "--csv", "-")[1].lstrip("\N{BYTE ORDER MARK}").splitlines())
    assert {
        row["certificate_key"]: (row["edge_verdict"], row["state"], row["ends_at"])
        for row in rows
        if row["provider"] == "alicloud"
    } == {key: values[:3] for key, values in expected.items()}

    calendar = vobject.readOne(report(source, "--ics", "-")[1])
    events = {event.summary.value: event for event in calendar.vevent_list}
    event = events["Certificate shop-name ends (alicloud / default)"]
    assert event.dtstart.value == NOW + 2.5 * DAYS
    assert "www.example.com: renewed, not served; what is served ends" in event.description.value


def test_the_table_shows_what_is_served(database: Make, report: Run) -> None:
    """A column has the worst of each certificate, and lines below say where; without an edge nothing does."""
    printed = report(database(**edge()))[1]
    assert "Served otherwise than configured: 6:" in printed
    assert "  www.example.com: renewed, not served; what is served ends 2026-11-25 20:00 UTC" in printed
    assert f"  chain.example.com: not trusted; {MISSING}; what is served ends" in printed
    assert "  down.example.com: not reached; timed out (alicloud / default)" in printed
    assert "not seen lately" in printed
    assert (
        "Served as configured: 2. Not compared: 2 (served by another account or provider that lists it: 1; "
        "a wildcard, which names no host: 1)."
    ) in printed
    (row,) = [line for line in printed.splitlines() if "shop-name" in line]
    assert row.rstrip().endswith("Renewed, not served")
    assert "erved" not in report(database())[1]
    assert "the first 1 shown" in report(database(**edge()), "--limit", "1")[1]


OK = [certificate("a", 90 * DAYS, "ok")]
SERVED = [domain("a", "a.example.com")]


@pytest.mark.parametrize(
    ("row", "within", "code", "said"),
    [
        (drift("a", "a.example.com", "same", 90 * DAYS), "14d", 0, ""),
        # The end of what is served in its stead is judged.
        (drift("a", "a.example.com", "renewed_not_served", 9 * DAYS), "14d", 2, "ends 2026-12-02 08:00 UTC"),
        (drift("a", "a.example.com", "renewed_not_served", 30 * DAYS), "14d", 0, "note: served otherwise"),
        (drift("a", "a.example.com", "other_certificate", 99 * DAYS), "14d", 0, "another certificate"),
        (drift("a", "a.example.com", "expired", -DAYS, served_state="expired"), "14d", 2, "ended 2026-11-22"),
        # Browsers refuse it, however long it holds.
        (
            drift("a", "a.example.com", "untrusted", 90 * DAYS, trusted=False, trust_error=MISSING),
            "14d",
            2,
            f"at the edge (alicloud / default): a.example.com: not trusted; {MISSING}",
        ),
        (
            drift("a", "a.example.com", "renewed_not_served", 30 * DAYS, trusted=False, trust_error=MISSING),
            "14d",
            2,
            f"renewed, not served; not trusted: {MISSING}",
        ),
        (drift("a", "a.example.com", "name_mismatch", 90 * DAYS), "14d", 2, "for another name"),
        (
            drift("a", "a.example.com", "unreachable", error="timed_out"),
            "14d",
            3,
            "nobody knows what is served at a.example.com: not reached; timed out",
        ),
        (
            drift(
                "a", "a.example.com", "not_compared", not_compared_because="not_public", error="not_public"
            ),
            "14d",
            0,
            "",
        ),
        # Of a domain whose certificate the provider does not name, the edge knows the end.
        (
            drift(None, "b.example.com", "not_compared", DAYS, not_compared_because="unknown_certificate"),
            "14d",
            2,
            "at the edge (alicloud / default): b.example.com",
        ),
        (
            drift(
                None, "b.example.com", "not_compared", 15 * DAYS, not_compared_because="unknown_certificate"
            ),
            "14d",
            0,
            "",
        ),
        (drift(None, "b.example.com", "expired", -DAYS), "14d", 2, "b.example.com: expired"),
    ],
)
def test_what_is_served_decides_the_exit_code(
    database: Make, report: Run, row: Row, within: str, code: int, said: str
) -> None:
    """2 for what ends or is refused at the edge, 3 for what nobody saw, 0 for what only differs."""
    source = database(certificate_expiry=OK, certificate_domains=SERVED, edge_drift=[row])
    result, _, err = report(source, "--json", "-", "--fail-within", within)
    assert result == code
    assert said in err if said else not err
    assert err.count("a.example.com") <= 1
    assert report(source, "--json", "-")[0] == 0


def test_an_unknown_end_stays_unknown(database: Make, report: Run) -> None:
    """That what is served holds for long says nothing of a certificate of which nobody knows the end."""
    unknown = certificate("a", None, "unknown")
    row = drift("a", "a.example.com", "other_certificate", 90 * DAYS, configured_not_after=None)
    source = database(certificate_expiry=[unknown], certificate_domains=SERVED, edge_drift=[row])
    code, _, said = report(source, "--json", "-", "--fail-within", "14d")
    assert (code, "nobody knows when a-name" in said) == (3, True)


def test_what_is_served_may_have_ended_since(database: Make, report: Run) -> None:
    """After dbt ran, what is served ends too."""
    row = drift("a", "a.example.com", "renewed_not_served", DAYS)
    source = database(certificate_expiry=OK, certificate_domains=SERVED, edge_drift=[row])
    later = report(source, "--json", "-", "--fail-within", "1d", "--stale-after", "90d", now=NOW + 2 * DAYS)
    (found,) = json.loads(later[1])["certificates"]
    assert (later[0], found["edge_verdict"], found["state"]) == (2, "expired", "expired")


def test_many_unreached_domains_are_a_few_lines(database: Make, report: Run) -> None:
    """The first of them are named, and how many others there are."""
    rows = [drift("a", f"{i:03}.example.com", "unreachable", error="not_resolved") for i in range(70)]
    source = database(certificate_expiry=OK, certificate_domains=SERVED, edge_drift=rows)
    said = report(source, "--json", "-", "--fail-within", "1d")[2]
    assert said.count("not resolved") == 5
    assert "nor at 65 other domains." in said


def test_reads_databases_that_know_no_edge(database: Make, report: Run) -> None:
    """Models of an earlier release are reported as they were."""
    source = database()
    before = report(source, "--json", "-")
    with duckdb.connect(source) as connection:
        connection.execute(f"drop table {SCHEMA}.edge_drift")
    assert report(source, "--json", "-") == before
    assert report(source, "--json", "-", "--schema", SCHEMA) == before
    assert report(source, "--html", "-")[0] == 0


def test_says_whose_certificate_is_served(database: Make, report: Run) -> None:
    """Of a domain that two list, the page names the one whose certificate the edge serves, if one's."""
    other = {"provider": "cdnetworks", "account": "games"}
    rows = [
        drift("a", "a.example.com", "other_certificate", 90 * DAYS),
        drift("b", "a.example.com", "other_certificate", 90 * DAYS, **other),
        drift("c", "c.example.com", "same", 90 * DAYS, serves=None),
        drift("d", "c.example.com", "same", 90 * DAYS, serves=False, **other),
        drift("e", "e.example.com", "same", 90 * DAYS, served_not_after=naive(NOW)),
    ]
    page = report(database(edge_drift=rows, certificate_expiry=[]), "--html", "-")[1]
    assert "2 domains that several accounts list" in page
    shared = page[page.index("Whose certificate the edge serves") :]
    assert shared.index("another&#39;s") < shared.index("unknown")
    assert SCRIPT not in page


def test_metrics_count_domains_by_the_worst_verdict(database: Make, report: Run) -> None:
    """A domain with several certificates is one."""
    rows = [
        drift("a", "a.example.com", "same", 90 * DAYS),
        drift("b", "a.example.com", "renewed_not_served", 30 * DAYS),
        drift("c", "c.example.com", "same", 90 * DAYS),
    ]
    printed = report(database(edge_drift=rows), "--metrics", "-")[1]
    series = [line for line in printed.splitlines() if line.startswith("cdn_certs_edge_domains{")]
    assert [(line.partition('verdict="')[2].partition('"')[0], line.split()[-1]) for line in series] == [
        ("renewed_not_served", "1.0"),
        ("same", "1.0"),
    ]
