"""Lists of each key of a list, of each provider that has such: a key, or an item, that fails is one row."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

from answers import answers, changed, items, mutations
from cases import (
    APIS,
    EACH_NESTED,
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

if TYPE_CHECKING:
    from pathlib import Path

    from watched import Watch

    from sandbox.messages import Call

MAX_MEMORY = 300  # MiB


def keys(sandbox: Watch, provider: str, operation: str) -> list[str]:
    """The keys that have the lists."""
    return sandbox[provider].keys(APIS[provider].nested[operation])


def without(sandbox: Watch, provider: str, operation: str, *gone: str) -> set[str]:
    """The items of the lists of all keys but some, as `key/item`."""
    return {
        item
        for item in sandbox[provider].keys(operation)
        if not item.startswith(tuple(f"{key}/" for key in gone))
    }


@EACH_NESTED
def test_one_key_refused_is_one_row(tmp_path: Path, provider: str, operation: str) -> None:
    """Under the key; the lists of the others arrive, and of one that is gone nothing is said."""
    stream = stream_of(provider, operation)
    with pair(provider, 40) as sandbox:
        refused, gone, *_ = keys(sandbox, provider, operation)
        expected = without(sandbox, provider, operation, refused, gone)
        sandbox.faults.add(
            Fault("error", operation, refused, status=400, code="Odd.Thing", message="No such thing."),
            Fault("error", operation, gone, **APIS[provider].refusals["gone"]),
        )
        result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert expected
    assert result.by_key(stream.name).keys() == expected
    (row,) = result.records["sync_errors"]
    said = (row["provider"], row["stream"], row["operation"], row["key"], row["code"], row["reach"])
    assert said == (provider, stream.name, operation, refused, "Odd.Thing", "key")
    assert "No such thing." in row["message"]
    assert_others_complete(provider, result)
    assert (result.syncs[stream.name]["failed"], result.syncs[stream.name]["skipped"]) == (1, 1)


@EACH_NESTED
def test_junk_in_any_item_costs_the_item(tmp_path: Path, provider: str, operation: str) -> None:
    """Every second item has one thing wrong: a record, or a row that says of which key it is."""
    stream = stream_of(provider, operation)
    name = stream.items.key  # type: ignore[attr-defined]
    (item,) = items(answers(provider)[operation], name) or ()
    wrong = mutations(item, step=4)
    with only(provider, 2 * len(wrong)) as sandbox:
        every = sandbox[provider].keys(operation)
        odd = dict(zip(every[::2], wrong, strict=False))
        spoilt = {
            key: value | {name: key.partition("/")[2]}
            if isinstance(value, dict) and value.get(name) == item[name]
            else value
            for key, value in odd.items()
        }

        def spoil(call: Call, tree: Any) -> Any:
            found = items(tree, name) or []
            found[:] = [spoilt.get(f"{call.entry.key}/{each[name]}", each) for each in found]
            return tree

        changed(sandbox, provider, operation, spoil)
        alone = catalog(tmp_path, stream.name, "sync_errors", "syncs")
        result = run(sandbox, tmp_path, "--catalog", alone)
    assert result.returncode == 0
    assert result.syncs[stream.name]["complete"]
    assert result.syncs[stream.name]["failed"] > len(odd) / 5
    assert {*every} - odd.keys() <= result.by_key(stream.name).keys()
    assert {row["code"] for row in result.records["sync_errors"]} == {"InvalidValue"}
    parents = {key.partition("/")[0] for key in every}
    assert all(row["key"].partition("/")[0] in parents for row in result.records["sync_errors"])


@EACH_NESTED
def test_a_gigabyte_is_not_held(tmp_path: Path, provider: str, operation: str) -> None:
    """From many keys at once: each is refused."""
    with only(provider, 40) as sandbox:
        refused = keys(sandbox, provider, operation)
        sandbox.faults.add(Fault("oversized", operation))
        result = run(sandbox, tmp_path, config=connected(sandbox, provider, 32))
    stream = stream_of(provider, operation).name
    rows = {key: row for (of, key), row in result.errors.items() if of == stream}
    assert rows.keys() == {*refused} or "*" in rows
    assert {row["code"] for row in rows.values()} == {"HostileAnswer"}
    assert result.peak_memory < MAX_MEMORY


@EACH_NESTED
def test_credentials_that_are_withdrawn_end_their_provider(
    tmp_path: Path, provider: str, operation: str
) -> None:
    """In the midst of the keys: what was read is kept, and no more is asked."""
    stream = stream_of(provider, operation).name
    with pair(provider, 100) as sandbox:
        first, *later = keys(sandbox, provider, operation)
        refusal = APIS[provider].refusals["credentials"]
        sandbox.faults.add(*(Fault("error", operation, key, **refusal) for key in later))
        result = run(sandbox, tmp_path, config=connected(sandbox, provider, 1))
        assert sandbox.count(operation) < len(later)
        kept = without(sandbox, provider, operation, *later)
    assert result.returncode == 1
    assert result.by_key(stream).keys() == kept
    assert first in {key.partition("/")[0] for key in kept}
    assert {key for _, key in result.errors} == {"*"}


@EACH_NESTED
def test_a_stopped_sync_is_not_complete_and_the_next_one_is(
    tmp_path: Path, provider: str, operation: str
) -> None:
    """While the list of a key does not come."""
    stream = stream_of(provider, operation).name
    with only(provider, 40) as sandbox:
        sandbox.faults.add(Fault("timeout", operation, keys(sandbox, provider, operation)[-1]))
        alone = ("--catalog", catalog(tmp_path, stream, "sync_errors", "syncs"))
        tap = start(sandbox, tmp_path, *alone)
        tap.wait_for(f'"{stream}","record"')
        tap.stop(signal.SIGTERM)
        stopped = tap.end(5)
        assert_stopped(stopped, signal.SIGTERM)
        assert not stopped.records["syncs"]
        sandbox.faults.clear()
        assert_everything_arrived(sandbox, run(sandbox, tmp_path, state=stopped.state))
