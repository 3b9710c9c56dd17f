"""Asking a provider, whichever it is: several hosts of one account, what may be said, what nobody reads."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from answering import serving
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from watched import forms

from tap_cdn_certs.api.answer import Answer
from tap_cdn_certs.api.client import Client
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.api.secrets import without_secrets
from tap_cdn_certs.api.signature import Token
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.records.seen import LONGEST, MOST, Names, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TOKEN = "s3cr3t-token-of-globex-0123456789"


class GlobexClient(Client):
    """An account that is asked at several addresses."""

    provider = "globex"
    secret_settings = ("api_token",)
    url_settings = ("api_url", "edge_urls")
    rate_limits: ClassVar = {"account": Limit()}
    error_at = ("error.code", "error.message")

    def auth(self, settings: Mapping[str, Any]) -> Token:
        """A token."""
        return Token(settings["api_token"])


@contextmanager
def answering(status: int, content: object) -> Iterator[str]:
    """The address of a server that answers everything with the same."""
    with serving(status, json.dumps(content).encode()) as (url, _):
        yield url


def client(*urls: str) -> GlobexClient:
    """A client of an API and its edges."""
    settings = {"api_token": TOKEN, "rate_limit_requests": 100, "rate_limit_period": 1}
    made = GlobexClient({**settings, "api_url": urls[0], "edge_urls": [*urls[1:]]}, Event())
    made.patience = 0.5
    return made


def failure(asked: GlobexClient, url: str) -> APIError:
    """What keeps something from being read there."""
    request = asked.ask("GetThing", "/thing")
    request.url = f"{url}/thing"
    with pytest.raises(APIError) as raised:
        asked.request("GetThing", request, lambda body: body)
    return raised.value


def test_a_host_that_is_not_reached_ends_nothing_at_the_others() -> None:
    """Of several addresses of an account, each is found out for itself, and named by its own setting."""
    with answering(200, {"thing": 1}) as url:
        asked = client(url, "http://127.0.0.1:9", f"{url}/edge")
        error = failure(asked, "http://127.0.0.1:9")
        assert error.reach is Reach.HOST
        assert error.message.endswith("Check the setting globex.edge_urls.")
        assert failure(asked, "http://127.0.0.1:9") is error
        assert asked.request("GetThing", asked.ask("GetThing", "/thing"), dict) == {"thing": 1}
        assert asked.refused is None
        assert asked.host(f"{url}/edge/thing") is not asked.host(f"{url}/thing")


def test_credentials_that_are_refused_end_everything() -> None:
    """At all addresses: they are the same there."""
    refusal = {"error": {"code": "unauthorized", "message": f"The token {TOKEN} is not valid."}}
    with answering(401, refusal) as url, answering(200, {}) as other:
        asked = client(url, other)
        error = failure(asked, url)
        assert error.reach is Reach.PROVIDER
        assert error.code == "unauthorized"
        assert error.message.endswith("not valid. Check the setting globex.api_token.")
        assert failure(asked, other) is error


@pytest.mark.parametrize(
    ("status", "content", "reach", "code"),
    [
        (403, {"error": {"code": "no", "message": "Not for you."}}, Reach.KEY, "no"),
        (401, {}, Reach.PROVIDER, "HTTP 401"),
        (429, {"error": {"code": "slow", "message": "x"}}, Reach.THROTTLED, "slow"),
        (500, {"error": {"code": "broken", "message": "x"}}, Reach.ATTEMPT, "broken"),
        (200, {"error": {"code": "odd", "message": "An error in a success."}}, Reach.KEY, "odd"),
        (403, {"error": "a text"}, Reach.ATTEMPT, "HTTP 403"),
    ],
)
def test_what_a_provider_says_has_a_meaning_unless_it_says_another(
    status: int, content: object, reach: Reach, code: str
) -> None:
    """By the status, where the client does not know the code."""
    with answering(status, content) as url:
        error = failure(client(url), url)
    assert (error.reach, error.code) == (reach, code)


def test_a_key_that_is_wrong_is_no_clock_that_is() -> None:
    """A provider to which no time is signed does not mind any."""
    with serving(401, b"{}", {"Date": "Thu, 01 Jan 2015 00:00:00 GMT"}) as (url, _):
        assert "the credentials are not valid" in failure(client(url), url).message


def test_a_setting_that_no_header_can_hold_is_said() -> None:
    """As what it is, once, and without it."""
    with answering(200, {}) as url:
        asked = client(url)
        asked._auth = Token("s3cr3t-密钥")
        error = failure(asked, url)
        assert (error.code, error.reach) == ("InvalidHeader", Reach.PROVIDER)
        assert "s3cr3t" not in str(error)
        assert failure(asked, url) is error


def test_a_wait_may_be_till_a_time() -> None:
    """By the provider's clock; one that is over is none, and what is no time says nothing."""
    date = "Thu, 01 Jan 2099 00:00:00 GMT"
    for written, wait in {"Thu, 01 Jan 2099 00:00:04 GMT": 4, date: 0, "soon": None, "": None}.items():
        told = Answer(429, CaseInsensitiveDict({"Date": date, "Retry-After": written}), b"").wait()
        assert told == (wait if wait is None else pytest.approx(wait, abs=1))


def test_an_error_is_of_the_operation_that_failed() -> None:
    """Also where it keeps another one from being asked for."""
    with answering(401, {"error": {"code": "unauthorized", "message": "x"}}) as url:
        asked = client(url)
        failure(asked, url)
        with pytest.raises(APIError) as raised:
            asked.request("GetOther", asked.ask("GetOther", "/other"), dict)
    assert raised.value.operation == "GetThing"


SPELLINGS = [
    "Signature={}",
    "signature={}",
    "X-Amz-Signature={}&X-Amz-Date=1",
    "the signature: {}",
    '{{"signature": "{}"}}',
    "security_token={}",
    "x-amz-security-token:{}",
    "Authorization: Bearer {}",
    "Bearer {}",
    "api_key={}",
    "apikey: {}",
    "client-secret = {}",
]


@given(st.sampled_from(SPELLINGS), st.from_regex(r"\A[A-Za-z0-9+/_.-]{20,60}={0,2}\Z"))
def test_what_is_named_as_a_secret_is_not_said(spelling: str, secret: str) -> None:
    """In any spelling, also if it is of a request that somebody else made."""
    assert secret not in without_secrets(f"It is {spelling.format(secret)} there.", [], {})


# No setting holds anything else.
printable = st.text(st.characters(exclude_categories=["Cs"]).filter(str.isprintable), min_size=8, max_size=30)


@given(printable.map(str.strip).filter(lambda secret: len(secret) > 6), st.data())
def test_what_was_set_is_not_said(secret: str, data: st.DataObject) -> None:
    """A setting, as URLs, JSON and HTML write it."""
    form = data.draw(st.sampled_from(sorted(forms(secret))))
    assert form not in without_secrets(f"You sent {form}!", [secret], {}).replace("You sent", "")


@given(printable.map(str.strip).filter(lambda secret: len(secret) > 6), st.integers(0, 5), st.integers(0, 5))
def test_what_was_set_is_not_said_in_base64(secret: str, before: int, after: int) -> None:
    """Wherever it begins in something else; of its first and last octets a few bits may be left."""
    begin, end = (4 * (octets // 3) for octets in (before, before + len(secret.encode())))
    for encode in (b64encode, urlsafe_b64encode):
        form = encode(bytes(before) + secret.encode() + bytes(after)).decode()
        said = without_secrets(f"You sent {form}!", [secret], {})
        assert form[begin + 3 : end] not in said
        assert said.startswith(f"You sent {form[:begin]}")
        assert said.endswith("!")


@pytest.mark.parametrize("header", ["Authorization", "X-Auth-Token", "Fastly-Key", "x-amz-security-token"])
def test_a_token_in_any_header_is_not_said(header: str) -> None:
    """Credentials that come from elsewhere than the settings are known by what was sent."""
    said = without_secrets(
        f"No such key: {TOKEN}.", [], {header: f"Scheme {TOKEN}", "Host": "api.globex.example"}
    )
    assert said == "No such key: ***."


def test_who_asked_for_what_is_not_said() -> None:
    """The ARNs of an account's users, and of what they may not read."""
    message = (
        "User: arn:aws:sts::123456789012:assumed-role/ci/me is not authorized to perform: "
        "acm:DescribeCertificate on resource: arn:aws-cn:acm:cn-north-1:123456789012:certificate/1-2, denied"
    )
    assert without_secrets(message, [], {}) == (
        "User: *** is not authorized to perform: acm:DescribeCertificate on resource: ***, denied"
    )


@pytest.mark.parametrize(
    "message",
    [
        "Specified signature is not matched with our calculation.",
        "The token is not valid: it ended yesterday.",
        "signature=short",
        "Required header: Authorization",
        "api.globex.example answered at 2026-11-25T22:00:00Z",
    ],
)
def test_what_is_no_secret_is_said(message: str) -> None:
    """Words about secrets, dates and hosts help people."""
    sent = {"Authorization": f"Bearer {TOKEN}", "Host": "api.globex.example", "Date": "2026-11-25T22:00:00Z"}
    assert without_secrets(message, [TOKEN], sent) == message


def test_the_names_that_nobody_reads_are_known() -> None:
    """In objects and lists of objects too, each once, whatever was read of other items."""
    names = Names()
    for number in range(3):
        item = Seen(
            {"id": number, "new": 1, "parts": [{"a": 1, "b": {"c": 2}}], "more": {"d": 3}}, names, print
        )
        assert item.get("id") == number
        part = item.get("parts")[0]
        assert part.get("a") == 1
        assert part.get("b").get("c") == 2
        assert part.get("missing", "default") == "default"
    assert names.unread == {"new", "more"}
    item.get("more")
    assert names.unread == {"new", "more.d"}


def test_names_without_end_are_not_all_kept() -> None:
    """An answer may have as many, and as long ones, as it likes."""
    names = Names()
    for number in range(3):
        Seen({f"{number}-{name}": 1 for name in range(MOST)}, names, print)
    Seen({"x" * (LONGEST + 1): 1}, names, print)
    assert len(names.unread) <= 2 * MOST
    assert max(map(len, names.unread)) <= LONGEST
