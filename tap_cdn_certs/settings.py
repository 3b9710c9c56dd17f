"""The configuration: what several providers have in common, and its mistakes in words for people."""

from __future__ import annotations

import re
from difflib import get_close_matches
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests import Request
from singer_sdk import typing as th
from singer_sdk.plugin_base import JSONSchemaValidator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

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


def without_nulls(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without what is explicitly left out."""
    return {
        name: {key: setting for key, setting in value.items() if setting is not None}
        if isinstance(value, dict)
        else value
        for name, value in config.items()
        if value is not None
    }


def find_mistakes(
    config: dict[str, Any],
    schema: dict[str, Any],
    providers: Mapping[str, ModuleType],
) -> Iterator[str]:
    """What is wrong with a configuration: each mistake by the name of its setting, without its value.

    Sets the defaults in the configuration.
    """
    if not config.keys() & providers.keys():
        yield f"No provider is configured: at least one is needed of {', '.join(providers)}."
    # The SDK's validator expects objects where there are defaults to set.
    for name in [name for name in providers if not isinstance(config.get(name, {}), dict)]:
        yield f"{name} has to be an object."
        del config[name]
    for error in JSONSchemaValidator({**schema, "additionalProperties": False}).iter_errors(config):
        yield from _schema_mistakes(error, schema)
    for name in [name for name in providers if name in config]:
        for setting, value in config[name].items():
            yield from _text_mistakes(f"{name}.{setting}", value)
        yield from _url_mistakes(f"{name}.api_url", config[name]["api_url"])
        yield from providers[name].mistakes(config[name])


def _schema_mistakes(error: ValidationError, schema: Mapping[str, Any]) -> Iterator[str]:
    path = ".".join(str(part) for part in error.absolute_path)
    prefix = f"{path}." if path else ""
    expected: Any = error.validator_value
    value: Any = error.instance
    match error.validator:
        case "required":
            yield from (f"{prefix}{name} is missing." for name in expected if name not in value)
        case "additionalProperties":
            known = schema["properties"][path]["properties"] if path else schema["properties"]
            for name in value.keys() - known.keys():
                near = get_close_matches(name, known, n=1)
                yield f"{prefix}{name} is not a setting." + (f" Is {prefix}{near[0]} meant?" if near else "")
        case "type":
            yield f"{path} has to be {_kind(expected)}."
        case "minLength":
            yield f"{path} is empty."
        # Of numbers: the others could hold a secret.
        case "minimum" | "maximum" | "exclusiveMinimum":
            yield f"{path}: {error.message}."
        case _:
            yield f"{path} is not valid."


def _text_mistakes(path: str, value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        return
    if not value.strip():
        yield f"{path} is empty."
    elif value != value.strip():
        yield f"{path} has white space before or after it."
    elif not value.isprintable() or (
        re.search("key|token", path) and not (value.isascii() and " " not in value)
    ):
        yield f"{path} holds characters that no such setting has: was it copied whole?"


def _url_mistakes(path: str, value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        return
    try:
        Request("GET", value).prepare()
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
