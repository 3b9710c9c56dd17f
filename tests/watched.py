"""Runs of the tap that are watched: none may tell a secret, show a traceback or leave a gap."""

from __future__ import annotations

import html
import json
import os
import re
import select
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest
from jsonschema import Draft202012Validator
from process import KEYS, Run, start_tap

from sandbox import PROVIDERS, Sandbox

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping

    from process import Record

    from sandbox.api import API
    from sandbox.messages import Call

SCHEMAS = Path(__file__).parents[1] / "schemas"
# What the sandbox's accounts have, and what a test may put into a setting.
SECRETS = ("s3cr3t",)


class Watch(Sandbox):
    """A sandbox without limits, but those told, that remembers the signatures and tokens it was sent."""

    def __init__(self, *, latency: float = 0.0, seed: int = 1, **options: Any) -> None:
        own = {name: {"limit": None, **options.get(name, {})} for name in options or PROVIDERS}
        super().__init__(latency=latency, seed=seed, **own)
        self.sent: set[str] = set()
        for api in self.apis.values():
            api.authenticate = partial(self._remember, api, api.authenticate)  # type: ignore[method-assign]

    def _remember(self, api: API[Any], authenticate: Callable[[Call], None], call: Call) -> None:
        self.sent |= api.sent(call)
        authenticate(call)

    def count(self, operation: str | None = None, key: str | None = None) -> int:
        """How many requests arrived, of an operation, for a key."""
        return sum(
            operation in (None, request.operation) and key in (None, request.key) for request in self.requests
        )


@dataclass
class WatchedRun(Run):
    """What a run of the tap left behind, how long it took and how much memory."""

    seconds: float = 0.0
    peak_memory: float = 0.0  # in MiB

    @property
    def syncs(self) -> dict[str, Record]:
        """How the sync of each stream ended."""
        return self.by_key("syncs")

    @property
    def errors(self) -> dict[tuple[str, str], Record]:
        """The records of `sync_errors`, by stream and key."""
        return {(row["stream"], row["key"]): row for row in self.records["sync_errors"]}

    def logged(self, *levels: str) -> list[str]:
        """The lines in the log of some levels, without time and level."""
        lines = (re.match(r"\S+ \S+ \| (\w+) +\| (.*)", line) for line in self.stderr.splitlines())
        return [line[2] for line in lines if line and line[1] in levels]


@dataclass
class WatchedTap:
    """A tap that runs, read to its end by two threads."""

    process: subprocess.Popen[str]
    secrets: set[str] = field(default_factory=set)
    started: float = field(default_factory=time.monotonic)
    stopped: float = 0.0
    lines: dict[str, list[str]] = field(default_factory=lambda: {"stdout": [], "stderr": []})
    peak_memory: float = 0.0

    def __post_init__(self) -> None:
        """Start to read."""
        pipes = {"stdout": self.process.stdout, "stderr": self.process.stderr}
        self._threads = [
            threading.Thread(target=self._read, args=(name, pipe), daemon=True)
            for name, pipe in pipes.items()
            if pipe
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, name: str, pipe: IO[str]) -> None:
        for line in pipe:
            self.lines[name].append(line)

    def output(self, name: str) -> str:
        """What the tap has written to `stdout` or `stderr`."""
        return "".join(self.lines[name])

    def wait_for(self, text: str, name: str = "stdout", timeout: float = 20) -> None:
        """Wait until the tap has written a text."""
        deadline = time.monotonic() + timeout
        read = 0
        while not any(text in line for line in self.lines[name][read:]):
            # A line that is there may have come meanwhile.
            read = max(0, len(self.lines[name]) - 100)
            assert time.monotonic() < deadline, f"{text} was not written"
            assert self.process.poll() is None, self.output("stderr")
            time.sleep(0.002)

    def stop(self, number: int) -> None:
        """Send a signal."""
        self.stopped = time.monotonic()
        self.process.send_signal(number)

    def end(self, timeout: float = 100) -> WatchedRun:
        """Wait for the end, and check what every run has to keep to."""
        deadline = time.monotonic() + timeout
        # One that has been waited for has no number any more.
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"The tap runs on: {self.output('stderr')[-3000:]}")
            self._measure()
            with suppress(ProcessLookupError):
                end = os.pidfd_open(self.process.pid)
                select.select([end], [], [], 0.02)
                os.close(end)
        ended = time.monotonic()
        for thread in self._threads:
            thread.join(5)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        run = WatchedRun(
            self.process.returncode,
            self.output("stdout"),
            self.output("stderr"),
            seconds=ended - (self.stopped or self.started),
            peak_memory=self.peak_memory,
        )
        check(run, self.secrets)
        return run

    def _measure(self) -> None:
        # Of this program alone: what `wait4` says counts the one that started it too.
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return
        if found := re.search(r"VmHWM:\s+(\d+) kB", status):
            self.peak_memory = max(self.peak_memory, int(found[1]) / 1024)


def start(
    sandbox: Watch,
    tmp_path: Path,
    *arguments: str,
    config: Mapping[str, Any] | None = None,
    secrets: tuple[str, ...] = (),
    **options: Any,
) -> WatchedTap:
    """Start the tap against a sandbox, at the log level that says most."""
    options["env"] = {"LOGLEVEL": "DEBUG", **options.get("env", {})}
    tap = start_tap(tmp_path, config or sandbox.config(), *arguments, **options)
    return WatchedTap(tap, Secrets(sandbox, secrets))


def run(sandbox: Watch, tmp_path: Path, *arguments: str, **options: Any) -> WatchedRun:
    """Run the tap against a sandbox to its end."""
    timeout = options.pop("timeout", 100)
    return start(sandbox, tmp_path, *arguments, **options).end(timeout)


def catalog(tmp_path: Path, *streams: str) -> str:
    """The path of a catalog that has some streams alone, and says nothing else of them."""
    path = tmp_path / "catalog.json"
    entries = [{"tap_stream_id": stream, "stream": stream} for stream in streams]
    path.write_text(json.dumps({"streams": entries}), encoding="utf-8")
    return str(path)


class Secrets(set[str]):
    """What no output may hold; what the sandbox was sent is known only after the run."""

    def __init__(self, sandbox: Watch, others: tuple[str, ...]) -> None:
        super().__init__((*SECRETS, *others))
        self._sandbox = sandbox

    def __iter__(self) -> Iterator[str]:
        yield from (*super().__iter__(), *self._sandbox.sent)


def forms(secret: str) -> set[str]:
    """A secret as it is, and as URLs, JSON, XML and HTML hold it."""
    escaped = json.dumps(secret)[1:-1]
    return {
        secret,
        quote(secret, safe=""),
        quote(secret, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d"),
        quote_plus(secret),
        escaped,
        escaped.replace("/", r"\/"),
        html.escape(secret),
    }


def check(run: WatchedRun, secrets: set[str]) -> None:
    """What every run has to keep to, however it went."""
    for output in (run.stdout, run.stderr):
        check_output(output, secrets)
    assert not run.stdout or run.stdout.endswith("\n")
    check_states(run.stdout)
    check_records(run)
    for row in run.records["sync_errors"]:
        assert "\n" not in row["message"]
        assert len(row["message"]) < 1000
    for row in run.records["syncs"]:
        check_sync(run, row)


def check_output(output: str, secrets: set[str]) -> None:
    """Nothing went wrong unforeseen, and no secret is said in any form."""
    assert "Traceback" not in output, output[-5000:]
    assert "PRIVATE KEY" not in output
    assert "AuthPrincipalOwnerId" not in output
    for secret in list(secrets):
        for form in forms(secret):
            assert form not in output, output[max(0, output.index(form) - 200) :][:400]


def check_records(run: WatchedRun) -> None:
    """Each record is as its schema says, and none is there twice."""
    for stream, rows in run.records.items():
        validator = _validator(stream)
        keys = [tuple(row[name] for name in KEYS[stream]) for row in rows]
        assert len(set(keys)) == len(keys), f"{stream} has keys twice: {Counter(keys).most_common(3)}"
        for row in rows:
            # Slow: a few of the many that are alike.
            if len(rows) < 500 or hash(str(row)) % 20 == 0:
                assert not (wrong := [error.message for error in validator.iter_errors(row)]), (row, wrong)


def check_sync(run: WatchedRun, row: dict[str, Any]) -> None:
    """What is said of a stream's sync is true, and in the log as well."""
    stream = row["stream"]
    given = row["read"] + row["without_certificate"]
    assert row["listed"] == given + row["skipped"] + row["failed"], row
    assert len(run.records[stream]) == given, row
    errors = [error for error in run.records["sync_errors"] if error["stream"] == stream]
    whole = next((error for error in errors if error["key"] == "*"), None)
    if row["complete"]:
        assert not whole or "not activated" in whole["message"], whole
        # Some rows are read and yet lack something.
        assert len(errors) >= row["failed"]
    else:
        assert whole, row
        assert run.returncode == 1
    counts = ", ".join(
        f"{row[name]:,} {name.replace('_', ' ')}"
        for name in ("listed", "read", "without_certificate", "skipped", "failed")
    )
    summary = f"{stream}: {counts}, {'complete' if row['complete'] else 'NOT complete'}."
    assert run.stderr.count(summary) == 1, summary


def check_states(output: str) -> None:
    """Targets read a fraction as a decimal number, and fail to write it."""
    for line in output.splitlines():
        if line.startswith('{"type":"STATE"'):
            json.loads(line, parse_float=lambda fraction: pytest.fail(f"The state has {fraction}."))


@cache
def _validator(stream: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{stream}.json").read_text(encoding="utf-8")))
