"""Writes the extractor's definition for Meltano, as the code says: plugin.yml, and that of meltano.yml."""  # noqa: INP001

from __future__ import annotations

import json
import re
import tomllib
from textwrap import indent
from typing import TYPE_CHECKING, Any

import yaml

from scripts.documents import DOCS, ROOT
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PLUGIN = ROOT / "plugin.yml"
PROJECT = ROOT / "meltano.yml"
MARK = "    # What follows, up to the next extractor, is written by scripts/plugin.py.\n"
SHORT = r"\b(api|arn|cas|ca|cdn|dcdn|esa|id|oidc|ssl|sts|teo|uri|url)(s?)\b"


def definition() -> dict[str, Any]:
    """What Meltano has to know of the tap, wherever its package comes from."""
    about = TapCDNCerts._get_about_info()  # noqa: SLF001 - what --about prints
    return {
        "label": "CDN certificates",
        "description": (about.description or "").rstrip("."),
        "executable": about.name,
        "capabilities": sorted(capability.value for capability in about.capabilities),
        "settings_group_validation": [
            [f"{name}.{setting}" for setting in login]
            for name, module in PROVIDERS.items()
            for login in getattr(module, "LOGINS", [module.SETTINGS.to_dict().get("required")])
        ],
        "settings": [*settings(about.settings["properties"])],
    }


def settings(declared: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each setting: a provider's with a dot."""
    for name, schema in declared.items():
        if name in PROVIDERS:
            page = (DOCS / "providers" / f"{name}.md").read_text(encoding="utf-8")
            provider = page.partition("\n")[0].removeprefix("# ")
            for own, each in schema["properties"].items():
                words = re.sub(SHORT, lambda word: word[1].upper() + word[2], own.replace("_", " "))
                yield setting(f"{name}.{own}", f"{provider}: {words}", each)
        else:
            yield setting(name, schema.get("title", name.capitalize()), schema)


def setting(name: str, label: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A setting, with its default in a placeholder: a value would turn its provider on."""
    kind = next(kind for kind in schema["type"] if kind != "null")
    default = schema.get("default")
    described = {
        "name": name,
        # Meltano 4.4 takes a decimal from the environment but cannot pass it on.
        "kind": "integer" if kind == "number" else kind,
        "label": label,
        "description": schema["description"],
        "placeholder": default if default is None or kind == "string" else json.dumps(default),
        "sensitive": schema.get("secret"),
    }
    return {key: value for key, value in described.items() if value is not None}


def files() -> Iterator[tuple[Path, str]]:
    """The files that hold the definition, each as it has to be."""
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = ",".join(extra for extra in package["optional-dependencies"] if extra in PROVIDERS)
    of_the_hub = {"keywords": package["keywords"], "maintenance_status": "active"}
    name = {"name": "tap-cdn-certs", "namespace": "tap_cdn_certs", "variant": "original"}
    own = {**name, "pip_url": f"tap-cdn-certs[{extras}]", **definition(), **of_the_hub}
    yield PLUGIN, f"# Written by scripts/plugin.py: see docs/settings.md.\n{dumped(own)}"
    head, mark, rest = PROJECT.read_text(encoding="utf-8").partition(MARK)
    yield PROJECT, head + mark + indent(dumped(definition()), "    ") + re.sub(r"\A(    .*\n)*", "", rest)


def dumped(content: Mapping[str, Any]) -> str:
    """An object in YAML."""
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
    return text


if __name__ == "__main__":
    for path, text in files():
        path.write_text(text, encoding="utf-8")
