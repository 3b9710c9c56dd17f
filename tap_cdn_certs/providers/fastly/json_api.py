"""Resources, and what relates them: https://jsonapi.org/format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tap_cdn_certs.errors import InvalidValueError
from tap_cdn_certs.records.values import elements, mapping, required_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_cdn_certs.records.values import Item


def references(item: Item, name: str) -> list[Item]:
    """What a relationship names: a list, one resource, or none.

    Raises:
        InvalidValueError: It is not a relationship.
    """
    relationships = mapping(item.get("relationships"), "relationships")
    relationship = mapping(relationships.get(name), name)
    # The provider's SDK knows one without `data`, that of a subscription to its common name.
    place, within = (relationships, name) if "id" in relationship else (relationship, "data")
    return [mapping(each, name) for each in elements(place, within)]


def named(item: Item, name: str) -> list[str] | None:
    """The identifiers of what a relationship names; those of domains are their names."""
    return [required_identifier(each, "id") for each in references(item, name)] or None


def one(item: Item, name: str) -> str | None:
    """The identifier of what a relationship names that is to one resource at most."""
    return next(iter(named(item, name) or ()), None)


def by_id(resources: Iterable[Any]) -> dict[str, Item]:
    """Resources by their identifiers, without what is none."""
    return {str(each.get("id")): each for each in resources if isinstance(each, Mapping)}


def joined(item: Any, name: str, known: Mapping[str, Item]) -> Any:
    """A resource in which a relationship has those resources themselves that are known."""
    try:
        whole = mapping(item, "The item")
        data = [known.get(str(each.get("id")), each) for each in references(whole, name)]
    except InvalidValueError:
        # Its record will say so.
        return item
    return {**whole, "relationships": {**(whole.get("relationships") or {}), name: {"data": data}}}


def resources(body: Item, include: str | None = None) -> list[Any]:
    """The resources of an answer, with those in a relationship that the answer includes.

    Raises:
        InvalidValueError: It is not a list.
    """
    if body.get("data") is None:
        raise InvalidValueError("data is missing.")
    items, included = elements(body, "data"), by_id(elements(body, "included"))
    return [joined(item, include, included) for item in items] if include else items
