"""The CronJobs: as Kubernetes' schemas have them, and with commands that do what they are for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

from sandbox import Sandbox

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "orchestrate" / "kubernetes"
MANIFESTS = {
    manifest["metadata"]["name"]: manifest
    for path in sorted(FOLDER.glob("*.yaml"))
    for manifest in yaml.safe_load_all(path.read_text())
    if manifest["kind"] == "CronJob"
}


def pod(name: str) -> dict[str, Any]:
    """The pod of a CronJob."""
    spec: dict[str, Any] = MANIFESTS[name]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_manifests_are_as_kubernetes_has_them(path: Path, version: str) -> None:
    """No field that it does not know, none of another type."""
    for manifest in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("name", MANIFESTS)
def test_pods_may_no_more_than_they_need(name: str) -> None:
    """Not as root, not to write elsewhere, never two at once or for ever; secrets by reference."""
    job, own = MANIFESTS[name]["spec"], pod(name)
    assert job["concurrencyPolicy"] == "Forbid"
    assert job["jobTemplate"]["spec"]["activeDeadlineSeconds"] > 0
    assert own["restartPolicy"] == "Never"
    assert own["automountServiceAccountToken"] is False
    assert own["securityContext"]["runAsNonRoot"] is True
    for container in own["containers"] + own.get("initContainers", []):
        may = container["securityContext"]
        assert (may["readOnlyRootFilesystem"], may["allowPrivilegeEscalation"]) == (True, False)
        assert may["capabilities"] == {"drop": ["ALL"]}
        assert all("secretRef" in each for each in container["envFrom"])
        assert {each["name"] for each in container["env"]} <= {
            "MELTANO_DATABASE_URI",
            "MELTANO_STATE_BACKEND_URI",
            "DBT_TARGET_PATH",
            "DBT_LOG_PATH",
        }
        assert container["resources"]["limits"]["memory"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project as the image has it, with the account of the manifest."""
    folder = tmp_path / "project"
    (folder / ".meltano").mkdir(parents=True)
    for kind in ("extractors", "loaders"):
        (folder / ".meltano" / kind).symlink_to(ROOT / ".meltano" / kind)
    shutil.copy(ROOT / "meltano.yml", folder)
    account = {
        "name": "tap-cdn-certs--shop",
        "inherit_from": "tap-cdn-certs-base",
        "config": {"fastly.account": "shop"},
    }
    (folder / "accounts.meltano.yml").write_text(yaml.safe_dump({"plugins": {"extractors": [account]}}))
    return folder


def test_their_commands_load_an_account_with_its_own_credentials_alone(
    project: Path, meltano: str, postgres_database: str
) -> None:
    """The tables, the rows under its label, a state; without its credentials, not by another's either."""
    server = conninfo_to_dict(postgres_database)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not re.match("TAP_|TARGET_|CDN_CERTS_|CERTS_|DBT_|MELTANO_", name)
    }

    def run(name: str, secrets: dict[str, str]) -> tuple[int, str]:
        (container,) = pod(name)["containers"]
        program, *arguments = container["command"]
        assert program == "meltano"
        # What is mounted there is here.
        own = {each["name"]: each["value"] for each in container["env"]}
        own = {key: re.sub("/(tmp|state)", f"{project.parent}/\\1", value) for key, value in own.items()}
        (project.parent / "tmp").mkdir(exist_ok=True)
        done = subprocess.run(
            [meltano, *arguments],
            env={**inherited, **own, **secrets, "MELTANO_AUTO_INSTALL": "false"},
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        return done.returncode, done.stdout + done.stderr

    warehouse = {
        "TARGET_POSTGRES_HOST": str(server["host"]),
        "TARGET_POSTGRES_PORT": str(server["port"]),
        "TARGET_POSTGRES_USER": str(server["user"]),
        "TARGET_POSTGRES_PASSWORD": "s3cr3t",
        "TARGET_POSTGRES_DATABASE": str(server["dbname"]),
    }
    with (
        Sandbox(fastly={"size": 3, "limit": None}) as sandbox,
        psycopg.connect(postgres_database) as connection,
    ):
        tables = "select count(*) from information_schema.tables where table_schema = 'cdn_certs'"
        config = sandbox.config()["fastly"]
        right, wrong = (
            {"TAP_CDN_CERTS{}_FASTLY_API_TOKEN": token, "TAP_CDN_CERTS{}_FASTLY_API_URL": config["api_url"]}
            for token in (config["api_token"], "s3cr3t-of-another")
        )
        others, own = "", "__SHOP"
        assert run("cdn-certs-tables", warehouse)[0] == 0
        assert connection.execute(tables).fetchone() == (len([*(ROOT / "schemas").glob("*.json")]),)
        assert not sandbox.requests

        ambient = {name.format(others): value for name, value in right.items()}
        code, log = run("cdn-certs-shop", warehouse | ambient)
        assert (code, sandbox.requests) == (1, [])
        assert "fastly.api_token is missing." in log

        ambient = {name.format(others): value for name, value in wrong.items()}
        code, log = run("cdn-certs-shop", warehouse | ambient | {n.format(own): v for n, v in right.items()})
        assert code == 0, log
        loaded = connection.execute(
            "select account, count(*) from cdn_certs.fastly_tls_certificates group by 1"
        )
        assert [account for account, _ in loaded.fetchall()] == ["shop"]
        assert [path.name for path in (project.parent / "state").iterdir()]
