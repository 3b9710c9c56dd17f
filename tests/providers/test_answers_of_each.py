"""What a provider never sends, but something that wants to do harm may: it costs a key, or a stream."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from functools import cache
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import pytest
from answers import CONFIG, answers, changed, client, items, mutations
from cases import (
    APIS,
    EACH,
    EACH_DETAIL,
    EACH_LIST_OF_ITEMS,
    EACH_OPERATION,
    assert_others_complete,
    connected,
    items_of,
    names,
    only,
    pair,
    schema,
    stream_of,
)
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from shapes import shaped
from watched import Watch, catalog, run

from fuzz.answers import read_all
from sandbox import Fault
from tap_cdn_certs.api.answer import Answer
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.messages import Call
    from tap_cdn_certs.errors import APIError

MAX_MEMORY = 300  # MiB
WRONG_VALUES = {"InvalidValue", "InvalidCertificate", "HostileAnswer", "UnreadableEnd"}
# Fields that say when a certificate ends: what is wrong with one costs that field alone.
END = re.compile(r"not.?after|expir(?!ing)|cert.?end|end.?date|validity.?to", re.IGNORECASE)


@EACH_DETAIL
def test_junk_in_any_place_of_a_detail_costs_its_key(tmp_path: Path, provider: str, operation: str) -> None:
    """Every second key gets an answer with one thing wrong: a record, or a row that says what."""
    wrong = mutations(answers(provider)[operation], step=4)
    with only(provider, 2 * len(wrong)) as sandbox:
        keys = sandbox[provider].keys(operation)
        answer = dict(zip(keys[::2], wrong, strict=False))
        changed(sandbox, provider, operation, lambda call, right: answer.get(call.entry.key, right))
        result = run(sandbox, tmp_path, config=connected(sandbox, provider, 32))
    stream = stream_of(provider, operation).name
    assert result.returncode == 0
    assert result.syncs[stream]["complete"]
    assert result.syncs[stream]["failed"] > len(answer) / 5
    assert {*keys[1::2]} <= result.by_key(stream).keys()
    assert {row["key"] for row in result.records["sync_errors"]} <= answer.keys()
    assert result.peak_memory < MAX_MEMORY


@EACH_LIST_OF_ITEMS
def test_junk_in_any_item_of_a_list_costs_the_item(tmp_path: Path, provider: str, operation: str) -> None:
    """Every second item has one thing wrong: the others arrive."""
    stream = stream_of(provider, operation)
    key = items_of(provider, operation).key
    (item,) = items(answers(provider)[operation], key) or ()
    wrong = mutations(item, step=2)
    # Each key of a nested list has several items.
    size = len(wrong) // 4 if operation in APIS[provider].nested else 2 * len(wrong)
    with only(provider, size) as sandbox:
        keys = sandbox[provider].keys(operation)
        odd = dict(zip(keys[::2], wrong, strict=False))
        names = {name: own_key(provider, operation, name) for name in odd}
        spoilt = {
            names[name]: value | {key: names[name]}
            if isinstance(value, dict) and value.get(key) == item[key]
            else value
            for name, value in odd.items()
        }

        def spoil(_: Call, tree: Any) -> Any:
            found = items(tree, key) or []
            found[:] = [spoilt.get(str(each[key]), each) for each in found]
            return tree

        changed(sandbox, provider, operation, spoil)
        alone = catalog(tmp_path, stream.name, "sync_errors", "syncs")
        result = run(sandbox, tmp_path, "--catalog", alone)
    assert result.returncode == 0
    assert result.syncs[stream.name]["complete"]
    assert result.syncs[stream.name]["failed"] > len(odd) / 5
    assert {*keys} - odd.keys() <= result.by_key(stream.name).keys()
    codes = {row["code"] for row in result.records["sync_errors"] if row["stream"] == stream.name}
    assert "InvalidValue" in codes <= WRONG_VALUES


@EACH_OPERATION
def test_a_wrong_value_is_named_and_strict_fails_for_it(
    tmp_path: Path, provider: str, operation: str
) -> None:
    """One field of one key: its row is not there, all others are."""
    stream, key = stream_of(provider, operation), items_of(provider, operation).key
    tree = answers(provider)[operation]
    if operation not in APIS[provider].details:
        (tree,) = items(tree, key) or ()
    read = {plain(name) for name in schema(stream.name)["properties"]}
    named = [name for name, value in texts(tree) if value and plain(name) in read and name != key]
    named = [name for name in named if not END.search(name)]
    # Where there is no text, an object that holds what is read.
    objects = [name for name, value in tree.items() if isinstance(value, dict)]
    field = next(iter(named + objects))
    with pair(provider, 6) as sandbox:
        wrong = sandbox[provider].keys(operation)[0]
        right = {*sandbox[provider].records(stream.operation)} - {wrong}
        of_details = operation in APIS[provider].details
        which = {"key": wrong} if of_details else {"item": own_key(provider, operation, wrong)}
        sandbox.faults.add(Fault("field", operation, field=field, value=[[1]], **which))
        result = run(sandbox, tmp_path, config={**sandbox.config(), "strict": True})
    assert result.returncode == 1
    assert_others_complete(provider, result)
    row = result.errors[stream.name, wrong]
    assert row["code"] == "InvalidValue"
    assert field in row["message"]
    assert result.by_key(stream.name).keys() == right


EACH_OF_AN_END = pytest.mark.parametrize(
    ("provider", "operation"),
    [
        (provider, operation)
        for provider, api in APIS.items()
        for operation in (*api.lists, *api.details, *api.nested)
        if END.search(json.dumps(schema(stream_of(provider, operation).name)["properties"]))
    ],
)


@EACH_OF_AN_END
def test_an_end_that_cannot_be_read_costs_itself_alone(provider: str, operation: str) -> None:
    """Whatever it is: its row is there without it, and another names it, in which a PEM may still tell it."""
    stream = stream_of(provider, operation)
    junk = cycle(("garbage", "2027-13-45T00:00:00Z", [[1]], True, "0001-01-01T00:00:00Z"))
    with only(provider, 6) as sandbox:
        right, errors = synced(sandbox, stream.name)
        assert not errors
        changed(sandbox, provider, operation, lambda _, tree: without_ends(tree, junk))
        wrong, errors = synced(sandbox, stream.name)
    assert wrong.keys() == right.keys()
    assert {row["code"] for row in errors.values()} <= {"UnreadableEnd"}
    lost = {key for key, row in wrong.items() if row != {**right[key], "synced_at": row["synced_at"]}}
    assert lost <= errors.keys()
    # The list of what is asked for one by one may say less than that.
    assert errors or operation != stream.operation
    for key, error in errors.items():
        assert error["reach"] == ("field" if wrong[key].get("x509_not_after") else "key")
        assert END.search(error["message"])


def synced(sandbox: Watch, name: str) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """The records of a stream and its rows of `sync_errors`, by key."""
    tap = TapCDNCerts(config=sandbox.config())
    stream = tap.streams[name]
    records = [*stream.get_records(None)]
    errors = tap.run.report.errors
    return (
        {"/".join(row[part] for part in stream.primary_keys[1:]): row for row in records},
        {row["key"]: row for row in errors},
    )


def without_ends(tree: Any, junk: Iterator[Any]) -> Any:
    """The tree with junk in place of the ends that it has."""
    if isinstance(tree, dict):
        return {
            name: next(junk)
            if END.search(name) and value and not isinstance(value, list | dict)
            else without_ends(value, junk)
            for name, value in tree.items()
        }
    return [without_ends(item, junk) for item in tree] if isinstance(tree, list) else tree


def own_key(provider: str, operation: str, key: str) -> str:
    """What an item itself has of its key: of a row with several, the last."""
    return key.rpartition("/")[2] if len(stream_of(provider, operation).primary_keys) > 2 else key


def plain(name: str) -> str:
    """A field's name, however it is written."""
    return re.sub("[-_]", "", name).lower()


def texts(tree: Any) -> list[tuple[str, str]]:
    """The fields of a tree that are texts, by name."""
    found = []
    for name, value in tree.items() if isinstance(tree, dict) else ():
        found += [(name, value)] if isinstance(value, str) else texts(value)
        found += texts(value[0]) if isinstance(value, list) and value else []
    return found


def one_stream(block: bytes, times: int) -> bytes:
    """A block again and again as one stream of gzip, without its end."""
    stream = zlib.compressobj(wbits=31)
    first, again = (stream.compress(block) + stream.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * (times - 1)


# Answers that would fill the memory, and what is said of them.
HARM: dict[str, tuple[bytes, str]] = {
    "deep": (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    "deep objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    "many values": (b'{"a":[' + b"[]," * 2_000_000 + b"[]]}", "values"),
    "many digits": (b'{"a":' + b"9" * 5000 + b"}", "5,000 digits"),
}
NOT_OBJECTS = (b"null", b'"text"', b"[]", b"12", b"NaN")


@EACH_DETAIL
def test_a_detail_that_does_harm_costs_its_key(tmp_path: Path, provider: str, operation: str) -> None:
    """It is refused at once, and not asked for again; what is no object is as wrong."""
    bodies = [body for body, _ in HARM.values()] + [*NOT_OBJECTS]
    with only(provider, 3 * len(bodies)) as sandbox:
        keys = sandbox[provider].keys(operation)
        for key, body in zip(keys[::3], bodies, strict=True):
            sandbox.faults.add(Fault("body", operation, key, body=body, content_type="application/json"))
        result = run(sandbox, tmp_path)
        assert all(sandbox.count(operation, key) == 1 for key in keys[::3])
    stream = stream_of(provider, operation).name
    assert result.returncode == 0
    assert result.errors.keys() == {(stream, key) for key in keys[::3]}
    assert {row["code"] for row in result.errors.values()} <= WRONG_VALUES
    assert result.peak_memory < MAX_MEMORY


# Each list, and of each provider each kind of harm.
HARMED = [
    (provider, operation, name)
    for provider, api in APIS.items()
    for operation, name in islice(
        zip(cycle(api.lists), cycle(HARM), strict=False), max(len(HARM), len(api.lists))
    )
]


@pytest.mark.parametrize(("provider", "operation", "name"), HARMED)
def test_a_list_that_does_harm_is_refused_in_little_memory(
    tmp_path: Path, provider: str, operation: str, name: str
) -> None:
    """Its streams are, and all others arrive."""
    body, words = HARM[name]
    with pair(provider, 6) as sandbox:
        sandbox.faults.add(Fault("body", operation, body=body, content_type="application/json"))
        result = run(sandbox, tmp_path)
        # Each of its streams asks, and a list may be in two places.
        assert sandbox.count(operation) <= max(2, len(names(provider, operation)))
    assert_refused(result, provider, operation, words)


@cache
def too_large(form: str) -> dict[str, Any]:
    """The fault of an answer of a gigabyte."""
    if form == "plain":
        return {"kind": "oversized"}
    body = one_stream(b" " * 2**26, 16)
    encoded = {"gzip": body, "gzip, gzip": gzip.compress(body)}[form]
    return {"kind": "body", "body": encoded, "headers": {"Content-Encoding": form}}


# Each operation and each form once.
FORMS = [
    (provider, operation, form)
    for provider, api in APIS.items()
    for operation, form in islice(
        zip(
            cycle([*api.details, *api.lists, *api.nested]),
            cycle(("plain", "gzip, gzip", "gzip")),
            strict=False,
        ),
        max(3, len(api.details) + len(api.lists) + len(api.nested)),
    )
]


@pytest.mark.parametrize(("provider", "operation", "form"), FORMS)
def test_a_gigabyte_is_not_held(tmp_path: Path, provider: str, operation: str, form: str) -> None:
    """From a list, or from each of the keys, many at once."""
    with pair(provider, 20) as sandbox:
        sandbox.faults.add(Fault(operation=operation, **too_large(form)))
        result = run(sandbox, tmp_path)
    assert_refused(result, provider, operation, "MiB")


def assert_refused(result: Any, provider: str, operation: str, words: str) -> None:
    """The rows say what was wrong; the rest arrived, in bounded memory."""
    refused = names(provider, operation)
    assert result.returncode == 1
    assert_others_complete(provider, result, *refused)
    for stream in refused:
        row = result.errors[stream, "*"]
        assert row["code"] == "HostileAnswer"
        assert words in row["message"]
    assert result.peak_memory < MAX_MEMORY


# From here on: what reads the answers and makes the records, with whatever there is.

TAP = TapCDNCerts(config=CONFIG)


def own_streams(provider: str) -> dict[str, Any]:
    """The streams of a provider; all of them, for an answer to one may be given to another."""
    return {name: stream for name, stream in TAP.streams.items() if name in names(provider)}


@EACH_OPERATION
@given(data=st.data())
def test_whatever_an_answer_holds_is_a_record_or_an_error(
    provider: str, operation: str, data: st.DataObject
) -> None:
    """Anything of about the shape of an answer gives records that every warehouse takes, or an APIError."""
    read_all(
        own_streams(provider),
        data.draw(st.fixed_dictionaries({}) | shaped(answers(provider)[operation]).filter(is_object)),
    )


def is_object(value: Any) -> bool:
    """Whether a value is an object: clients refuse all others."""
    return isinstance(value, dict)


@EACH_OPERATION
def test_junk_in_any_place_is_a_record_or_an_error(provider: str, operation: str) -> None:
    """One thing wrong, of each kind, in each place."""
    for answer in filter(is_object, mutations(answers(provider)[operation])):
        read_all(own_streams(provider), answer)


def failed(provider: str, answer: Answer) -> APIError:
    """The error that a client makes of an answer."""
    error: APIError = client(provider).fail("Operation", client(provider).host(), answer)
    return error


@EACH
def test_junk_in_an_error_is_one_line(provider: str) -> None:
    """An error with any type in any of its places is an error in one line, and not endless."""
    right = answers(provider)[""]
    endless = [replaced_texts(right, "a " * 2**20)]
    for error in (*mutations(right), *endless):
        raised = failed(
            provider, Answer(400, CaseInsensitiveDict({"Date": "now"}), json.dumps(error).encode())
        )
        for text in (raised.code, raised.message, raised.request_id or ""):
            assert text.isprintable()
            assert len(text) < 1500
    deep = b'{"Code":' + b'{"a":' * 800 + b"1" + b"}" * 801
    assert failed(provider, Answer(400, CaseInsensitiveDict(), deep)).code


def replaced_texts(tree: Any, text: str) -> Any:
    """The tree with another text for each of its own."""
    if isinstance(tree, dict):
        return {name: replaced_texts(branch, text) for name, branch in tree.items()}
    return text if isinstance(tree, str) else tree


@EACH
@given(data=st.data(), status=st.integers(100, 999))
def test_whatever_an_error_holds_is_one_line(provider: str, data: st.DataObject, status: int) -> None:
    """It has a code and a message, and asks for a wait that can be waited."""
    names = ["Date", "Content-Type", client(provider).request_id_header, *APIS[provider].hints]
    written = st.text() | st.integers(min_value=0).map(str) | st.just("Fri, 31 Dec 9999 23:59:59 -2300")
    hints = [
        hint.format(seconds=10.0**n, milliseconds=10.0**n, epoch=10.0**n)
        for hint in APIS[provider].hints.values()
        for n in (2, 99)
    ]
    headers = data.draw(st.dictionaries(st.sampled_from(names), written | st.sampled_from(hints)))
    body = shaped(answers(provider)[""]).map(lambda value: json.dumps(value).encode())
    answer = Answer(status, CaseInsensitiveDict(headers), data.draw(st.binary() | body))
    error = failed(provider, answer)
    assert error.code
    assert error.message
    assert f"{error.code}{error.message}{error.request_id}".isprintable()
    assert error.wait is None or 0 <= error.wait <= 900
    assert abs(answer.skew()) < 1e12
