"""A certificate's subject or issuer: https://www.rfc-editor.org/rfc/rfc4514."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from tap_cdn_certs.records.x509 import objects
from tap_cdn_certs.records.x509.der import elements

if TYPE_CHECKING:
    from tap_cdn_certs.records.x509.der import Element

# OpenSSL takes strings of one octet for each character for Latin-1, whichever they are.
_CODECS = {0x0C: "utf-8", 0x1C: "utf-32-be", 0x1E: "utf-16-be"} | dict.fromkeys(
    (0x12, 0x13, 0x14, 0x15, 0x16, 0x19, 0x1A, 0x1B), "latin-1"
)


class DistinguishedName:
    """A distinguished name, read as far as anybody can: octets that are no text are escaped."""

    def __init__(self, name: Element) -> None:
        self._name = name

    @cached_property
    def relative_names(self) -> list[list[tuple[str, Element]]]:
        """The sets of attributes that it is made of, each with its type."""
        sets = [[one.sequence(2) for one in elements(each.content)] for each in self._name.sequence()]
        return [[(objects.name(kind), value) for kind, value, *_ in attributes] for attributes in sets]

    @cached_property
    def comparable(self) -> object:
        """The same for two that differ in encoding, case or spaces only: RFC 5280, 7.1."""
        try:
            return tuple(
                frozenset((kind, " ".join(_text(value).casefold().split())) for kind, value in attributes)
                for attributes in self.relative_names
            )
        except ValueError:
            return self._name.der

    def rfc4514(self) -> str | None:
        """Return it as a text, or None if it is empty."""
        sets = ("+".join(_written(*each) for each in attributes) for attributes in self.relative_names)
        return ",".join(filter(None, reversed([*sets]))) or None

    def attribute(self, wanted: str) -> str | None:
        """Return the value of an attribute, if it has it: of several the last, which is the most specific."""
        attributes = (attribute for each in self.relative_names for attribute in each)
        values = [value for kind, value in attributes if kind == wanted]
        return (escaped(_text(values[-1])) or None) if values else None


def escaped(text: str) -> str:
    """Return a text with escapes for NUL, which databases refuse, and for what stands for octets in it."""
    return re.sub("[\0\ud800-\udfff]", lambda match: f"\\{ord(match[0]) & 0xFF:02X}", text)


def _written(kind: str, value: Element) -> str:
    text = _text(value)
    if value.tag in _CODECS:
        text = re.sub(r'[\\"+,;<>]|^[ #]| $', lambda match: "\\" + match[0], text)
    return f"{kind}={escaped(text)}"


def _text(value: Element) -> str:
    """Return a value as a text, surrogates for octets that are none; one of another type as its DER."""
    codec = _CODECS.get(value.tag)
    if codec is None:
        return f"#{value.der.hex()}"
    try:
        return value.content.decode(codec)
    except ValueError:
        return value.content.decode("ascii", "surrogateescape")
