"""A program run once: how long it took, what it needed, what it wrote, and what the sandbox saw of it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from sandbox.providers import load
from tap_cdn_certs.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from resource import struct_rusage

ROOT = Path(__file__).parents[1]

TAP = (str(Path(sys.executable).with_name("tap-cdn-certs")), "--config")
PARENT_CHILD = (sys.executable, "-m", "benchmarks.parent_child", "--config")
PROVIDER_SDK = (sys.executable, "-m", "benchmarks.provider_sdk")

PROVIDER_OF = {stream.name: stream.provider for wing in PROVIDERS.values() for stream in wing.STREAMS}

# What the tap was before it read several streams at once.
FIRST_VERSION = "f4da7e0"


@dataclass(frozen=True)
class Run:
    """A run of a program, and its detail requests from the first's arrival to the last's."""

    seconds: float
    cpu: float
    peak: float  # MB
    schemas: int
    states: int
    state: Any
    details: int = 0
    span: float = 0.0
    refused: int = 0

    @property
    def rate(self) -> float:
        """Detail requests that succeeded in a second."""
        return (self.details - self.refused - 1) / self.span


class Server:
    """The sandbox, in a process of its own."""

    def __init__(self, config: dict[str, Any]) -> None:
        # What is read where no product is named, and as the first version was told.
        self.config = {
            provider: {
                name: value
                for name, value in own.items()
                if name != "products" and (name == "api_url" or not name.endswith(("_url", "_urls")))
            }
            for provider, own in config.items()
        }
        self._control = f"{next(iter(config.values()))['api_url']}/_sandbox"

    def run(self, command: tuple[str, ...], provider: str, **settings: Any) -> Run:
        """Runs a program against one provider, from a clean log of requests on."""
        self.reset()
        own = {**self.config[provider], **settings}
        result = run(command, own if command in {PARENT_CHILD, PROVIDER_SDK} else {provider: own})
        return self.seen(result, provider)

    def run_all(self, command: tuple[str, ...]) -> Run:
        """Runs a tap against all providers, from a clean log of requests on."""
        self.reset()
        return self.seen(run(command, self.config), next(iter(self.config)))

    def first_records(self, command: tuple[str, ...]) -> dict[str, float]:
        """Seconds from a tap's start to the first record of each provider; then it is ended."""
        self.reset()
        waited: dict[str, float] = {}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "config.json")
            path.write_text(json.dumps(self.config), encoding="utf-8")
            started = time.perf_counter()
            with subprocess.Popen(
                [*command, str(path)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ) as process:
                for message in process.stdout or ():
                    if '"type":"RECORD"' in message:
                        provider = PROVIDER_OF.get(json.loads(message)["stream"], "")
                        waited.setdefault(provider, time.perf_counter() - started)
                    if waited.keys() >= self.config.keys():
                        break
                process.terminate()
        return waited

    def operations(self) -> dict[str, dict[str, float]]:
        """What the sandbox saw of each operation since the last reset: requests, refused, first, last."""
        with urlopen(f"{self._control}/statistics") as answer:  # noqa: S310 - loopback
            seen: dict[str, dict[str, float]] = json.load(answer)["operations"]
        return seen

    def seen(self, result: Run, provider: str) -> Run:
        """The run with what the sandbox saw of it since the last reset."""
        seen = self.operations().get(load(provider).details[0])
        if not seen:
            return result
        details = {"details": seen["requests"], "refused": seen["refused"]}
        return Run(**{**vars(result), **details, "span": seen["last"] - seen["first"]})

    def reset(self) -> None:
        """Makes the sandbox forget all requests."""
        urlopen(Request(f"{self._control}/reset", method="POST")).close()  # noqa: S310 - loopback


@contextmanager
def sandbox(*providers: str, **options: Any) -> Iterator[Server]:
    """The sandbox of some providers with the options of `python -m sandbox`, until the context ends."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.json")
        arguments = [
            f"--{name.replace('_', '-')}={value}" for name, value in options.items() if value is not True
        ]
        arguments += [f"--{name}" for name, value in options.items() if value is True]
        command = [sys.executable, "-m", "sandbox", "--config-file", str(config), *arguments, *providers]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
            try:
                while not config.exists():
                    if process.poll() is not None:
                        sys.exit("The sandbox did not start.")
                    time.sleep(0.05)
                yield Server(json.loads(config.read_text(encoding="utf-8")))
            finally:
                process.terminate()


@contextmanager
def first_version() -> Iterator[tuple[str, ...] | None]:
    """The command of the tap's first version, out of the project's history; None where that is not there."""
    archive = ("git", "archive", FIRST_VERSION, "tap_cdn_certs", "schemas")
    packed = subprocess.run(archive, cwd=ROOT, capture_output=True, check=False)
    with tempfile.TemporaryDirectory() as folder:
        if packed.returncode:
            yield None
            return
        with tarfile.open(fileobj=BytesIO(packed.stdout)) as tar:
            tar.extractall(folder, filter="data")
        start = f"import sys; sys.path.insert(0, {folder!r}); from tap_cdn_certs.__main__ import main; main()"
        yield (sys.executable, "-c", start, "--config")


def run(
    command: tuple[str, ...],
    config: dict[str, Any] | None = None,
    state: Any = None,
    *,
    stdin: Path | None = None,
    stdout: Path | None = None,
    **environment: str,
) -> Run:
    """Runs a program to its end, which may read and write files; one that fails ends the benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = list(command)
        for name, content in (("config", config), ("state", state)):
            if content is not None:
                path = Path(folder, f"{name}.json")
                path.write_text(json.dumps(content), encoding="utf-8")
                arguments += [str(path)] if name == "config" else [f"--{name}", str(path)]
        with (
            (stdin or Path(os.devnull)).open("rb") as read,
            (stdout or Path(folder, "stdout")).open("w+b") as written,
            Path(folder, "stderr").open("w+b") as said,
        ):
            seconds, usage, code = _measured(arguments, (read, written, said), environment)
            if code:
                written.seek(0)
                said.seek(0)
                last = (written.read() + said.read())[-4000:].decode()
                sys.exit(f"{' '.join(command)} failed:\n{last}")
            schemas, states, last_state = _messages(written)
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Run(
        seconds=seconds,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=kilobytes * 1024 / 1e6,
        schemas=schemas,
        states=states,
        state=last_state,
    )


def _measured(
    arguments: list[str], files: tuple[IO[bytes], ...], environment: dict[str, str]
) -> tuple[float, struct_rusage, int]:
    """How long a program took, what it and its children needed, and its exit code."""
    own = ("TAP_", "TARGET_", "DBT_", "CERTS_", "MELTANO_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    no_cloud = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", "AWS_EC2_METADATA_DISABLED": "true"}
    started = time.perf_counter()
    process = subprocess.Popen(
        arguments,
        cwd=ROOT,
        stdin=files[0],
        stdout=files[1],
        stderr=files[2],
        env={**inherited, **no_cloud, **environment},
    )
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - started, usage, process.returncode


def _messages(stdout: IO[bytes]) -> tuple[int, int, Any]:
    """How many schemas and states a tap wrote, and the last state."""
    schemas, states, last = 0, 0, None
    stdout.seek(0)
    for line in stdout:
        if line.startswith(b'{"type":"SCHEMA"'):
            schemas += 1
        elif line.startswith(b'{"type":"STATE"'):
            states += 1
            last = line
    return schemas, states, json.loads(last)["value"] if last else None


def machine() -> str:
    """What the benchmark ran on."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [
        text.partition(":")[2].strip()
        for text in (cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else [])
        if text.startswith("model name")
    ]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
