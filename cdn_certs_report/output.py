"""Writes outputs: a file whole or not at all."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from stat import S_IMODE, S_ISREG
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

_NOT_BESIDE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY}
"""Why a file, though it can be written, cannot be replaced: its folder's or owner's rights, or a mount."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def stdout() -> TextIO:
    """Return stdout, unless it was closed before this began."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "it is closed")
    return sys.stdout


def is_stdout(path: str) -> bool:
    """Return whether a file is where stdout goes, as /dev/stdout is, and so maybe the end of a log."""
    try:
        return os.path.samestat(Path(path).stat(), os.fstat(stdout().fileno()))
    except (OSError, ValueError):
        return False


def forget_stdout() -> None:
    """Let what is left in the buffer go nowhere, or Python would fail to write it once more at its exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write(path: str, content: bytes, mode: int | None = None) -> None:
    """Write a file whole or not at all, a new one with a mode; a pipe or a device is written to as it is."""
    if path == "-":
        stdout().buffer.write(content)
        stdout().buffer.flush()
        return
    try:
        old = Path(path).stat()
    except FileNotFoundError:
        old = None
    if old and not S_ISREG(old.st_mode):
        Path(path).write_bytes(content)
        return
    # A link stays one.
    file = Path(os.path.realpath(path))
    try:
        _replace(file, content, old, mode)
    except OSError as error:
        if not old or error.errno not in _NOT_BESIDE:
            raise
        _overwrite(file, content)


def _replace(file: Path, content: bytes, old: os.stat_result | None, mode: int | None) -> None:
    """Write a file beside another, with its owner and mode, and put it in its place."""
    if old:
        # What may not be written may not be replaced either.
        file.open("r+b").close()
    beside = file.with_name(f".cdn-certs-report-{token_hex(8)}")
    try:
        with beside.open("xb") as new:
            if old:
                os.fchown(new.fileno(), old.st_uid, old.st_gid)
                os.fchmod(new.fileno(), S_IMODE(old.st_mode))
            elif mode is not None:
                os.fchmod(new.fileno(), mode)
            new.write(content)
            new.flush()
            os.fsync(new.fileno())
        beside.replace(file)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def _overwrite(file: Path, content: bytes) -> None:
    """Write into a file once there is room for all of it."""
    with file.open("r+b") as old:
        size = os.fstat(old.fileno()).st_size
        try:
            # macOS has none.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(old.fileno(), 0, len(content))
        except OSError as error:
            if error.errno in _NO_ROOM:
                old.truncate(size)
                raise
        old.write(content)
        old.truncate()
