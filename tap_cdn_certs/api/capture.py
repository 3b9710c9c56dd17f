"""The shapes of a provider's answers, which may be shown to anybody: names, types, lengths, forms of times.

Of values there are only true, false, null, and short words and numbers of fields whose names say that they
are of an enumeration. All else of an account is left out: names, identifiers, times, texts.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A map by domains or identifiers has keys that are no names of fields.
NAME = re.compile(r"[A-Za-z_@$][A-Za-z0-9_@$:-]{0,63}")
ENUMERATIONS = re.compile(
    r"(status|state|stage|type|kind|mode|switch|algorithm|method|protocol|network|reason)$", re.IGNORECASE
)
WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}|[+-]?[0-9]{1,3}")
MONTH_OR_DAY = re.compile(r"(?!GMT|UTC)[A-Z][a-z]{2,8}")
TIME = re.compile(rf"(?=.*[-:/ ])(?=(?:\D*\d){{6}})(?:[-0-9:/., +TZ]|GMT|UTC|{MONTH_OR_DAY.pattern}){{6,40}}")
PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----")
DEPTH = 20
MOST = 200  # names of an object, and words of a field


@dataclass
class Shape:
    """What several values have in common.

    Attributes:
        seen: How many they are.
        words: What is said of those that are no objects or lists.
        lengths: Of texts in characters, and of lists.
    """

    seen: int = 0
    words: set[str] = field(default_factory=set)
    lengths: dict[str, set[int]] = field(default_factory=dict)
    objects: int = 0
    fields: dict[str, Shape] = field(default_factory=dict)
    items: Shape | None = None

    def add(self, value: Any, name: str = "", depth: int = DEPTH) -> None:
        """Takes another value into account."""
        self.seen += 1
        if not depth:
            self.words.add("deeper than is looked")
        elif isinstance(value, dict):
            self.objects += 1
            for key, inner in value.items():
                known = (
                    key if NAME.fullmatch(key) and (key in self.fields or len(self.fields) < MOST) else "*"
                )
                self.fields.setdefault(known, Shape()).add(inner, known, depth - 1)
        elif isinstance(value, list):
            self._measured("list", len(value))
            self.items = self.items or Shape()
            for inner in value:
                self.items.add(inner, name, depth - 1)
        elif len(self.words) < MOST:
            self._said(value, name)

    def described(self) -> Any:
        """What is known, for JSON: of an object its fields, those that some lack with a question mark."""
        words: list[Any] = [*sorted(self.words), *self._lengths()]
        if self.items and self.items.seen:
            words = [word for word in words if not word.startswith("list")]
            words += [{f"list of {self._range('list')}": self.items.described()}]
        if self.objects:
            described = {
                f"{name}{'?' * (inner.seen < self.objects)}": inner.described()
                for name, inner in sorted(self.fields.items())
            }
            words = [*words, described]
        return words[0] if len(words) == 1 else words

    def _said(self, value: Any, name: str) -> None:
        if value is None or isinstance(value, bool):
            self.words.add(json.dumps(value))
        elif ENUMERATIONS.search(name) and WORD.fullmatch(str(value)):
            self.words.add(f"= {value}")
        elif not isinstance(value, str):
            self._measured("number", len(str(value)))
        elif TIME.fullmatch(value):
            self.words.add("time " + re.sub("[0-9]", "9", MONTH_OR_DAY.sub("Aaa", value)))
        elif labels := PEM.findall(value):
            counted = Counter(labels).items()
            self.words.add("PEM " + ", ".join(f"{count} {label}" for label, count in counted))
        else:
            self._measured("text", len(value))

    def _measured(self, kind: str, length: int) -> None:
        known = self.lengths.setdefault(kind, {length})
        self.lengths[kind] = {min(*known, length), max(*known, length)}

    def _lengths(self) -> Iterator[str]:
        for kind in sorted(self.lengths):
            yield f"{kind} of {self._range(kind)}"

    def _range(self, kind: str) -> str:
        return " to ".join(str(length) for length in sorted(self.lengths[kind]))


class Capture:
    """The shapes of the answers of each operation, by provider and HTTP status.

    Args:
        folder: Where they are written to, a file for each operation; it is made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._adding = Lock()
        self._shapes: dict[tuple[str, str], dict[int, Shape]] = {}

    def add(self, provider: str, operation: str, status: int, body: Any) -> None:
        """Takes an answer into account."""
        with self._adding:
            shapes = self._shapes.setdefault((provider, operation), {})
            shapes.setdefault(status, Shape()).add(body)

    def write(self) -> list[Path]:
        """Writes what is known of each operation, and says where."""
        self._folder.mkdir(parents=True, exist_ok=True)
        written = []
        for (provider, operation), shapes in sorted(self._shapes.items()):
            path = self._folder / f"{provider}.{operation}.json"
            answers = {
                str(status): {"answers": shape.seen, "shape": shape.described()}
                for status, shape in sorted(shapes.items())
            }
            text = json.dumps({"provider": provider, "operation": operation, "by_status": answers}, indent=2)
            path.write_text(f"{text}\n", encoding="utf-8")
            written.append(path)
        return written
