"""Which names a provider sends that no field of a record takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 1000
LONGEST = 64


def words(text: str) -> frozenset[str]:
    """The names, or the globs for names, that a text lists."""
    return frozenset(text.split())


class Names:
    """The names in a stream's items, and those of them that its records are made from."""

    def __init__(self) -> None:
        self.sent: set[str] = set()
        self.read: set[str] = set()

    @property
    def unread(self) -> set[str]:
        """The names that nothing was made from; one in another object as `Sources.Source.Port`."""
        return self.sent - self.read


class Seen(dict[str, Any]):
    """An object of a provider's answer, which notes what is read of it.

    Args:
        doubt: Is told the name of what cannot be read, though the rest can, and why.
    """

    __slots__ = ("_names", "_path", "doubt")

    def __init__(
        self, item: dict[str, Any], names: Names, doubt: Callable[[str, str], None], path: str = ""
    ) -> None:
        super().__init__(item)
        self.doubt = doubt
        self._names = names
        self._path = path
        paths = {f"{path}{name}" for name in item} if path else item.keys()
        if (new := paths - names.sent) and len(names.sent) < MOST:
            names.sent.update(name for name in new if len(name) <= LONGEST)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name."""
        path = f"{self._path}{name}"
        self._names.read.add(path)
        return self._seen(super().get(name, default), path)

    def _seen(self, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return Seen(value, self._names, self.doubt, f"{path}.")
        if isinstance(value, list):
            return [self._seen(element, path) for element in value]
        return value
