"""Prism between a tap and a sandbox: it finds what contradicts the provider's own description of its API."""

from __future__ import annotations

import fcntl
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_sdk import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]


def description(name: str) -> Path:
    """A description of an API, which is beside the checkout where somebody has it."""
    for folder in ROOT.parents:
        if (path := folder / "shared/api/openapi" / name).is_file():
            return path
    pytest.skip(f"The description {name} is not beside the checkout.")


@contextmanager
def proxy(described: Path, url: str) -> Iterator[str]:
    """The address of a prism before another one, which is installed if it can be."""
    script = ROOT / "scripts/prism"
    with script.open() as alone:
        # Another worker may install it at this moment.
        fcntl.flock(alone, fcntl.LOCK_EX)
        found = subprocess.run([script], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(found.stderr.strip())
    port = free_port()
    command = [found.stdout.strip(), "proxy", "--errors", str(described), url, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as between:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            # It would wait for connections that are kept.
            between.kill()


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("prism does not start")
