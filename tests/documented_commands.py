"""The commands of the documents, and who plays programs that no test can run, as a judge."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tap_cdn_certs.providers import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
ABOUT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "meltano.yml").read_text())
MANIFESTS = "".join(path.read_text() for path in (ROOT / "orchestrate" / "kubernetes").iterdir())


def blocks() -> Iterator[tuple[str, str, str]]:
    """Each block of a page: where it is, its language and its content."""
    for page in PAGES:
        text = page.read_text()
        for block in re.finditer(r"^ *```(\w*)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, block.start()) + 1
            yield f"{page.relative_to(ROOT)}:{line}", block[1], block[2]


def scripts() -> Iterator[tuple[str, str]]:
    """Where each script is, and its commands: a shell's, what is typed into a console, cron's lines."""
    for place, kind, content in blocks():
        typed = {"console": r"\$ (.*\n)", "text": r"(?:[\d*]+ ){5}(.*\n)"}.get(kind)
        commands = "".join(re.findall(f"^{typed}", content, re.MULTILINE)) if typed else content
        if commands and kind in {"sh", "bash", "console", "text"}:
            yield place, commands


def airflow(told: list[str], _project: Path) -> None:
    """It is in no environment here; `make test-airflow` runs the DAG."""
    assert told[:2] == ["pools", "set"]
    assert told[2] in {f"cdn_{name}" for name in NAMES}
    assert int(told[3]) > 0


def docker(told: list[str], project: Path) -> None:
    """It needs an engine; `tests/test_container.py` has what can be had without one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["run"])
    parser.add_argument("--rm", action="store_true", required=True)
    parser.add_argument("--read-only", action="store_true", required=True)
    parser.add_argument("--volume", choices=["cdn-certs:/data"], required=True)
    parser.add_argument("--env-file", type=(project / "{}").with_name)
    parser.add_argument("image", choices=[f"cdn-certs:{ABOUT['version']}"])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args(told)
    assert given.env_file is None or given.env_file.exists()
    match given.command:
        case ["meltano", *arguments]:
            meltano(arguments, project)
        case [program, *_]:
            assert shutil.which(program)


def journalctl(told: list[str], _project: Path) -> None:
    """It needs a running systemd."""
    option, unit = told
    assert option == "-u"
    assert (ROOT / "orchestrate" / "systemd" / unit).exists()


def kubectl(told: list[str], project: Path) -> None:
    """It needs a cluster; `tests/test_kubernetes.py` runs what the pods do."""
    match told:
        case ["create", ("configmap" | "secret"), *rest]:
            *_, name, option, file = rest
            assert option in {"--from-file", "--from-env-file"}
            assert f"name: {name}}}" in MANIFESTS
            assert (project / file).exists()
        case ["create", "job", source, _]:
            assert f"name: {source.removeprefix('--from=cronjob/')}\n" in MANIFESTS
        case ["apply", "-f", file]:
            path = project / ("stdin" if file == "-" else file)
            names = [each["metadata"]["name"] for each in yaml.safe_load_all(path.read_text())]
            assert names
            assert "shop" not in " ".join(names)
        case _:
            raise AssertionError(told)


def make(told: list[str], _project: Path) -> None:
    """CI makes each of them, in minutes."""
    command = ["make", "--dry-run", *told, "ENGINE=docker"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def meltano(told: list[str], _project: Path) -> None:
    """It takes minutes or changes the project: `tests/test_meltano.py` and `tests/test_plugin.py` let it."""
    plugins = {each["name"]: each for kind in PROJECT["plugins"].values() for each in kind}
    accounts = re.findall(r"name: (tap-cdn-certs--[\w-]+)", (ROOT / "docs" / "accounts.md").read_text())
    match told:
        case ["install"]:
            pass
        case ["run", *names] | ["job", "add", _, "--tasks", *names]:
            known = {*plugins, *accounts, *(job["name"] for job in PROJECT["jobs"])}
            assert {*" ".join(names).split()} <= known
        case ["add", "tap-cdn-certs", "--from-ref", path, "--no-install"]:
            assert (ROOT / Path(path).name).exists()
        case ["schedule", "add", _, "--job", _, "--interval", interval]:
            assert interval == "@daily"
        case ["invoke", name, *_]:
            plugin, _, command = name.partition(":")
            assert not command or command in plugins[plugin]["commands"]
        case _:
            raise AssertionError(told)


def pip(told: list[str], project: Path) -> None:
    """It needs the network; `tests/test_install.py` and `tests/test_wheel.py` install."""
    match told:
        case ["install", "-r", file] | ["install", "--require-hashes", "--requirement", file]:
            assert "--hash" in (project / file).read_text()
        case ["install", what]:
            name, _, extras = what.rstrip("]").partition("[")
            assert {*filter(None, extras.split(","))} <= {*ABOUT["optional-dependencies"]}
            assert name == "." or name in (ROOT / "requirements" / f"{name}.in").read_text()
        case _:
            raise AssertionError(told)


def pytest(told: list[str], _project: Path) -> None:
    """What runs is itself; it asks for the tests of a provider that is there."""
    folder, option, name = told
    assert (ROOT / folder).is_dir()
    assert option == "-k"
    assert name in NAMES


def python3(told: list[str], _project: Path) -> None:
    """The environment that it makes is there."""
    assert told == ["-m", "venv", ".venv-meltano"]


def systemctl(told: list[str], _project: Path) -> None:
    """It needs a running systemd; `tests/test_container.py` lets it judge the units."""
    match told:
        case ["daemon-reload"]:
            pass
        case ["enable", "--now", unit] | ["start", unit]:
            assert (ROOT / "orchestrate" / "systemd" / unit).exists()
        case _:
            raise AssertionError(told)


# Who plays them, and why: all other programs run, and what is not known here is not found.
STAND_INS = {
    judge.__name__: judge
    for judge in (airflow, docker, journalctl, kubectl, make, meltano, pip, pytest, python3, systemctl)
}
