"""Lists of each key of a list, of each provider that has such: a key, or an item, that fails is one row."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from cases import (
    APIS,
    EACH_NESTED,
    asked_by,
    assert_everything_arrived,
    assert_others_complete,
    connected,
    only,
    pair,
    stream_of,
)
from stopping import assert_stopped
from watched import catalog, run, start

from sandbox import Fault
from tap_cdn_certs.streams.stream import SAME_FAILURES

if TYPE_CHECKING:
    from pathlib import Path

    from watched import Watch

MAX_MEMORY = 300  # MiB


def without(sandbox: Watch, provider: str, operation: str, *gone: str) -> set[str]:
    """The items of the lists of all keys but some, as `key/item`."""
    return {
        item
        for item in sandbox[provider].keys(operation)
        if not item.startswith(tuple(f"{key}/" for key in gone))
    }


@EACH_NESTED
@pytest.mark.parametrize("strict", [False, True])
def test_one_key_refused_is_one_row(tmp_path: Path, provider: str, operation: str, *, strict: bool) -> None:
    """Under the key; the lists of the others arrive, and of one that is gone nothing is said."""
    stream = stream_of(provider, operation)
    with pair(provider, 40) as sandbox:
        refused, gone, *_ = asked_by(provider, sandbox, operation)
        expected = without(sandbox, provider, operation, refused, gone)
        sandbox.faults.add(
            Fault("error", operation, refused, status=400, code="Odd.Thing", message="No such thing."),
            Fault("error", operation, gone, **APIS[provider].refusals["gone"]),
        )
        result = run(sandbox, tmp_path, config={**sandbox.config(), "strict": strict})
    assert result.returncode == int(strict)
    assert expected
    assert result.by_key(stream.name).keys() == expected
    (row,) = result.records["sync_errors"]
    said = (row["provider"], row["stream"], row["operation"], row["key"], row["code"], row["reach"])
    assert said == (provider, stream.name, operation, refused, "Odd.Thing", "key")
    assert "No such thing." in row["message"]
    assert_others_complete(provider, result)
    assert (result.syncs[stream.name]["failed"], result.syncs[stream.name]["skipped"]) == (1, 1)


@EACH_NESTED
def test_a_stream_of_which_no_list_can_be_read_is_not_complete(
    tmp_path: Path, provider: str, operation: str
) -> None:
    """However few keys there are."""
    with pair(provider, 2) as sandbox:
        sandbox.faults.add(Fault("error", operation, **APIS[provider].refusals["permission"]))
        result = run(sandbox, tmp_path)
        keys = asked_by(provider, sandbox, operation)
    stream = stream_of(provider, operation).name
    assert result.returncode == 1
    assert_others_complete(provider, result, stream)
    assert result.errors.keys() == {(stream, key) for key in (*keys, "*")}


@EACH_NESTED
def test_a_gigabyte_is_not_held(tmp_path: Path, provider: str, operation: str) -> None:
    """From many keys at once: each is refused."""
    with only(provider, 40) as sandbox:
        refused = asked_by(provider, sandbox, operation)
        sandbox.faults.add(Fault("oversized", operation))
        result = run(sandbox, tmp_path, config=connected(sandbox, provider, 32))
    stream = stream_of(provider, operation).name
    rows = {key: row for (of, key), row in result.errors.items() if of == stream}
    assert rows.keys() == {*refused} or "*" in rows
    assert {row["code"] for row in rows.values()} == {"HostileAnswer"}
    assert result.peak_memory < MAX_MEMORY


@EACH_NESTED
def test_credentials_that_are_withdrawn_end_the_stream(tmp_path: Path, provider: str, operation: str) -> None:
    """In the midst of the keys: what was read is kept, and no more is asked."""
    stream = stream_of(provider, operation).name
    with pair(provider, 100) as sandbox:
        first, *later = asked_by(provider, sandbox, operation)
        refusal = APIS[provider].refusals["credentials"]
        sandbox.faults.add(*(Fault("error", operation, key, **refusal) for key in later))
        result = run(sandbox, tmp_path, config=connected(sandbox, provider, 1))
        assert sandbox.count(operation) < len(later)
        kept = without(sandbox, provider, operation, *later)
    assert result.returncode == 1
    assert result.by_key(stream).keys() == kept
    assert first in {key.partition("/")[0] for key in kept}
    assert (stream, "*") in result.errors
    # Where a refusal may be one key's alone, a few in a row say that it is not.
    assert {key for _, key in result.errors} <= {"*", *later[:SAME_FAILURES]}


@EACH_NESTED
def test_a_stopped_sync_is_not_complete_and_the_next_one_is(
    tmp_path: Path, provider: str, operation: str
) -> None:
    """While the list of a key does not come."""
    stream = stream_of(provider, operation).name
    with only(provider, 40) as sandbox:
        sandbox.faults.add(Fault("timeout", operation, asked_by(provider, sandbox, operation)[-1]))
        alone = ("--catalog", catalog(tmp_path, stream, "sync_errors", "syncs"))
        tap = start(sandbox, tmp_path, *alone)
        tap.wait_for(f'"{stream}","record"')
        tap.stop(signal.SIGTERM)
        stopped = tap.end(5)
        assert_stopped(stopped, signal.SIGTERM)
        assert not stopped.records["syncs"]
        sandbox.faults.clear()
        assert_everything_arrived(sandbox, run(sandbox, tmp_path, state=stopped.state))
