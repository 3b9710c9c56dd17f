"""The configuration: what several providers have in common, and its mistakes in words for people."""

from __future__ import annotations

from difflib import get_close_matches
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema import ValidationError


def common_settings(
    *,
    api_url: str,
    rate_limit_requests: int,
    rate_limit_period: float,
) -> tuple[th.Property[Any], ...]:
    """The settings that every provider has, with its defaults."""
    return (
        th.Property(
            "account",
            th.StringType(min_length=1),
            default="default",
            description="A label for the account, in each record's `account`.",
        ),
        th.Property(
            "api_url",
            th.StringType,
            default=api_url,
            description="The API's address: https, except on this machine.",
        ),
        th.Property(
            "rate_limit_requests",
            th.IntegerType(minimum=1),
            default=rate_limit_requests,
            description="How many requests the provider allows for each operation in `rate_limit_period`.",
        ),
        th.Property(
            "rate_limit_period",
            th.NumberType(exclusive_minimum=0),
            default=rate_limit_period,
            description="The period of the limit, in seconds.",
        ),
    )


def problem(error: ValidationError, secrets: set[str]) -> Iterator[str]:
    """What is wrong with a setting, by its name and without its value."""
    path = ".".join(str(part) for part in error.absolute_path)
    prefix = f"{path}." if path else ""
    expected: Any = error.validator_value
    value: Any = error.instance
    match error.validator:
        case "required":
            for name in expected:
                if name not in value:
                    yield f"{prefix}{name} is missing."
        case "additionalProperties":
            schema: Any = error.schema
            known = schema["properties"]
            for name in value.keys() - known.keys():
                near = get_close_matches(name, known, n=1)
                yield f"{prefix}{name} is not a setting." + (f" Is {prefix}{near[0]} meant?" if near else "")
        case "type":
            yield f"{path or 'The configuration'} has to be {_kind(expected)}."
        case "minLength":
            yield f"{path} is empty."
        case _ if path in secrets:
            yield f"{path} is not valid."
        case _:
            yield f"{path}: {error.message}."


def text_problems(path: str, value: Any, *, secret: bool) -> Iterator[str]:
    """What is wrong with a text that goes into a request."""
    if not isinstance(value, str):
        return
    if not value.strip():
        yield f"{path} is empty."
    elif value != value.strip():
        yield f"{path} has white space before or after it."
    elif secret and not (value.isascii() and value.isprintable() and " " not in value):
        yield f"{path} holds characters that no such key has: was it copied whole?"


def url_problems(path: str, value: Any) -> Iterator[str]:
    """What is wrong with the address of an API."""
    if not isinstance(value, str):
        return
    try:
        url = urlsplit(value)
        loopback = _is_loopback(url.hostname or "")
        plain = url.port is None or url.port
    except ValueError:
        yield f"{path} is not an address such as https://api.example.com."
        return
    if url.scheme not in {"http", "https"} or not url.hostname or not plain:
        yield f"{path} is not an address such as https://api.example.com."
    elif url.scheme == "http" and not loopback:
        yield f"{path} has to begin with https://: the keys would be sent for all to read."
    elif url.username or url.password or url.query or url.fragment:
        yield f"{path} may hold a host, a port and a path, nothing else."


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _kind(types: str | list[str]) -> str:
    names = {
        "string": "a text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "an object",
    }
    return " or ".join(
        names[kind] for kind in ([types] if isinstance(types, str) else types) if kind != "null"
    )


def secret_settings(settings: Mapping[str, Any]) -> set[str]:
    """The names of the secret ones of a provider's settings, given as their JSON Schema."""
    return {name for name, schema in settings["properties"].items() if schema.get("secret")}
