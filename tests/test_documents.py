"""The documents say what the code does, and the schemas describe every field."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import packages
import pytest
from process import TAP, environment
from singer_sdk.singerlib import Schema

from sandbox import Fault, Sandbox
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.streams.syncs import TAP_STREAMS
from tap_cdn_certs.tap import TapCDNCerts

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
DOCS = ROOT / "docs"
# How the names of times end.
TIMES = ("_time", "_at", "validity_from", "validity_to", "created", "modified", "not_after", "not_before")
STREAMS = [stream for module in PROVIDERS.values() for stream in module.STREAMS] + [*TAP_STREAMS]


def test_the_readme_leads_to_the_page_of_every_provider() -> None:
    """Its table has a row for each."""
    rows = re.findall(r"^\| \[.*?\]\(docs/providers/(\w+)\.md\) \|", README, re.MULTILINE)
    assert sorted(rows) == sorted(PROVIDERS)


def test_the_readme_is_short() -> None:
    """What is longer belongs into a page of its own."""
    assert len(README.splitlines()) < 200


def test_the_changelog_begins_with_the_version() -> None:
    """And with its day."""
    newest = re.search(r"^## \[(.+)\] - (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] == PROJECT["project"]["version"]
    assert date.fromisoformat(newest[2])


def test_there_is_one_version() -> None:
    """The dbt project, what else is installed and the image have it, too."""
    named = re.compile(r"\bcdn-certs:(\d[\d.]*\d)|^version(?: =|:) [\"']?(\d[\d.]*\d)[\"']?$", re.MULTILINE)
    found = {
        name: {image or version for image, version in named.findall((ROOT / name).read_text())}
        for name in packages.files()
        if name.endswith((".toml", ".yaml", ".yml", ".md")) and not name.startswith("tests/")
    }
    named_in = {name for name, versions in found.items() if versions}
    assert {"pyproject.toml", "one_writer/pyproject.toml", "transform/dbt_project.yml"} < named_in
    assert set().union(*found.values()) == {PROJECT["project"]["version"]}


def test_every_extra_is_listed() -> None:
    """Where it says how to install."""
    rows = re.findall(r"^\| `(\w+)` \| .+ \| .+ \|$", (DOCS / "settings.md").read_text(), re.MULTILINE)
    assert set(PROJECT["project"]["optional-dependencies"]) <= set(rows)


def test_the_picture_of_the_house_is_what_the_imports_are_held_to() -> None:
    """Each floor leads to the next one, and those beside each other to the same."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    floors = [re.split(r" [:|] ", layer) for layer in layers]
    steps = {(upper, lower) for above, below in pairwise(floors) for upper in above for lower in below}
    drawn = re.findall(r"^    (\w+)(?:\[.*?\])? --> (\w+)", CONTRIBUTING, re.MULTILINE)
    assert set(drawn) == steps


def test_the_walk_names_every_file_of_the_invented_provider() -> None:
    """Each of its files, or the folder that holds it, has a link."""
    linked = re.findall(r"[(`](tests/invented/[^)`]+)", CONTRIBUTING)
    for path in (ROOT / "tests" / "invented").rglob("*"):
        name = path.relative_to(ROOT).as_posix()
        assert path.is_dir() or any(name.startswith(link) for link in linked), name
    assert all((ROOT / link).exists() for link in linked)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_property_is_typed_and_described(stream: Any) -> None:
    """Each property, nested ones too, has a type and a description; times have their format and zone."""

    def check(name: str, schema: dict[str, Any]) -> None:
        assert schema["type"], name
        if not name.endswith("[]"):
            assert schema["description"].endswith("."), name
        if name.endswith(TIMES):
            assert schema["format"] == "date-time", name
            assert "UTC" in schema["description"], name
        if "array" in schema["type"]:
            check(f"{name}[]", schema["items"])
        for inner, property_ in schema.get("properties", {}).items():
            check(f"{name}.{inner}", property_)

    schema = json.loads((ROOT / "schemas" / f"{stream.name}.json").read_text())
    for name, property_ in schema["properties"].items():
        check(name, property_)
    assert set(stream.primary_keys) <= set(schema["required"])
    assert Schema.from_dict(schema).to_dict()["properties"].keys() == schema["properties"].keys()


def test_there_is_a_schema_for_every_stream_and_no_other() -> None:
    """`schemas/` has one file for each stream."""
    assert {path.stem for path in (ROOT / "schemas").iterdir()} == {stream.name for stream in STREAMS}


def test_the_catalog_has_all_streams_without_a_configuration() -> None:
    """`--discover` needs no credentials."""
    tap = TapCDNCerts(config={}, validate_config=False)
    assert set(tap.streams) == {stream.name for stream in STREAMS}
    assert list(tap.streams)[-2:] == ["sync_errors", "syncs"]


@pytest.mark.parametrize(
    "question", sorted((ROOT / "transform" / "questions").glob("*.sql")), ids=lambda path: path.stem
)
def test_the_models_page_shows_the_sql_that_the_tests_run(question: Path) -> None:
    """Each question's SQL stands there as it is run on both databases."""
    sql = "\n".join(line for line in question.read_text().splitlines() if not line.startswith("--")).strip()
    assert f"```sql\n{sql}\n```" in (DOCS / "models.md").read_text()


def recipe(page: str, heading: str) -> str:
    """Return the first script under a heading of a page."""
    found = re.search(r"```(?:ba)?sh\n(.*?)```", (DOCS / page).read_text().partition(heading)[2], re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("refused", [False, True])
def test_the_pipe_of_the_documents_keeps_the_exit_code_and_the_state(
    refused: bool,  # noqa: FBT001
    tmp_path: Path,
    target_jsonl: str,
) -> None:
    """A script of it fails when the tap does, and the next run goes on from what this one remembered."""
    with Sandbox(alicloud={"size": 6, "limit": None}, cdnetworks={"size": 3, "limit": None}) as sandbox:
        if refused:
            sandbox.faults.add(Fault("error", "DescribeCdnHttpsDomainList", code="Forbidden.RAM", status=403))
        (tmp_path / "config.json").write_text(json.dumps(sandbox.config()))
        path = f"{Path(TAP).parent}:{Path(target_jsonl).parent}:/usr/bin:/bin"
        for details in (3, 0):
            sandbox.reset()
            done = subprocess.run(
                ["/bin/bash", "-c", recipe("singer.md", "## A plain pipe")],
                cwd=tmp_path,
                env=environment(PATH=path),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == int(refused), done.stderr
            asked = [request for request in sandbox.requests if request.operation == "QueryCertificate"]
            assert len(asked) == details
