"""Answers in XML, read without entities, DTDs and network."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

from lxml import etree

from tap_cdn_certs.api.answer import MAX_TOKENS, check_tokens, hostile, unparsable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.records.values import Item


_PAGE = re.compile(rb"\s*(<!doctype\s+html|<html)\b", re.IGNORECASE)


def is_xml(answer: Answer) -> bool:
    """Whether an answer is XML and not JSON."""
    # Something in between may have changed the type: the first character is as good.
    return {b"<": True, b"{": False, b"[": False}.get(
        answer.content.lstrip()[:1], "json" not in answer.headers.get("Content-Type", "")
    )


def parse_xml(content: bytes, max_tokens: int = MAX_TOKENS) -> Item:
    """The object of an XML document, as JSON would have it: `{root: {name: text, object or a list of them}}`.

    Attributes and namespaces are left out. A name that comes twice has a list, once what it holds.

    Raises:
        APIError: As `events`.
    """
    opened: list[dict[str, Any]] = [{}]
    for event, element in events(content, max_tokens):
        if event == "start":
            opened.append({})
            continue
        value = opened.pop() or element.text
        parent, name = opened[-1], local_name(element)
        match parent.get(name):
            case list() as values:
                values.append(value)
            case other:
                parent[name] = [other, value] if name in parent else value
        # Elements take far more memory than what is read of them.
        if (above := element.getparent()) is not None:
            above.remove(element)
    return opened[0]


def events(content: bytes, max_tokens: int) -> Iterator[tuple[str, etree._Element]]:
    """Where each element of a document starts and ends: `start` or `end`, and the element.

    Raises:
        APIError: It is cut off, which another attempt may mend, or is meant to do harm.
    """
    check_tokens(content, b"<=", max_tokens)
    if _PAGE.match(content):
        # Of something in between, which may be over soon.
        raise unparsable("XML")
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
            yield event, element
    except etree.XMLSyntaxError as error:
        if b"<!DOCTYPE" in content or error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise hostile("has a document type, or is nested too deeply") from None
        raise unparsable("XML") from None


def local_name(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    # Not by QName, which refuses names that the parser lets through.
    return str(element.tag).rpartition("}")[2]
