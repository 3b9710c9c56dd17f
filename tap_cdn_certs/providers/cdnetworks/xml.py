"""CDNetworks' answers in XML, in the form that its JSON has."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from lxml import etree

from tap_cdn_certs.api.answer import check_tokens, hostile, unparsable

if TYPE_CHECKING:
    from tap_cdn_certs.records.values import Item

# The elements that hold a list, as the field of the JSON is called that does.
LISTS = frozenset({"ssl-certificates", "domain-list"})


def parse_xml(content: bytes, max_tokens: int) -> Item:
    """The object of an XML document, without entities, DTDs and network.

    Raises:
        APIError: It is cut off, which another attempt may mend, or is meant to do harm.
    """
    check_tokens(content, b"<=", max_tokens)
    items: list[Item] = []
    root: etree._Element | None = None
    try:
        for event, element in etree.iterparse(
            BytesIO(content),
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        ):
            if root is None:
                root = element
                if root.getroottree().docinfo.doctype:
                    raise hostile("has a document type")
            # One by one, because a list's elements take far more memory than its items.
            elif event == "end" and element.getparent() is root and _name(root) in LISTS:
                items.append(_fields(element))
                root.remove(element)
    except etree.XMLSyntaxError as error:
        if b"<!DOCTYPE" in content or error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise hostile("has a document type, or is nested too deeply") from None
        raise unparsable("XML") from None
    match None if root is None else _name(root):
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
        match _name(child):
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


def _name(element: etree._Element) -> str:
    # Not by QName, which refuses names that the parser lets through.
    return str(element.tag).rpartition("}")[2]
