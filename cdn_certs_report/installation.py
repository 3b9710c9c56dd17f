"""How this was installed, and so what adds to it."""

from __future__ import annotations

import json
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit


def missing(error: ImportError, extra: str = "report") -> str:
    """Say what an import lacks, and what brings it."""
    return f"{(error.name or str(error)).partition('.')[0]}: {remedy(extra)}"


def remedy(extra: str = "report") -> str:
    """Return the command that adds an extra to this installation, or say that it is missing."""
    requirement = _requirement(extra)
    if not requirement:
        return f'the extra "{extra}" of tap-cdn-certs is not installed'
    if find_spec("pip") is None:
        return f"install {shlex.join(requirement)} into {sys.prefix}"
    return shlex.join((sys.executable, "-m", "pip", "install", *requirement))


def _requirement(extra: str) -> list[str] | None:
    """Return what pip installed, with the extra: https://packaging.python.org/en/latest/specifications/direct-url/."""
    try:
        origin = json.loads(distribution("tap-cdn-certs").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return None
    url = urlsplit(origin.get("url", ""))
    if url.scheme == "file" and "vcs_info" not in origin:
        path = unquote(url.path)
        editable = ["-e"] if origin.get("dir_info", {}).get("editable") else []
        return [*editable, f"{path}[{extra}]"] if Path(path).exists() else None
    if not url.scheme or url.password:
        return None
    address = url.geturl()
    if vcs := origin.get("vcs_info"):
        address = f"{vcs['vcs']}+{address}@{vcs.get('requested_revision') or vcs['commit_id']}"
    if folder := origin.get("subdirectory"):
        address += f"#subdirectory={folder}"
    return [f"tap-cdn-certs[{extra}] @ {address}"]
