"""The documents say what the code does: the README's tables, the schemas."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from process import TAP, environment
from singer_sdk.singerlib import Schema

from sandbox import Fault, Sandbox
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.streams.syncs import TAP_STREAMS
from tap_cdn_certs.tap import TapCDNCerts

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
# How the names of times end.
TIMES = ("_time", "_at", "validity_from", "validity_to", "created", "modified", "not_after", "not_before")
STREAMS = [stream for module in PROVIDERS.values() for stream in module.STREAMS] + [*TAP_STREAMS]


def about() -> dict[str, Any]:
    """What `tap-cdn-certs --about` prints."""
    done = subprocess.run(
        [TAP, "--about", "--format=json"], capture_output=True, text=True, check=True, env=environment()
    )
    settings: dict[str, Any] = json.loads(done.stdout)["settings"]["properties"]
    return settings


def test_the_readme_lists_every_setting_as_about_does() -> None:
    """Names, defaults, whether it is needed or secret, and descriptions are the same, in the same order."""
    expected = []
    settings = about()
    for name in (*PROVIDERS, "strict"):
        setting = settings[name]
        if name not in PROVIDERS:
            expected.append((f"`{name}`", json.dumps(setting["default"]), setting["description"]))
            continue
        for inner, schema in setting["properties"].items():
            default = f"`{json.dumps(schema['default'])}`" if "default" in schema else ""
            if inner in setting.get("required", []):
                default = "needed"
            description = schema["description"] + (" Secret." if schema.get("secret") else "")
            expected.append((f"`{name}.{inner}`", default.replace('"', ""), description))
    names = "|".join(PROVIDERS)
    rows = re.findall(rf"^\| (`(?:{names})\.\w+`|`strict`) \| (.*?) \| (.*) \|$", README, re.MULTILINE)
    assert rows == [(name, default or "", text) for name, default, text in expected]


def test_the_readme_lists_every_stream_with_its_key() -> None:
    """The table's streams and keys are the tap's."""
    rows = re.findall(r"^\| `(\w+)` \| (\w*) ?\| (`.*?`) \|", README, re.MULTILINE)
    expected = {
        (stream.name, getattr(stream, "operation", ""), ", ".join(f"`{key}`" for key in stream.primary_keys))
        for stream in STREAMS
    }
    assert set(rows) == expected


def test_the_picture_of_the_house_is_what_the_imports_are_held_to() -> None:
    """Each floor leads to the next one, and those beside each other to the same."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    floors = [re.split(r" [:|] ", layer) for layer in layers]
    steps = {(upper, lower) for above, below in pairwise(floors) for upper in above for lower in below}
    drawn = re.findall(r"^    (\w+)(?:\[.*?\])? --> (\w+)", CONTRIBUTING, re.MULTILINE)
    assert set(drawn) == steps


def test_the_walk_names_every_file_of_the_invented_provider() -> None:
    """Each of its files, or the folder that holds it, has a link."""
    linked = re.findall(r"\]\((tests/invented/[^)]+)\)", CONTRIBUTING)
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
def test_the_readme_shows_the_sql_that_the_tests_run(question: Path) -> None:
    """Each question's SQL stands in the README as it is run on both databases."""
    sql = "\n".join(line for line in question.read_text().splitlines() if not line.startswith("--")).strip()
    assert f"```sql\n{sql}\n```" in README


def recipe(heading: str) -> str:
    """Return the first script after some words of the README."""
    found = re.search(r"```(?:ba)?sh\n(.*?)```", README.partition(heading)[2], re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("refused", [False, True])
def test_the_pipe_of_the_readme_keeps_the_exit_code_and_the_state(
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
                ["/bin/bash", "-c", recipe("**With a plain pipe**")],
                cwd=tmp_path,
                env=environment(PATH=path),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == int(refused), done.stderr
            asked = [request for request in sandbox.requests if request.operation == "QueryCertificate"]
            assert len(asked) == details
