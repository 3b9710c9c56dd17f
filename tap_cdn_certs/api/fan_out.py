"""The ordered, bounded window of requests."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from tap_cdn_certs.api.rate_limit import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from threading import Event

Key = TypeVar("Key")
Result = TypeVar("Result")


def fan_out(
    fetch: Callable[[Key], Result],
    keys: Iterable[Key],
    *,
    connections: int,
    ahead: Callable[[], int],
    over: Event,
) -> Iterator[tuple[Key, Future[Result]]]:
    """Fetches keys, `connections` at a time, and yields each with its finished future, in their order.

    Keys are taken as room for them comes.

    Args:
        fetch: Called in a worker thread.
        ahead: How many keys may be taken before the first of them is yielded, now.
        over: Cancels, once it is set, what has not started; so does closing the iterator.
    """
    window: deque[tuple[Key, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(connections, thread_name_prefix="request")

    def fetched(key: Key) -> Result:
        if over.is_set():
            raise Stopped
        return fetch(key)

    try:
        try:
            for key in keys:
                window.append((key, pool.submit(fetched, key)))
                while window and (len(window) >= ahead() or window[0][1].done()):
                    yield _finished(window.popleft())
        except Exception:
            # That there are no more keys is no reason to lose what was asked for.
            while window:
                yield _finished(window.popleft())
            raise
        while window:
            yield _finished(window.popleft())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _finished(entry: tuple[Key, Future[Result]]) -> tuple[Key, Future[Result]]:
    entry[1].exception()  # waits for it
    return entry
