"""What the report says of certificates: when they end, by whose word, and what they serve."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest
import vobject  # type: ignore[import-untyped]
from reported import (
    SCHEMA,
    SCRIPT,
    by_name,
    certificate,
    domain,
    doubtful,
    held_twice,
    models,
)

from cdn_certs_report.words import left_in_words

if TYPE_CHECKING:
    from reported import Make, Run


def test_lists_the_soonest_first_and_the_unknown_last(database: Make, report: Run) -> None:
    """The certificates are sorted by their end."""
    document = json.loads(report(database(), "--json", "-")[1])
    ends = [each["not_after"] for each in document["certificates"]]
    assert ends == [*sorted(filter(None, ends)), None]


def test_knows_the_edges_of_time(database: Make, report: Run) -> None:
    """Less than a day is not expired, a second ago is, unknown is unknown, and negative stays negative."""
    found = by_name(json.loads(report(database(), "--json", "-")[1]))
    assert (found["today-name"]["state"], found["today-name"]["hours_left"]) == ("critical", 23)
    assert found["second-name"]["state"] == "expired"
    assert -0.001 < found["second-name"]["hours_left"] < 0
    assert (found["unknown-name"]["state"], found["unknown-name"]["days_left"]) == ("unknown", None)
    assert found["today-name"]["not_after"] == "2026-11-24T07:00:00Z"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=14, hours=23), "14 days"),
        (timedelta(hours=48), "2 days"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(seconds=1), "1 s"),
        (timedelta(seconds=-1), "\N{MINUS SIGN}1 s"),
        (timedelta(hours=-5), "\N{MINUS SIGN}5 h"),
        (timedelta(days=-400), "\N{MINUS SIGN}400 days"),
        (None, "unknown"),
    ],
)
def test_says_how_long_is_left(left: timedelta | None, words: str) -> None:
    """A time left is in days, and below two days in smaller units."""
    assert left_in_words(left) == words


def test_knows_what_is_in_use(database: Make, report: Run) -> None:
    """A certificate which only names a domain serves none; one of another account serves its own."""
    document = json.loads(report(database(), "--json", "-")[1])
    served = {(each["account"], each["name"]): each["used_by"] for each in document["certificates"]}
    assert served["default", "months-name"] == []
    assert served["default", "today-name"] == ["today.example.com"]
    assert served["games", "中文 ; a, b\nc"] == ["games.example.com"]
    found = by_name(document)
    assert found["today-name"]["not_covered"] == ["today.example.com"]
    assert found["hours-name"]["covers"] == ["shop.example.com", "www.example.com"]


def test_finds_the_weak_and_the_long(database: Make, report: Run) -> None:
    """A deprecated key and a lifetime over the limit are marked."""
    found = by_name(json.loads(report(database(), "--json", "-")[1]))
    assert [name for name, each in found.items() if each["algorithm_deprecated"]] == ["months-name"]
    assert [name for name, each in found.items() if each["lifetime_too_long"]] == ["days-name"]


def test_what_ends_first_decides(database: Make, report: Run) -> None:
    """An intermediate, the provider's own end and its verdict can only make a certificate worse."""
    document = json.loads(report(database(**doubtful()), "--json", "-")[1])
    found = by_name(document)
    shown = ("state", "ends_at", "not_after", "end_disputed", "chain_complete", "provider_says_worse")
    before, own = "2026-11-22T08:00:00Z", "2027-01-22T08:00:00Z"
    assert {name: tuple(each[key] for key in shown) for name, each in found.items()} == {
        "chain-name": ("expired", before, own, False, False, False),
        "earlier-name": ("expired", before, own, True, True, False),
        "later-name": ("ok", own, own, True, True, False),
        "said-name": ("expired", own, own, False, True, True),
        "mismatch-name": ("ok", own, own, False, True, False),
        "off-name": ("expired", before, before, False, True, False),
    }
    assert found["chain-name"]["days_left"] == -1


def test_says_whose_word_it_is(database: Make, report: Run) -> None:
    """What ends by the provider's word only, and ends that differ, are said; neither is a doubt."""
    rows = doubtful()
    code, _, said = report(database(**rows), "--json", "-", "--fail-within", "1d")
    disputed = (
        "(alicloud / default) ends 2027-01-22 08:00:00 UTC, says the certificate, and {} 08:00:00 UTC, "
        "says the provider: the earlier counts."
    )
    assert code == 2
    assert said.splitlines() == [
        f"note: earlier-name {disputed.format('2026-11-22')}",
        f"note: later-name {disputed.format('2027-02-21')}",
        "ended 2026-11-22 08:00 UTC (\N{MINUS SIGN}24 h): chain-name (alicloud / default), domains: 1",
        "ended 2026-11-22 08:00 UTC (\N{MINUS SIGN}24 h): earlier-name (alicloud / default), domains: 1",
        "ended, says the provider: said-name (alicloud / default), domains: 1",
    ]
    kept = {"later", "mismatch", "off"}
    rows = {name: [row for row in model if row["certificate_key"] in kept] for name, model in rows.items()}
    assert report(database(**rows), "--json", "-", "--fail-within", "30d")[0] == 0


def test_what_is_off_is_not_in_use(database: Make, report: Run) -> None:
    """The certificate of a domain that is off ends without a word, and is shown as what it is."""
    rows = {
        name: [row for row in model if row["certificate_key"] == "off"] for name, model in doubtful().items()
    }
    code, printed, said = report(database(**rows), "--fail-within", "30d")
    assert (code, said) == (0, "")
    assert "off: off.example.com" in printed
    (found,) = json.loads(report(database(**rows), "--json", "-")[1])["certificates"]
    assert (found["in_use"], found["used_by"], found["off"]) == (False, [], ["off.example.com"])


@pytest.mark.parametrize("first", [True, False])
def test_what_comes_first_for_a_domain_is_in_use(database: Make, report: Run, *, first: bool) -> None:
    """Where the provider only says what a certificate is for, and in which order it takes them."""
    source = database(
        certificate_expiry=[certificate("first", timedelta(days=3), "critical")],
        certificate_domains=[domain("first", "www.example.com", "covers", in_use=first)],
    )
    code, printed, _ = report(source, "--json", "-", "--fail-within", "7d")
    (found,) = json.loads(printed)["certificates"]
    assert (code, found["used_by"]) == ((2, ["www.example.com"]) if first else (0, []))
    assert (found["covers"], found["off"]) == (["www.example.com"], [])


def test_an_unknown_end_that_the_provider_calls_expired(database: Make, report: Run) -> None:
    """Nobody knows the end of a certificate, but the provider says that it is past."""
    row = certificate("said", None, "expired", provider_status="expired", provider_says_worse=True)
    source = database(certificate_expiry=[row], certificate_domains=[domain("said", "www.example.com")])
    code, _, said = report(source, "--json", "-", "--fail-within", "1d")
    assert (code, said) == (2, "ended, says the provider: said-name (alicloud / default), domains: 1\n")


def test_says_where_else_a_certificate_is_held(database: Make, report: Run) -> None:
    """A renewal has to reach every place that holds the certificate: each output names the others."""
    source = database(**held_twice())
    alicloud, *cdnetworks = (row["certificate_key"] for row in held_twice()["certificate_expiry"])
    expected = {alicloud: [cdnetworks[0]], cdnetworks[0]: [alicloud], cdnetworks[1]: []}
    document = json.loads(report(source, "--json", "-")[1])
    assert {each["certificate_key"]: each["also_held_by"] for each in document["certificates"]} == expected
    rows = csv.DictReader(report(source, "--csv", "-")[1].splitlines())
    assert {row["certificate_key"]: row["also_held_by"] for row in rows} == {
        key: "".join(others) for key, others in expected.items()
    }
    written = report(source, "--ics", "-")[1]
    events = {event.summary.value: event.description.value for event in vobject.readOne(written).vevent_list}
    assert (
        "Also held by:\nalicloud / default: shop"
        in events[f"Certificate {SCRIPT} ends (cdnetworks / games & more)"]
    )
    assert ["Also held by" in text for text in events.values()].count(True) == 2


def test_says_what_serves_nothing(database: Make, report: Run) -> None:
    """What is not in use here may be in use elsewhere; what is nowhere may have been forgotten."""
    source = database(**held_twice())
    used, elsewhere, forgotten = (row["certificate_key"] for row in held_twice()["certificate_expiry"])
    document = json.loads(report(source, "--json", "-")[1])
    assert {each["certificate_key"]: each["serves_nothing"] for each in document["certificates"]} == {
        used: False,
        elsewhere: False,
        forgotten: True,
    }
    printed = report(source)[1]
    assert [printed.count(words) for words in ("www.example.com", "in use elsewhere", "not in use")] == [
        1,
        1,
        1,
    ]
    written = report(source, "--ics", "-")[1]
    assert [written.count(f"It is {words}.") for words in ("in use elsewhere", "not in use")] == [1, 1]


def test_what_may_be_in_use_counts_as_in_use(database: Make, report: Run) -> None:
    """Where nobody could read what a certificate serves, it is neither forgotten nor left out of an alarm."""
    ended = certificate("a", timedelta(days=-3), "expired", serves_nothing=False, use_known=False)
    source = database(certificate_expiry=[ended], certificate_domains=[])
    code, printed, said = report(source, "--fail-within", "1d")
    assert code == 2
    assert "ended 2026-11-20 08:00 UTC" in said
    assert "a-name (alicloud / default), domains: unknown" in said
    assert "perhaps in use" in printed
    assert "not in use" not in printed
    (found,) = json.loads(report(source, "--json", "-")[1])["certificates"]
    shown = ("in_use", "used_by", "serves_nothing", "use_known")
    assert tuple(found[name] for name in shown) == (True, [], False, False)
    assert "It is perhaps in use." in report(source, "--ics", "-")[1]
    assert "may serve domains: what would say it was not read" in report(source, "--html", "-")[1]


def test_says_whose_certificate_nobody_knows(database: Make, report: Run) -> None:
    """A domain whose certificate is in no list is no inventory that is whole; one that has none is a fact."""
    source = database(
        certificate_expiry=[certificate("gone", None, "unknown", name=None, only_named=True)],
        certificate_domains=[
            domain("gone", "gone.example.com"),
            domain("gone", "off.example.com", in_use=False),
        ],
        domains_without_certificate=[
            models()["domains_without_certificate"][0]
            | {"domain_name": f"{reason}.example", "reason": reason}
            for reason in ("not_named", "not_issued", "not_covered", "none")
        ],
    )
    code, printed, said = report(source, "--fail-within", "1d")
    assert code == 3
    doubt = "alicloud / default: domains whose certificate is in no list, so that its end is not known: 2."
    assert f"warning: {doubt}" in said
    assert "NOT complete" in printed
    assert (
        "Domains without a certificate: 4: 1 where none is configured; "
        "1 where none of the account's is for it; 1 where it is not issued yet; "
        "1 where it has one, and nobody knows which."
    ) in printed
    document = json.loads(report(source, "--json", "-")[1])
    assert document["warnings"] == [doubt]
    assert [each["only_named"] for each in document["certificates"]] == [True]
    page = report(source, "--html", "-")[1]
    for words in ("it is not issued yet", "it has one, and nobody knows which", "and in no list"):
        assert words in page


@pytest.mark.parametrize("status", ["revoked", "inactive"])
def test_what_was_withdrawn_has_ended(database: Make, report: Run, status: str) -> None:
    """A certificate in use that the provider calls revoked is an alarm, whatever its dates."""
    source = database(
        certificate_expiry=[
            certificate("used", timedelta(days=200), "critical", provider_status=status),
            certificate("dateless", None, "critical", provider_status=status),
            certificate("unused", timedelta(days=200), "critical", provider_status=status),
        ],
        certificate_domains=[domain("used", "www.example.com"), domain("dateless", "a.example.com")],
    )
    code, _, said = report(source, "--fail-within", "1d")
    assert code == 2
    assert f"{status}, says the provider: used-name (alicloud / default), domains: 1" in said
    assert f"{status}, says the provider: dateless-name (alicloud / default), domains: 1" in said
    assert "unused-name" not in said
    states = [each["state"] for each in json.loads(report(source, "--json", "-")[1])["certificates"]]
    assert states == ["critical"] * 3


def test_reads_models_that_know_no_identity(database: Make, report: Run) -> None:
    """Models of an earlier release do not know which certificates are one; all else is reported."""
    source = database()
    before = json.loads(report(source, "--json", "-")[1])
    with duckdb.connect(source) as connection:
        for name in ("identity", "serves_nothing", "use_known", "only_named"):
            connection.execute(f"alter table {SCHEMA}.certificate_expiry drop column {name}")
        connection.execute(f"alter table {SCHEMA}.domains_without_certificate drop column reason")
    code, written, said = report(source, "--json", "-")
    assert (code, said) == (0, "")
    for each in before["certificates"]:
        each["also_held_by"] = None
    for each in before["domains_without_certificate"]:
        each["reason"] = None
    assert json.loads(written) == before
    assert report(source, "--html", "-")[0] == 0
