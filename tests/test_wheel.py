"""What is released: what is in it, and the wheel in an empty environment, as a new user has it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import packages
import pytest
from process import environment
from warehouses import duckdb_warehouse

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


def shipped(*folders: str) -> set[str]:
    """The files of the checkout's folders."""
    return {name for name in packages.files() if name.split("/")[0] in folders}


def test_the_wheel_holds_the_packages_and_the_schemas(wheel: Path) -> None:
    """All of their files and what describes it, and nothing else: no tests, no sandbox."""
    about = "tap_cdn_certs-{}.dist-info".format(wheel.name.split("-")[1])
    told = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    names = {f"tap_cdn_certs/{name}" for name in shipped("schemas")} | {f"{about}/{name}" for name in told}
    names |= shipped("tap_cdn_certs", "cdn_certs_report")
    assert set(zipfile.ZipFile(wheel).namelist()) == names
    assert {"tap_cdn_certs/py.typed", "cdn_certs_report/py.typed"} < names


def test_the_source_distribution_builds_the_wheel_and_holds_no_more(dist: Path) -> None:
    """Its files are the checkout's; hatchling adds what it ignores and the metadata."""
    (path,) = dist.glob("*.tar.gz")
    folder = path.name.removesuffix(".tar.gz")
    names = shipped("tap_cdn_certs", "cdn_certs_report", "schemas", "README.md", "LICENSE", "CHANGELOG.md")
    names |= {"pyproject.toml", ".gitignore", "PKG-INFO"}
    with tarfile.open(path) as archive:
        assert set(archive.getnames()) == {f"{folder}/{name}" for name in names}


def test_two_builds_are_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    """Of copies in different places, with other times and modes."""
    again = packages.build(tmp_path, mode=0o600)
    names = sorted(path.name for path in dist.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    assert [(dist / name).read_bytes() for name in names] == [(again / name).read_bytes() for name in names]


def test_the_index_takes_what_is_released(dist: Path) -> None:
    """Its metadata are valid, and its description can be shown."""
    check = [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *dist.iterdir()]
    checked = subprocess.run(check, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("PASSED") == 2


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


def test_the_installed_report_reads_what_the_installed_tap_wrote(
    clean_venv: Path, wheel: Path, tmp_path: Path, target_duckdb: str, dbt: str
) -> None:
    """Of a sync of the sandbox, loaded into DuckDB, with its models."""
    warehouse = duckdb_warehouse(tmp_path, target_duckdb, dbt)
    with Sandbox(alicloud={"size": 6, "limit": None}, cdnetworks={"size": 3, "limit": None}) as sandbox:
        config = tmp_path / "config.json"
        config.write_text(json.dumps(sandbox.config()))
        synced = run(str(clean_venv / "bin/tap-cdn-certs"), tmp_path, "--config", str(config))
        certificates = set(sandbox["cdnetworks"].keys("QueryCertificate"))
    assert synced.returncode == 0, synced.stderr
    warehouse.load_lines(synced.stdout)
    warehouse.build("build", "--exclude-resource-type", "test", "unit_test")
    packages.install(clean_venv, f"{wheel}[report]")
    report = str(clean_venv / "bin/cdn-certs-report")
    told = run(report, tmp_path, warehouse.settings["path"], "--json", "-", "--html", "page.html")
    assert told.returncode == 0, told.stderr
    rows = json.loads(told.stdout)["certificates"]
    assert certificates <= {row["certificate_id"] for row in rows}
    assert re.search(r"<title>.+</title>", (tmp_path / "page.html").read_text())
