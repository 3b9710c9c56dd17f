"""What an answer of a provider may be: bounded in bytes, in values and in time, and an object."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tap_cdn_certs.errors import APIError, InvalidValueError, Reach, TooLargeError

if TYPE_CHECKING:
    import urllib3
    from requests.structures import CaseInsensitiveDict

    from tap_cdn_certs.records.values import Item

ANSWER_TIMEOUT = 120.0  # from its first byte to its last
MAX_WAIT = 900.0  # that a provider may ask for where its limit was met

# What a list of some 10,000 certificates needs. An answer within both takes less than 200 MB to parse.
MAX_BYTES = 32 * 2**20
MAX_TOKENS = 1_000_000
MAX_DIGITS = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a provider, whatever its status."""

    status: int
    headers: CaseInsensitiveDict[str]
    content: bytes
    max_tokens: int = MAX_TOKENS

    @property
    def ok(self) -> bool:
        """Whether the status says that the request succeeded."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of HTTP statuses

    def skew(self) -> float:
        """Seconds that the provider's clock is ahead of this machine's, 0 if it does not say."""
        try:
            return parsedate_to_datetime(self.headers["Date"]).timestamp() - time.time()
        except (KeyError, ValueError, TypeError, OverflowError):
            return 0.0

    def wait(self, header: str = "Retry-After", unit: float = 1.0) -> float | None:
        """Seconds that a header asks to wait for, or till when, or None; at most a quarter of an hour."""
        written = self.headers.get(header, "").strip()
        if written.isdecimal():
            return min(float(written) * unit, MAX_WAIT)
        try:
            left = parsedate_to_datetime(written).timestamp() - time.time() - self.skew()
        except (ValueError, TypeError, OverflowError):
            return None
        return min(left, MAX_WAIT) if left > 0 else None


def read_content(raw: urllib3.BaseHTTPResponse, max_bytes: int) -> bytes:
    """The whole body, decoded, unless it is too large or takes too long."""
    content = bytearray()
    deadline = time.monotonic() + ANSWER_TIMEOUT
    while chunk := raw.read1(2**16, decode_content=True):
        content += chunk
        if len(content) > max_bytes:
            raise too_large(f"{max_bytes / 2**20:g} MiB")
        if time.monotonic() > deadline:
            raise APIError("Timeout", f"The answer took more than {ANSWER_TIMEOUT:.0f} s.", Reach.ATTEMPT)
    return bytes(content)


def parse_json(content: bytes, max_tokens: int = MAX_TOKENS) -> Item:
    """The object of a JSON document.

    Raises:
        APIError: It is not JSON, which another attempt may mend, or is meant to exhaust the memory.
        InvalidValueError: It is not an object.
    """
    check_tokens(content, b"{[,", max_tokens)
    try:
        value = json.loads(content, parse_int=_integer)
    except RecursionError:
        raise hostile("is nested too deeply") from None
    except ValueError:
        raise unparsable("JSON") from None
    if not isinstance(value, dict):
        raise InvalidValueError("The answer is not an object.")
    return value


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise hostile(f"has a number of {len(digits):,} digits")
    return int(digits)


def check_tokens(content: bytes, tokens: bytes, most: int = MAX_TOKENS) -> None:
    """Refuses a document that would take too much memory.

    Raises:
        APIError: It has too many of the characters that begin a value.
    """
    if len(content) > most and sum(content.count(token) for token in tokens) > most:
        raise too_large(f"{most:,} values")


def hostile(what: str) -> APIError:
    """The error of an answer that is not parsed, and not asked for again."""
    return APIError("HostileAnswer", f"The answer {what}, and was refused: no provider sends that.")


def too_large(bound: str) -> TooLargeError:
    """The error of an answer with more than it may have."""
    return TooLargeError("HostileAnswer", hostile(f"has more than {bound}").message)


def unparsable(form: str) -> APIError:
    """The error of an answer that was cut off or comes from something in between."""
    return APIError("UnparsableAnswer", f"The answer is not {form}, or only a part of it.", Reach.ATTEMPT)
