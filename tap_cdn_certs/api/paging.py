"""How a list comes in pages, as data, and how all of it is read: nothing twice, nothing left out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override

from tap_cdn_certs.api.answer import MAX_BYTES, MAX_TOKENS
from tap_cdn_certs.errors import APIError, InvalidValueError, Reach
from tap_cdn_certs.records.values import Item, boolean, elements, identifier, inner, integer

Parameters: TypeAlias = Mapping[str, Any]

MAX_PAGES = 100_000
MAX_EMPTY = 100  # in a row: a provider may filter what it has put into pages
MAX_LISTINGS = 3


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list.

    Args:
        number: Of the page, from 0.
        parameters: It was asked for with.
        body: The whole answer.
        items: In their order, as the provider sent them.
        total: How many items the list has, if the answer says so.
        received: How many items there are so far.
        short: Whether it has fewer items than the page before it.
    """

    number: int
    parameters: Parameters
    body: Item
    items: list[Any]
    total: int | None
    received: int
    short: bool


class Paging(ABC):
    """What the next page of a list is asked for with.

    Whatever it says, a list ends on a page that brings nothing new: a server that does not know the
    parameters sends the same page for ever. Where it says that there are more, the list is not complete.
    """

    @abstractmethod
    def first(self) -> Parameters:
        """The parameters of the first page."""

    @abstractmethod
    def following(self, page: Page) -> Parameters | None:
        """The parameters of the page after a page; None after the last."""

    def has_more(self, page: Page) -> bool:  # noqa: ARG002 - most say it by what follows alone
        """Whether a page says that there are more, whatever else it says."""
        return False


@dataclass(frozen=True)
class Counted(Paging):
    """Pages that the client counts; the last is known by the total if that can be, else it is short or empty.

    Args:
        parameter: Which page.
        size: The parameter of the page size, and the greatest that the provider allows.
        start: What the first page is called.
    """

    parameter: str
    size: tuple[str, int]
    start: int = 1

    @override
    def first(self) -> Parameters:
        return {self.parameter: self.start, self.size[0]: self.size[1]}

    @override
    def following(self, page: Page) -> Parameters | None:
        # A server may send less at once than it is asked for, but then in each page. A total below what has
        # come is none.
        known = page.total is not None and page.received <= page.total
        last = page.received == page.total or not page.items if known else page.short
        return None if last else {**page.parameters, self.parameter: self.start + self.passed(page)}

    @abstractmethod
    def passed(self, page: Page) -> int:
        """How many pages or items are behind, after a page."""


class PageNumber(Counted):
    """The pages are numbered."""

    @override
    def passed(self, page: Page) -> int:
        return page.number + 1


class Offset(Counted):
    """A page is named by its first item's number, which begins at `start`."""

    @override
    def passed(self, page: Page) -> int:
        return page.received


@dataclass(frozen=True)
class Told(Paging):
    """Pages of which each says how the next one is asked for; the last says nothing.

    Args:
        at: Where an answer says it: `cursor`, or `meta.next` in an object.
        others: What is asked for beside it, such as the page size.
    """

    at: str
    others: Parameters = field(default_factory=dict, kw_only=True)

    @override
    def first(self) -> Parameters:
        return self.others


@dataclass(frozen=True)
class Marker(Told):
    """A page has a marker, which the next one is asked for with.

    Args:
        parameter: That takes the marker.
        truncated: Where an answer says whether there are more, if it does so beside the marker.
    """

    parameter: str
    truncated: str | None = None

    @override
    def following(self, page: Page) -> Parameters | None:
        marker = found(page.body, self.at)
        return {**self.others, self.parameter: marker} if marker else None

    @override
    def has_more(self, page: Page) -> bool:
        return bool(self.truncated and boolean(*_place(page.body, self.truncated)))


class Link(Told):
    """A page has the address of the next one.

    Only its query is taken: a signature covers one host, and it may name another.
    """

    @override
    def following(self, page: Page) -> Parameters | None:
        link = found(page.body, self.at)
        return dict(parse_qsl(urlsplit(link).query)) if isinstance(link, str) and link else None


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list of a provider.

    Args:
        operation: The provider's name of what is asked for.
        items: Where the items are in an answer: `data`, or `result.domains` in an object. They may be missing
            where a total says that there are none.
        key: The name of the field that identifies an item.
        path: Of the request, after the API's address.
        parameters: That each page is asked for with.
        parts: Each of these parameters asks for a part of the list, with pages of its own. What is in several
            parts is one item.
        paging: None where all items come at once.
        total: Where an answer says how many items the list has.
        noun: What the items are, for messages.
        selected_by: The setting whose globs select some of the keys.
        named: Another field whose value the globs may match.
        nowhere: What is said of a glob that selects nothing; None: nothing is.
        kept: Whether the items are kept in memory, for a stream that compares them.
        sizes: The most bytes and values of a page.
    """

    operation: str
    items: str | Callable[[Item], list[Any]]
    key: str
    path: str = ""
    parameters: Parameters = field(default_factory=dict)
    parts: tuple[Parameters, ...] = ({},)
    paging: Paging | None = None
    total: str | None = None
    noun: str = "items"
    selected_by: str | None = None
    named: str | None = None
    nowhere: str | None = "nothing of the account matches"
    kept: bool = False
    sizes: tuple[int, int] = (MAX_BYTES, MAX_TOKENS)

    def identify(self, item: object) -> str | None:
        """What identifies an item, if it says so."""
        try:
            return identifier(item, self.key) if isinstance(item, Mapping) else None
        except InvalidValueError:
            return None

    def page(self, body: Item, parameters: Parameters, before: Page | None) -> Page:
        """The page that an answer holds.

        Raises:
            InvalidValueError: It does not hold one.
        """
        total = integer(*_place(body, self.total)) if self.total else None
        if callable(self.items):
            items = self.items(body)
        elif total is not None or found(body, self.items) is not None:
            items = elements(*_place(body, self.items))
        else:
            # Nothing else would tell it from a list without items.
            raise InvalidValueError(f"{self.items} is missing.")
        number, received, least = (
            (before.number + 1, before.received, len(before.items)) if before else (0, 0, 1)
        )
        return Page(number, parameters, body, items, total, received + len(items), len(items) < least)


def found(body: Item, path: str) -> Any:
    """What is in an answer at a path of names, such as `result_info.cursor`; None if there is nothing.

    Raises:
        InvalidValueError: On the way there is something else than an object.
    """
    item, name = _place(body, path)
    return item.get(name)


def _place(body: Item, path: str) -> tuple[Item, str]:
    *way, last = path.split(".")
    return inner(body, *way), last


def pages(ask: Callable[[Parameters, Page | None], Page], listing: Listing) -> Iterator[tuple[Page, bool]]:
    """The pages of a list, to the last or the first with nothing new, and whether each brings something.

    Args:
        ask: Asks for the page with some parameters, after a page.

    Raises:
        APIError: There is no end of them, or one comes again in place of those that there should be.
    """
    parameters: Parameters | None = listing.paging.first() if listing.paging else {}
    page: Page | None = None
    listed: set[str | None] = set()
    empty = 0
    while parameters is not None:
        page = ask(parameters, page)
        names = {listing.identify(item) for item in page.items}
        yield page, not names <= listed
        parameters = listing.paging.following(page) if listing.paging else None
        empty = 0 if names else empty + 1
        if (names and names <= listed) or parameters == page.parameters:
            told = parameters is not None and isinstance(listing.paging, Told)
            if listing.paging and (told or listing.paging.has_more(page)):
                raise incomplete(f"{listing.operation} gives a page again, and says that there are more.")
            return
        if parameters is None and listing.paging and listing.paging.has_more(page):
            raise incomplete(f"{listing.operation} says at its end that there are more.")
        if page.number == MAX_PAGES or empty == MAX_EMPTY:
            raise incomplete(f"{listing.operation} gives pages without end.")
        listed |= names


def incomplete(message: str) -> APIError:
    """The error of a list of which not all can be read."""
    return APIError("IncompleteList", message, Reach.STREAM)


def read_all(
    ask: Callable[[Parameters, Page | None], Page], listing: Listing, provider: str
) -> Iterator[Any]:
    """The items of all pages of a list, each once.

    An item that goes while one pages moves those after it forward, one of them to a page already read: a list
    that changed on the way is read again.

    Args:
        ask: Asks for the page with some parameters, after a page.

    Raises:
        APIError: The list is shorter than it says, each time.
    """
    seen: set[str] = set()
    for _ in range(MAX_LISTINGS):
        totals, names, known, received = set[int | None](), set[str | None](), len(seen), 0
        for page, brings in pages(ask, listing):
            for item in page.items:
                name = listing.identify(item)
                if (name not in seen) if name else known == 0:
                    yield item
                    seen.add(name or "")
                names.add(name)
            totals.add(total := page.total)
            # A page that came before already is not one of those that there should be.
            received += len(page.items) if brings else 0
        short = total is not None and received < total
        # What went since an earlier reading is among what was seen, and not in a whole one.
        whole = len(seen) == known or total in {None, len(seen), len(names)}
        if not short and len(totals) == 1 and whole:
            return
    if short:
        raise incomplete(
            f"{provider} says that {listing.operation} lists {total:,} {listing.noun}, and lists "
            f"{received:,}. The others were not read: try again later, then ask the provider."
        )


def read_places(places: Sequence[Iterator[Any]], listing: Listing) -> Iterator[Any]:
    """The items of a list that is in several places, each once.

    Raises:
        APIError: In one of them it cannot be read; once all the others were.
    """
    if len(places) * len(listing.parts) == 1:
        yield from places[0]
        return
    seen: set[str] = set()
    failed: list[APIError] = []
    for place in places:
        try:
            for item in place:
                name = listing.identify(item)
                if name not in seen:
                    yield item
                    seen |= {name} if name else set()
        except APIError as error:
            failed.append(error)
    # What is not activated in one place is read all the same; what failed in another is not.
    if failed:
        raise min(
            failed, key=lambda error: (error.reach is not Reach.PROVIDER, error.reach is Reach.INACTIVE)
        )
