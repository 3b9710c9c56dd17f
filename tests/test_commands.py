"""Every command of the documents runs, with made-up values in place of the reader's."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from answering import listening
from documented_commands import PAGES, ROOT, STAND_INS, blocks, scripts
from process import TAP
from reported import load, models

from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTS = dict(scripts())
# Of the system, and of scripts/daily, no more than these.
TOOLS = (
    "basename",
    "bash",
    "cat",
    "dirname",
    "flock",
    "grep",
    "install",
    "ln",
    "printenv",
    "sed",
    "tail",
    "tr",
)
# Writes down what it is told and, for the last one, what is piped into it.
STAND_IN = """#!/bin/sh
{ printf '%s\\0' "${0##*/}" "$@"; echo; } >> "$TOLD"
[ ! -p /dev/stdin ] || cat > "${TOLD%/*}/stdin"
"""


def program(path: Path, content: str) -> None:
    """Make a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, target_jsonl: str, meltano: str) -> Path:
    """A checkout with programs, files, accounts and a report's database such as a reader has."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("docs", "orchestrate", "requirements"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "meltano.yml", folder)
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    for place in (
        ".meltano",
        "airflow/dags",
        "etc/systemd/system",
        "output",
        "var/lib/node_exporter/textfile_collector",
    ):
        (folder / place).mkdir(parents=True)
    for kind in ("extractors", "loaders", "utilities"):
        (folder / ".meltano" / kind).symlink_to(ROOT / ".meltano" / kind)
    for name in STAND_INS:
        for place in ("bin", ".venv/bin", ".venv-meltano/bin"):
            program(folder / place / name, STAND_IN)
    (folder / ".venv-meltano/bin/python").symlink_to(sys.executable)
    (folder / ".venv-meltano/bin/activate").touch()
    # Whatever else Meltano does is done in seconds.
    played = 'case $1 in add|install|job|run|schedule) exec .venv-meltano/bin/meltano "$@";; esac'
    program(folder / "bin/meltano", f'#!/bin/sh\n{played}\nexec {shlex.quote(meltano)} "$@"\n')
    # That a certificate ends is no mistake.
    report = shlex.quote(str(Path(TAP).with_name("cdn-certs-report")))
    program(folder / "bin/cdn-certs-report", f'#!/bin/sh\n{report} "$@" || [ $? -eq 2 ]\n')
    for tool in (TAP, target_jsonl, *map(shutil.which, TOOLS)):
        assert tool
        (folder / "bin" / Path(tool).name).symlink_to(tool)

    load(f"duckdb:///{folder}/output/certs.duckdb", models())
    account = {
        "name": "tap-cdn-certs--shop",
        "inherit_from": "tap-cdn-certs-base",
        "config": {"edge.account": "x"},
    }
    (folder / "accounts.meltano.yml").write_text(json.dumps({"plugins": {"extractors": [account]}}))
    state = folder / "state" / "dev:tap-cdn-certs-to-target-duckdb" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"completed": {"singer_state": {}}, "partial": {}}')
    for name in ("cdn-certs.env", "shop.env", "warehouse.env"):
        (folder / name).touch()
    return folder


@pytest.fixture(scope="module")
def config(project: Path) -> Iterator[dict[str, str]]:
    """The settings of a sandbox's account, which are in `config.json` too."""
    with Sandbox(alicloud={"size": 3, "limit": None}) as sandbox:
        own = {
            name: sandbox.config()["alicloud"][name]
            for name in ("access_key_id", "access_key_secret", "api_url")
        }
        (project / "config.json").write_text(json.dumps({"alicloud": own}))
        yield own


@pytest.fixture(scope="module")
def made_up(project: Path, config: dict[str, str]) -> Iterator[dict[str, str]]:
    """What stands for the reader's values in the documents."""
    with listening(lambda _: (200, {}, b"")) as service:
        yield {
            "LTAI5t…": config["access_key_id"],
            "SECRET=…": f"SECRET={config['access_key_secret']}",
            "mailtos://user:password@example.com slack://…": service.replace("http", "json"),
            "postgresql://reader@warehouse/certs": "output/certs.duckdb",
            "/srv/cdn-certs": str(project),
            " /etc/": f" {project}/etc/",
            " /var/": f" {project}/var/",
        }


@pytest.mark.parametrize("place", SCRIPTS)
def test_each_command_of_the_documents_runs(
    place: str, project: Path, config: dict[str, str], made_up: dict[str, str]
) -> None:
    """To its end; what only stand-ins are told, they know."""
    script = SCRIPTS[place]
    for shown, value in made_up.items():
        script = script.replace(shown, value)
    told = project / "told"
    told.write_text("")
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=project,
        env={
            "PATH": str(project / "bin"),
            "HOME": str(project),
            "TOLD": str(told),
            "AIRFLOW_HOME": str(project / "airflow"),
            "MELTANO_STATE_BACKEND_URI": (project / "state").as_uri(),
            **{f"TAP_CDN_CERTS_ALICLOUD_{name.upper()}": value for name, value in config.items()},
        },
        # Who is asked agrees.
        input="y\n",
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    # Not even where another command follows whatever becomes of it.
    assert not re.search("not found|No such file", said), said
    for line in told.read_text().splitlines():
        name, *arguments = line.removesuffix("\0").split("\0")
        STAND_INS[name](arguments, project)


def test_no_command_is_shown_as_something_else() -> None:
    """No line begins with a stand-in, the tap or the report elsewhere than in a script."""
    programs = "|".join([*STAND_INS, Path(TAP).name, "cdn-certs-report"])
    others = [(place, text) for place, kind, text in blocks() if kind not in {"sh", "bash", "console"}]
    assert others
    assert [place for place, text in others if re.search(rf"^\$? ?({programs}) ", text, re.MULTILINE)] == []


def test_what_is_to_be_made_or_run_exists(project: Path) -> None:
    """Of commands within a sentence or a table: the targets, and Meltano's plugins, jobs and commands."""
    text = "".join(page.read_text() for page in PAGES)
    commands = set(re.findall(r"`(make [a-z-]+|meltano (?:run|invoke) [^`<-][^`<]*)`", text))
    assert len(commands) > len(STAND_INS)
    for command in commands:
        name, *arguments = shlex.split(command)
        STAND_INS[name](arguments, project)
