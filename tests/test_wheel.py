"""The built wheel in an empty environment, as a new user has it."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest
from process import environment

from sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tap(clean_venv: Path) -> str:
    """The installed tap."""
    return str(clean_venv / "bin" / "tap-cdn-certs")


def run(tap: str, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the tap away from the checkout, with an empty home."""
    return subprocess.run(
        [tap, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment(HOME=str(tmp_path), PATH=os.defpath),
    )


def test_the_wheel_holds_the_packages_and_the_schemas(wheel: Path) -> None:
    """Nothing of the tests and the sandbox is installed."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tap_cdn_certs", "cdn_certs_report"}
    assert "tap_cdn_certs/schemas/certificate_info.json" in names
    assert "cdn_certs_report/templates/report.html.j2" in names


def test_the_installed_tap_describes_itself(tap: str, tmp_path: Path) -> None:
    """`--version`, `--about` in its three forms, and `--discover` without a configuration."""
    version = run(tap, tmp_path, "--version")
    assert version.stdout.startswith("tap-cdn-certs v")
    assert version.returncode == 0
    assert "alicloud.access_key_id" in run(tap, tmp_path, "--about", "--format=markdown").stdout
    assert json.loads(run(tap, tmp_path, "--about", "--format=json").stdout)["name"] == "tap-cdn-certs"
    assert "certificate" in run(tap, tmp_path, "--about").stdout
    catalog = json.loads(run(tap, tmp_path, "--discover").stdout)
    assert {"certificate_info", "ssl_certificate", "syncs"} <= {
        stream["tap_stream_id"] for stream in catalog["streams"]
    }


def test_the_installed_tap_syncs_with_its_own_catalog(tap: str, tmp_path: Path) -> None:
    """`--discover`, a selection in the catalog, `--test` and a sync, as in the SDK's documents."""
    with Sandbox(alicloud={"size": 30, "limit": None}, cdnetworks={"size": 12, "limit": None}) as sandbox:
        config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
        config.write_text(json.dumps(sandbox.config()))
        tested = run(tap, tmp_path, "--config", str(config), "--test")
        assert tested.returncode == 0, tested.stderr
        assert "alicloud: the credentials and permissions suffice." in tested.stderr
        assert "cdnetworks: the credentials and permissions suffice." in tested.stderr

        discovered = json.loads(run(tap, tmp_path, "--config", str(config), "--discover").stdout)
        for stream in discovered["streams"]:
            (root,) = (entry for entry in stream["metadata"] if entry["breadcrumb"] == [])
            root["metadata"]["selected"] = stream["tap_stream_id"] in {"certificate_info", "syncs"}
            for entry in stream["metadata"]:
                if entry["breadcrumb"] == ["properties", "server_certificate"]:
                    entry["metadata"]["selected"] = False
        catalog.write_text(json.dumps(discovered))
        sandbox.reset()
        synced = run(tap, tmp_path, "--config", str(config), "--catalog", str(catalog))
        assert synced.returncode == 0, synced.stderr
        messages = [json.loads(line) for line in synced.stdout.splitlines()]
        records = [message for message in messages if message["type"] == "RECORD"]
        assert {message["stream"] for message in records} == {"certificate_info", "syncs"}
        domains = {
            record["record"]["domain_name"] for record in records if record["stream"] == "certificate_info"
        }
        assert domains == set(sandbox["alicloud"].inventory.keys())
        assert not any("server_certificate" in message["record"] for message in records)
        # What is not selected is not asked for.
        assert {request.provider for request in sandbox.requests} == {"alicloud"}
