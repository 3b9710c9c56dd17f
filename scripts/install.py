"""Installs by uv, which does it in parallel; by pip where uv is not to be had, or finds less than pip."""  # noqa: INP001

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UV = Path(sys.executable).with_name("uv")
PIP = (sys.executable, "-m", "pip")
# What uv calls what pip is told. It does not read pip's configuration.
AS_UV_HAS_IT = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "ALL_PROXY",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
}


def packages(environment: str, *arguments: str) -> int:
    """Install what `pip install` would with some arguments into an environment."""
    python = f"{environment}/bin/python"
    return install(
        [str(UV), "pip", "install", "--quiet", "--python", python, *arguments],
        [*PIP, "--python", python, "install", "--quiet", "--quiet", "--no-input", *arguments],
        {},
    )


def plugins(constraints: str, *names: str) -> int:
    """Let Meltano install some plugins of the project, whose requirements have to keep to a file."""
    command = [".venv-meltano/bin/meltano", "install", *names]
    named = ("PIP_CONSTRAINT", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT")
    return install(command, command, dict.fromkeys(named, constraints))


def install(by_uv: list[str], by_pip: list[str], variables: Mapping[str, str]) -> int:
    """Run a command that installs by uv or, where that does not do, one that installs by pip."""
    given = {**os.environ, **variables}
    if UV.exists():
        told = {**as_uv_has_it(pip_configuration()), **given, "MELTANO_VENV_BACKEND": "uv"}
        if not subprocess.run(by_uv, env=told, check=False).returncode:  # noqa: S603
            return 0
        sys.stderr.write("uv could not install that: pip tries.\n")
    return subprocess.run(by_pip, env=given, check=False).returncode  # noqa: S603


def pip_configuration() -> dict[str, str]:
    """What files and variables tell `pip install`; of three places, the last counts."""
    command = [*PIP, "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    lines = (line.partition("=") for line in listed.stdout.splitlines())
    values = {name: str(ast.literal_eval(value)) for name, _, value in lines if value}
    return {
        name.removeprefix(place): value
        for place in ("global.", "install.", ":env:.")
        for name, value in values.items()
        if name.startswith(place)
    }


def as_uv_has_it(configuration: Mapping[str, str]) -> dict[str, str]:
    """The variables that tell uv the same."""
    told = {
        name: " ".join(configuration[key].split())
        for key, name in AS_UV_HAS_IT.items()
        if key in configuration
    }
    if "UV_FIND_LINKS" in told:
        told["UV_FIND_LINKS"] = told["UV_FIND_LINKS"].replace(" ", ",")
    # As pip: whichever index has the best version, and the system's authorities. Without pip in a plugin's
    # environment, Meltano could not install the plugin again as meltano.yml says.
    always = {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_SYSTEM_CERTS": "true", "UV_VENV_SEED": "true"}
    return {**always, **told}


if __name__ == "__main__":
    sys.exit({"packages": packages, "plugins": plugins}[sys.argv[1]](*sys.argv[2:]))
