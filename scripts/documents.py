"""Writes the tables of the documents that the code knows: settings, limits, streams, models."""  # noqa: INP001

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.streams.syncs import TAP_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_cdn_certs.api.rate_limit import Limit

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SCHEMAS = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "schemas").glob("*.json")
}
MARTS = ROOT / "transform" / "models" / "marts" / "marts.yml"
MARK = "<!-- What follows is written by scripts/documents.py. -->\n"
FIELDS = "| Field | Type | Meaning |\n| --- | --- | --- |\n"
# What all streams have, and those with a PEM: said once, in docs/records.md.
COMMON = ("account", "synced_at")
LEAF = "x509_"
LINK = "| `x509_…` | | [What the certificate says](../records.md#what-a-certificate-says), and its chain. |\n"


def pages() -> Iterator[tuple[Path, str]]:
    """The pages that have such tables, each with what follows its mark."""
    for name, module in PROVIDERS.items():
        declared: dict[str, Any] = module.SETTINGS.to_dict()
        tables = settings(name, declared) + limits(module.CLIENT.rate_limits, declared["properties"])
        yield DOCS / "providers" / f"{name}.md", tables + streams(module.STREAMS)
    marts: list[dict[str, Any]] = yaml.safe_load(MARTS.read_text(encoding="utf-8"))["models"]
    yield DOCS / "models.md", relations(marts) + "\n## Columns\n" + "".join(columns(mart) for mart in marts)
    leaf = SCHEMAS["certificate_info"]["properties"].items()
    facts = "".join(row(name, field) for name, field in leaf if name.startswith(LEAF))
    yield DOCS / "records.md", f"## What a certificate says\n\n{FIELDS}{facts}" + streams(TAP_STREAMS)


def settings(provider: str, declared: Mapping[str, Any]) -> str:
    """The table of a provider's settings."""
    text = "## Settings\n\n| Setting | Default | Meaning |\n| --- | --- | --- |\n"
    for name, setting in declared["properties"].items():
        default = f"`{json.dumps(setting['default'])}`".replace('"', "") if "default" in setting else ""
        needed = "needed" if name in declared.get("required", []) else default
        secret = " Secret." if setting.get("secret") else ""
        text += f"| `{provider}.{name}` | {needed} | {setting['description']}{secret} |\n"
    return text


def limits(of_client: Mapping[str, Limit], declared: Mapping[str, Any]) -> str:
    """The table of the limits that a provider's requests are kept to."""
    text = "\n## Limits\n\nA request counts in each row that it is of.\n\n| Of | At most |\n| --- | --- |\n"
    for limit in of_client.values():
        operations = ", ".join("all" if each == "*" else f"`{each}`" for each in limit.operations)
        several = len(limit.operations) > 1 or "*" in limit.operations[0]
        apart = (", each apart" if limit.each else ", together") if several else ""
        requests = limit.requests or declared["rate_limit_requests"]["default"]
        period = limit.period or declared["rate_limit_period"]["default"]
        setting = "" if limit.requests else ": `rate_limit_requests`, `rate_limit_period`"
        text += f"| {operations}{apart} | {requests} in {period:g} s{setting} |\n"
    return text


def streams(classes: Sequence[type[Any]]) -> str:
    """What each stream is, and its fields but those that all have."""
    text = "\n## Streams\n"
    for stream in classes:
        schema = SCHEMAS[stream.name]
        key = ", ".join(f"`{each}`" for each in stream.primary_keys)
        operation = f" Read by {stream.operation}." if hasattr(stream, "operation") else ""
        text += f"\n### {stream.name}\n\n{schema['description']}\n\nKey: {key}.{operation}\n\n"
        text += FIELDS + "".join(rows(schema["properties"], shared=stream not in TAP_STREAMS))
    return text


def rows(fields: Mapping[str, Any], *, shared: bool) -> Iterator[str]:
    """A row for each field of a stream; of those that it shares with others, a link."""
    leaf = [name for name in fields if name.startswith(LEAF)]
    for name, field in fields.items():
        if not shared or name not in (*COMMON, *leaf):
            yield from nested(name, field)
    if leaf:
        yield LINK


def nested(name: str, field: Mapping[str, Any]) -> Iterator[str]:
    """A row for a field, and one for each of those within."""
    yield row(name, field)
    within, path = (field["items"], f"{name}[]") if "items" in field else (field, name)
    for inner, each in within.get("properties", {}).items():
        yield from nested(f"{path}.{inner}", each)


def row(name: str, field: Mapping[str, Any]) -> str:
    """The row of a field."""
    types = [field["type"]] if isinstance(field["type"], str) else field["type"]
    (kind,) = (each for each in types if each != "null")
    null = ", or null" if "null" in types else ""
    return f"| `{name}` | {field.get('format', kind)}{null} | {cell(field['description'])} |\n"


def relations(marts: Sequence[Mapping[str, Any]]) -> str:
    """The picture of which mart's rows belong to which other's, as dbt's tests of relationships say."""
    text = "## How they belong together\n\n```mermaid\nerDiagram\n"
    for mart in marts:
        for column in mart["columns"]:
            tests = column.get("data_tests", [])
            for test in (each["relationships"] for each in tests if "relationships" in each):
                (other,) = re.findall(r"ref\('(\w+)'\)", test["arguments"]["to"])
                many = "|o" if "unique" in tests else "}o"
                text += f"    {mart['name']} {many}--|| {other} : {column['name']}\n"
    return text + "```\n"


def columns(mart: Mapping[str, Any]) -> str:
    """The table of a mart's columns."""
    text = f"\n### {mart['name']}\n\n{mart['description']}\n\n| Column | Meaning |\n| --- | --- |\n"
    return text + "".join(f"| `{each['name']}` | {cell(each['description'])} |\n" for each in mart["columns"])


def cell(text: str) -> str:
    """A text in a table."""
    return text.replace("|", "\\|")


def written(page: str, tables: str) -> str:
    """A page, with its tables as they have to be."""
    return f"{page.partition(MARK)[0]}{MARK}\n{tables}"


if __name__ == "__main__":
    for path, tables in pages():
        path.write_text(written(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
