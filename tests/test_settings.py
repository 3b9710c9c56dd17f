"""The configuration: every mistake is named by its setting, all at once, before any request."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from process import run_tap
from singer_sdk.exceptions import ConfigValidationError

from sandbox import Sandbox
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from pathlib import Path


# A mistake that is missed sends requests: to nobody.
ALICLOUD = {"access_key_id": "LTAI5tSandbox", "access_key_secret": "s3cr3t", "api_url": "https://127.0.0.1:9"}
CDNETWORKS = {"username": "sandbox", "api_key": "s3cr3t", "api_url": "https://127.0.0.1:9"}

MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["No provider is configured"]),
    ({"alicloud": ALICLOUD, "alicoud": {}}, ["alicoud is not a setting. Is alicloud meant?"]),
    ({"alicloud": {**ALICLOUD, "access_key_id": "a\nb"}}, ["alicloud.access_key_id holds"]),
    ({"alicloud": {**ALICLOUD, "security_token": "s3cr3t\u2026"}}, ["alicloud.security_token holds"]),
    ({"alicloud": {**ALICLOUD, "rate_limit_requests": 1.5}}, ["alicloud.rate_limit_requests has"]),
    ({"alicloud": {**ALICLOUD, "domains": [1]}}, ["alicloud.domains.0 has to be a text"]),
    (
        {"alicloud": {**ALICLOUD, "products": ["s3cr3t"]}},
        ["alicloud.products.0 has to be cdn, dcdn, cas or esa"],
    ),
    ({"alicloud": {**ALICLOUD, "products": []}}, ["alicloud.products is empty"]),
    ({"alicloud": {**ALICLOUD, "cas_urls": []}}, ["alicloud.cas_urls is empty: nothing would be read"]),
    (
        {"alicloud": {**ALICLOUD, "cas_urls": ["https://cas.aliyuncs.com", "http://cas.example.com"]}},
        ["alicloud.cas_urls has to begin with https://"],
    ),
    (
        {"alicloud": {**ALICLOUD, "cas_urls": "https://cas.aliyuncs.com"}},
        ["alicloud.cas_urls has to be a list"],
    ),
    ({"cdnetworks": {}}, ["neither is given"]),
    (
        {"cdnetworks": {**CDNETWORKS, "access_key_id": "AK", "access_key_secret": "s3cr3t"}},
        ["both are given"],
    ),
    ({"cdnetworks": {**CDNETWORKS, "username": "a:b"}}, ["cdnetworks.username holds a colon"]),
    ({"cdnetworks": CDNETWORKS, "strict": "yes"}, ["strict has to be true or false"]),
    (
        {"alicloud": {"access_key_id": 1, "api_url": "ftp://x"}, "cdnetworks": {"username": ""}, "strict": 1},
        [
            "alicloud.access_key_id has to be a text",
            "alicloud.access_key_secret is missing",
            "alicloud.api_url is not an address",
            "cdnetworks.username is empty",
            "cdnetworks.api_key is missing",
            "strict has to be true or false",
        ],
    ),
]


@pytest.mark.parametrize(("config", "messages"), MISTAKES)
def test_a_mistake_is_named_by_its_setting(config: dict[str, Any], messages: list[str]) -> None:
    """Each mistake has a message of its own, without the value of the setting."""
    with pytest.raises(ConfigValidationError) as caught:
        TapCDNCerts(config=copy.deepcopy(config))
    for message in messages:
        assert any(message in error for error in caught.value.errors), caught.value.errors
    assert "s3cr3t" not in str(caught.value.errors)


@pytest.mark.parametrize("arguments", [(), ("--test",)], ids=["sync", "test"])
def test_all_mistakes_are_said_at_once(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Exit 1, each mistake in a line of its own, no value of a secret, no traceback, nothing on stdout."""
    config, messages = MISTAKES[-1]
    run = run_tap(tmp_path, config, *arguments)
    assert run.returncode == 1
    lines = run.stderr.splitlines()
    for message in messages:
        assert len([line for line in lines if message in line]) == 1
    assert "Traceback" not in run.stderr
    assert run.stdout == ""


def test_no_request_is_made_with_a_mistake(tmp_path: Path) -> None:
    """A mistake in one provider's settings keeps the other from being asked."""
    with Sandbox(alicloud={"size": 1}, cdnetworks={"size": 1}) as sandbox:
        run = run_tap(tmp_path, {**sandbox.config(), "strict": "yes"})
        assert run.returncode == 1
        assert sandbox.requests == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--config", "missing.json"), "missing.json"),
        (("--config", "broken.json"), "broken.json"),
        (("--config", "list.json"), "list.json"),
        (("--config", "good.json", "--state", "broken.json"), "broken.json"),
        (("--config", "good.json", "--catalog", "broken.json"), "broken.json"),
        (("--config", "good.json", "--state", "list.json"), "list.json"),
        (("--config", "good.json", "--catalog", "list.json"), "list.json"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """Exit 1 or 2, the file's name, no traceback."""
    (tmp_path / "broken.json").write_text('{"alicloud": {"access_key_secret": "s3cr3t"')
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "good.json").write_text('{"cdnetworks": {"username": "sandbox", "api_key": "s3cr3t"}}')
    done = run_tap(tmp_path, None, *arguments)
    assert done.returncode in {1, 2}
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "s3cr3t" not in done.stderr


def test_the_environment_configures_the_tap(tmp_path: Path) -> None:
    """`--config=ENV` takes a provider's settings as JSON; what is not JSON is said so."""
    good = {"TAP_CDN_CERTS_CDNETWORKS": '{"username": "", "api_key": "s3cr3t"}'}
    bad = {"TAP_CDN_CERTS_CDNETWORKS": '{"username": "s3cr3t"'}
    for variables, message in ((good, "cdnetworks.username is empty"), (bad, "TAP_CDN_CERTS_")):
        done = run_tap(tmp_path, None, "--config=ENV", env=variables)
        assert done.returncode == 1
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert "s3cr3t" not in done.stderr
