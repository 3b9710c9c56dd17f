"""CDNetworks' answers in XML, in the form that its JSON has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_cdn_certs.api.answer import unparsable
from tap_cdn_certs.api.xml import events, local_name

if TYPE_CHECKING:
    from lxml import etree

    from tap_cdn_certs.records.values import Item

# The elements that hold a list, as the field of the JSON is called that does.
LISTS = frozenset({"ssl-certificates", "domain-list"})


def parse_xml(content: bytes, max_tokens: int) -> Item:
    """The object of an XML document.

    Raises:
        APIError: It is cut off, which another attempt may mend, or is meant to do harm.
    """
    items: list[Item] = []
    root: etree._Element | None = None
    for event, element in events(content, max_tokens):
        if root is None:
            root = element
        # One by one, because a list's elements take far more memory than its items.
        elif event == "end" and element.getparent() is root and local_name(root) in LISTS:
            items.append(_fields(element))
            root.remove(element)
    match None if root is None else local_name(root):
        case name if name in LISTS:
            return {name: items}
        case "ssl-certificate" | "response" if root is not None:
            return _fields(root)
        case _:
            raise unparsable("XML of this provider")


def _fields(element: etree._Element) -> dict[str, Any]:
    """The fields of an element as JSON has them."""
    fields: dict[str, Any] = {}
    for child in element:
        match local_name(child):
            case "dns-names":
                names = [_text(name) for name in child] or [_text(child)]
                fields.setdefault("dns-names", []).extend(names)
            case "related-domains":
                fields.setdefault("related-domains", []).extend(_fields(domain) for domain in child)
            case name:
                fields[name] = _text(child)
    return fields


def _text(element: etree._Element) -> Any:
    """The text of an element; of one that holds elements, which is not documented, its fields."""
    return _fields(element) if len(element) else element.text
