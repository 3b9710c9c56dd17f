"""What goes wrong at each provider, and how far it reaches: the other one goes on."""

from __future__ import annotations

import re
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from cases import (
    APIS,
    EACH,
    EACH_DETAIL,
    EACH_LOGIN,
    EACH_NEEDED,
    LOGINS,
    asked_by,
    assert_everything_arrived,
    assert_others_complete,
    connected,
    each_that_refuses,
    names,
    only,
    pair,
    secrets,
    stream_of,
    streams,
)
from watched import run

from sandbox import Fault
from tap_cdn_certs.providers import PROVIDERS

if TYPE_CHECKING:
    from pathlib import Path

# What another attempt mends, at most a second each.
TRANSIENT: dict[str, dict[str, Any]] = {
    "reset_before": {},
    "html_502": {},
    "garbage": {},
    "truncated": {},
    "reset_within": {},
    "html_503": {},
    "short": {},
    "timeout": {"seconds": 1},
    "slow": {"seconds": 0.5},
    "content_type": {},
    "redirect": {},
    "error": {"code": "InternalError"},
}
NO_FAILURE = {"slow", "content_type"}


@EACH
def test_each_fault_alone_costs_an_attempt(tmp_path: Path, provider: str) -> None:
    """A key for each kind, and the first answer of each list: asked for again, and nothing is missing."""
    with only(provider, 20) as sandbox:
        struck = []
        for operation in (*APIS[provider].details, *APIS[provider].nested):
            # A dear stream asks for one after another.
            some = [*TRANSIENT][: 3 if stream_of(provider, operation).dear else None]
            keys = asked_by(provider, sandbox, operation)
            struck += [(operation, *key) for key in zip(keys, some, strict=False)]
        broken = cycle(("truncated", "html_503", "reset_within"))
        struck += [
            (operation, "", kind) for operation, kind in zip(APIS[provider].lists, broken, strict=False)
        ]
        for operation, key, kind in struck:
            sandbox.faults.add(Fault(kind, operation, key, times=1, **TRANSIENT[kind]))
        result = run(sandbox, tmp_path, config=connected(sandbox, provider, 32))
        assert_everything_arrived(sandbox, result)
        for operation, key, kind in struck:
            assert sandbox.count(operation, key or None) >= 1 + (kind not in NO_FAILURE), (operation, kind)
            assert operation not in APIS[provider].details or sandbox.count(operation, key) <= 2


@EACH
def test_a_hint_is_waited_out(tmp_path: Path, provider: str) -> None:
    """With each kind of hint, nothing is asked again before the time that it names."""
    api = APIS[provider]
    operations = [*api.details, *api.nested, *api.lists]
    hints = [hint for _, hint in zip(range(max(len(api.hints), len(operations))), cycle(api.hints))]
    with only(provider, 3) as sandbox:
        cases = []
        for number, (operation, hint) in enumerate(zip(cycle(operations), hints, strict=False)):
            key = "" if operation in api.lists else asked_by(provider, sandbox, operation)[number]
            cases.append((operation, key))
            sandbox.faults.add(Fault("throttle", *cases[-1], times=1, hint=hint, wait=2))
        result = run(sandbox, tmp_path)
        assert_everything_arrived(sandbox, result)
        for case in cases:
            first, second, *_ = (
                request.time for request in sandbox.requests if (request.operation, request.key) == case
            )
            # Without the hint, it would be asked sooner.
            assert 2 <= second - first < 5


@EACH_DETAIL
@pytest.mark.parametrize("strict", [False, True])
def test_one_key_refused_is_one_row(tmp_path: Path, provider: str, operation: str, *, strict: bool) -> None:
    """The others arrive; the row says what, where, why and when; only `strict` makes the tap fail."""
    stream = stream_of(provider, operation)
    with pair(provider, 6) as sandbox:
        refused, gone, *_ = sandbox[provider].keys(operation)
        rest = {*sandbox[provider].records(operation)} - {refused, gone}
        sandbox.faults.add(
            Fault("error", operation, refused, status=400, code="Odd.Thing", message="No such thing."),
            Fault("error", operation, gone, **APIS[provider].refusals["gone"]),
        )
        result = run(sandbox, tmp_path, config={**sandbox.config(), "strict": strict})
    assert result.returncode == int(strict)
    assert result.by_key(stream.name).keys() == rest
    (row,) = result.records["sync_errors"]
    said = (row["provider"], row["account"], row["stream"], row["operation"], row["key"], row["code"])
    assert said == (provider, "default", stream.name, operation, refused, "Odd.Thing")
    assert "No such thing." in row["message"]
    assert row["synced_at"] <= row["occurred_at"]
    assert row["request_id"] or not PROVIDERS[provider].CLIENT.request_id_header
    (line,) = (line for line in result.logged("WARNING") if f" {refused} could not be read" in line)
    assert row["message"] in line
    assert_others_complete(provider, result)
    assert (result.syncs[stream.name]["failed"], result.syncs[stream.name]["skipped"]) == (1, 1)


@EACH_NEEDED
def test_an_operation_refused_leaves_the_others(tmp_path: Path, provider: str, operation: str) -> None:
    """Its streams are given up soon, all others arrive; the tap fails at the end and says which it was."""
    refusal = APIS[provider].refusals["permission"]
    with pair(provider, 40, latency=0.02) as sandbox:
        sandbox.faults.add(Fault("error", operation, **refusal))
        result = run(sandbox, tmp_path, config=connected(sandbox, provider, 4))
        assert sandbox.count(operation) < 20
    assert result.returncode == 1
    refused = names(provider, operation)
    assert_others_complete(provider, result, *refused)
    assert {stream for stream, key in result.errors if key == "*"} == refused
    for stream in refused:
        row = result.errors[stream, "*"]
        assert (row["code"], row["operation"]) == (refusal["code"], operation)
        assert operation in row["message"]
    assert len(result.logged("ERROR")) <= len(refused)


@EACH_DETAIL
def test_keys_refused_here_and_there_are_not_a_stream_refused(
    tmp_path: Path, provider: str, operation: str
) -> None:
    """Every second one of 40 fails: the other 20 arrive."""
    with only(provider, 40) as sandbox:
        keys = sandbox[provider].keys(operation)
        others = {*sandbox[provider].records(operation)} - {*keys[::2]}
        sandbox.faults.add(
            *(Fault("error", operation, key, status=400, code=f"Odd{key}") for key in keys[::2])
        )
        result = run(sandbox, tmp_path)
    stream = stream_of(provider, operation).name
    assert result.returncode == 0
    assert result.syncs[stream]["complete"]
    assert result.by_key(stream).keys() == others
    # The log says so of a few, `sync_errors` of all.
    assert (result.syncs[stream]["failed"], len(result.logged("WARNING"))) == (20, 10)


WRONG = [(*login, setting) for login in LOGINS for setting in secrets(*login)]


@pytest.mark.parametrize(("provider", "login", "setting"), WRONG)
def test_wrong_credentials_stop_their_provider_at_once(
    tmp_path: Path, provider: str, login: str, setting: str
) -> None:
    """A request or two, one message that names the settings, and the other provider's streams."""
    with pair(provider, 6) as sandbox:
        config = sandbox.config(**{provider: login})
        config[provider][setting] = "s3cr3t-wrong"
        result = run(sandbox, tmp_path, config=config)
        assert len(sandbox[provider].requests) <= 3
    assert result.returncode == 1
    (said,) = (line for line in result.logged("ERROR") if f"{provider}.{setting}" in line)
    assert "Request ID" in said or not PROVIDERS[provider].CLIENT.request_id_header
    assert_others_complete(provider, result, *names(provider))
    assert result.errors.keys() == {(stream, "*") for stream in names(provider)}


@EACH_DETAIL
def test_credentials_that_are_withdrawn_end_their_provider(
    tmp_path: Path, provider: str, operation: str
) -> None:
    """In the midst of a sync: what was read is kept, and no more is asked."""
    with pair(provider, 200, latency=0.005) as sandbox:
        later = sandbox[provider].keys(operation)[50:]
        refusal = APIS[provider].refusals["credentials"]
        sandbox.faults.add(*(Fault("error", operation, key, **refusal) for key in later))
        result = run(sandbox, tmp_path, config=connected(sandbox, provider, 4))
        assert sandbox.count(operation) < 150
    assert result.returncode == 1
    stream = stream_of(provider, operation).name
    assert result.errors.keys() >= {(stream, "*")}
    assert {key for _, key in result.errors} == {"*"}
    assert not {*later} & result.by_key(stream).keys()


CLOCKS = [login for login in LOGINS if "clock" in APIS[login[0]].refusals]


@pytest.mark.parametrize("offset", [-2000.0, 3000.0])
@pytest.mark.parametrize(("provider", "login"), CLOCKS)
def test_a_clock_that_is_off_is_named_with_its_skew(
    tmp_path: Path, provider: str, login: str, offset: float
) -> None:
    """The message says by how many seconds, and in which direction."""
    with only(provider, 3) as sandbox:
        sandbox.clock_offset = offset
        result = run(sandbox, tmp_path, config=sandbox.config(**{provider: login}))
        assert len(sandbox.requests) <= 2
    assert result.returncode == 1
    (said,) = (line for line in result.logged("ERROR") if "clock" in line)
    skew = re.search(r"this clock is (\d+) s (behind|ahead of)", said)
    assert skew
    assert abs(int(skew[1]) - abs(offset)) <= 2
    assert skew[2] == ("behind" if offset > 0 else "ahead of")


@each_that_refuses("inactive")
def test_a_product_that_is_not_activated_is_no_failure(tmp_path: Path, provider: str) -> None:
    """Its streams are empty, a warning says why, and the tap succeeds."""
    api = APIS[provider]
    with pair(provider, 6) as sandbox:
        sandbox.faults.add(*(Fault("error", each, **api.refusals["inactive"]) for each in api.lists))
        result = run(sandbox, tmp_path)
    assert result.returncode == 0
    assert not result.logged("ERROR")
    assert any("not activated" in line for line in result.logged("WARNING"))
    assert_others_complete(provider, result)
    assert all(result.syncs[stream.name]["listed"] == 0 for stream in streams(provider))


@EACH_LOGIN
def test_the_test_says_whether_credentials_suffice(tmp_path: Path, provider: str, login: str) -> None:
    """`--test` gives each provider its verdict, soon, and an exit code to all."""
    with pair(provider, 20) as sandbox:
        config = sandbox.config(**{provider: login})
        result = run(sandbox, tmp_path, "--test", config=config)
        assert result.returncode == 0
        assert f"{provider}: the credentials and permissions suffice." in result.stderr
        assert len(sandbox.requests) < 100
        config[provider][secrets(provider, login)[0]] = "s3cr3t-wrong"
        result = run(sandbox, tmp_path, "--test", config=config)
    assert result.returncode == 1
    assert result.stderr.count("the credentials and permissions suffice.") == 1
    assert f"{provider}: NOT ready: {min(names(provider))}" in result.stderr


@EACH_NEEDED
def test_the_test_says_which_permission_is_lacking(tmp_path: Path, provider: str, operation: str) -> None:
    """Of each operation that the streams need."""
    with pair(provider, 20) as sandbox:
        sandbox.faults.add(Fault("error", operation, **APIS[provider].refusals["permission"]))
        result = run(sandbox, tmp_path, "--test")
    assert result.returncode == 1
    (verdict,) = (line for line in result.stderr.splitlines() if f"{provider}: NOT ready" in line)
    assert stream_of(provider, operation).name in verdict
    assert operation in verdict
