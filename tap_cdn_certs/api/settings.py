"""The settings that every provider has, and those that have one meaning for all."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests import Request
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterator


def common_settings(
    *,
    api_url: str | None,
    rate_limit_requests: int,
    rate_limit_period: float,
    limited: str = "for each operation",
) -> tuple[th.Property[Any], ...]:
    """The settings that every provider has, with its defaults, and in words what its limit is for.

    Without an `api_url`, each of its services has an address of its own.
    """
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
            description="The API's address: https, except on this machine."
            if api_url
            else "One address for all of its services, instead of their own: https, except on this machine.",
        ),
        th.Property(
            "rate_limit_requests",
            th.IntegerType(minimum=1),
            default=rate_limit_requests,
            description=f"How many requests the provider allows {limited} in `rate_limit_period`.",
        ),
        th.Property(
            "rate_limit_period",
            th.NumberType(exclusive_minimum=0),
            default=rate_limit_period,
            description="The period of the limit, in seconds.",
        ),
    )


def string(name: str, description: str, *, required: bool = False, secret: bool = False) -> th.Property[Any]:
    """A setting that is a text."""
    return th.Property(name, th.StringType, required=required, secret=secret, description=description)


def address(name: str, default: str, description: str) -> th.Property[Any]:
    """The setting of a further address of a provider."""
    return th.Property(name, th.StringType, default=default, description=description)


def addresses(name: str, defaults: list[str], description: str) -> th.Property[Any]:
    """The setting of the addresses of a product that has several: what is at any of them is read."""
    return th.Property(name, th.ArrayType(th.StringType), default=defaults, description=description)


def products(*names: str, description: str, unasked: int = 1) -> th.Property[Any]:
    """The setting of a provider with several products: the first are read where nothing is said.

    What is new is never read unasked: a user's keys lack the permission for it.
    """
    return th.Property(
        "products",
        th.ArrayType(th.StringType(allowed_values=[*names])),
        default=[*names[:unasked]],
        description=f"What is read: {description}.",
    )


def max_connections(default: int = 32) -> th.Property[Any]:
    """The setting of a provider that is asked for many keys at once."""
    return th.Property(
        "max_connections",
        th.IntegerType(minimum=1, maximum=1000),
        default=default,
        description="How many requests may be under way at once; more help only where answers are slow.",
    )


def url_mistakes(path: str, value: Any) -> Iterator[str]:
    """What is wrong with the address that a setting has, without what it is."""
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
