"""A product of Alibaba Cloud: operations, limits and an inventory of its own, behind the gateway of all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from sandbox.messages import Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sandbox.inventory import Inventory
    from sandbox.limits import Limit
    from sandbox.state import State

Row = TypeVar("Row")


class Asked(NamedTuple):
    """What an operation is asked for, and where: a product may have several addresses."""

    path: str
    parameters: Mapping[str, str]


class Product(ABC):
    """A product, and what an account has of it."""

    name: ClassVar[str]
    """As the tap's setting `products` names it."""
    code: ClassVar[str]
    """As the provider's errors name it."""
    version: ClassVar[str]
    setting: ClassVar[str]
    """The tap's setting that has its address; where it has several, a list of them."""
    paths: ClassVar[tuple[str, ...]]
    """Where it is, after the address of the sandbox: they stand for hosts of its own."""
    lists: ClassVar[tuple[str, ...]] = ()
    """As those of an API, and so are those that follow."""
    details: ClassVar[tuple[str, ...]] = ()
    nested: ClassVar[Mapping[str, str]] = {}
    never: ClassVar[frozenset[str]] = frozenset()
    get_only: ClassVar[frozenset[str]] = frozenset()
    """Operations that no other method asks for."""
    limits: ClassVar[Mapping[str, Limit]] = {}
    """Those that are not the main one."""
    unseen: ClassVar[Mapping[str, str]] = {}
    key: ClassVar[str]
    """The parameter that says what a request is about, for the log."""
    inactive: ClassVar[Refusal]
    """The error of an account that has not activated it."""

    def __init__(self, state: State, size: int) -> None:
        self.state = state
        self.inventory = self.stock(size)

    @abstractmethod
    def stock(self, size: int) -> Inventory[Any]:
        """Return an inventory of so many keys."""

    @property
    @abstractmethod
    def operations(self) -> Mapping[str, Callable[[Asked], dict[str, Any]]]:
        """What answers each of the operations."""

    def inventory_of(self, operation: str) -> Inventory[Any]:  # noqa: ARG002 - a product may have several
        """Return what an operation lists."""
        return self.inventory

    def keys(self, operation: str) -> list[str]:
        """Return the keys that an operation lists, or may be asked for."""
        return self.inventory_of(operation).keys()

    def addresses(self, url: str) -> str | list[str]:
        """Return what the tap's setting of its address has to hold."""
        urls = [url + path.rstrip("/") for path in self.paths]
        return urls if len(urls) > 1 else urls[0]


def page(
    asked: Asked,
    rows: Sequence[Row],
    number: str = "PageNumber",
    size: tuple[str, int, int] = ("PageSize", 20, 500),
) -> tuple[Sequence[Row], dict[str, int]]:
    """Return a page of rows, with its number, size and their total.

    Args:
        number: The parameter of the page's number.
        size: That of its size, with the default and the greatest.
    """
    numbers = []
    for name, default, most in ((number, 1, 100_000), size):
        text = asked.parameters.get(name, str(default))
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
            message = f"The specified {name} is not valid: 1 to {most}."
            raise RefusedError(400, f"Invalid{name}.Malformed", message)
        numbers.append(int(text))
    begin = (numbers[0] - 1) * numbers[1]
    paging = {number: numbers[0], size[0]: numbers[1], "TotalCount": len(rows)}
    return rows[begin : begin + numbers[1]], paging
