"""A provider's values, checked, as a record holds them: blank is null, a time is RFC 3339 in UTC."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any, TypeAlias

from tap_cdn_certs.errors import InvalidValueError
from tap_cdn_certs.records.seen import Seen

Item: TypeAlias = Mapping[str, Any]
Record: TypeAlias = dict[str, Any]

logger = logging.getLogger(__name__)

# China Standard Time, which has had no daylight saving since 1991.
CST = timezone(timedelta(hours=8))

_LEAP_SECOND = re.compile(r"(\d\d:\d\d):60")
# Where a name's next word begins.
_WORD = re.compile(r"-|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def taken(read: Callable[[Item, str], Any], item: Item, *names: str, prefix: str = "") -> Record:
    """The fields of some names that are all read alike, by their names in snake_case."""
    return {f"{prefix}{snake_case(name)}": read(item, name) for name in names}


@cache
def snake_case(name: str) -> str:
    """A provider's name of a field, as a record has it."""
    return _WORD.sub("_", name).lower()


def text(item: Item, name: str) -> str | None:
    """The text of a field without white space around it, or None.

    Raises:
        InvalidValueError: It is not a text, or one that no warehouse can store or none should.
    """
    value = unchecked_text(item, name)
    if value is None:
        return None
    if "\0" in value or (not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value)):
        raise InvalidValueError(f"{name} holds a character that is not text (NUL or half a surrogate pair).")
    if "PRIVATE KEY-----" in value:
        raise InvalidValueError(f"{name} holds a private key, which is never passed on.")
    return value.strip() or None


def unchecked_text(item: Item, name: str) -> str | None:
    """The text of a field whatever it holds: for one that is not passed on as it is."""
    value = item.get(name)
    if value is not None and not isinstance(value, str):
        raise _invalid(name, value, "a text")
    return value


def identifier(item: Item, name: str) -> str | None:
    """The text of a field that some answers hold as a number, or None."""
    value = item.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(item, name)


def required_identifier(item: Item, name: str) -> str:
    """The text of a field that a record cannot be without.

    Raises:
        InvalidValueError: It is missing, blank, or not a text.
    """
    value = identifier(item, name)
    if value is None:
        raise InvalidValueError(f"{name} is missing.")
    return value


def integer(item: Item, name: str) -> int | None:
    """The whole number of a field that some answers hold as a text, or None."""
    given = item.get(name)
    whole = int(given) if isinstance(given, float) and given.is_integer() else None
    value = identifier(item, name) if whole is None else str(whole)
    if value is None:
        return None
    # More digits than a warehouse's numbers have, or a reader in JavaScript or Go takes exactly.
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", value):
        raise _invalid(name, item[name], "a whole number of at most 15 digits")
    return int(value)


def boolean(item: Item, name: str) -> bool | None:
    """The boolean of a field, which some answers hold as the text `true` or `false`, or None."""
    value = item.get(name)
    if isinstance(value, bool):
        return value
    match text(item, name):
        case None:
            return None
        case written if written.lower() in {"true", "false"}:
            return written.lower() == "true"
        case _:
            raise _invalid(name, value, "true or false")


def elements(item: Item, name: str) -> list[Any]:
    """The elements of a field: of a list, a single one, or none.

    Raises:
        InvalidValueError: It holds anything else.
    """
    match item.get(name):
        case None | "":
            return []
        case list() as value:
            return value
        case Mapping() | str() as value:
            return [value]
        case value:
            raise _invalid(name, value, "a list")


def members(item: Item, name: str) -> list[Any]:
    """The elements of a list in XML, whatever each is called: `{"Items": {"CNAME": ["a", "b"]}}`.

    Raises:
        InvalidValueError: It holds anything else.
    """
    listed = inner(item, name)
    return [element for each in listed for element in elements(listed, each)]


def texts(item: Item, name: str, listed: Callable[[Item, str], list[Any]] = elements) -> list[str] | None:
    """The texts of a list without those that are blank, or None where there are none.

    Args:
        listed: What the list has: its `elements`, or in XML its `members`.

    Raises:
        InvalidValueError: It holds anything else.
    """
    return [written for each in listed(item, name) if (written := text({name: each}, name))] or None


def objects(item: Item, name: str, listed: Callable[[Item, str], list[Any]] = elements) -> list[Item]:
    """The objects of a list; `listed` as in `texts`.

    Raises:
        InvalidValueError: It holds anything else.
    """
    return [mapping(each, name) for each in listed(item, name)]


def separated(item: Item, name: str) -> list[str] | None:
    """The parts of a text that commas separate, or None where there are none."""
    return [part.strip() for part in (text(item, name) or "").split(",") if part.strip()] or None


def mapping(value: object, name: str) -> Item:
    """A value that has to be an object, by the name it has in messages; nothing is an empty one.

    Raises:
        InvalidValueError: It is not.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _invalid(name, value, "an object")
    return value


def inner(item: Item, *names: str) -> Item:
    """The object that a field holds, or the field of one that another holds; nothing is an empty one.

    Raises:
        InvalidValueError: There is something else.
    """
    for name in names:
        item = mapping(item.get(name), name)
    return item


def utc(item: Item, name: str, zone: tzinfo = UTC) -> str | None:
    """The time of a field as RFC 3339 in UTC, to the second, or None.

    What is not a time is None too, and logged once. `zone` is that of a time that names none.
    """
    # Imported late: it takes long, and --version does without.
    import pendulum  # noqa: PLC0415

    written = text(item, name)
    if written is None:
        return None
    # CDNetworks is known to write midnight as the end of the day before.
    end_of_day = "24:00:00" in written
    at_once = written.replace("24:00:00", "00:00:00")
    # A leap second is the last of a minute that has one more.
    plain, leaps = _LEAP_SECOND.subn(r"\1:59", at_once, count=1) if ":60" in at_once else (at_once, 0)
    try:
        time = pendulum.parse(plain, tz=zone, exact=True)
        # pendulum also reads dates, spans and words such as "now".
        if not isinstance(time, pendulum.DateTime) or not written[0].isdigit():
            raise TypeError(written)  # noqa: TRY301 - one way out for all that is not a time
        time = time.add(days=end_of_day, seconds=leaps).in_timezone("UTC")
        return time.isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, TypeError, OverflowError):
        _warn_of_time(name)
        return None


def day(item: Item, name: str) -> str | None:
    """The day of a field, `YYYY-MM-DD`, or None: in whatever zone the provider means.

    What is not a day is None too, and logged once.
    """
    written = text(item, name)
    if written is None:
        return None
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        _warn_of_time(name)
        return None


def since_1970(item: Item, name: str, unit: float = 1.0) -> str | None:
    """The time of a field that counts units of so many seconds since 1970, as RFC 3339 in UTC, or None.

    A fraction is cut off. What is not a time is None too, and logged once.
    """
    value = item[name] if isinstance(item.get(name), float) else integer(item, name)
    if value is None:
        return None
    try:
        time = datetime.fromtimestamp(value * unit, UTC)
        return time.isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        _warn_of_time(name)
        return None


def end(item: Item, name: str, read: Callable[[Item, str], str | None] = utc) -> str | None:
    """When a certificate ends, or None.

    What cannot be read, whatever it is, is None too, and no reason to do without the rest: the item notes it.
    """
    why = ""
    try:
        value = read(item, name)
        if value is None and (text_of := item.get(name)) is not None and str(text_of).strip():
            why = "it is no time or day in a known format"
        elif value and value.startswith("0001-"):
            value, why = None, "it is in the year 1, which programs write for none"
    except InvalidValueError as error:
        value, why = None, error.message.rstrip(".")
    if why and isinstance(item, Seen):
        item.doubt(name, why)
    return value


def now() -> str:
    """The time as a record holds it: RFC 3339, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def _warn_of_time(name: str) -> None:
    logger.warning(
        "%s is not a time or a day in a known format: left empty. Said once for the whole sync.", name
    )


def _invalid(name: str, value: object, expected: str) -> InvalidValueError:
    kinds = {dict: "an object", list: "a list", bool: "a boolean", int: "a number", float: "a number"}
    kind = next((words for kind, words in kinds.items() if isinstance(value, kind)), "a text")
    return InvalidValueError(f"{name} is {kind}, not {expected}.")
