"""The parsers, with whatever bytes and texts arrive."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shapes import JSON

from tap_cdn_certs.api.answer import parse_json
from tap_cdn_certs.api.xml import parse_xml
from tap_cdn_certs.errors import APIError
from tap_cdn_certs.records import values


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
@example(b"\xef\xbb\xbf{}")
@example(b'{"a":' * 900 + b"1" + b"}" * 900)
@example(b"-" + b"9" * 101)
def test_whatever_bytes_arrive_json_is_an_object_or_an_error(content: bytes) -> None:
    """Anything else than an object is an APIError."""
    with suppress(APIError):
        assert isinstance(parse_json(content), dict)


@given(st.binary() | st.text().map(lambda text: f"<a>{text}<b/></a>".encode(errors="ignore")))
@example(b"<a>" * 300 + b"</a>" * 300)
@example(b"<!DOCTYPE a><a/>")
@example(b"<a " + b"b='' " * 600_000 + b"/>")
def test_whatever_bytes_arrive_xml_is_an_object_or_an_error(content: bytes) -> None:
    """Anything else than a document is an APIError."""
    with suppress(APIError):
        assert isinstance(parse_xml(content), dict)


def test_xml_is_read_as_json_would_have_it() -> None:
    """Without name spaces and attributes; a name that comes twice has a list, white space is as it was."""
    assert parse_xml(
        b"""<?xml version="1.0"?><r xmlns="https://example.com/" a="1"><!-- c --><one>1</one><none/>"""
        b"""<list><i>a</i><i/><i><x>&lt;b&gt;</x></i></list><two> 2 </two><two>3</two></r>"""
    ) == {
        "r": {
            "one": "1",
            "none": None,
            "list": {"i": ["a", None, {"x": "<b>"}]},
            "two": [" 2 ", "3"],
        }
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<a>" * 5000 + b"</a>" * 5000, "HostileAnswer"),
        (b"<a>" + b"<b/>" * 1_100_000 + b"</a>", "HostileAnswer"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "HostileAnswer"),
        (b"<a><b></a>", "UnparsableAnswer"),
        (b"", "UnparsableAnswer"),
        (b"<html><body>One moment</body></html>", "UnparsableAnswer"),
        (b"\n<!DOCTYPE html><html></html>", "UnparsableAnswer"),
    ],
    ids=["deep", "many", "entity", "broken", "nothing", "page", "page with a type"],
)
def test_xml_that_does_harm_is_refused(content: bytes, code: str) -> None:
    """At once, and not asked for again; what is cut off is."""
    with pytest.raises(APIError) as raised:
        parse_xml(content)
    assert raised.value.code == code


@given(st.text(st.characters(exclude_categories=())) | st.from_regex(r"\A[-+PTWZ0-9:./, ]{1,40}\Z"))
@example("P1Y")
@example("2026-01-01/2026-01-02")
@example("0001-01-01T00:00:00+14:00")
@example("9999-12-31T23:59:59-12:00")
@example("9999-12-31 24:00:00")
@example("1" * 100_000)
@example("now")
@example("2026-W01-1")
@example("2026-02-30 00:00:00")
def test_whatever_is_written_for_a_time_is_one_or_null(written: str) -> None:
    """RFC 3339 in UTC, or nothing; a text that is none is an error."""
    for zone in (values.UTC, values.CST):
        try:
            time = values.utc({"time": written}, "time", zone)
        except APIError:
            continue
        assert time is None or (len(time) == 20 and time[10] == "T" and time.endswith("Z")), time


def test_a_leap_second_is_read() -> None:
    """As the one after it: no warehouse has it."""
    for written, second in {
        "2016-12-31T23:59:60Z": "2017-01-01T00:00:00Z",
        "2017-01-01T07:59:60.999+08:00": "2017-01-01T00:00:00Z",
        "2024-02-29 12:30:60": "2024-02-29T12:31:00Z",
        "2024-02-29T12:60:00Z": None,
    }.items():
        assert values.utc({"time": written}, "time") == second


@given(st.integers() | st.integers().map(str) | st.floats() | st.text(), st.sampled_from([1.0, 0.001]))
def test_whatever_is_counted_since_1970_is_a_time_or_null(written: object, unit: float) -> None:
    """Seconds or milliseconds, as a number or as text; a year that no warehouse has is null."""
    try:
        time = values.since_1970({"time": written}, "time", unit)
    except APIError:
        return
    assert time is None or values.utc({"time": time}, "time") == time


def test_a_time_since_1970_is_exact() -> None:
    """To the second, and down."""
    assert values.since_1970({"time": 1_790_000_000_999}, "time", 0.001) == "2026-09-21T14:13:20Z"
    assert values.since_1970({"time": "0"}, "time") == "1970-01-01T00:00:00Z"
    assert values.since_1970({"time": -1}, "time") == "1969-12-31T23:59:59Z"
    assert values.since_1970({"time": 1_790_000_000.999}, "time") == "2026-09-21T14:13:20Z"
