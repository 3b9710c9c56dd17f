"""What must hold of whatever is read from an answer, and answers as the providers give them."""

from __future__ import annotations

import json
import os
from concurrent.futures import Future
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import PROVIDERS, Sandbox
from sandbox.messages import RefusedError
from sandbox.providers import load
from tap_cdn_certs.errors import APIError
from tap_cdn_certs.streams.changes import ChangesStream
from tap_cdn_certs.streams.detail_stream import DetailStream
from tap_cdn_certs.streams.list_stream import ListStream
from tap_cdn_certs.streams.nested_stream import NestedStream
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sandbox.api import API
    from sandbox.messages import Answer, Call
    from tap_cdn_certs.api.paging import Listing


def take(read: Callable[[], Any]) -> None:
    """Read something: it is what any warehouse can take, or an error in words.

    Raises:
        AssertionError: It is neither.
    """
    try:
        result = read()
    except APIError as error:
        if not (error.code and error.message):
            raise AssertionError("an error without words") from error
        return
    # Half a surrogate pair cannot be encoded, and no other reader knows NaN.
    json.dumps(result, ensure_ascii=False, allow_nan=False).encode()
    for text in texts(result):
        # No database takes a NUL, and nobody should have a private key.
        if "\0" in text or "PRIVATE KEY-----" in text:
            raise AssertionError(text)


def texts(value: Any) -> Iterator[str]:
    """The texts in a tree of objects and lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for branch in value.values() if isinstance(value, dict) else value:
            yield from texts(branch)


def read_all(streams: Mapping[str, Any], answer: Any) -> None:
    """Give an answer to each stream, as if it were the stream's own."""
    future: Future[Any] = Future()
    future.set_result(answer)
    for stream in streams.values():
        if isinstance(stream, DetailStream):
            take(partial(stream.record, "www.example.com", future))
            take(lambda stream=stream: stream.fields("1", stream.detail(answer)))  # type: ignore[misc]
        if isinstance(stream, NestedStream):
            take_items(stream.items, partial(stream.item_record, "1"), answer)
        elif isinstance(stream, ChangesStream):
            take_items(stream.listing, partial(listed, stream), answer)
        elif isinstance(stream, ListStream):
            take_items(stream.listing, stream.record, answer)


def listed(stream: ChangesStream, item: Any) -> Any:
    """What a stream makes of an item of its list, before it asks for more."""
    return stream.listed(stream.seen(item))


def take_items(listing: Listing, record: Callable[[Any], Any], answer: Any) -> None:
    """Read the items of a list, if an answer holds one."""
    try:
        found = listing.page(answer, {}, None).items
    except APIError:
        return
    for item in found:
        take(partial(record, item))


def seeds() -> Iterator[bytes]:
    """What a sync is answered, and the PEM that it reads, each after a letter that says what it is."""
    answered: list[bytes] = []

    def remember(api: API[Any], answer: Callable[[Call], Answer], call: Call) -> Answer:
        errors = [RefusedError(**refusal) for refusal in (*api.refusals.values(), api.throttled)]
        answers = [answer(call), *(api.error(call, error) for error in errors)]
        answered.extend(each.body for each in answers)
        return answers[0]

    accounts: dict[str, Any] = {
        provider: {"size": 20, "limit": None, "products": load(provider).products} for provider in PROVIDERS
    }
    # A stream that goes on where it was stopped writes its state.
    with Sandbox(**accounts) as sandbox, Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        for api in sandbox.apis.values():
            api.answer = partial(remember, api, api.answer)  # type: ignore[method-assign]
        tap = TapCDNCerts(config=sandbox.config())
        records = [record for stream in tap.streams.values() for record in stream.get_records(None)]
    yield from {b"a" + body for body in answered}
    yield from {b"x" + text.encode() for text in texts(records) if text.startswith("-----BEGIN")}
    yield b"t2018-08-01 24:00:00"
    yield b"t2018-08-01T11:00Z"
