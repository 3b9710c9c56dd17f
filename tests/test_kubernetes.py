"""The CronJobs: as Kubernetes' schemas have them, and with commands that do what they are for."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import psycopg
import pytest
import yaml
from image import copy_context, read_only
from psycopg.conninfo import conninfo_to_dict

from sandbox import Sandbox

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "orchestrate" / "kubernetes"
SHOP = "tap-cdn-certs--shop"
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
        assert {each["name"] for each in container.get("env", [])} <= {"MELTANO_STATE_BACKEND_URI"}
        assert container["resources"]["limits"]["memory"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project that the image has, with the account of the manifest."""
    folder = tmp_path / "project"
    (tmp_path / "data").mkdir()
    copy_context(folder)
    for installed in (".meltano", ".venv-meltano"):
        (folder / installed).symlink_to(ROOT / installed)
    account = {"name": SHOP, "inherit_from": "tap-cdn-certs-base", "config": {"fastly.account": "shop"}}
    (folder / "accounts.meltano.yml").write_text(yaml.safe_dump({"plugins": {"extractors": [account]}}))
    return folder


def variables(prefix: str, token: str, url: str = "") -> dict[str, str]:
    """An account's secrets, under the name of its extractor."""
    return {f"{prefix}_FASTLY_API_TOKEN": token, f"{prefix}_FASTLY_API_URL": url}


@pytest.mark.usefixtures("meltano")
def test_their_commands_load_an_account_with_its_own_credentials(
    project: Path, postgres_database: str
) -> None:
    """The tables, its rows under its label, its state; what others' variables say is not even seen."""
    server = conninfo_to_dict(postgres_database)
    others = re.compile("TAP_|TARGET_|CDN_CERTS_|CERTS_|DBT_|MELTANO_")
    inherited = {
        **{name: value for name, value in os.environ.items() if not others.match(name)},
        **{f"TARGET_POSTGRES_{name.upper()}": str(server[name]) for name in ("host", "port", "user")},
        "TARGET_POSTGRES_DATABASE": str(server["dbname"]),
        "TARGET_POSTGRES_PASSWORD": "s3cr3t",
        "CDN_CERTS_DATA": str(project.parent / "data"),
        **variables("TAP_CDN_CERTS", "s3cr3t-of-another"),
    }

    def run(container: dict[str, Any], **secrets: str) -> str:
        # What is mounted there is here.
        own = {
            each["name"]: each["value"].replace("/data", inherited["CDN_CERTS_DATA"])
            for each in container.get("env", [])
        }
        done = subprocess.run(
            read_only(str(project / "scripts" / "contained"), *container["args"]),
            env={**inherited, **own, **secrets},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        # The image has all plugins, and no network may be needed to find that out.
        assert "Installing" not in done.stdout + done.stderr
        return done.stdout

    with (
        Sandbox(fastly={"size": 3, "limit": None}) as sandbox,
        psycopg.connect(postgres_database) as connection,
    ):
        run(pod("cdn-certs-tables")["containers"][0])
        tables = "select count(*) from information_schema.tables where table_schema = 'cdn_certs'"
        assert connection.execute(tables).fetchone() == (len([*(ROOT / "schemas").glob("*.json")]),)

        without = run({"args": ["meltano", "invoke", "--dump=config", SHOP]})
        assert json.loads(without) == {"fastly": {"account": "shop"}}

        config = sandbox.config()["fastly"]
        own = variables("TAP_CDN_CERTS__SHOP", config["api_token"], config["api_url"])
        run(pod("cdn-certs-shop")["containers"][0], **own)
        rows = connection.execute("select distinct account from cdn_certs.fastly_tls_certificates")
        assert rows.fetchall() == [("shop",)]
    states = [path.name for path in (project.parent / "data" / "state").iterdir()]
    assert states == ["dev:tap-cdn-certs--shop-to-target-postgres"]
