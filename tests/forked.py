"""Programs without the seconds that their imports take: a process that has made them forks for each run."""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# What the interpreter and the C library read before a program's first line.
READ_BEFORE = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC_", "OPENSSL_")
PR_SET_CHILD_SUBREAPER = 36
PIPED = 2**20
# What programs import only when they work.
LATER = {
    "dbt": (
        "dbt.task.build",
        "dbt.adapters.duckdb",
        "dbt.adapters.postgres",
        "sqlparse",
        "babel.dates",
        "daff",
    ),
    "tap-cdn-certs": ("botocore.session", "email.policy", "importlib_metadata._adapters", "pendulum"),
    "target-postgres": ("psycopg",),
}


def can_start(variables: Iterable[str]) -> bool:
    """Whether a run with such variables is the same as one of the executable."""
    return sys.platform == "linux" and not any(name.startswith(READ_BEFORE) for name in variables)


class Forked(subprocess.Popen[str]):
    """A run of a program, a child of this process as `Popen` makes it, but forked where that executes."""

    def _execute_child(self, args: list[str], *options: Any) -> None:
        # As `Popen` gives them: before and after the pipes come options that no test has.
        (cwd, env), ends = options[4:6], options[9:15]
        files = [end if end >= 0 else own for own, end in enumerate((ends[0], ends[3], ends[5]))]
        with _starting:
            self.pid = _server(args[0]).start({"argv": args, "cwd": str(cwd), "env": dict(env)}, files)
        self._child_created = True
        self._close_pipe_fds(*ends)


def run(
    command: list[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    input: str = "",  # noqa: A002
) -> subprocess.CompletedProcess[str]:
    """Runs a Python program to its end; forked, where that is the same."""
    program = Forked if can_start(set(env) - set(os.environ)) else subprocess.Popen
    pipe = subprocess.PIPE
    with program(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=cwd, env=env) as process:
        stdout, stderr = process.communicate(input)
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


class _Server:
    def __init__(self, program: str) -> None:
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = theirs.fileno()
        # Not as its first line says, which is a shell's where the path is long or has a space.
        interpreter = Path(program).with_name("python")
        # It has the pipes of the program, whose kind the interpreter looks at.
        self._process = subprocess.Popen(
            [interpreter, __file__, program, str(number)], stdout=subprocess.PIPE, pass_fds=[number]
        )
        theirs.close()
        # What the server leaves behind becomes a child of this process.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def start(self, run: dict[str, Any], files: list[int]) -> int:
        socket.send_fds(self._connection, [json.dumps(run).encode()], files)
        pid = int(self._connection.recv(100))
        # It is this process's child from now on.
        assert self._connection.recv(100) == b"left"
        return pid

    def end(self) -> None:
        self._connection.close()
        self._process.communicate()


_starting = threading.Lock()


@cache
def _server(program: str) -> _Server:
    server = _Server(program)
    atexit.register(server.end)
    return server


def _serve(connection: socket.socket) -> dict[str, Any] | None:
    """Forks for each run that is asked for, and gives it to the process that is to be it."""
    while True:
        message, files, *_ = socket.recv_fds(connection, PIPED, 3)
        if not message:
            return None
        if not (between := os.fork()):
            if pid := os.fork():
                connection.send(str(pid).encode())
                os._exit(0)
            connection.close()
            for own, file in enumerate(files):
                os.dup2(file, own)
                os.close(file)
            return dict(json.loads(message))
        for file in files:
            os.close(file)
        os.waitpid(between, 0)
        connection.send(b"left")


def _imported_later(program: str) -> Iterator[str]:
    yield from LATER.get(program, ())
    if program == "tap-cdn-certs":
        package = import_module("tap_cdn_certs")
        yield from (module.name for module in pkgutil.walk_packages(package.__path__, "tap_cdn_certs."))


def _main(program: str, number: str) -> None:
    runpy.run_path(program)
    for name in _imported_later(Path(program).name):
        import_module(name)
    # Neither of Python nor of a library: a fork has only the one that forks.
    assert len([*Path("/proc/self/task").iterdir()]) == 1
    gc.collect()
    gc.freeze()
    if Path(program).name == "dbt":
        # What it makes lasts to its end: a tenth of its time would go into looking for what does not.
        gc.disable()
    if run := _serve(socket.socket(fileno=int(number))):
        os.chdir(run["cwd"])
        os.environ.clear()
        os.environ.update(run["env"])
        time.tzset()
        sys.argv = run["argv"]
        sys.path[0] = str(Path(program).parent)
        runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    _main(*sys.argv[1:])
