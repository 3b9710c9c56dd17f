"""The domains that the streams of a sync list, for a stream that asks each of them."""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Domains:
    """Names, each once: added by any thread, and followed by others while they come."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._known: set[str] = set()
        self._ended = False
        self._changed = Condition()

    def add(self, names: Iterable[str]) -> None:
        """Adds those that are new."""
        with self._changed:
            for name in names:
                if name not in self._known:
                    self._known.add(name)
                    self._names.append(name)
            self._changed.notify_all()

    def end(self) -> None:
        """Notes that no more names come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[str]:
        """The names in the order in which they were added; waits for those to come, until none will."""
        given = 0
        while True:
            with self._changed:
                while not self._ended and len(self._names) == given:
                    self._changed.wait()
                new = self._names[given:]
            if not new:
                return
            yield from new
            given += len(new)


def named(value: Any, path: str) -> Iterator[str]:
    """The texts at a place of a record, `usage.hostnames`, of each object and each element of lists."""
    if isinstance(value, list):
        for element in value:
            yield from named(element, path)
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        yield from named(value.get(name), rest)
    elif value is not None:
        yield value
