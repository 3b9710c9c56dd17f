"""Reading ahead: every stream asks as soon as a sync begins, while one after another is written."""

from __future__ import annotations

import time
from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

Result = TypeVar("Result")

# How many answers of requests for one key each may be held, of all streams together. Those that wait for an
# earlier one, which is slow or retried for a while, are among them.
ANSWERS = 512


class Readable(Protocol):
    """A stream, as it is read."""

    name: str
    request_per_key: ClassVar[bool]

    def prepare(self) -> None:
        """Takes what it needs, before its results are read in another thread."""

    def reading(self) -> Generator[Any, None, None]:
        """What is read, in a thread of its own."""

    def room(self) -> int:
        """How many of its results may be read before one of them is written, now."""

    def written(self) -> None:
        """Notes that a record was written, or that there was none for a second."""

    def save(self) -> None:
        """Writes the state, if there is something new in it, and it is time to."""


class Ahead(Thread, Generic[Result]):
    """What a generator gives, taken by a thread of its own before anybody asks for it.

    Args:
        results: Is closed when it is not needed any more, in that thread.
        room: How many of the results may be held, now: the next one is read once there is room for it.
        idle: Called about every second in which there is nothing to take, in the thread that takes.
    """

    def __init__(
        self, results: Generator[Result, None, None], room: Callable[[], int], idle: Callable[[], None]
    ) -> None:
        super().__init__(daemon=True)
        self._results = results
        self._room = room
        self._idle = idle
        self._waiting: deque[Result] = deque()
        self._in_use = 0  # one that was taken, until the next one is asked for
        self._over = False
        self._error: BaseException | None = None
        self._changed = Condition()

    def taken(self) -> Generator[Result, None, None]:
        """The results, in their order; raises what ended them. Once it is closed, no more are read."""
        try:
            while True:
                with self._changed:
                    while not (self._waiting or self._over):
                        if not self._changed.wait(timeout=1):
                            self._idle()
                    if not self._waiting:
                        break
                    result = self._waiting.popleft()
                    self._in_use = 1
                yield result
                with self._changed:
                    self._in_use = 0
                    self._changed.notify_all()
            if self._error:
                raise self._error
        finally:
            self._end()

    @override
    def run(self) -> None:
        try:
            for result in self._results:
                with self._changed:
                    self._waiting.append(result)
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._over or self._held() < self._room())
                    if self._over:
                        break
        except BaseException as error:  # noqa: BLE001 - it is raised where the results are taken
            self._error = error
        finally:
            self._results.close()
            self._end()

    def look_again(self) -> None:
        """Notes that there may be other room."""
        with self._changed:
            self._changed.notify_all()

    def _held(self) -> int:
        return len(self._waiting) + self._in_use

    def _end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()


class Readers:
    """The streams of a sync, each read by a thread of its own as soon as the sync begins."""

    def __init__(self) -> None:
        self._started: dict[str, Ahead[Any]] = {}
        self._waiting: list[Readable] = []
        self._saved = time.monotonic()

    def start(self, streams: Iterable[Readable]) -> None:
        """Lets streams ask from now on, all at once, while one after another is written, in this order."""
        every = [*streams]
        # The turn of the first one has come.
        self._waiting = every[1:]
        for stream in every:
            stream.prepare()
        for stream in every:
            self._started[stream.name] = Ahead(stream.reading(), stream.room, stream.written)
        for reader in self._started.values():
            reader.start()

    def results(self, stream: Readable) -> Generator[Any, None, None]:
        """What a stream reads, whose turn it is; what was not started is read as it is taken."""
        self._waiting = [each for each in self._waiting if each is not stream]
        for each in self._started.values():
            each.look_again()
        if reader := self._started.get(stream.name):
            return reader.taken()
        stream.prepare()
        return stream.reading()

    def save(self) -> None:
        """Lets the streams that wait save what they have used of their limits, about every second."""
        if time.monotonic() - self._saved > 1:
            self._saved = time.monotonic()
            for stream in self._waiting:
                stream.save()

    def waits(self, stream: Readable) -> bool:
        """Whether others are written before a stream."""
        return stream in self._waiting

    def answers(self, stream: Readable) -> int:
        """How many answers a stream may hold, now: half is for the one that is written."""
        waiting = [each for each in self._waiting if each.request_per_key]
        if stream in waiting:
            return ANSWERS // 2 // len(waiting)
        return ANSWERS // 2 if waiting else ANSWERS
