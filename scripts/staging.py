"""Writes the models that stage each provider's streams, as their schemas say."""  # noqa: INP001

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.streams.syncs import TAP_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "transform" / "models"
SOURCES = """sources:
  - name: cdn_certs
    description: The tap's streams, as a target loaded them.
    schema: "{{ var('source_schema') }}"
    tables:
"""
# What the macro `staged` knows, for a format or a type of a schema.
TYPES = {"date-time": "timestamp", "date": "date", "array": "list", "object": "list", "boolean": "boolean"}
TYPES |= {"integer": "bigint", "number": "double precision"}
FOLDERS: dict[str, tuple[Path, Sequence[type[Any]]]] = {
    **{name: (MODELS / "providers" / name, module.STREAMS) for name, module in PROVIDERS.items()},
    "syncs": (MODELS / "staging", TAP_STREAMS),
}


def files(name: str) -> Iterator[tuple[Path, str]]:
    """The files that stage the streams of a provider, or those that tell of syncs."""
    folder, streams = FOLDERS[name]
    tables, models = SOURCES, "models:\n"
    for stream in streams:
        path = ROOT / "schemas" / f"{stream.name}.json"
        schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        key = stream.primary_keys
        columns = "".join(f"    '{name}': '{kind(field)}',\n" for name, field in schema["properties"].items())
        staged = f"{{{{ staged('{stream.name}', key={[*key]}, columns={{\n{columns}}}) }}}}\n"
        yield folder / f"stg_{stream.name}.sql", staged
        tables += f"      - name: {stream.name}\n        description: {quoted(schema['description'])}\n"
        models += model(stream.name, ", ".join(key), schema)
    yield folder / "sources.yml", tables
    yield folder / "staging.yml", models


def model(stream: str, key: str, schema: Mapping[str, Any]) -> str:
    """What is said of a model, and what must hold of it."""
    text = f"  - name: stg_{stream}\n"
    text += f"    description: {quoted(schema['description'] + ' The newest row of each key.')}\n"
    text += f"    data_tests:\n      - unique_together:\n          arguments: {{columns: [{key}]}}\n"
    text += "    columns:\n"
    for name, field in schema["properties"].items():
        text += f"      - name: {name}\n        description: {quoted(field['description'])}\n"
        text += "        data_tests: [not_null]\n" if name in schema["required"] else ""
    return text


def kind(field: Mapping[str, Any]) -> str:
    """The type of a column."""
    types = [field["type"]] if isinstance(field["type"], str) else field["type"]
    return next((TYPES[each] for each in (field.get("format"), *types) if each in TYPES), "text")


def quoted(text: str) -> str:
    """A text in YAML."""
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    for name in sys.argv[1:] or FOLDERS:
        for path, text in files(name):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
