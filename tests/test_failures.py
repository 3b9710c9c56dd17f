"""What goes wrong at a provider, and how far it reaches."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from tenacity import Future, RetryCallState
from watched import Watch, run

from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_cdn_certs.api.client import Client

DOMAINS = "DescribeUserDomains"
INFO = "DescribeDomainCertificateInfo"
HTTPS = "DescribeCdnHttpsDomainList"
LIST = "QueryCertificateList"
DETAIL = "QueryCertificate"


@pytest.fixture
def sandbox() -> Iterator[Watch]:
    """A sandbox without limits."""
    with Watch(alicloud={"size": 40}, cdnetworks={"size": 6}) as sandbox:
        yield sandbox


@pytest.mark.parametrize("reach", [Reach.ATTEMPT, Reach.THROTTLED])
@pytest.mark.parametrize("hint", [None, 0.0, 5000.0])
def test_an_attempt_is_made_for_about_five_minutes(reach: Reach, hint: float | None) -> None:
    """The waits grow from a second to a minute; only a limit may ask for a longer one."""
    settings = {"access_key_id": "a", "access_key_secret": "b", "rate_limit_requests": 1}
    config = TapCDNCerts(config={"alicloud": settings}).config
    client: Client = PROVIDERS["alicloud"].CLIENT(config["alicloud"], Event())
    retry = client._retry
    (limit,) = client.limits[INFO]._limits
    state = RetryCallState(retry, None, (INFO,), {})
    waits = []
    while True:
        state.outcome = Future.construct(
            state.attempt_number, APIError("Code", "It failed.", reach, wait=hint), has_exception=True
        )
        if retry.stop(state):
            break
        paused = limit._paused_until
        wait = client._wait(state)
        waits.append(wait if reach is Reach.ATTEMPT else limit._paused_until - paused)
        limit._paused_until = 0.0
        state.attempt_number += 1
    assert len(waits) == 10
    if reach is Reach.ATTEMPT:
        assert 240 <= sum(waits) <= 600
        assert max(waits) <= 60
        if hint is None:
            assert 1 <= waits[0] <= 2
            assert 2 <= waits[1] <= 3


@pytest.mark.parametrize(
    ("arguments", "content", "words"),
    [
        ("--state", {"bookmarks": None}, "content.json is not one that this tap wrote"),
        ("--state", {"bookmarks": {"ssl_certificate": []}}, "content.json is not one that this tap wrote"),
        ("--catalog", {"streams": None}, "content.json is not a catalog"),
        ("--catalog", {"streams": [{}]}, "content.json is not a catalog"),
    ],
)
def test_a_file_that_is_not_the_taps_is_said(
    sandbox: Watch, tmp_path: Path, arguments: str, content: Any, words: str
) -> None:
    """A state or a catalog that somebody wrote by hand ends in a line, and not in a traceback."""
    path = tmp_path / "content.json"
    path.write_text(json.dumps(content))
    result = run(sandbox, tmp_path, arguments, str(path))
    assert result.returncode == 1
    assert words in result.stderr


def test_a_log_level_that_does_not_exist_is_said(sandbox: Watch, tmp_path: Path) -> None:
    """In one line, with those that do."""
    result = run(sandbox, tmp_path, env={"LOGLEVEL": "LOUD"})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "The log level is LOUD, not one of DEBUG, INFO, WARNING and ERROR.\n"
