"""What a given catalog cannot leave out, and the forms in which a state may be given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import pytest
from cases import APIS, read_streams
from process import KEYS, run_tap, start_tap
from watched import SCHEMAS, Watch, run

from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from watched import WatchedRun

    Entry = dict[str, Any]

DETAIL = "QueryCertificate"
NOT_A_STATE = (
    "is not one that this tap wrote. Delete it, or leave --state out: everything is asked for again."
)


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """A small account of each provider."""
    with Watch(
        alicloud={"size": 6, "products": APIS["alicloud"].products}, cdnetworks={"size": 3}
    ) as sandbox:
        yield sandbox


def own(stream: str) -> dict[str, Any]:
    """The schema of a stream."""
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{stream}.json").read_text(encoding="utf-8"))
    return schema


def discovered(sandbox: Watch, tmp_path: Path) -> dict[str, Entry]:
    """The streams of the catalog that `--discover` writes."""
    with start_tap(tmp_path, sandbox.config(), "--discover") as tap:
        content = json.loads(tap.communicate(timeout=60)[0])
    return {entry["tap_stream_id"]: entry for entry in content["streams"]}


def run_with(sandbox: Watch, tmp_path: Path, entries: dict[str, Entry]) -> WatchedRun:
    """Run the tap with a catalog, at the log level that says most."""
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps({"streams": [*entries.values()]}), encoding="utf-8")
    return run(sandbox, tmp_path, "--catalog", str(path))


def schemas(result: WatchedRun) -> dict[str, Entry]:
    """The SCHEMA messages of a run."""
    messages = [json.loads(line) for line in result.stdout.splitlines()]
    return {message["stream"]: message for message in messages if message["type"] == "SCHEMA"}


def deselect(entry: Entry) -> None:
    """Deselects all fields, as a catalog of a version does in which only the keys were automatic."""
    for item in entry["metadata"]:
        if item["breadcrumb"]:
            key = item["breadcrumb"][-1] in entry["key_properties"]
            item["metadata"] = {"inclusion": "automatic" if key else "available", "selected": False}


def deselect_keys_too(entry: Entry) -> None:
    """Deselects all fields, and says of none that it is automatic."""
    deselect(entry)
    for item in entry["metadata"]:
        item["metadata"].pop("inclusion", None)


def call_unsupported(entry: Entry) -> None:
    """Says of all fields that they cannot be read."""
    for item in entry["metadata"]:
        if item["breadcrumb"]:
            item["metadata"] = {"inclusion": "unsupported"}


def lack_required(entry: Entry) -> None:
    """Deselects all other fields; schema, metadata and keys say nothing of those that are required."""
    deselect(entry)
    del entry["key_properties"]
    for name in entry["schema"].pop("required"):
        del entry["schema"]["properties"][name]
        entry["metadata"].remove(
            next(item for item in entry["metadata"] if item["breadcrumb"] == ["properties", name])
        )
    for item in entry["metadata"]:
        if not item["breadcrumb"]:
            del item["metadata"]["table-key-properties"]


def test_what_the_schema_requires_is_automatic(sandbox: Watch, tmp_path: Path) -> None:
    """`--discover` offers to leave out the other fields alone: neither the account nor `synced_at`."""
    for stream, entry in discovered(sandbox, tmp_path).items():
        required = own(stream)["required"]
        assert {*KEYS[stream], "account", "synced_at"} <= set(required)
        inclusion = {
            item["breadcrumb"][1]: item["metadata"]["inclusion"]
            for item in entry["metadata"]
            if len(item["breadcrumb"]) == 2
        }
        assert inclusion.keys() == own(stream)["properties"].keys()
        assert {name for name, value in inclusion.items() if value == "automatic"} == set(required)
        assert entry["key_properties"] == [*KEYS[stream]]
        assert (entry["replication_method"], entry.get("replication_key")) == ("FULL_TABLE", None)


@pytest.mark.parametrize("change", [deselect, deselect_keys_too, call_unsupported, lack_required])
def test_no_catalog_leaves_out_what_the_schema_requires(
    sandbox: Watch, tmp_path: Path, change: Callable[[Entry], None]
) -> None:
    """Schemas and records have exactly those fields when a catalog deselects or forgets all."""
    entries = discovered(sandbox, tmp_path)
    read = {stream.name for _, stream in read_streams(sandbox)} | {"sync_errors", "syncs"}
    assert entries.keys() == read
    for entry in entries.values():
        change(entry)
    result = run_with(sandbox, tmp_path, entries)
    assert result.returncode == 0
    messages = schemas(result)
    assert messages.keys() == entries.keys()
    for stream, message in messages.items():
        required = set(own(stream)["required"])
        assert message["schema"]["properties"].keys() == required
        assert set(message["schema"]["required"]) == required
        assert message["key_properties"] == [*KEYS[stream]]
        assert all(record.keys() == required for record in result.records[stream])
    assert all(row["complete"] for row in result.syncs.values())
    assert not result.logged("WARNING", "ERROR")


def test_a_debug_log_does_not_grow_with_the_deselected_fields_of_records(tmp_path: Path) -> None:
    """A field is said to stay once or twice, not once for each record."""
    said = []
    for domains in (2, 40):
        with Watch(alicloud={"size": domains}, cdnetworks={"size": 1}) as sandbox:
            entries = discovered(sandbox, tmp_path)
            for entry in entries.values():
                deselect(entry)
            said.append(run_with(sandbox, tmp_path, entries).stderr.count("deselected"))
    assert said[0] == said[1]


@pytest.mark.parametrize(
    "without", [(), ("metadata",), ("schema",), ("metadata", "schema", "key_properties")]
)
def test_what_a_catalog_does_not_say_is_as_without_a_catalog(
    sandbox: Watch, tmp_path: Path, without: tuple[str, ...]
) -> None:
    """Schemas, keys and fields of the records are those of a run without one."""
    plain = run(sandbox, tmp_path)
    entries = discovered(sandbox, tmp_path)
    for entry in entries.values():
        for name in without:
            del entry[name]
    result = run_with(sandbox, tmp_path, entries)
    assert schemas(result) == schemas(plain)
    for stream in {stream.name for _, stream in read_streams(sandbox)}:
        fields, expected = ([record.keys() for record in each.records[stream]] for each in (result, plain))
        assert fields == expected


def test_a_catalog_without_metadata_of_the_stream_selects_it(sandbox: Watch, tmp_path: Path) -> None:
    """With metadata of fields alone, its records are not empty, and a deselected field is not in them."""
    entry = discovered(sandbox, tmp_path)["alicloud_domains"]
    entry["metadata"] = [{"breadcrumb": ["properties", "cname"], "metadata": {"selected": False}}]
    result = run_with(sandbox, tmp_path, {"alicloud_domains": entry})
    properties = own("alicloud_domains")["properties"].keys() - {"cname"}
    assert schemas(result)["alicloud_domains"]["schema"]["properties"].keys() == properties
    assert len(result.records["alicloud_domains"]) == 6
    assert all(record.keys() == properties for record in result.records["alicloud_domains"])


def test_other_fields_and_streams_can_be_deselected(sandbox: Watch, tmp_path: Path) -> None:
    """A deselected field is in no schema and no record, a deselected stream is not asked for."""
    entries = discovered(sandbox, tmp_path)
    for stream, entry in entries.items():
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = stream in {"certificate_info", "syncs"}
            elif item["breadcrumb"] == ["properties", "server_certificate"]:
                item["metadata"]["selected"] = False
    result = run_with(sandbox, tmp_path, entries)
    assert result.returncode == 0
    assert schemas(result).keys() == {"certificate_info", "syncs"}
    properties = own("certificate_info")["properties"].keys() - {"server_certificate"}
    assert schemas(result)["certificate_info"]["schema"]["properties"].keys() == properties
    assert all(record.keys() == properties for record in result.records["certificate_info"])
    assert sandbox.count("QueryCertificateList") == 0


def test_a_catalog_may_say_another_type_or_key(sandbox: Watch, tmp_path: Path) -> None:
    """What it does say of a schema or its keys is kept."""
    entry = discovered(sandbox, tmp_path)["alicloud_domains"]
    entry["schema"]["properties"]["cname"] = {"type": ["string", "null"], "maxLength": 300}
    entry["key_properties"] = []
    message = schemas(run_with(sandbox, tmp_path, {"alicloud_domains": entry}))["alicloud_domains"]
    assert message["schema"]["properties"]["cname"] == {"type": ["string", "null"], "maxLength": 300}
    assert message["key_properties"] == []


WRAPPED: dict[str, Callable[[Any], Any]] = {
    "as it is": lambda state: state,
    "meltano state get": lambda state: {"singer_state": state},
    "a state backend of Meltano": lambda state: {"completed": {"singer_state": state}, "partial": {}},
    "a stopped sync": lambda state: {"completed": {}, "partial": {"singer_state": state}},
    "no whole sync": lambda state: {"completed": None, "partial": {"singer_state": state}},
    "a message": lambda state: {"type": "STATE", "value": state},
}


def test_a_state_is_taken_in_each_form_that_it_comes_in(sandbox: Watch, tmp_path: Path) -> None:
    """After a sync, its state saves all detail requests, as it is and as Meltano or a message wraps it."""
    state = run(sandbox, tmp_path).state
    assert sandbox.count(DETAIL) == 3
    for name, wrap in WRAPPED.items():
        sandbox.reset()
        result = run(sandbox, tmp_path, state=wrap(state))
        assert result.returncode == 0, name
        assert sandbox.count("QueryCertificateList") == 1, name
        assert sandbox.count(DETAIL) == 0, name
        assert result.state == state, name


def test_the_state_of_a_stopped_sync_counts_for_more(sandbox: Watch) -> None:
    """What it says of a stream stands, and of the others what the last whole sync said."""
    completed = {"ssl_certificate": {"certificates": {"1": {}}}, "other": {"a": 1}}
    partial = {"ssl_certificate": {"certificates": {"2": {}}}}
    wrapped = {
        name: {"singer_state": {"bookmarks": bookmarks}}
        for name, bookmarks in (("partial", partial), ("completed", completed))
    }
    tap = TapCDNCerts(config=sandbox.config(), state=wrapped)
    assert tap.state == {"bookmarks": {**completed, **partial}}


@pytest.mark.parametrize(
    "empty", [{}, {"bookmarks": {}}, {"singer_state": {}}, {"type": "STATE", "value": {}}, {"completed": {}}]
)
def test_an_empty_state_is_none(sandbox: Watch, empty: Any) -> None:
    """In each form, nothing is remembered."""
    assert not TapCDNCerts(config=sandbox.config(), state=empty).state.get("bookmarks")


@pytest.mark.parametrize(
    "content",
    [
        {"certificates": {}},
        {"value": {"bookmarks": {}}},
        {"type": "RECORD", "stream": "ssl_certificate", "record": {}},
        {"type": "STATE"},
        {"singer_state": "s3cr3t"},
        {"singer_state": []},
        {"singer_state": {"certificates": {}}},
        {"singer_state": {"bookmarks": None}},
        {"completed": {"singer_state": {"bookmarks": {}}}, "partial": {"singer_state": 1}},
        {"dev:tap-to-target": {"completed": {}, "partial": {}}},
        {"alicloud": {"access_key_secret": "s3cr3t"}},
        {"streams": []},
        {"bookmarks": {"ssl_certificate": "s3cr3t"}},
    ],
)
def test_what_is_not_a_state_is_refused(sandbox: Watch, content: Any) -> None:
    """A configuration or a catalog, among others, is none; the message does not hold it."""
    with pytest.raises(click.ClickException) as refused:
        TapCDNCerts(config=sandbox.config(), state=content)
    assert refused.value.message == f"The state {NOT_A_STATE}"


def test_what_is_not_a_state_is_said_before_any_request(sandbox: Watch, tmp_path: Path) -> None:
    """In one line, and with exit 1."""
    result = run_tap(tmp_path, sandbox.config(), state={"alicloud": {"access_key_secret": "s3cr3t"}})
    assert (result.returncode, result.stdout) == (1, "")
    assert [line for line in result.stderr.splitlines() if "| INFO" not in line] == [
        f"Error: The state in {tmp_path / 'state.json'} {NOT_A_STATE}"
    ]
    assert sandbox.requests == []


def test_a_state_that_is_nested_without_end_is_no_crash(sandbox: Watch, tmp_path: Path) -> None:
    """A line, and no traceback, however deep."""
    for depth in (300, 900, 100_000):
        path = tmp_path / "state.json"
        path.write_text('{"singer_state":' * depth + "1" + "}" * depth, encoding="utf-8")
        result = run_tap(tmp_path, sandbox.config(), "--state", str(path))
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        assert len([line for line in result.stderr.splitlines() if "| INFO" not in line]) == 1
