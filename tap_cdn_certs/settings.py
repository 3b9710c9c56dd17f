"""The configuration: how it is read and described, and its mistakes in words for people."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.about import TextFormatter
from singer_sdk.plugin_base import JSONSchemaValidator
from typing_extensions import override

from tap_cdn_certs.api.settings import url_mistakes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    from jsonschema import ValidationError
    from singer_sdk.about import AboutInfo

# What the parser of JSON says begins so: what it expects, without anything of what it found.
EXPECTED = {
    "Expecting ',' delimiter": "a comma or a closing bracket",
    "Expecting ':' delimiter": "a colon",
    "Expecting property name": "a name in double quotes",
    "Expecting value": "a value (a text in double quotes, a number, true, false, null, a list or an object)",
    "Extra data": "nothing more: the object is closed before this",
    "Invalid \\": "an escape such as \\\\, \\n or \\u00e9",
    "Invalid control character": "a text in one line: a line break in it is written \\n, a tab \\t",
    "Unterminated string": "a closing quote: the text that begins here has none",
}


class SettingsFormatter(TextFormatter, format_name="text"):
    """What `--about` prints: the nested settings too, each by its path."""

    @override
    def format_about(self, about_info: AboutInfo) -> str:
        head = super().format_about(replace(about_info, settings={})).rstrip("\n")
        return "\n".join([head, *_described(about_info.settings, about_info.env_var_prefix)]) + "\n"


def _described(schema: Mapping[str, Any], prefix: str, path: str = "") -> Iterator[str]:
    for name, setting in schema["properties"].items():
        yield f"  - Name: {path}{name}"
        yield f"    Type: {setting.get('type')}"
        if name in schema.get("required", ()):
            yield "    Required: yes"
        if "default" in setting:
            yield f"    Default: {setting['default']}"
        if path and "description" in setting:
            yield f"    Description: {setting['description']}"
        if not path:
            value = ", with all its settings as one object in JSON" if "properties" in setting else ""
            yield f"    Environment Variable: {prefix}{name.upper()}{value}"
            if "properties" in setting:
                yield from _described(setting, prefix, f"{name}.")


def read_file(path: str) -> dict[str, Any]:
    """The object in JSON that a file of the configuration holds.

    Raises:
        click.ClickException: It does not, or cannot be read.
    """
    try:
        return read_object(Path(path).read_text(encoding="utf-8"), path)
    except UnicodeDecodeError:
        raise click.ClickException(f"{path} is not a text in UTF-8.") from None
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read: {error.strerror}.") from None


def read_object(text: str, where: str) -> dict[str, Any]:
    """The object in JSON that a file or a variable holds.

    Raises:
        click.ClickException: It does not. Says what is expected, not what is there: that may be secret.
    """
    if not text.strip():
        raise click.ClickException(f"{where} is empty: an object in JSON is expected.")
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        expected = next((words for start, words in EXPECTED.items() if error.msg.startswith(start)), "JSON")
        place = f"line {error.lineno}, column {error.colno}"
        raise click.ClickException(f"{where}, {place}: not JSON. Expected is {expected}.") from None
    except (ValueError, RecursionError):
        raise click.ClickException(f"{where} is nested too deeply, or holds an endless number.") from None
    if not isinstance(value, dict):
        raise click.ClickException(f"{where} is JSON, but not an object: it has to begin with {{.")
    return value


def check_variables(schema: Mapping[str, Any], prefix: str) -> None:
    """Finds the variable that cannot be read.

    Raises:
        click.ClickException: There is one.
    """
    for name, setting in schema["properties"].items():
        variable = f"{prefix}{name.upper()}"
        text = os.environ.get(variable)
        if text is not None and "object" in setting["type"]:
            read_object(text, variable)
        elif text is not None and "integer" in setting["type"] and not re.fullmatch(r"\s*[+-]?\d+\s*", text):
            raise click.ClickException(f"{variable} has to be a whole number.")


def unread_variables(config: Mapping[str, Any], prefix: str, names: Iterable[str]) -> Iterator[str]:
    """The variables, as Meltano names them, that are set and not read, by provider that has no settings."""
    for name in names:
        whole = f"{prefix}{name.upper()}"
        single = sorted(variable for variable in os.environ if variable.startswith(f"{whole}_"))
        if single and name not in config:
            setting = single[0].removeprefix(f"{whole}_").lower()
            yield (
                f"{single[0]} is set, but --config=ENV takes {whole}: "
                f'all settings of {name} as one object in JSON, {{"{setting}": …}}.'
            )


def without_nulls(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration without what is explicitly left out."""
    return {
        name: {key: setting for key, setting in value.items() if setting is not None}
        if isinstance(value, dict)
        else value
        for name, value in config.items()
        if value is not None
    }


def find_mistakes(
    config: dict[str, Any],
    schema: dict[str, Any],
    providers: Mapping[str, ModuleType],
) -> Iterator[str]:
    """What is wrong with a configuration: each mistake by the name of its setting, without its value.

    Sets the defaults in the configuration.
    """
    if not config.keys() & providers.keys():
        yield f"No provider is configured: at least one is needed of {', '.join(providers)}."
    # The SDK's validator expects objects where there are defaults to set.
    for name in [name for name in providers if not isinstance(config.get(name, {}), dict)]:
        yield f"{name} has to be an object."
        del config[name]
    for error in JSONSchemaValidator({**schema, "additionalProperties": False}).iter_errors(config):
        yield from _schema_mistakes(error, schema)
    for name in [name for name in providers if name in config]:
        yield from _provider_mistakes(name, config[name], providers[name])


def _provider_mistakes(name: str, settings: Mapping[str, Any], module: ModuleType) -> Iterator[str]:
    for setting, value in settings.items():
        yield from _text_mistakes(f"{name}.{setting}", value)
    for setting in module.CLIENT.url_settings:
        given = settings.get(setting)
        for url in given if isinstance(given, list) else [given]:
            yield from url_mistakes(f"{name}.{setting}", url)
    for setting in (*module.CLIENT.url_settings, "products"):
        if settings.get(setting) == []:
            yield f"{name}.{setting} is empty: nothing would be read."
    if mistakes := getattr(module, "mistakes", None):
        yield from mistakes(settings)


def _schema_mistakes(error: ValidationError, schema: Mapping[str, Any]) -> Iterator[str]:
    path = ".".join(str(part) for part in error.absolute_path)
    prefix = f"{path}." if path else ""
    expected: Any = error.validator_value
    value: Any = error.instance
    match error.validator:
        case "required":
            yield from (f"{prefix}{name} is missing." for name in expected if name not in value)
        case "additionalProperties":
            known = schema["properties"][path]["properties"] if path else schema["properties"]
            for name in value.keys() - known.keys():
                near = get_close_matches(name, known, n=1)
                yield f"{prefix}{name} is not a setting." + (f" Is {prefix}{near[0]} meant?" if near else "")
        case "type":
            yield f"{path} has to be {_kind(expected)}."
        case "enum":
            yield f"{path} has to be {_listed(expected)}."
        case "pattern":
            yield f"{path} is empty, or holds characters that no such setting has: was it copied whole?"
        case "minLength":
            yield f"{path} is empty."
        # Of numbers: the others could hold a secret.
        case "minimum" | "maximum" | "exclusiveMinimum":
            yield f"{path}: {error.message}."
        case _:
            yield f"{path} is not valid."


def _text_mistakes(path: str, value: Any) -> Iterator[str]:
    if not isinstance(value, str):
        return
    if not value.strip():
        yield f"{path} is empty."
    elif value != value.strip():
        yield f"{path} has white space before or after it."
    elif not value.isprintable() or (
        re.search("key|token|secret", path) and not (value.isascii() and " " not in value)
    ):
        yield f"{path} holds characters that no such setting has: was it copied whole?"


def _listed(values: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(values[:-1]), values[-1])))


def _kind(types: str | list[str]) -> str:
    names = {
        "string": "a text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "an object",
    }
    return " or ".join(
        names[kind] for kind in ([types] if isinstance(types, str) else types) if kind != "null"
    )
