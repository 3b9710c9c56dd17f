"""What an official SDK of Alibaba Cloud documents of an operation: the fields that its models have."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


class Anything:
    """A value of every type that a model may hold."""

    def to_map(self) -> dict[str, Any]:
        """Nothing: it stands for an object."""
        return {}

    def __iter__(self) -> Iterator[Any]:
        """No items: it stands for a list."""
        return iter(())


def fields(models: ModuleType, model: str) -> set[str]:
    """The fields of a model as they are sent, those of objects in it by their path: `Sources.Source.Type`."""
    made = getattr(models, model)
    names = [*inspect.signature(made).parameters]
    sent = made(**{name: Anything() for name in names}).to_map()
    assert len(sent) == len(names)
    found = set()
    for name in sent:
        inner = f"{model}{name}"
        found |= {f"{name}.{field}" for field in fields(models, inner)} if hasattr(models, inner) else {name}
    return found
