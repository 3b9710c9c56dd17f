"""Whole syncs of each provider, with each of its logins: what there is arrives, and nothing else."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cases import (
    APIS,
    EACH,
    EACH_LIST_OF_ITEMS,
    LOGINS,
    assert_everything_arrived,
    connected,
    items_of,
    only,
    operations,
    played,
    schema,
    stream_of,
    streams,
)
from watched import catalog, run

from sandbox import PROVIDERS, Fault
from tap_cdn_certs.providers import PROVIDERS as WINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from watched import Watch, WatchedRun

    from sandbox import Request

SIZE = 40


class Whole(NamedTuple):
    """A sync and the next one, each with what it asked for."""

    provider: str
    sandbox: Watch
    first: WatchedRun
    asked: list[Request]
    second: WatchedRun
    again: list[Request]


@pytest.fixture(scope="module", params=LOGINS, ids="-".join)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A sync with a login, and one with its state."""
    provider, login = request.param
    folder = tmp_path_factory.mktemp("whole")
    with only(provider, SIZE) as sandbox:
        config = sandbox.config(**{provider: login})
        first = run(sandbox, folder, config=config)
        asked = list(sandbox.requests)
        sandbox.reset()
        # The same request signed in the same second may be refused as repeated.
        time.sleep(1)
        second = run(sandbox, folder, config=config, state=first.state)
        return Whole(provider, sandbox, first, asked, second, list(sandbox.requests))


def test_each_key_is_a_record_once(whole: Whole) -> None:
    """Of its list's stream and of that of its details; `check` has compared the counts and the schemas."""
    assert_everything_arrived(whole.sandbox, whole.first)
    details = APIS[whole.provider].details
    counts = Counter(
        (request.operation, request.key) for request in whole.asked if request.operation in details
    )
    assert set(counts.values()) <= {1}


def test_each_record_has_the_fields_of_its_schema(whole: Whole) -> None:
    """All of them and no other; the account and one instant for all."""
    for stream in streams(whole.provider):
        for record in whole.first.records[stream.name]:
            assert record.keys() == schema(stream.name)["properties"].keys()
    records = [record for rows in whole.first.records.values() for record in rows]
    assert {record["account"] for record in records} == {"default"}
    assert len({record["synced_at"] for record in records}) == 1


def places(name: str, field: dict[str, Any]) -> Iterator[str]:
    """A field of a schema, and those of the objects in it."""
    yield name
    for inner, inner_field in field.get("items", field).get("properties", {}).items():
        yield from places(f"{name}.{inner}", inner_field)


def filled(name: str, value: Any) -> Iterator[str]:
    """The places that a value fills."""
    if value is not None:
        yield name
    for item in value if isinstance(value, list) else [value]:
        for inner, inner_value in item.items() if isinstance(item, dict) else ():
            yield from filled(f"{name}.{inner}", inner_value)


def test_each_field_is_filled_by_some_answer(whole: Whole) -> None:
    """A field that nothing fills may have a wrong name; the sandbox says of which there is no answer."""
    empty = set()
    for stream in (stream.name for stream in streams(whole.provider)):
        fields = schema(stream)["properties"].items()
        all_places = {place for name, field in fields for place in places(f"{stream}.{name}", field)}
        empty |= all_places - {
            place
            for record in whole.first.records[stream]
            for name, value in record.items()
            for place in filled(f"{stream}.{name}", value)
        }
    assert empty == {*APIS[whole.provider].unseen}


def test_nothing_is_asked_for_but_what_is_known(whole: Whole) -> None:
    """Least of all what returns private keys."""
    assert not whole.sandbox.forbidden
    asked = {request.operation for request in (*whole.asked, *whole.again)}
    assert asked == played(whole.provider)


def test_the_next_sync_reads_the_same_for_no_more(whole: Whole) -> None:
    """No details are asked for by a stream that remembers them."""
    assert_everything_arrived(whole.sandbox, whole.second)
    assert len(whole.again) <= len(whole.asked)
    for stream in streams(whole.provider):
        first, second = (
            {key: {**record, "synced_at": ""} for key, record in each.by_key(stream.name).items()}
            for each in (whole.first, whole.second)
        )
        assert first == second
        if stream.dear:
            assert not [request for request in whole.again if request.operation == stream.operation]


@EACH
def test_an_empty_account_is_not_an_error(provider: str, tmp_path: Path) -> None:
    """Nothing is listed, and all of it was read."""
    with only(provider, 0) as sandbox:
        result = run(sandbox, tmp_path)
        assert_everything_arrived(sandbox, result)
    assert all(row["listed"] == 0 for row in result.syncs.values())


def more_than_a_page(provider: str, operation: str) -> int:
    """How many keys a list needs for a second page, as far as there are that many in seconds."""
    paging = items_of(provider, operation).paging
    asked = [value for value in paging.first().values() if isinstance(value, int)] if paging else [1]
    # Each key of a nested list has some of its items.
    needed = 3 * max(asked) if operation in APIS[provider].nested else max(asked) + 20
    return needed if needed < 600 else 100


@EACH_LIST_OF_ITEMS
@pytest.mark.parametrize("change", ["appears", "disappears"])
def test_a_list_that_changes_while_it_is_paged_loses_nothing(
    tmp_path: Path, provider: str, operation: str, change: str
) -> None:
    """What was there all the time is read, once, whatever moves between the pages."""
    stream = stream_of(provider, operation).name
    with only(provider, more_than_a_page(provider, operation)) as sandbox:
        inventory = sandbox[provider].inventory_of(operation)
        keys = inventory.keys()
        moving, spare = keys[0], inventory.remove(keys[len(keys) // 2])
        stable = {*sandbox[provider].keys(operation)} - {moving}
        sandbox.listing = operation
        sandbox.during_listing = lambda: (
            inventory.add(spare) if change == "appears" else inventory.remove(moving)
        )
        result = run(sandbox, tmp_path, "--catalog", catalog(tmp_path, stream, "syncs"))
        assert sandbox.during_listing is None
    assert result.returncode == 0, result.stderr
    assert stable <= result.by_key(stream).keys()


@EACH
def test_a_limit_is_kept(tmp_path: Path, provider: str) -> None:
    """A provider that enforces its main limit, here a small one, has nothing to refuse."""
    main, documented = next(iter(APIS[provider].limits.items()))
    # Lists alone are a few requests.
    limit = min(documented.requests, 20 if APIS[provider].details else 3), min(documented.seconds, 1.0)
    with only(provider, 45, limit=limit) as sandbox:
        result = run(sandbox, tmp_path)
        assert_everything_arrived(sandbox, result)
        assert sandbox.refused == 0
        assert sandbox[provider].most()[main] <= limit[0]
    asked = 45 if APIS[provider].details else len(sandbox.requests)
    if documented.each and not APIS[provider].details:
        asked = max(sandbox.count(operation) for operation in played(provider))
    assert asked > limit[0]
    assert result.seconds > (asked / limit[0] - 1) * limit[1]


@EACH
def test_all_faults_together_lose_nothing(tmp_path: Path, provider: str) -> None:
    """With 1 % of each, or 5 % where there are few requests, every key arrives, once, in bounded memory."""
    kinds = "reset_before reset_within short html_502 html_503 truncated garbage content_type redirect error"
    chance = 0.01 if APIS[provider].details or APIS[provider].nested else 0.05
    with only(provider, min(APIS[provider].size, 200), seed=26) as sandbox:
        sandbox.faults.add(*(Fault(kind, probability=chance) for kind in kinds.split()))
        sandbox.faults.add(Fault("timeout", probability=chance, seconds=1))
        hint = next(iter(APIS[provider].hints))
        sandbox.faults.add(Fault("throttle", probability=chance, wait=1, hint=hint))
        result = run(sandbox, tmp_path, config=connected(sandbox, provider, 64))
        assert_everything_arrived(sandbox, result)
        assert sum(fault.struck for fault in sandbox.faults) > 0
    assert result.peak_memory < 150


@EACH
def test_what_the_tap_asks_for_is_what_the_sandbox_plays(provider: str) -> None:
    """Each operation of the sandbox is a stream's, and each stream's is the sandbox's."""
    assert {each for stream in streams(provider) for each in operations(stream)} == played(provider)
    # Who is asked by no API has none that could be played.
    assert {*PROVIDERS} == {name for name, wing in WINGS.items() if wing.CLIENT.url_settings}
