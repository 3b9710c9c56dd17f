"""What each provider's accounts keep secret stays so, whatever is answered."""

from __future__ import annotations

import json
import traceback
from contextlib import suppress
from itertools import count, cycle
from threading import Event
from typing import TYPE_CHECKING

import pytest
from cases import APIS, EACH, EACH_LOGIN, only, pair, played, secrets, streams
from watched import forms, run

from sandbox import Fault
from sandbox.messages import RefusedError
from tap_cdn_certs.errors import APIError
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from pathlib import Path

    from watched import Watch

    from sandbox.messages import Call

# With every character that URLs, JSON, XML and HTML escape.
ODD = "s3cr3t+/=%&\"'<>\\{}~"
TOKEN = "s3cr3t/CAIS+token==" * 20
KEY_BLOCK = "-----BEGIN RSA PRIVATE KEY-----\nMIIs3cr3tkey\n-----END RSA PRIVATE KEY-----"


def echo(sandbox: Watch, provider: str, status: int, code: str, *secrets: str) -> None:
    """Let a provider answer with all it was sent, at each request in another form."""
    place = count()
    api = sandbox[provider]
    remember = api.authenticate

    def refuse(call: Call) -> None:
        before = set(sandbox.sent)
        with suppress(RefusedError):
            remember(call)
        told = sorted({*secrets, *(sandbox.sent - before)})
        words = [form for secret in told for form in sorted(forms(secret))]
        words.append(call.header("Authorization"))
        # Long messages are cut off: what comes first differs.
        start = next(place) % len(words)
        message = f"{' '.join(words[start:] + words[:start])} {KEY_BLOCK}"
        header = PROVIDERS[provider].CLIENT.request_id_header or "x-request-id"
        more = {name: value for each in api.more.values() for name, value in each.items()}
        raise RefusedError(status, code, message, {header: secrets[0]}, RequestId=f"R-{secrets[0]}", **more)

    api.authenticate = refuse  # type: ignore[method-assign]


@EACH_LOGIN
@pytest.mark.parametrize("meaning", ["credentials", "permission", "odd", "unauthorized", "secret"])
def test_an_echo_is_not_passed_on(tmp_path: Path, provider: str, login: str, meaning: str) -> None:
    """A provider that repeats secrets, signatures and keys in its errors, in any form, finds no ear."""
    refusal = APIS[provider].refusals.get(meaning)
    others = {"odd": (400, "Echo"), "unauthorized": (401, "x"), "secret": (400, ODD)}
    status, code = (refusal["status"], refusal["code"]) if refusal else others[meaning]
    own = dict(zip(secrets(provider, login), (ODD, TOKEN), strict=False))
    with only(provider, 6) as sandbox:
        echo(sandbox, provider, status, code, *own.values())
        config = sandbox.config(**{provider: login})
        config[provider] |= own
        result = run(sandbox, tmp_path, config=config, secrets=(*own.values(), "MIIs3cr3tkey"))
        assert sandbox.sent
    assert result.returncode == 1
    assert result.records["sync_errors"]
    assert "s3cr3t" not in json.dumps(result.records["sync_errors"])


@EACH_LOGIN
def test_an_echo_in_the_midst_of_a_sync_is_not_passed_on(tmp_path: Path, provider: str, login: str) -> None:
    """Where an operation gives the account's own credentials back; `run` looks for them."""
    api = APIS[provider]
    for operation in (*api.details, *api.lists, *api.nested):
        with only(provider, 20) as sandbox:
            # No tap can know those of another login.
            sandbox[provider].secrets = tuple(api.logins[login][name] for name in secrets(provider, login))
            sandbox.faults.add(Fault("echo", operation))
            result = run(sandbox, tmp_path, config=sandbox.config(**{provider: login}))
            assert sandbox.sent
        assert result.returncode == 1
        assert "Echo" in {row["code"] for row in result.records["sync_errors"]}


@EACH_LOGIN
def test_no_exception_holds_a_secret(provider: str, login: str) -> None:
    """Neither its text nor its causes, whatever the provider says."""
    own = dict(zip(secrets(provider, login), (ODD, TOKEN), strict=False))
    listing = next(stream.listing for stream in streams(provider))
    with only(provider, 1) as sandbox:
        config = sandbox.config(**{provider: login})
        config[provider] |= own
        client = PROVIDERS[provider].CLIENT(TapCDNCerts(config=config).config[provider], Event())
        echo(sandbox, provider, 400, ODD, *own.values())
        for _ in range(20):
            with pytest.raises(APIError) as raised:
                [*client.listing(listing)]
            error = raised.value
            shown = "".join(traceback.format_exception(error)) + repr(error) + str(error) + repr(vars(error))
            for secret in (*own.values(), *sandbox.sent):
                assert not any(form in shown for form in forms(secret)), shown
            assert "PRIVATE KEY" not in shown


@EACH_LOGIN
def test_half_a_secret_is_no_secret_told(tmp_path: Path, provider: str, login: str) -> None:
    """Where a long message is cut off, no part of a secret is left."""
    secret = "s3cr3t" + "0123456789abcdef" * 4
    lengths = cycle(range(430, 500, 7))

    def refuse(_: Call) -> None:
        raise RefusedError(400, "Echo", "x" * next(lengths) + f" the key {secret} is not right")

    with only(provider, 1) as sandbox:
        sandbox[provider].authenticate = refuse  # type: ignore[method-assign]
        config = sandbox.config(**{provider: login})
        config[provider][secrets(provider, login)[0]] = secret
        for _ in range(5):
            result = run(sandbox, tmp_path, config=config)
            assert "s3cr3t" not in result.stdout + result.stderr
            assert "0123456789" not in result.stdout + result.stderr


@EACH
def test_no_operation_that_returns_private_keys_is_called(tmp_path: Path, provider: str) -> None:
    """Whatever fails, nothing else is asked than what the sandbox plays."""
    with pair(provider, 20) as sandbox:
        sandbox.faults.add(Fault("error", probability=0.3, status=400, code="Odd"))
        run(sandbox, tmp_path)
        asked = {request.operation for request in sandbox[provider].requests}
        assert not sandbox.forbidden
        assert asked <= played(provider)
