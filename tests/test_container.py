"""The image and the unit of systemd: what they are made of, what they may, and how they stop."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from image import context, copy_context, read_only, why_not_read_only

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
CONTAINERFILE = (ROOT / "Containerfile").read_text()
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
UNITS = ROOT / "orchestrate" / "systemd"
# A step of scripts/daily, or an account's sync, that ends in order when it is stopped.
# The path of Python may have a space, which the first line could not.
STEP = f"""#!/bin/sh
'''exec' "{sys.executable}" "$0" "$@"
' '''
import os, signal, sys, time

def end(*_):
    os.write(1, b"ended\\n")
    sys.exit(143)

signal.signal(signal.SIGTERM, end)
print(*sys.argv[1:], flush=True)
time.sleep(20)
"""


def instruction(name: str) -> str:
    """What the last instruction of a kind says."""
    *_, last = re.finditer(rf"^{name} (.*)$", CONTAINERFILE, re.MULTILINE)
    return last[1]


def test_no_secret_gets_into_the_image(tmp_path: Path) -> None:
    """Nor a state, nor what was made elsewhere, wherever in the checkout somebody has it."""
    kept = {"meltano.yml", "requirements/meltano.txt", "scripts/daily", "tap_cdn_certs/tap.py"}
    others = {
        *(".env", ".git/config", ".meltano/meltano.db", ".venv-meltano/bin/meltano", "accounts.meltano.yml"),
        *("config.json", "output/certs.duckdb", "state.json", "tap_cdn_certs/__pycache__/tap.pyc"),
        *("transform/target/manifest.json", "transform/logs/dbt.log", "transform/dbt_packages/a/.env"),
        "transform/.env",
    }
    for name in kept | others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert {*context(tmp_path)} == kept


def test_what_the_image_is_made_of_can_be_installed(tmp_path: Path) -> None:
    """The Makefile finds there all that the targets of the build need."""
    copy_context(tmp_path)
    (targets,) = re.findall(r"\bmake ([^&\\]*)", CONTAINERFILE.partition("WORKDIR")[2])
    done = subprocess.run(
        ["make", "--dry-run", *targets.split()], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for installed in ("meltano.txt", "target-duckdb", "target-postgres", "cdn-certs-report"):
        assert installed in done.stdout
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]
    assert all((tmp_path / name).is_file() for name in (project["readme"], *project["license-files"]))


def test_the_image_is_what_the_manifests_run() -> None:
    """By its name, as its user, with its folder; what is mounted elsewhere is a file of the project."""
    assert re.search(r"VERSION = .*pyproject.toml", (ROOT / "Makefile").read_text())
    data, project, user = instruction("VOLUME"), instruction("WORKDIR"), instruction("USER")
    assert f"CDN_CERTS_DATA={data}" == instruction("ENV")
    manifests = [*(ROOT / "orchestrate" / "kubernetes").glob("*.yaml")]
    for manifest in (each for path in manifests for each in yaml.safe_load_all(path.read_text())):
        if manifest["kind"] != "CronJob":
            continue
        pod = manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        may = pod["securityContext"]
        assert user == f"{may['runAsUser']}:{may['runAsGroup']}"
        for container in pod["containers"] + pod.get("initContainers", []):
            assert container["image"] == f"cdn-certs:{VERSION}"
            # Another command would be in place of the image's own, which says where to write.
            assert "command" not in container
            for mount in container["volumeMounts"]:
                assert mount["mountPath"].startswith(data) or (
                    mount["mountPath"].startswith(f"{project}/") and mount["readOnly"]
                )


def test_an_engine_builds_the_image_and_runs_it(tmp_path: Path) -> None:
    """`make image` gives both the same name; where no engine answers, it says so."""
    engine = tmp_path / "engine"
    engine.write_text('#!/bin/sh\necho "$@"\n')
    engine.chmod(0o755)

    def make(engine: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--silent", "image", f"ENGINE={engine}"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    build, run = make(str(engine)).stdout.splitlines()
    assert build.startswith(
        f"build --file Containerfile --tag cdn-certs:{VERSION} --build-arg VERSION={VERSION} "
    )
    assert run == f"run --rm --read-only cdn-certs:{VERSION} meltano invoke tap-cdn-certs --version"
    none = make("")
    assert none.returncode
    assert none.stderr.startswith("No container engine answers")


@pytest.mark.skipif(
    bool(why_not_read_only()), reason=f"Files cannot be made read-only: {why_not_read_only()}"
)
def test_what_runs_as_in_the_image_can_write_its_data_alone(tmp_path: Path) -> None:
    """Neither into the project nor beside the data; other tests rely on it."""
    (tmp_path / "data").mkdir()
    script = f'touch "$1/a" 2>&1; touch "{ROOT}/a" 2>&1; touch "$CDN_CERTS_DATA/a"'
    done = subprocess.run(
        read_only("sh", "-c", script, "sh", str(tmp_path)),
        env={"PATH": "/usr/bin:/bin", "CDN_CERTS_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("Read-only file system") == 2
    assert [path.name for path in tmp_path.rglob("a")] == ["a"]


def test_nothing_runs_before_it_is_said_where_to_write() -> None:
    """One line names the variable."""
    contained = [str(ROOT / "scripts" / "contained"), "true"]
    done = subprocess.run(
        contained, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "CDN_CERTS_DATA is not set" in done.stderr


@pytest.mark.parametrize("accounts", [False, True])
def test_a_stop_reaches_what_runs_and_nothing_follows(
    accounts: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    """The step, or the account's sync, ends in order; the exit code says that it was stopped."""
    for name in ("meltano.yml", "scripts/daily", "scripts/accounts.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    if accounts:
        line = "{name: tap-cdn-certs--a, inherit_from: tap-cdn-certs-base, config: {edge.account: a}}"
        (tmp_path / "accounts.meltano.yml").write_text(f"plugins: {{extractors: [{line}]}}")
    programs = tmp_path / ".venv-meltano" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "meltano").write_text(STEP)
    (programs / "meltano").chmod(0o755)
    daily = [tmp_path / "scripts" / "daily"]
    with subprocess.Popen(daily, stdout=subprocess.PIPE, text=True, env={"PATH": "/usr/bin:/bin"}) as stopped:
        assert stopped.stdout
        begun = stopped.stdout.readline()
        assert begun == ("run tap-cdn-certs-schemas target-duckdb\n" if accounts else "run sync\n")
        stopped.send_signal(signal.SIGTERM)
        assert stopped.communicate(timeout=10)[0] == "ended\n"
    assert stopped.returncode == 128 + signal.SIGTERM


@pytest.fixture
def systemd_analyze(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs systemd's own judge on the units, of which the checkout is this one."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("There is no systemd-analyze.")
    checkout = str(ROOT).replace(" ", r"\x20")
    for path in UNITS.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace("/srv/cdn-certs", checkout))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        paths = [str(tmp_path / argument) if "." in argument else argument for argument in arguments]
        command = ["systemd-analyze", "--no-pager", *paths]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run


def test_systemd_knows_what_the_units_say(
    systemd_analyze: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """No word that it does not know, no program that is not there."""
    done = systemd_analyze("verify", "--man=no", "cdn-certs.service", "cdn-certs.timer")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_may_little(systemd_analyze: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Its exposure, by systemd's own count, is at most 2 of 10."""
    done = systemd_analyze("security", "--offline=true", "--threshold=20", "cdn-certs.service")
    assert done.returncode == 0, done.stdout
