"""Writing messages for a target, which may go at any moment."""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, NoReturn

from singer_sdk.io_base import SingerWriter
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable


class Writer(SingerWriter):
    """Writes whole lines: a stop waits for the end of one, a target that is gone ends the tap.

    Attributes:
        silent: Whether nothing is written, where no target reads.
    """

    def __init__(self) -> None:
        self.silent = False
        self.writing = False
        self.after_line: Callable[[], None] | None = None
        self._ends = Lock()

    @override
    def write_message(self, message: Any) -> None:
        if self.silent:
            return
        self.writing = True
        try:
            super().write_message(message)
        except BrokenPipeError:
            self._target_gone()
        except OSError as error:
            self._fail(f"The output cannot be written: {error.strerror}.")
        self.writing = False
        if self.after_line:
            after_line, self.after_line = self.after_line, None
            after_line()

    def watch_target(self) -> None:
        """Ends the tap as soon as nobody reads any more: no wait for a limit need be waited out."""
        Thread(target=self._watch_target, daemon=True).start()

    def _watch_target(self) -> None:
        # A signal that came to this thread would not end what the main thread waits for.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        # Only a pipe can be looked at.
        with suppress(OSError, ValueError):
            poll = select.poll()
            poll.register(sys.stdout.fileno(), 0)
            if any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll()):
                self._target_gone()

    def _target_gone(self) -> NoReturn:
        self._fail("The target is gone: it closed the pipe. Its own log says why.")

    def _fail(self, message: str) -> NoReturn:
        # Two threads may find out.
        self._ends.acquire()
        # Who reads the log may be gone as well.
        with suppress(OSError):
            os.write(2, f"{message}\n".encode())
        os._exit(1)
