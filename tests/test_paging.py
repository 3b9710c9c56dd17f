"""Pages of lists, of every kind: whatever the server makes of them, nothing is lost or comes twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_cdn_certs.api.paging import (
    MAX_EMPTY,
    Link,
    Listing,
    Marker,
    Offset,
    Page,
    PageNumber,
    Parameters,
    read_all,
    read_places,
)
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE = 4
PAGINGS = {
    "number": PageNumber("page", size=("size", SIZE)),
    "number from 0": PageNumber("page", size=("size", SIZE), start=0),
    "offset": Offset("offset", size=("limit", SIZE), start=0),
    "offset from 1": Offset("offset", size=("limit", SIZE)),
    "marker": Marker("meta.next", "cursor", others={"limit": SIZE}),
    "link": Link("links.next", others={"limit": SIZE}),
}
LISTING = Listing(operation="ListThings", items="result.things", key="id", noun="things")


@dataclass
class Server:
    """A list in pages of at most `cap` items, in any way to ask for them."""

    ids: list[int]
    cap: int = SIZE
    says_total: bool = True
    ignores: bool = False
    # Called before the page of a number is answered.
    happening: Callable[[int, list[int]], None] = lambda *_: None
    asked: list[Parameters] = field(default_factory=list)

    def start(self, parameters: Parameters) -> int:
        """The first item of the page that is asked for."""
        if self.ignores:
            return 0
        size = min(int(parameters.get("size") or parameters["limit"]), self.cap)
        if "page" in parameters:
            return (int(parameters["page"]) - self.first) * size
        if "offset" in parameters:
            return int(parameters["offset"]) - self.first
        return int(parameters.get("cursor", 0))

    first: int = 1

    def answer(self, parameters: Parameters) -> dict[str, Any]:
        """A page."""
        self.happening(len(self.asked), self.ids)
        self.asked.append(parameters)
        assert len(self.asked) < 500
        start = self.start(parameters)
        end = start + self.cap
        cursor = str(end) if end < len(self.ids) or self.ignores else ""
        return {
            "result": {"things": [{"id": number} for number in self.ids[start:end]]},
            "total": len(self.ids) if self.says_total else None,
            "meta": {"next": cursor or None},
            "links": {"next": f"https://elsewhere.example.com/things?limit={SIZE}&cursor={cursor}"}
            if cursor
            else {},
        }


def read(server: Server, paging: str) -> list[int]:
    """The identifiers of all that is listed."""
    listing = replace(LISTING, paging=PAGINGS[paging], total="total")
    server.first = getattr(listing.paging, "start", 0)

    def ask(parameters: Parameters, before: Page | None) -> Page:
        return listing.page(server.answer(parameters), parameters, before)

    return [int(item["id"]) for item in read_all(ask, listing, "globex")]


servers = st.builds(
    Server,
    st.integers(0, 30).map(lambda count: list(range(count))),
    cap=st.integers(1, SIZE),
    says_total=st.booleans(),
)


@pytest.mark.parametrize("paging", PAGINGS)
@given(server=servers)
def test_everything_is_listed_once_and_in_order(paging: str, server: Server) -> None:
    """In whatever pages: also if the server gives less at once than it is asked for."""
    assert read(server, paging) == server.ids
    least = max(1, -(-len(server.ids) // server.cap))
    # Where nothing says that a page is the last one, a page after it does.
    assert least <= len(server.asked) <= least + 1
    if server.says_total or paging in {"marker", "link"}:
        assert len(server.asked) == least


@pytest.mark.parametrize("paging", PAGINGS)
@given(server=servers)
def test_a_server_that_ignores_what_it_is_asked_for_is_asked_no_more(paging: str, server: Server) -> None:
    """It gives the same page for ever: what it has is read, and that there is more is said."""
    server.ignores = True
    told = paging in {"marker", "link"}
    if told or (server.says_total and len(server.ids) > server.cap):
        with pytest.raises(APIError, match=r"lists \d+ things, and lists|again, and says") as raised:
            read(server, paging)
        assert raised.value.code == "IncompleteList"
    else:
        assert read(server, paging) == server.ids[: server.cap]
    assert len(server.asked) <= 6


@pytest.mark.parametrize("paging", [name for name in PAGINGS if name not in {"marker", "link"}])
@given(data=st.data(), count=st.integers(2, 30))
def test_what_goes_while_one_pages_hides_nothing(paging: str, data: st.DataObject, count: int) -> None:
    """Those behind it move forward, one of them to a page that was already read: the list is read again."""
    server = Server(list(range(count)))
    gone = data.draw(st.integers(0, count - 1))
    moment = data.draw(st.integers(0, (count - 1) // SIZE))

    def remove(number: int, ids: list[int]) -> None:
        if number == moment:
            ids.remove(gone)

    server.happening = remove
    listed = read(server, paging)
    assert len(listed) == len(set(listed))
    assert set(server.ids) <= set(listed) <= set(range(count))
    # Once is enough.
    assert len(server.asked) <= 2 * -(-count // SIZE)


@pytest.mark.parametrize("paging", PAGINGS)
@given(data=st.data(), count=st.integers(1, 30))
def test_what_comes_while_one_pages_comes_once(paging: str, data: st.DataObject, count: int) -> None:
    """Those behind it move back, one of them from a page that was read to the next one."""
    server = Server(list(range(count)))
    place = data.draw(st.integers(0, count))
    moment = data.draw(st.integers(0, (count - 1) // SIZE))
    server.happening = lambda number, ids: ids.insert(place, 99) if number == moment else None
    listed = read(server, paging)
    assert len(listed) == len(set(listed))
    assert set(range(count)) <= set(listed)


@pytest.mark.parametrize("paging", ["marker", "link"])
def test_an_empty_page_with_a_marker_is_not_the_last(paging: str) -> None:
    """Some providers put things into pages first, and filter them then."""
    server = Server(list(range(12)))
    answer = server.answer

    def filtered(parameters: Parameters) -> dict[str, Any]:
        page = answer(parameters)
        if len(server.asked) == 2:
            page["result"]["things"] = []
        return page

    server.says_total = False
    server.answer = filtered  # type: ignore[method-assign]
    assert read(server, paging) == [0, 1, 2, 3, 8, 9, 10, 11]


def test_empty_pages_without_end_are_an_error() -> None:
    """A list that does not end is not complete."""
    server = Server([])
    markers = iter(range(1, 1000))
    server.answer = lambda _: {"meta": {"next": next(markers)}, "result": {"things": []}}  # type: ignore[method-assign]
    with pytest.raises(APIError, match="pages without end") as raised:
        read(server, "marker")
    assert raised.value.code == "IncompleteList"
    assert next(markers) <= MAX_EMPTY + 1


def test_a_list_that_is_always_shorter_than_it_says_is_an_error() -> None:
    """What there is comes, once; the stream does not count as complete."""
    server = Server(list(range(6)))
    answer = server.answer
    server.answer = lambda parameters: {**answer(parameters), "total": 7}  # type: ignore[method-assign]
    listing = replace(LISTING, paging=PAGINGS["number"], total="total")
    items = read_all(
        lambda parameters, before: listing.page(server.answer(parameters), parameters, before),
        listing,
        "globex",
    )
    assert [next(items)["id"] for _ in server.ids] == server.ids
    with pytest.raises(APIError) as raised:
        next(items)
    assert str(raised.value).startswith("globex says that ListThings lists 7 things, and lists 6.")


@pytest.mark.parametrize("paging", [name for name in PAGINGS if name not in {"marker", "link"}])
@pytest.mark.parametrize("total", [0, 3, 5, 9])
def test_a_total_that_has_been_passed_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, paging: str, total: int
) -> None:
    """The list has more than it says, as one sees."""
    server = Server(list(range(11)))
    answer = server.answer
    monkeypatch.setattr(server, "answer", lambda parameters: {**answer(parameters), "total": total})
    assert read(server, paging) == server.ids


def test_what_has_no_key_comes_and_ends_nothing() -> None:
    """It is for its stream to say what is wrong with it; it comes once, though the list is read again."""
    server = Server(list(range(11)))
    server.happening = lambda number, ids: ids.append(11) if number == 1 else None
    answer = server.answer

    def odd(parameters: Parameters) -> dict[str, Any]:
        page = answer(parameters)
        odd = {1: {"name": "x"}, 6: 7}
        page["result"]["things"] = [odd.get(item["id"], item) for item in page["result"]["things"]]
        return page

    listing = replace(LISTING, paging=PAGINGS["number"], total="total")
    items = list(
        read_all(
            lambda parameters, before: listing.page(odd(parameters), parameters, before), listing, "globex"
        )
    )
    assert [item for item in items if not isinstance(item, dict) or "id" not in item] == [{"name": "x"}, 7]
    assert [item["id"] for item in items if isinstance(item, dict) and "id" in item] == [
        0,
        2,
        3,
        4,
        5,
        7,
        8,
        9,
        10,
        11,
    ]


def test_items_that_are_missing_are_none_only_where_a_total_says_so() -> None:
    """An answer of something else is not a list without items."""
    assert replace(LISTING, total="total").page({"total": 0, "result": None}, {}, None).items == []
    for body in ({}, {"result": {}}, {"result": {"things": None}}):
        with pytest.raises(InvalidValueError, match=r"^result\.things is missing"):
            LISTING.page(body, {}, None)


@pytest.mark.parametrize("body", [{"result": 1}, {"result": {"things": 1}}, {"total": "many", "result": {}}])
def test_a_page_that_is_something_else_is_an_error(body: dict[str, Any]) -> None:
    """In words, by the name of what is wrong."""
    listing = replace(LISTING, total="total")
    with pytest.raises(InvalidValueError, match=r"^(result|things|total) is a"):
        listing.page(body, {}, None)


def place(*ids: object, fails: APIError | None = None) -> Iterator[Any]:
    """The items of a list in one of its places, and what it ends with."""
    yield from ({"id": number} if isinstance(number, int) else number for number in ids)
    if fails:
        raise fails


def test_what_is_in_several_places_comes_once() -> None:
    """In the order of the places; what does not say what it is comes from each."""
    items = [*read_places([place(1, 2, "odd"), place(), place(2, 3, "odd", 1)], LISTING)]
    assert items == [{"id": 1}, {"id": 2}, "odd", {"id": 3}, "odd"]
    assert [*read_places([place(1, "odd")], LISTING)] == [{"id": 1}, "odd"]


@pytest.mark.parametrize(
    ("reaches", "raised"),
    [
        ((Reach.HOST, None), 0),
        ((None, Reach.KEY), 1),
        ((Reach.INACTIVE, Reach.KEY), 1),
        ((Reach.INACTIVE, None), 0),
        ((Reach.HOST, Reach.PROVIDER), 1),
        ((Reach.HOST, Reach.STREAM), 0),
    ],
)
def test_a_place_that_fails_keeps_nobody_from_the_others(
    reaches: tuple[Reach | None, ...], raised: int
) -> None:
    """The worst is raised at the end: a list that is not read whole is never taken for one that is."""
    errors = [APIError("No", "It failed.", reach) if reach else None for reach in reaches]
    items = read_places([place(number, fails=error) for number, error in enumerate(errors)], LISTING)
    assert [next(items), next(items)] == [{"id": 0}, {"id": 1}]
    with pytest.raises(APIError) as caught:
        next(items)
    assert caught.value is errors[raised]
