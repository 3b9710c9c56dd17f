"""Mistakes in the settings of each provider: named by the setting, all at once, before any request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cases import APIS, EACH, EACH_LOGIN, LOGINS, only, secrets, settings
from process import run_tap
from singer_sdk.exceptions import ConfigValidationError

from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from pathlib import Path

# Of each type of the schema, what is not of it.
WRONG_TYPES = {
    "string": (42, "a text"),
    "integer": ("s3cr3t", "a whole number"),
    "number": ("s3cr3t", "a number"),
    "boolean": ("s3cr3t", "true or false"),
    "array": ("s3cr3t", "a list"),
    "object": ("s3cr3t", "an object"),
}
URLS = {
    "http://cdn.example.com": "has to begin with https://",
    "http://127.0.0.1.example.com": "has to begin with https://",
    "http://localhost.example.com": "has to begin with https://",
    "http://127.0.0.1@cdn.example.com": "has to begin with https://",
    "http://0.0.0.0": "has to begin with https://",
    "http://192.0.2.1": "has to begin with https://",
    "http://[2001:db8::1]": "has to begin with https://",
    "HTTP://cdn.example.com": "has to begin with https://",
    "ftp://cdn.example.com": "is not an address",
    "//cdn.example.com": "is not an address",
    "cdn.example.com": "is not an address",
    "https://*.example.com": "is not an address",
    "https://[::1": "is not an address",
    "https://a.example:0": "is not an address",
    "https://user:s3cr3t@cdn.example.com": "may hold a host",
    "https://cdn.example.com/?s3cr3t": "may hold a host",
}


def right(provider: str, login: str | None = None) -> dict[str, Any]:
    """The settings of a login, without a mistake; what is missed sends requests to nobody."""
    logins = APIS[provider].logins
    return {**logins[login or next(iter(logins))], "api_url": "https://127.0.0.1:9"}


def mistakes(provider: str, given: Any) -> list[str]:
    """What the tap says of a provider's settings."""
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config={provider: json.loads(json.dumps(given))})
    assert "s3cr3t" not in str(caught.value.errors)
    return [*caught.value.errors]


def assert_said(errors: list[str], words: str) -> None:
    """One of the errors begins so."""
    assert [error for error in errors if error.startswith(words)], errors


@EACH_LOGIN
def test_no_mistake_is_found_where_there_is_none(provider: str, login: str) -> None:
    """Each login is one that the tap takes."""
    assert TapCDNCerts(config={provider: right(provider, login)}).configured == [provider]


@EACH
def test_nothing_is_no_configuration(provider: str) -> None:
    """Neither an empty object nor another value."""
    assert mistakes(provider, {})
    assert_said(mistakes(provider, "key"), f"{provider} has to be an object")
    assert_said(mistakes(provider, None), "No provider is configured")


REQUIRED = [
    (*login, name) for login in LOGINS for name in right(*login) if name in APIS[login[0]].logins[login[1]]
]


@pytest.mark.parametrize(("provider", "login", "name"), REQUIRED)
def test_a_setting_that_is_missing_or_empty_is_named(provider: str, login: str, name: str) -> None:
    """Of those that a login needs; what may be left out is refused only where it is empty."""
    given = right(provider, login)
    assert_said(mistakes(provider, {**given, name: ""}), f"{provider}.{name} is empty")
    del given[name]
    # What is left of a login may be another one.
    if not any(other.keys() <= given.keys() for other in APIS[provider].logins.values()):
        assert_said(mistakes(provider, given), f"{provider}.{name} is missing")


SECRETS = [(*login, name) for login in LOGINS for name in secrets(*login)]


@pytest.mark.parametrize(("provider", "login", "name"), SECRETS)
def test_a_secret_that_was_not_copied_whole_is_named(provider: str, login: str, name: str) -> None:
    """Not shown: `mistakes` looks for it."""
    for value, words in (("s3cr3t\n", "has white space"), ("s3cr3t\u2026", "holds"), ("s3cr3t\0", "holds")):
        given = {**right(provider, login), name: value}
        assert_said(mistakes(provider, given), f"{provider}.{name} {words}")
    assert settings(provider)[name].get("secret")


@EACH
def test_a_setting_of_the_wrong_type_is_named(provider: str) -> None:
    """Each, all at once."""
    schemas = settings(provider)
    kinds = {
        name: next(kind for kind in schema["type"] if kind != "null") for name, schema in schemas.items()
    }
    errors = mistakes(provider, {name: WRONG_TYPES[kind][0] for name, kind in kinds.items()})
    for name, kind in kinds.items():
        assert_said(errors, f"{provider}.{name} has to be {WRONG_TYPES[kind][1]}")


@EACH
def test_a_number_out_of_its_range_is_named(provider: str) -> None:
    """The limit, and whatever else has one."""
    for name, schema in settings(provider).items():
        if {"minimum", "exclusiveMinimum"} & schema.keys():
            given = {**right(provider), name: schema.get("exclusiveMinimum", schema.get("minimum", 0) - 1)}
            assert_said(mistakes(provider, given), f"{provider}.{name}")


@EACH
def test_a_setting_that_is_misspelt_is_named_with_the_one_meant(provider: str) -> None:
    """And not passed over, as if nothing had been set."""
    for name in settings(provider):
        given = {**right(provider), name[:-2] + name[-1]: "s3cr3t"}
        wrong = f"{provider}.{name[:-2] + name[-1]} is not a setting. Is {provider}.{name} meant?"
        assert_said(mistakes(provider, given), wrong)


@EACH
@pytest.mark.parametrize("url", URLS)
def test_a_provider_elsewhere_is_asked_over_tls_only(provider: str, url: str) -> None:
    """Each address: a mistake in the configuration, before any request."""
    for name in PROVIDERS[provider].CLIENT.url_settings:
        value = [url] if "array" in settings(provider)[name]["type"] else url
        assert_said(mistakes(provider, {**right(provider), name: value}), f"{provider}.{name} {URLS[url]}")


@EACH
@pytest.mark.parametrize("arguments", [(), ("--test",)], ids=["sync", "test"])
def test_no_request_is_made_with_a_mistake(tmp_path: Path, provider: str, arguments: tuple[str, ...]) -> None:
    """Exit 1, each mistake in a line of its own, no value of a secret, no traceback, nothing on stdout."""
    with only(provider, 1) as sandbox:
        wrong = {"account": "", "rate_limit_period": 0, "wrong": "s3cr3t"}
        config = sandbox.config()
        config[provider] |= wrong
        run = run_tap(tmp_path, config, *arguments)
        assert sandbox.requests == []
    assert (run.returncode, run.stdout) == (1, "")
    for name in wrong:
        assert len([line for line in run.stderr.splitlines() if f"{provider}.{name}" in line]) == 1
    assert "Traceback" not in run.stderr
    assert "s3cr3t" not in run.stderr
