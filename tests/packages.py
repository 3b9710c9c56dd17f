"""The packages that are released: built, and installed where nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import install as installer

ROOT = Path(__file__).parents[1]
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = os.environ.get("TEST_PYTHONS", OWN).split()


def files() -> list[str]:
    """The paths of the checkout's files that are not ignored."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


def build(folder: Path, *, mode: int = 0o644) -> Path:
    """Builds both from a copy of the checkout, whose files are new, and gives the folder that holds them."""
    for name in files():
        target = folder / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
        target.chmod(mode)
    build = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        f"--outdir={folder / 'dist'}",
        folder / "source",
    ]
    variables = {**os.environ, "SOURCE_DATE_EPOCH": "1800000000"}
    built = subprocess.run(build, capture_output=True, text=True, check=False, env=variables)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "dist"


def python(version: str) -> str:
    """A Python of some version, on the path or made by pyenv."""
    if version == OWN:
        return sys.executable
    made = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin"))
    path = os.pathsep.join([*map(str, made), os.environ["PATH"]])
    return shutil.which(f"python{version}", path=path) or pytest.skip(f"There is no Python {version}.")


def install(environment: Path, requirement: str) -> None:
    """Installs the versions that are pinned, so that nobody's release breaks a test."""
    pinned = ("--constraint", str(ROOT / "requirements" / "package.txt"))
    # Most of it is not run: it need not be compiled.
    assert installer.packages(str(environment), "--no-compile", *pinned, requirement) == 0
