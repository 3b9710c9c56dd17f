"""Lists in a list, as any provider may have them: here the packs of zones, of an account in memory."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from tap_cdn_certs.api.answer import too_large
from tap_cdn_certs.api.paging import Listing
from tap_cdn_certs.api.rate_limit import AccountLimits, Limit
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.records.values import required_identifier, text
from tap_cdn_certs.streams.nested_stream import HELD, NestedStream
from tap_cdn_certs.streams.run import Run
from tap_cdn_certs.streams.stream import ROOM, SAME_FAILURES
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_cdn_certs.records.values import Item, Record

SCHEMA = {
    "type": "object",
    "properties": {
        **{name: {"type": "string"} for name in ("account", "zone", "pack", "synced_at")},
        "color": {"type": ["string", "null"]},
    },
    "required": ["account", "zone", "pack", "synced_at"],
}
ZONES = Listing(operation="ListZones", items="zones", key="id")
PACKS = Listing(operation="ListPacks", items="packs", key="id", parameters={"state": "all"})


class Account:
    """A client of zones that are in memory, each with the items of its list or what it fails with."""

    provider = "globex"

    def __init__(self, zones: Mapping[str, list[Any] | APIError], *others: Any) -> None:
        self.zones = zones
        self.others = others
        self.connections = 2
        self.patience = None
        self.limits = AccountLimits({"all": Limit()}, 1000, 1.0, Event())
        self.asked: list[str] = []
        self.large: set[str] = set()  # the zones whose list is too large to be held beside others

    def listing(self, listing: Listing) -> Iterator[Any]:
        """One of the lists."""
        if listing.operation == "ListZones":
            yield from [*({"id": zone} for zone in self.zones), *self.others]
            return
        assert listing.sizes in {NestedStream.sizes, NestedStream.sizes_alone}
        assert listing.parameters == {"state": "all", "part": "every"}
        zone = listing.path.removeprefix("/zones/").removesuffix("/packs")
        self.asked.append(zone)
        packs = self.zones[zone.replace("%2F", "/")]
        if listing.sizes == NestedStream.sizes and zone in self.large:
            raise too_large("20 values")
        if isinstance(packs, APIError):
            raise packs
        yield from packs

    def without_secrets(self, name: str) -> str:
        """A name."""
        return name


class Packs(NestedStream):
    """Packs with their color."""

    name = "packs"
    provider = "globex"
    schema = SCHEMA  # type: ignore[assignment]
    primary_keys = ("account", "zone", "pack")
    listing = ZONES
    items = PACKS
    path = "/zones/{key}/packs"

    def parameters(self, key: str) -> dict[str, str]:
        """The same for every zone."""
        assert key
        return {"part": "every"}

    def fields(self, key: str, answer: Item) -> Record:
        """What a pack has."""
        if answer.get("color") == "doubtful":
            self.doubt(APIError("Doubt", "Is it red?", Reach.FIELD))
        return {"zone": key, "pack": required_identifier(answer, "id"), "color": text(answer, "color")}


class SomeRefused(Packs):
    """Packs of zones of which some are refused to everybody."""

    some_refused = True


def sync(
    account: Account, stream: type[Packs] = Packs
) -> tuple[list[tuple[str, str]], dict[str, str], Record]:
    """Zone and pack of each record, the code of each row of `sync_errors`, and the row of `syncs`."""
    tap = TapCDNCerts(config={}, validate_config=False)
    run = Run({"globex": {"account": "main"}}, {"globex": lambda *_: account})  # type: ignore[dict-item,return-value]
    records = [(record["zone"], record["pack"]) for record in stream(tap, run).get_records(None)]
    errors = {row["key"]: row["code"] for row in run.report.errors}
    assert len(errors) == len(run.report.errors)
    (ended,) = run.report.syncs
    given = ended["read"] + ended["skipped"] + ended["failed"]
    assert (ended["read"], ended["listed"]) == (len(records), given)
    return records, errors, ended


def packs(*names: str) -> list[Item]:
    """Packs of some names."""
    return [{"id": name, "color": "red"} for name in names]


def refused(reach: Reach, code: str = "No") -> APIError:
    """An error that reaches so far."""
    return APIError(code, "It is refused.", reach)


def test_each_item_of_each_key_is_a_record_in_order() -> None:
    """A key may have none; the same item may be of several keys; a key is written into the path."""
    account = Account({"a": packs("1", "2"), "b/c": [], "d": packs("1")})
    records, errors, ended = sync(account)
    assert records == [("a", "1"), ("a", "2"), ("d", "1")]
    assert (errors, ended["complete"]) == ({}, True)
    assert sorted(account.asked) == ["a", "b%2Fc", "d"]


def test_a_list_that_is_large_is_read_in_its_turn() -> None:
    """Asked for again, with room for it alone; fewer items are held where they are large."""
    account = Account({"a": packs("1"), "b": packs("2", "3"), "c": packs("4")})
    account.large = {"b"}
    records, errors, _ = sync(account)
    assert records == [("a", "1"), ("b", "2"), ("b", "3"), ("c", "4")]
    assert not errors
    assert sorted(account.asked) == ["a", "b", "b", "c"]
    stream = Packs(TapCDNCerts(config={}, validate_config=False), Run({"globex": {}}, {}))
    assert stream.room() == ROOM
    stream._size = HELD // 3
    assert stream.room() == 3


@pytest.mark.parametrize("reach", [Reach.KEY, Reach.STREAM, Reach.INACTIVE])
def test_a_key_that_is_refused_is_one_row(reach: Reach) -> None:
    """Whatever is wrong with its list, those of the others are read; one that is gone is no failure."""
    account = Account({"a": packs("1"), "b": refused(reach), "c": refused(Reach.GONE), "d": packs("2")})
    records, errors, ended = sync(account)
    assert records == [("a", "1"), ("d", "2")]
    assert errors == {"b": "No"}
    assert (ended["complete"], ended["failed"], ended["skipped"]) == (True, 1, 1)


@pytest.mark.parametrize("reach", [Reach.PROVIDER, Reach.HOST])
def test_an_account_that_is_refused_ends_the_stream(reach: Reach) -> None:
    """What was read before is kept."""
    records, errors, ended = sync(Account({"a": packs("1"), "b": refused(reach), "c": packs("2")}))
    assert records == [("a", "1")]
    assert errors == {"*": "No"}
    assert not ended["complete"]


def test_an_item_that_is_wrong_costs_the_item() -> None:
    """It has both keys; one that does not say what it is has its place in the list of its key."""
    wrong = {"id": "wrong", "color": 1}
    account = Account(
        {"a": [*packs("1"), wrong, {"color": "red"}, *packs("2")], "b": [None, {"id": " "}, *packs("3")]},
        {"name": "nameless"},
    )
    records, errors, ended = sync(account)
    assert records == [("a", "1"), ("a", "2"), ("b", "3")]
    assert errors == dict.fromkeys(("#3", "a/wrong", "a/#3", "b/#1", "b/#2"), "InvalidValue")
    assert ended["complete"]


def test_items_that_are_wrong_in_a_row_are_no_reason_to_give_up() -> None:
    """No request failed, however many they are, and in however many lists."""
    wrong = [{"id": f"{number}", "color": 1} for number in range(SAME_FAILURES)]
    account = Account({f"z{number}": wrong for number in range(3)} | {"last": packs("1")})
    records, errors, _ = sync(account)
    assert records == [("last", "1")]
    assert len(errors) == 3 * SAME_FAILURES


def test_keys_that_are_refused_in_a_row_are() -> None:
    """An empty list between them says that it is not all."""
    first = {f"a{number}": refused(Reach.KEY) for number in range(SAME_FAILURES - 1)}
    rest = {f"b{number}": refused(Reach.KEY) for number in range(100)}
    account = Account({**first, "empty": [], **rest})
    records, errors, ended = sync(account)
    assert records == []
    assert errors.keys() == {*first, *[*rest][:SAME_FAILURES], "*"}
    assert not ended["complete"]
    assert len(account.asked) < 50


def test_a_permission_that_some_keys_have_is_not_missing_for_all() -> None:
    """However many are refused in a row, those after them are read; what else fails so often is given up."""
    zones: dict[str, list[Any] | APIError] = {"first": packs("a")}
    zones |= {f"zone{number}": refused(Reach.STREAM) for number in range(2 * SAME_FAILURES)}
    records, errors, ended = sync(Account({**zones, "last": packs("b")}))
    assert records == [("first", "a"), ("last", "b")]
    assert len(errors) == 2 * SAME_FAILURES
    assert ended["complete"]
    zones |= {f"zone{number}": refused(Reach.KEY) for number in range(2 * SAME_FAILURES)}
    records, errors, ended = sync(Account({**zones, "last": packs("b")}))
    assert records == [("first", "a")]
    assert "*" in errors
    assert not ended["complete"]


def test_keys_that_are_refused_to_everybody_keep_nobody_from_the_others() -> None:
    """Also where they come first; of which all are refused is refused."""
    zones: dict[str, list[Any] | APIError]
    zones = {f"zone{number}": refused(Reach.STREAM) for number in range(2 * SAME_FAILURES)}
    records, errors, ended = sync(Account({**zones, "last": packs("b")}), SomeRefused)
    assert records == [("last", "b")]
    assert errors.keys() == zones.keys()
    assert ended["complete"]
    _, errors, ended = sync(Account(zones), SomeRefused)
    assert errors.keys() == {*zones, "*"}
    assert not ended["complete"]
    zones = {key: refused(Reach.KEY) for key in zones}
    records, _, ended = sync(Account({**zones, "last": packs("b")}), SomeRefused)
    assert (records, ended["complete"]) == ([], False)


def test_a_doubt_is_said_of_a_record_that_is_there() -> None:
    """A part of an item that cannot be read costs that part."""
    records, errors, _ = sync(Account({"a": [{"id": "1", "color": "doubtful"}, *packs("2")]}))
    assert records == [("a", "1"), ("a", "2")]
    assert errors == {"a/1": "Doubt"}


def test_a_key_that_leads_elsewhere_is_not_asked_for() -> None:
    """A relative path."""
    account = Account({"..": packs("1"), "a": packs("2")})
    records, errors, _ = sync(account)
    assert records == [("a", "2")]
    assert errors == {"..": "InvalidValue"}
    assert account.asked == ["a"]
