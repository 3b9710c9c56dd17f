"""What a made-up account holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Item = TypeVar("Item")


class Inventory(Generic[Item]):
    """Items by their key, in the order in which they were added."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._items: dict[str, Item] = {}

    def keys(self) -> list[str]:
        """Return the items' keys, in their order."""
        return list(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        # A copy is made in one step: tests change the inventory while the server reads it.
        return iter(list(self._items.values()))

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __getitem__(self, key: str) -> Item:
        return self._items[key]

    def get(self, key: str) -> Item | None:
        """Return the item, if there is one."""
        return self._items.get(key)

    def add(self, item: Item) -> None:
        """Add an item, or put it in the place of the one with its key."""
        self._items[getattr(item, self._key)] = item

    def remove(self, key: str) -> Item:
        """Remove an item."""
        return self._items.pop(key)


def odd(item: Item, number: int, ways: Sequence[Mapping[str, Any]]) -> Item:
    """Return an item, which differs from an ordinary one by some fields where it is among the first few."""
    for name, value in ways[number].items() if number < len(ways) else ():
        setattr(item, name, value)
    return item
