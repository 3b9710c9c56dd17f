"""What may be said of a request and of its answer: no key, no signature, no token, and not without end."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HIDDEN = "***"
MAX_WORDS = 500

# What separates words in headers: no such part of a signature or a token may be said.
_SEPARATORS = re.compile(r"[\s,;:]+|signature=", re.IGNORECASE)
_MIN_SECRET = 20
_MIN_BASE64 = 7  # characters: fewer may stand in any text
_HEADERS = re.compile("auth|token|key|secret|signature", re.IGNORECASE)

_PRIVATE_KEY = re.compile(
    r"-----BEGIN[^-]*PRIVATE[^-]*KEY[^-]*-----.*?(-----END[^-]*KEY[^-]*-----|\Z)", re.DOTALL
)
# By their names, whoever made them: what an error repeats may be of another request than the one it answers.
_NAMED = re.compile(
    r"(?P<name>(?:signature|token|secret|password|api[-_]?key|authorization)[\"']?\s*[=:]\s*[\"']?"
    r"(?:(?:Bearer|Basic)\s+)?|\bBearer\s+)(?P<secret>[\w.~+/%=-]{16,})",
    re.IGNORECASE,
)
# Who asked, and for what: an account's number, users, roles and what they may not read.
_ARN = re.compile(r"\barn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:[0-9]*:[^\s\"'<>,;]*", re.IGNORECASE)


def quoted(value: object) -> str:
    """A provider's own words, as they may stand in a message: one line, and not endless."""
    written = str(value) if isinstance(value, str | int) else "…"
    text = "".join(c if c.isprintable() else " " for c in written[:MAX_WORDS])
    if len(written) > MAX_WORDS:
        # To the last whole word: half a secret would not be recognized.
        text = text.rpartition(" ")[0] + " …"
    return " ".join(text.split())


def without_secrets(text: str, settings: Iterable[str], sent: Mapping[str, str]) -> str:
    """A text without what only the account's owner and the provider should know, in any spelling of it.

    Args:
        settings: The secret settings' values.
        sent: The headers of the request.
    """
    secret_headers = [value for name, value in sent.items() if _HEADERS.search(name)]
    for secret in (*settings, *(part for value in secret_headers for part in _parts(value))):
        forms = "|".join(map(_any_form, [secret, *_in_base64(secret.encode())]))
        text = re.sub(forms, HIDDEN, text, flags=re.IGNORECASE)
    text = _NAMED.sub(rf"\g<name>{HIDDEN}", text)
    return _PRIVATE_KEY.sub(HIDDEN, _ARN.sub(HIDDEN, text))


def _parts(header: str) -> list[str]:
    """What of a header is long enough to be secret."""
    scheme, *words = _SEPARATORS.split(header)
    if scheme == "Basic":
        words += b64decode(words[0]).decode().split(":")
    else:
        words.append(scheme)
    return [word for word in words if len(word) >= _MIN_SECRET]


def _in_base64(secret: bytes) -> Iterator[str]:
    """What of a secret's base64 is the same whatever stands around it, wherever in that it begins."""
    for before, first in enumerate((0, 2, 3)):
        octets = bytes(before) + secret
        for encoded in {b64encode(octets), urlsafe_b64encode(octets)}:
            alike = encoded[first : len(octets) * 8 // 6].decode()
            if len(alike) >= _MIN_BASE64:
                yield alike


def _any_form(secret: str) -> str:
    """A pattern for a secret as it is, and as URLs, JSON and HTML hold it."""
    return "".join(c if c.isascii() and c.isalnum() else _any_form_of(c) for c in secret)


def _any_form_of(character: str) -> str:
    octets = "".join(f"%{octet:02x}" for octet in character.encode())
    units = re.findall("....", character.encode("utf-16-be").hex())
    escapes = "".join(rf"\\u{unit}" for unit in units)
    plus = r"|\+" if character == " " else ""
    return rf"(?:\\?{re.escape(character)}|{octets}|{escapes}|&#?\w+;{plus})"
