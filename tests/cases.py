"""What the tests of all providers take of each: from its sandbox, settings, streams and schemas."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from watched import SCHEMAS, Watch

from sandbox import PROVIDERS
from sandbox.providers import load
from tap_cdn_certs import providers

if TYPE_CHECKING:
    from watched import WatchedRun

    from sandbox.api import API
    from tap_cdn_certs.api.paging import Listing
    from tap_cdn_certs.streams.stream import CDNStream

APIS = {provider: load(provider) for provider in PROVIDERS}
LOGINS = [(provider, login) for provider, api in APIS.items() for login in api.logins]
LISTS = [(provider, operation) for provider, api in APIS.items() for operation in api.lists]
DETAILS = [(provider, operation) for provider, api in APIS.items() for operation in api.details]
NESTED = [(provider, operation) for provider, api in APIS.items() for operation in api.nested]
SUPPLEMENTS = [(provider, operation) for provider, api in APIS.items() for operation in api.supplements]
# Without which a stream cannot be read.
NEEDED = [each for each in (*LISTS, *DETAILS, *NESTED, *SUPPLEMENTS) if each[1] not in APIS[each[0]].optional]

EACH = pytest.mark.parametrize("provider", PROVIDERS)
EACH_LOGIN = pytest.mark.parametrize(("provider", "login"), LOGINS)
EACH_DETAIL = pytest.mark.parametrize(("provider", "operation"), DETAILS)
EACH_NESTED = pytest.mark.parametrize(("provider", "operation"), NESTED)
EACH_OPERATION = pytest.mark.parametrize(("provider", "operation"), [*LISTS, *DETAILS, *NESTED])
EACH_LIST_OF_ITEMS = pytest.mark.parametrize(("provider", "operation"), [*LISTS, *NESTED])
EACH_NEEDED = pytest.mark.parametrize(("provider", "operation"), NEEDED)


def played(provider: str) -> set[str]:
    """The operations that a tap asks for."""
    api = APIS[provider]
    return {*api.lists, *api.details, *api.nested, *api.supplements}


def each_that_refuses(meaning: str) -> pytest.MarkDecorator:
    """The providers that have an error of some meaning."""
    return pytest.mark.parametrize("provider", [name for name in PROVIDERS if meaning in APIS[name].refusals])


def streams(provider: str, operation: str | None = None) -> list[type[CDNStream]]:
    """The streams of a provider, or those that an operation's failure keeps from being read."""
    every: tuple[type[Any], ...] = providers.PROVIDERS[provider].STREAMS
    return [each for each in every if operation in {None, *operations(each)}]


def operations(stream: Any) -> set[str]:
    """What a stream asks for."""
    # All streams have a list: of their items, or of their keys.
    return {stream.operation, stream.listing.operation, *stream.other_operations}


def read_streams(sandbox: Watch) -> list[tuple[API[Any], type[CDNStream]]]:
    """The streams that a sandbox's configuration reads, of the products that it names, with their APIs."""
    return [
        (api, stream)
        for provider, api in sandbox.apis.items()
        for stream in streams(provider)
        if stream.product in {None, *api.asked_for}
    ]


def names(provider: str, operation: str | None = None) -> set[str]:
    """Their names."""
    return {stream.name for stream in streams(provider, operation)}


def stream_of(provider: str, operation: str) -> type[CDNStream]:
    """The stream that has the records of an operation, or else the keys that it lists."""
    return min(streams(provider, operation), key=lambda stream: stream.operation != operation)


def asked_by(provider: str, sandbox: Watch, operation: str) -> list[str]:
    """The keys that an operation is asked for: of a nested one, those of the list that it is nested in."""
    return sandbox[provider].keys(APIS[provider].nested.get(operation, operation))


def items_of(provider: str, operation: str) -> Listing:
    """The list whose items an operation gives."""
    stream: Any = stream_of(provider, operation)
    listing: Listing = stream.items if operation in APIS[provider].nested else stream.listing
    return listing


@cache
def schema(stream: str) -> dict[str, Any]:
    """The schema of a stream."""
    content: dict[str, Any] = json.loads((SCHEMAS / f"{stream}.json").read_text(encoding="utf-8"))
    return content


@cache
def settings(provider: str) -> dict[str, dict[str, Any]]:
    """The schemas of a provider's settings, by name."""
    found: dict[str, dict[str, Any]] = providers.PROVIDERS[provider].SETTINGS.to_dict()["properties"]
    return found


def secrets(provider: str, login: str) -> list[str]:
    """The settings of a login that are secret."""
    api = APIS[provider]
    return [name for name, value in api.logins[login].items() if value in api.secrets]


def connected(sandbox: Watch, provider: str, most: int) -> dict[str, Any]:
    """The sandbox's configuration, in which a provider may be asked so often at once, if it lets one say."""
    config = sandbox.config()
    config[provider] |= {"max_connections": most} if "max_connections" in settings(provider) else {}
    return config


def only(provider: str, size: int, **options: Any) -> Watch:
    """A sandbox of a provider alone, with all of its products."""
    own, whole = {}, {}
    for name, value in options.items():
        (whole if name in {"latency", "seed"} else own)[name] = value
    return Watch(**whole, **{provider: {"size": size, "products": APIS[provider].products, **own}})


def other(provider: str) -> str:
    """Another provider, which a failure of the first leaves alone: it names no operation the same."""
    return next(name for name in PROVIDERS if not played(name) & played(provider))


def pair(provider: str, size: int, **options: Any) -> Watch:
    """A sandbox of a provider with all of its products, and of another one that has a few keys of the first.

    Operations of two providers may have one name.
    """
    own = {provider: {"size": size, "products": APIS[provider].products}, other(provider): {"size": 3}}
    return Watch(**options, **own)


def assert_others_complete(provider: str, result: WatchedRun, *but: str) -> None:
    """The other provider's streams are complete, and those of this one but for some."""
    complete = {stream for stream, row in result.syncs.items() if row["complete"]}
    first = {None, *APIS[other(provider)].products[:1]}
    others = {stream.name for stream in streams(other(provider)) if stream.product in first}
    assert complete == (names(provider) - {*but}) | others
    assert result.records[next(iter(others))]


def assert_everything_arrived(sandbox: Watch, result: WatchedRun) -> None:
    """Each key of each operation is a record of its stream, and nothing is said to have failed."""
    assert result.returncode == 0, result.stderr
    assert not result.records["sync_errors"]
    keys = {stream.name: {*api.records(stream.operation)} for api, stream in read_streams(sandbox)}
    assert result.syncs.keys() == keys.keys()
    for stream, expected in keys.items():
        assert result.by_key(stream).keys() == expected, stream
    assert all(row["complete"] for row in result.syncs.values())
