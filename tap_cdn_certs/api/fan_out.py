"""The ordered, bounded window of requests."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Key = TypeVar("Key")
Result = TypeVar("Result")

# How many results may wait for an earlier one, for each connection: one answer that is slow,
# or retried for a while, does not hold the others up.
RESULTS_PER_CONNECTION = 16


def fan_out(
    fetch: Callable[[Key], Result],
    keys: Iterable[Key],
    *,
    connections: int,
    ahead: int = RESULTS_PER_CONNECTION,
    idle: Callable[[], None],
) -> Iterator[tuple[Key, Future[Result]]]:
    """Fetches keys, `connections` at a time, and yields each with its finished future, in their order.

    Keys are taken as room for them comes. Closing the iterator cancels what has not started.

    Args:
        fetch: Called in a worker thread.
        ahead: How many keys for each connection may be taken before the first of them is yielded.
        idle: Called in this thread about every second in which there is nothing to yield.
    """
    window: deque[tuple[Key, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(connections, thread_name_prefix="request")
    try:
        try:
            for key in keys:
                window.append((key, pool.submit(fetch, key)))
                if len(window) >= connections * ahead or window[0][1].done():
                    yield _finished(window.popleft(), idle)
        except Exception:
            # That there are no more keys is no reason to lose what was asked for.
            while window:
                yield _finished(window.popleft(), idle)
            raise
        while window:
            yield _finished(window.popleft(), idle)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _finished(
    entry: tuple[Key, Future[Result]],
    idle: Callable[[], None],
) -> tuple[Key, Future[Result]]:
    while not entry[1].done() and not wait([entry[1]], timeout=1).done:
        idle()
    return entry
