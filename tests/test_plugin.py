"""The extractor's definition for Meltano: what the code says, and enough for a project of somebody's own."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from process import TAP, environment
from singer_sdk.exceptions import ConfigValidationError

from scripts import plugin
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.streams.syncs import TAP_STREAMS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
PLUGIN: dict[str, Any] = yaml.safe_load((ROOT / "plugin.yml").read_text())
EXTRACTORS: list[dict[str, Any]] = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]["extractors"]
DOCUMENT = (ROOT / "docs" / "settings.md").read_text()
EACH = pytest.mark.parametrize("definition", [PLUGIN, EXTRACTORS[0]], ids=["plugin.yml", "meltano.yml"])
# Only the pages of the hub show it.
OF_THE_HUB = {"keywords", "maintenance_status"}
# What is a setting's value, where no text will do.
VALUES: dict[str, Any] = {
    "akamai.api_url": "https://127.0.0.1:9",
    "alicloud.credentials": "default_chain",
    "edge.domains": ["example.com"],
}


@pytest.mark.parametrize(("path", "text"), [pytest.param(*file, id=file[0].name) for file in plugin.files()])
def test_the_definition_is_what_the_code_says(path: Path, text: str) -> None:
    """Each file is what `python -m scripts.plugin` writes."""
    assert path.read_text(encoding="utf-8") == text


@cache
def about() -> dict[str, Any]:
    """What the tap says of itself."""
    done = subprocess.run([TAP, "--about", "--format=json"], capture_output=True, check=True)
    described: dict[str, Any] = json.loads(done.stdout)
    return described


def tap_settings() -> dict[str, dict[str, Any]]:
    """The tap's settings by their names in Meltano: a provider's with a dot."""
    return {
        name: schema
        for top, settings in about()["settings"]["properties"].items()
        for name, schema in (
            # The SDK's own settings that are objects are free in their form.
            {f"{top}.{name}": schema for name, schema in settings["properties"].items()}.items()
            if settings.get("additionalProperties") is False
            else [(top, settings)]
        )
    }


@EACH
def test_it_has_each_setting_of_the_tap(definition: dict[str, Any]) -> None:
    """Their names, kinds, words and defaults; a setting that is secret, and no other, is sensitive."""
    # Meltano 4.4 takes a decimal from the environment but cannot pass it on.
    kinds = {"number": "integer"}
    expected = {
        name: (
            kinds.get(kind, kind),
            schema["description"],
            schema.get("default"),
            schema.get("secret", False),
        )
        for name, schema in tap_settings().items()
        for kind in [next(kind for kind in schema["type"] if kind != "null")]
    }
    given = {
        each["name"]: (each["kind"], each["description"], default(each), each.get("sensitive", False))
        for each in definition["settings"]
    }
    assert given == expected
    assert all(each["label"] for each in definition["settings"])


def default(setting: dict[str, Any]) -> Any:
    """The default that a setting's placeholder shows."""
    shown = setting.get("placeholder")
    return shown if shown is None or setting["kind"] == "string" else json.loads(shown)


@EACH
def test_it_has_each_capability_of_the_tap(definition: dict[str, Any]) -> None:
    """What the tap can, Meltano knows."""
    assert sorted(definition["capabilities"]) == sorted(about()["capabilities"])


@EACH
def test_no_setting_has_a_value(definition: dict[str, Any]) -> None:
    """A provider is on as soon as one of its settings has one."""
    assert not any("value" in setting for setting in definition["settings"])
    assert "config" not in definition


def test_who_inherits_has_nothing_of_his_own() -> None:
    """The settings are those of the base, and nobody's credentials are."""
    base, *inheriting = EXTRACTORS
    assert all(each["inherit_from"] == base["name"] for each in inheriting)
    assert not any({"config", "settings"} & each.keys() for each in inheriting)


def test_there_is_a_login_of_each_provider() -> None:
    """Meltano shows with which settings each of them can be read."""
    logins = PLUGIN["settings_group_validation"]
    assert {setting.partition(".")[0] for login in logins for setting in login} == PROVIDERS.keys()


@pytest.mark.parametrize("login", PLUGIN["settings_group_validation"], ids="+".join)
def test_a_login_is_enough_and_not_too_much(login: list[str], tmp_path: Path) -> None:
    """The tap takes the settings of a login, and misses each that is left out."""
    edgerc = tmp_path / "edgerc"
    edgerc.write_text("[default]\nclient_token = a\nclient_secret = b\naccess_token = c\nhost = d.example\n")
    values = {name: VALUES.get(name, str(edgerc)) for name in login}
    provider = login[0].partition(".")[0]
    assert TapCDNCerts(config=nested(values)).configured == [provider]
    for name in login:
        with pytest.raises(ConfigValidationError):
            TapCDNCerts(config=nested({other: values[other] for other in values if other != name}))


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """A configuration of one provider, as the tap takes it."""
    return {
        name.partition(".")[0]: {each.partition(".")[2]: values[each] for each in values} for name in values
    }


@pytest.fixture(scope="module")
def project(meltano: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs Meltano in a new project that has the extractor of plugin.yml, with some settings; offline."""
    folder = tmp_path_factory.mktemp("own")

    def run(*arguments: str, **settings: str) -> str:
        variables = {f"TAP_CDN_CERTS_{name.upper()}": value for name, value in settings.items()}
        offline = {"HTTPS_PROXY": "http://127.0.0.1:9"}
        done = subprocess.run(
            [meltano, *arguments],
            cwd=folder,
            env=environment(**variables, **offline, MELTANO_SEND_ANONYMOUS_USAGE_STATS="false"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("init", ".", "--force")
    (add,) = re.findall(r"^meltano (add .* --from-ref .*)$", DOCUMENT, re.MULTILINE)
    run(*(part.replace("../tap-cdn-certs", str(ROOT)) for part in add.split()))
    # As if its `pip_url` were what the document says.
    assert f"pip_url: ../{PLUGIN['pip_url']}\n" in DOCUMENT
    installed = folder / ".meltano" / "extractors" / "tap-cdn-certs" / "venv" / "bin" / "tap-cdn-certs"
    installed.parent.mkdir(parents=True)
    installed.symlink_to(TAP)
    written = yaml.safe_load((folder / "meltano.yml").read_text())
    (schema,) = (ROOT / ".venv-meltano").glob("lib/*/site-packages/meltano/schemas/meltano.schema.json")
    Draft202012Validator(json.loads(schema.read_text())).validate(written)
    (added,) = written["plugins"]["extractors"]
    assert added == {name: value for name, value in PLUGIN.items() if name not in OF_THE_HUB}
    return run


def test_meltano_takes_the_definition_into_a_new_project(project: Callable[..., str]) -> None:
    """Its settings reach the tap, which has the streams of the provider that has some."""
    catalog = json.loads(
        project("invoke", "--no-install", "tap-cdn-certs", "--discover", fastly_api_token="s3cr3t")
    )
    names = {stream["tap_stream_id"] for stream in catalog["streams"]}
    assert names == {stream.name for stream in (*PROVIDERS["fastly"].STREAMS, *TAP_STREAMS)}


def test_meltano_shows_no_secret(project: Callable[..., str]) -> None:
    """Those that are sensitive, each of them."""
    secrets = [name for name, schema in tap_settings().items() if schema.get("secret")]
    given = {name.replace(".", "_"): "s3cr3t" for name in secrets}
    listed = project("config", "list", "tap-cdn-certs", "--all", **given)
    assert "s3cr3t" not in listed
    shown = re.findall(r"^(\S+) .*\(redacted\)", listed, flags=re.MULTILINE)
    assert sorted(shown) == sorted(secrets)
