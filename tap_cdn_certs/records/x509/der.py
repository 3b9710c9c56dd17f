"""DER taken apart, each part still to be read, so that a wrong one costs no other: ITU-T X.690."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER, SEQUENCE = 0x01, 0x02, 0x03, 0x04, 0x06, 0x30

_LONG, _LONGEST_OID, _DEEPEST = 0x80, 63, 16
_END_OF_CONTENTS = b"\0\0"


class Element(NamedTuple):
    """An element: its tag, its content, and all of it."""

    tag: int
    content: bytes
    der: bytes

    def expected(self, tag: int) -> bytes:
        """Return the content, if the element has the tag."""
        if self.tag != tag:
            raise ValueError(f"an element of tag {self.tag:#04x}, not {tag:#04x}")
        return self.content

    def sequence(self, least: int = 0) -> list[Element]:
        """Return the elements of a sequence, of which there must be so many at least."""
        return elements(self.expected(SEQUENCE), least)


def first(der: bytes, at: int = 0, depth: int = 0) -> Element:
    """Return the element that begins at an offset, whatever follows it.

    Also in BER's form without a length, which OpenSSL reads.
    """
    start = at + 2
    if start > len(der) or depth > _DEEPEST:
        raise ValueError("truncated DER")
    tag, length = der[at:start]
    if length == _LONG:
        end = start
        while der[end : end + 2] != _END_OF_CONTENTS:
            end += len(first(der, end, depth + 1).der)
        return Element(tag, der[start:end], der[at : end + 2])
    if length & _LONG:
        octets = length ^ _LONG
        length = int.from_bytes(der[start : start + octets])
        start += octets
    end = start + length
    if end > len(der):
        raise ValueError("truncated DER")
    return Element(tag, der[start:end], der[at:end])


def elements(der: bytes, least: int = 0) -> list[Element]:
    """Return the elements that stand one after another, of which there must be so many at least."""
    found: list[Element] = []
    at = 0
    while at < len(der):
        found.append(first(der, at))
        at += len(found[-1].der)
    if len(found) < least:
        raise ValueError("incomplete DER")
    return found


def object_identifier(element: Element) -> str:
    """Return an object identifier in its dotted form."""
    return _dotted(element.expected(OBJECT_IDENTIFIER))


@lru_cache(maxsize=1024)
def _dotted(content: bytes) -> str:
    # No known one is longer; without a limit the arithmetic would be slow.
    if not content or len(content) > _LONGEST_OID:
        raise ValueError("no object identifier")
    arcs = [0]
    for octet in content:
        arcs[-1] = arcs[-1] << 7 | octet & ~_LONG
        if octet < _LONG:
            arcs.append(0)
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, (top, arcs[0] - 40 * top, *arcs[1:-1])))
