"""What is known by object identifier: names as in the RFCs, without "id-", digests, the sizes of curves."""

from __future__ import annotations

import csv
from importlib.resources import files
from typing import TYPE_CHECKING

from tap_cdn_certs.records.x509.der import object_identifier

if TYPE_CHECKING:
    from tap_cdn_certs.records.x509.der import Element

_ROWS = [*csv.DictReader(files(__package__).joinpath("objects.csv").read_text("utf-8").splitlines())]
_NAMES = {row["identifier"]: row["name"] for row in _ROWS if row["name"]}
_DIGESTS = {row["identifier"]: row["digest"] for row in _ROWS if row["digest"]}
_BITS = {row["identifier"]: int(row["bits"]) for row in _ROWS if row["bits"]}


def name(identifier: Element) -> str:
    """Return an object's name, or its identifier where it has none."""
    dotted = object_identifier(identifier)
    return _NAMES.get(dotted, dotted)


def digest(identifier: Element) -> str | None:
    """Return the digest that an object is, or that is signed with it."""
    return _DIGESTS.get(object_identifier(identifier))


def bits(identifier: Element) -> int | None:
    """Return the size of a curve."""
    return _BITS.get(object_identifier(identifier))
