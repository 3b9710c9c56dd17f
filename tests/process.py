"""The tap as its users run it: a process, its messages on stdout, its log on stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forked import Forked, can_start

from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.streams.syncs import TAP_STREAMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = dict[str, Any]

TAP = str(Path(sys.executable).with_name("tap-cdn-certs"))
KEYS: dict[str, tuple[str, ...]] = {
    stream.name: tuple(stream.primary_keys)
    for streams in (*(module.STREAMS for module in PROVIDERS.values()), TAP_STREAMS)
    for stream in streams
}


@dataclass
class Run:
    """What a run of the tap left behind."""

    returncode: int
    stdout: str
    stderr: str
    records: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    types: list[str] = field(default_factory=list)
    state: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Each line has to be a whole message."""
        for line in self.stdout.splitlines():
            message = json.loads(line)
            self.types.append(message["type"])
            if message["type"] == "RECORD":
                self.records[message["stream"]].append(message["record"])
            elif message["type"] == "STATE":
                self.state = message["value"]

    def by_key(self, stream: str) -> dict[str, Record]:
        """The records of a stream by what identifies them in their account, each only once: `key/item`."""
        names = [name for name in KEYS[stream] if name not in {"account", "synced_at"}]
        names = names[-1:] if stream == "sync_errors" else names
        records = {"/".join(record[name] for name in names): record for record in self.records[stream]}
        assert len(records) == len(self.records[stream])
        return records


def environment(**variables: str) -> dict[str, str]:
    """The environment of a run: without what the machine may have set for the tap."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TAP_CDN_CERTS", "MELTANO_", "AWS_")) and not name.lower().endswith("_proxy")
    }
    disabled = {f"{cloud}_METADATA_DISABLED": "true" for cloud in ("ALIBABA_CLOUD_ECS", "AWS_EC2")}
    return {**inherited, **disabled, **variables}


def start_tap(
    tmp_path: Path,
    config: Mapping[str, Any] | None,
    *arguments: str,
    state: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    forked: bool = True,
) -> subprocess.Popen[str]:
    """Starts the tap with a configuration and a state, if there are; forked, where that is the same."""
    files = {"config": config, "state": state}
    options = []
    for name, content in files.items():
        if content is not None:
            path = tmp_path / f"{name}.json"
            path.write_text(json.dumps(content))
            options += [f"--{name}", str(path)]
    program = Forked if forked and can_start(env or ()) else subprocess.Popen
    return program(
        [TAP, *options, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(**(env or {})),
    )


def run_tap(
    tmp_path: Path,
    config: Mapping[str, Any] | None,
    *arguments: str,
    state: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> Run:
    """Runs the tap to its end."""
    with start_tap(tmp_path, config, *arguments, state=state, env=env) as tap:
        stdout, stderr = tap.communicate(timeout=timeout)
    return Run(tap.returncode, stdout, stderr)
