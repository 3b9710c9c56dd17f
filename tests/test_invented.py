"""A provider is added by files of its own and its name in three lists: here one that does not exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from process import TAP, environment
from warehouses import duckdb_warehouse

from sandbox import PROVIDERS

if TYPE_CHECKING:
    from warehouses import Warehouse

ROOT = Path(__file__).parents[1]
INVENTED = ROOT / "tests" / "invented"
OWN = sorted(path.relative_to(INVENTED) for path in INVENTED.rglob("*") if path.is_file())
# Each side's list of names.
LISTS = {
    "tap_cdn_certs/providers/__init__.py": r"^NAMES = \(",
    "sandbox/providers.py": r"^PROVIDERS = \(",
    "transform/dbt_project.yml": r"^  providers: \[",
}
COPIED = "tap_cdn_certs schemas sandbox transform cdn_certs_report fuzz scripts tests docs pyproject.toml"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with the provider in it."""
    house = tmp_path_factory.mktemp("house")
    for name in COPIED.split():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, house / name)
    for name in (".meltano", ".venv-meltano"):
        (house / name).symlink_to(ROOT / name)
    for path in OWN:
        assert not (house / path).exists(), path
        (house / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(INVENTED / path, house / path)
    for name, pattern in LISTS.items():
        text, changes = re.subn(pattern, r"\g<0>'globex', ", (house / name).read_text(), flags=re.MULTILINE)
        assert changes == 1, name
        (house / name).write_text(text)
    return house


@pytest.fixture(scope="module")
def variables(house: Path) -> dict[str, str]:
    """The environment of a program of the copy."""
    return environment(PYTHONPATH=str(house), PYTHONDONTWRITEBYTECODE="1")


def test_every_test_of_a_provider_holds_for_it(house: Path, variables: dict[str, str]) -> None:
    """Lists, faults, isolation, stops, secrets, hostile answers, settings: no test is written for it."""
    # Without those of the others alone, which import all of their SDKs.
    files = [
        str(path) for path in house.glob("tests/providers/*.py") if path.stem.split("_")[1] not in PROVIDERS
    ]
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "globex",
        *files,
    ]
    run = subprocess.run(tests, cwd=house, env=variables, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed
    assert int(passed[1]) > 30


def test_its_places_in_the_house_are_kept(house: Path, variables: dict[str, str]) -> None:
    """The floors and their checks know it without a change."""
    code = [str(path) for path in OWN if path.suffix == ".py"]
    for program in (["lint-imports", "--no-cache", "--no-logo"], ["ruff", "check", "--no-cache", *code]):
        command = [str(Path(sys.executable).with_name(program[0])), *program[1:]]
        run = subprocess.run(command, cwd=house, env=variables, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def warehouse(
    house: Path,
    variables: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    target_duckdb: str,
    dbt: str,
) -> Warehouse:
    """A sync of all providers in a warehouse, with the models."""
    folder = tmp_path_factory.mktemp("warehouse")
    config = folder / "config.json"
    command = [sys.executable, "-m", "sandbox", "--unlimited", "--config-file", str(config)]
    for provider in (*PROVIDERS, "globex"):
        command += [f"--{provider}-size", "30"]
    with subprocess.Popen(command, cwd=house, env=variables, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert "globex" in server.stdout.readline()
        while not config.exists():
            time.sleep(0.01)
        settings = json.loads(config.read_text())
        # All names lead to an API, which does not speak TLS.
        settings["edge"] = {"connect_to": urlsplit(settings["globex"]["api_url"]).netloc}
        config.write_text(json.dumps(settings))
        tap = [TAP, "--config", str(config)]
        sync = subprocess.run(tap, cwd=house, env=variables, capture_output=True, text=True, check=False)
        server.terminate()
    assert sync.returncode == 0, sync.stderr
    warehouse = duckdb_warehouse(folder, target_duckdb, dbt)
    warehouse.load_lines(sync.stdout)
    warehouse.build("build", "--exclude-resource-type", "unit_test", project=house / "transform")
    return warehouse


def test_its_streams_come_in_their_turn(warehouse: Warehouse) -> None:
    """Its list and its details are complete, and come before the dear ones of the others."""
    rows = {
        row["stream"]: row for row in warehouse.query("select * from cdn_certs.syncs order by started_at")
    }
    own = [rows[name] for name in ("globex_certificates", "globex_deployments")]
    assert [(row["listed"], row["complete"]) for row in own] == [(30, True)] * 2
    order = [*rows]
    assert order.index("globex_deployments") < order.index("ssl_certificate")


def test_the_edge_is_asked_for_all_domains_of_the_models(warehouse: Warehouse) -> None:
    """Those of all providers, its own among them, but for wildcards; each once, by its A-labels."""
    rows = warehouse.query("select * from cdn_certs.edge_certificates")
    assert {row["error"] for row in rows} == {"not_tls"}
    domains = {row["domain_name"].lower() for row in warehouse.rows("int_domains")}
    hosts = {name.encode("idna").decode() for name in domains if not name.startswith(("*", "."))}
    assert {row["domain_name"] for row in rows} == hosts
    assert len(rows) == len(hosts) > 100


def test_its_certificates_are_in_the_models(warehouse: Warehouse) -> None:
    """With their ends and domains, beside those of the others, and without what it does not say."""
    certificates = [row for row in warehouse.rows("certificates") if row["provider"] == "globex"]
    assert len(certificates) == 30
    assert all(row["not_after"] and row["fingerprint_sha256"] is None for row in certificates)
    # As nobody can tell which they are, none is another one as well.
    assert (
        len(
            {row["identity"] for row in warehouse.rows("certificates")}
            & {row["identity"] for row in certificates}
        )
        == 30
    )
    served = [row for row in warehouse.rows("certificate_domains") if row["provider"] == "globex"]
    assert len({row["domain_name"] for row in served}) >= 10
    health = {row["stream"] for row in warehouse.rows("sync_health") if row["provider"] == "globex"}
    assert health == {"globex_certificates", "globex_deployments"}


def test_its_certificates_are_in_the_report(warehouse: Warehouse, tmp_path: Path) -> None:
    """In all formats, by the command that users have."""
    report = str(Path(sys.executable).with_name("cdn-certs-report"))
    url = f"duckdb:///{warehouse.settings['path']}"
    command = [report, url, "--json", str(tmp_path / "report.json"), "--html", str(tmp_path / "report.html")]
    subprocess.run(command, check=True, env=environment(), capture_output=True)
    content = json.loads((tmp_path / "report.json").read_text())
    providers = {certificate["provider"] for certificate in content["certificates"]}
    assert providers == {*PROVIDERS, "globex"}
    assert "globex" in (tmp_path / "report.html").read_text()
