"""The image, as far as it can be had without an engine: the files that it is made of, and what runs in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from docker.utils import exclude_paths  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]
# Whoever is not root is so in a namespace of their own.
APART = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else []), "sh", "-c"]
# The data are on a mount of their own; all else, on however many, becomes read-only.
SCRIPT = """set -e
mount --bind "$CDN_CERTS_DATA" "$CDN_CERTS_DATA"
for place in / "$0" "$CDN_CERTS_DATA/.."; do
    mount -o remount,bind,ro "$(findmnt --noheadings --output TARGET --target "$place")"
done
exec "$@"
"""


def read_only(*command: str) -> list[str]:
    """A command that can write into `CDN_CERTS_DATA` alone; where this machine cannot do so, as it is."""
    return [*command] if why_not_read_only() else [*APART, SCRIPT, str(ROOT), *command]


@cache
def why_not_read_only() -> str:
    """What keeps this machine from making files read-only for a command; nothing, if it can."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {**os.environ, "CDN_CERTS_DATA": folder}
        command = [*APART, SCRIPT, str(ROOT), "true"]
        try:
            done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            return str(error)
    return done.stderr if done.returncode else ""


def context(folder: Path) -> list[str]:
    """The files of a folder that an engine gives to the build."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    names = exclude_paths(folder, [line for line in lines if not line.startswith("#")])
    return sorted(name for name in names if (folder / name).is_file())


def copy_context(folder: Path) -> None:
    """Make a folder what the image has as its project, before anything is installed."""
    for name in context(ROOT):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
