"""What a stream remembers of details, as any stream can: here one of widgets, of an account in memory."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_cdn_certs.api.paging import Listing, PageNumber
from tap_cdn_certs.api.rate_limit import AccountLimits, Limit
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.records.values import required_identifier, text
from tap_cdn_certs.streams.changes import ChangesStream
from tap_cdn_certs.streams.run import Run
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_cdn_certs.records.values import Item, Record

SCHEMA = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("account", "widget", "synced_at")},
        **{name: {"type": ["string", "null"]} for name in ("ends", "color", "weight")},
    },
    "required": ["account", "widget", "synced_at"],
}
LISTING = Listing(
    operation="ListWidgets",
    items="widgets",
    key="id",
    paging=PageNumber("page", size=("size", 2)),
    total="total",
    kept=True,
)


@dataclass
class Account:
    """A client of widgets that are in memory."""

    widgets: dict[str, dict[str, str]]
    connections: int = 1
    asked: list[str] = field(default_factory=list)
    most: int = 0
    broken: frozenset[str] = frozenset()
    errors: list[Record] = field(default_factory=list)

    provider = "globex"

    def __post_init__(self) -> None:
        self.limits = AccountLimits({"all": Limit()}, 1000, 1.0, Event())
        self._lock = Lock()
        self._under_way = 0

    def listing(self, listing: Listing) -> Iterator[Item]:
        """The list, without the weight."""
        assert listing is LISTING
        for key, widget in self.widgets.items():
            yield {"id": key, "ends": widget.get("ends"), "color": widget["color"]}

    def ask(self, operation: str, path: str, _: object) -> tuple[str, str]:
        """A request."""
        return operation, path

    def request(
        self, operation: str, request: tuple[str, str], read: Callable[[Item], Item], _: object
    ) -> Item:
        """A detail."""
        assert request[0] == operation == "GetWidget"
        self.limits[operation].acquire()
        key = request[1].removeprefix("/widgets/")
        with self._lock:
            self.asked.append(key)
            self._under_way += 1
            self.most = max(self.most, self._under_way)
        time.sleep(0.002)
        with self._lock:
            self._under_way -= 1
        if key in self.broken:
            raise APIError("Broken", "It is broken.", Reach.KEY)
        return read({"weight": self.widgets[key]["weight"], "color": self.widgets[key]["color"]})

    def without_secrets(self, name: str) -> str:
        """A name."""
        return name


class Widgets(ChangesStream):
    """Widgets with their weight, which only a detail has."""

    name = "widgets"
    provider = "globex"
    schema = SCHEMA  # type: ignore[assignment]
    primary_keys = ("account", "widget")
    operation = "GetWidget"
    listing = LISTING
    path = "/widgets/{key}"
    memory = "widgets"
    first_by = "ends"

    def listed(self, item: Item) -> Record:
        """A row of the list."""
        return {
            "widget": required_identifier(item, "id"),
            "ends": text(item, "ends"),
            "color": text(item, "color"),
        }

    def fields(self, key: str, answer: Item) -> Record:
        """What a detail adds."""
        assert key in self.client.widgets
        if answer["weight"] == "?":
            self.doubt(APIError("Unweighed", "Nobody knows its weight.", Reach.FIELD))
        return {"color": text(answer, "color"), "weight": text(answer, "weight")}

    def write_state(self) -> None:
        """Not to stdout."""


def sync(
    account: Account, state: dict[str, Any] | None = None, stream: type[Widgets] | None = None, **own: Any
) -> tuple[list[Record], dict[str, Any]]:
    """The records of a sync, and its state."""
    account.asked.clear()
    tap = TapCDNCerts(config={}, validate_config=False, state={"bookmarks": {"widgets": state or {}}})
    run = Run({"globex": {"account": "main", **own}}, {"globex": lambda *_: account})  # type: ignore[dict-item,return-value]
    made = (stream or Widgets)(tap, run)
    records = [*made.get_records(None)]
    assert run.report.syncs[0]["complete"]
    account.errors = run.report.errors
    return records, dict(made.stream_state)


def account(count: int = 5, **options: Any) -> Account:
    """An account of so many widgets, the last of which ends first."""
    widgets = {
        f"w{number}": {"ends": f"2027-01-{28 - number:02}", "color": "red", "weight": f"{number} kg"}
        for number in range(count)
    }
    return Account(widgets, **options)


def test_what_did_not_change_is_not_asked_for_and_comes_in_full() -> None:
    """The requests are incremental, the records are not."""
    widgets = account()
    first, state = sync(widgets)
    assert widgets.asked == ["w4", "w3", "w2", "w1", "w0"]
    assert {record["widget"]: record["weight"] for record in first} == {
        key: widget["weight"] for key, widget in widgets.widgets.items()
    }
    second, again = sync(widgets, state)
    assert widgets.asked == []
    volatile = {"synced_at": None}
    assert sorted(({**row, **volatile} for row in second), key=str) == sorted(
        ({**row, **volatile} for row in first), key=str
    )
    assert again["widgets"] == state["widgets"]


@settings(max_examples=30)
@given(st.data())
def test_exactly_what_changed_is_asked_for(data: st.DataObject) -> None:
    """New keys and changed rows; a key that left the list leaves the state."""
    widgets = account(data.draw(st.integers(0, 8)))
    _, state = sync(widgets)
    keys = sorted(widgets.widgets)
    gone = data.draw(st.sets(st.sampled_from(keys))) if keys else set()
    changed = data.draw(st.sets(st.sampled_from(keys))) - gone if keys else set()
    for key in gone:
        del widgets.widgets[key]
    for key in changed:
        widgets.widgets[key] |= {"color": "blue", "weight": "new"}
    new = {f"n{number}" for number in range(data.draw(st.integers(0, 2)))}
    widgets.widgets |= {key: {"color": "green", "weight": "1 kg"} for key in new}
    records, state = sync(widgets, state)
    assert sorted(widgets.asked) == sorted(changed | new)
    assert {row["widget"]: (row["color"], row["weight"]) for row in records} == {
        key: (widget["color"], widget["weight"]) for key, widget in widgets.widgets.items()
    }
    assert state["widgets"].keys() == widgets.widgets.keys()


def test_a_sync_asks_for_no_more_than_the_setting_allows() -> None:
    """What is left comes without what only its detail has, and is asked for in the next sync."""
    widgets = account()
    records, state = sync(widgets, max_details=2)
    assert widgets.asked == ["w4", "w3"]
    assert {row["widget"] for row in records if row["weight"] is None} == {"w0", "w1", "w2"}
    records, state = sync(widgets, state, max_details=2)
    assert widgets.asked == ["w2", "w1"]
    assert len(records) == 5


def test_a_detail_that_failed_is_asked_for_again() -> None:
    """It is not remembered as if it had been read."""
    widgets = account(broken=frozenset({"w2"}))
    records, state = sync(widgets)
    assert {row["widget"] for row in records} == {"w0", "w1", "w3", "w4"}
    assert "w2" not in state["widgets"]
    widgets.broken = frozenset()
    records, _ = sync(widgets, state)
    assert widgets.asked == ["w2"]
    assert len(records) == 5


def test_what_could_not_be_read_is_said_as_long_as_it_is_remembered() -> None:
    """A sync that does not ask again says it as well; one in which the key changed says what is then so."""
    widgets = account()
    widgets.widgets["w1"]["weight"] = "?"
    state: dict[str, Any] | None = None
    for _ in range(3):
        records, state = sync(widgets, state)
        assert len(records) == 5
        (row,) = widgets.errors
        assert (row["key"], row["code"], row["reach"]) == ("w1", "Unweighed", "field")
        assert row["message"] == "Nobody knows its weight."
        state = json.loads(json.dumps(state))
    assert widgets.asked == []
    widgets.widgets["w1"] |= {"weight": "1 kg", "color": "blue"}
    _, state = sync(widgets, state)
    assert widgets.errors == []
    assert "doubts" not in state["widgets"]["w1"]


def test_what_an_older_version_did_not_remember_is_asked_for() -> None:
    """A field that a newer one reads of a detail does not stay empty."""
    widgets = account()
    _, state = sync(widgets)
    for key in ("w1", "w3"):
        del state["widgets"][key]["weight"]
    records, _ = sync(widgets, state)
    assert sorted(widgets.asked) == ["w1", "w3"]
    assert all(row["weight"] for row in records)


@pytest.mark.parametrize("connections", [1, 4])
def test_as_many_are_asked_for_at_once_as_the_account_allows(connections: int) -> None:
    """One after the other where the limit is all that counts."""
    widgets = account(20, connections=connections)
    records, state = sync(widgets)
    assert widgets.most <= connections
    assert (widgets.most > 1) == (connections > 1)
    assert len(records) == len(state["widgets"]) == 20


class WidgetsAndOthers(Widgets):
    """Widgets of the list, and then those that something else names."""

    def batches(self) -> Iterator[list[Item]]:
        """The second is asked for when the details of the first are there."""
        self.keys_named = {*self.client.widgets}
        listed = [*self.client.listing(self.listing)]
        yield listed[1:]
        assert "w0" not in self.client.asked
        yield listed[:1]

    def all_keys(self) -> set[str]:
        """Those of both."""
        return self.keys_named


def test_the_details_of_a_batch_are_asked_for_before_the_next_one() -> None:
    """Each in its order; the most of a sync counts for all, and what left is forgotten at the end."""
    widgets = account()
    records, state = sync(widgets, stream=WidgetsAndOthers)
    assert widgets.asked == ["w4", "w3", "w2", "w1", "w0"]
    assert len(records) == 5
    records, _ = sync(account(), stream=WidgetsAndOthers, max_details=4)
    assert {row["widget"] for row in records if row["weight"] is None} == {"w0"}
    del widgets.widgets["w3"]
    records, state = sync(widgets, state, stream=WidgetsAndOthers)
    assert widgets.asked == []
    assert state["widgets"].keys() == {"w0", "w1", "w2", "w4"}


DAMAGED: list[object] = [
    1,
    {"w1": 1},
    {"w1": {"digest": 1}},
    {"w1": {"digest": "x", "weight": 1}},
    {"w1": {"digest": "x", "doubts": [1]}},
]


@pytest.mark.parametrize("damaged", DAMAGED)
def test_a_damaged_memory_is_asked_for_again(damaged: object) -> None:
    """Whatever somebody wrote there."""
    widgets = account()
    _, state = sync(widgets)
    memory = {**state["widgets"], **damaged} if isinstance(damaged, dict) else damaged
    records, _ = sync(widgets, {**state, "widgets": memory})
    assert sorted(widgets.asked) == (["w1"] if isinstance(damaged, dict) else sorted(widgets.widgets))
    assert len(records) == 5
