"""The state and the catalog that the tap is given, by whoever keeps them."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click
from singer_sdk.singerlib import Catalog

from tap_cdn_certs.settings import read_object

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHOUT_STATE = "Delete it, or leave --state out: everything is asked for again."


def _content(file: IO[str]) -> dict[str, Any]:
    try:
        return read_object(file.read(), file.name)
    except UnicodeDecodeError:
        raise click.ClickException(f"{file.name} is not a text in UTF-8.") from None


def read_state(file: IO[str] | None) -> dict[str, Any] | None:
    """The state in a file.

    Raises:
        click.ClickException: It is none that this tap wrote.
    """
    if file is None:
        return None
    try:
        content = _content(file)
    except click.ClickException as error:
        raise click.ClickException(f"{error.message} {WITHOUT_STATE}") from None
    # Here, its name is known.
    states(content, f"The state in {file.name}")
    return content


def states(content: Any, what: str) -> list[dict[str, Any]]:
    """The states in what a file holds, the newest last.

    Raises:
        click.ClickException: It is something else.
    """
    try:
        return [*_unwrapped(content)]
    except (TypeError, RecursionError):
        raise click.ClickException(f"{what} is not one that this tap wrote. {WITHOUT_STATE}") from None


def _unwrapped(content: Any) -> Iterator[dict[str, Any]]:
    """The states in the tap's own, in a message, or in what Meltano makes of it."""
    match content:
        case {"bookmarks": {**streams}} if all(_is_bookmark(bookmark) for bookmark in streams.values()):
            yield content
        case {"singer_state": inner} | {"type": "STATE", "value": inner}:
            yield from _unwrapped(inner)
        case {"completed": _} | {"partial": _}:
            # That of the last whole sync, and that of one which was stopped since.
            yield from _unwrapped(content.get("completed"))
            yield from _unwrapped(content.get("partial"))
        case _ if content not in (None, {}):
            raise TypeError


def _is_bookmark(value: Any) -> bool:
    """Whether a stream may have this: what the SDK keeps there, this tap does not use."""
    return isinstance(value, dict) and not value.keys() & {"partitions", "progress_markers"}


def read_catalog(file: IO[str] | None) -> Catalog | None:
    """The catalog in a file.

    Raises:
        click.ClickException: It is none.
    """
    if file is None:
        return None
    content = _content(file)
    try:
        return Catalog.from_dict(content)
    except (AttributeError, KeyError, TypeError):
        raise click.ClickException(f"{file.name} is not a catalog that `--discover` wrote.") from None
