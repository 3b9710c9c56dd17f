"""Requests to a Fastly account: https://www.fastly.com/documentation/reference/api/."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_cdn_certs.api.answer import MAX_WAIT
from tap_cdn_certs.api.client import Client, Refusal
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.api.signature import Token
from tap_cdn_certs.errors import APIError, Reach

if TYPE_CHECKING:
    import requests

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.host import Host
    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.records.values import Item

WAIT = 60.0  # seconds, where the limit was met and the answer does not say how long
BULK_CERTIFICATES = "ListTLSBulkCertificates"
PERMISSION = "a token, fastly.api_token, with the scope global:read for all services, whose user may read TLS"
NOT_THERE = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class FastlyClient(Client):
    """Requests to a Fastly account."""

    provider = "fastly"
    secret_settings = ("api_token",)
    rate_limits: ClassVar = {"account": Limit()}

    @override
    def auth(self, settings: Mapping[str, Any]) -> Token:
        return Token(settings["api_token"], header="Fastly-Key", scheme="")

    @override
    def ask(
        self, operation: str, path: str = "", parameters: Parameters | None = None, url: str | None = None
    ) -> requests.Request:
        request = super().ask(operation, path, parameters, url)
        request.headers = {"Accept": "application/vnd.api+json"}
        return request

    @override
    def refusal(self, body: Item) -> Refusal | None:
        # {"errors": [{"title", "detail"}]} or, of older operations, {"msg", "detail"}.
        errors = body.get("errors")
        error = (errors[0] if isinstance(errors, list) and errors else errors) or body
        said = error if isinstance(error, Mapping) else {"title": error}
        code = said.get("title") or said.get("msg") or said.get("detail")
        return Refusal(quoted(code), quoted(said.get("detail") or "")) if code else None

    @override
    def fail(self, operation: str, host: Host, answer: Answer) -> APIError:
        # So are accounts answered that have no Platform TLS.
        if operation == BULK_CERTIFICATES and answer.status in NOT_THERE:
            message = (
                f"fastly answered {operation} with HTTP {answer.status}: the account has no Platform TLS, so "
                "that there are no bulk certificates. If it has, see what fastly.api_token may read."
            )
            return APIError(f"HTTP {answer.status}", message, Reach.INACTIVE)
        error = super().fail(operation, host, answer)
        if answer.status == HTTPStatus.FORBIDDEN:
            error.reach = Reach.STREAM
            error.message = f"{error.message.rstrip('.')}. {operation} needs {PERMISSION}."
        return error

    @override
    def wait_hint(self, answer: Answer) -> float | None:
        if answer.status != HTTPStatus.TOO_MANY_REQUESTS or answer.wait() is not None:
            return answer.wait()
        reset = answer.headers.get("Fastly-RateLimit-Reset", "").strip()
        # Seconds since 1970, by the provider's clock.
        left = float(reset) - time.time() - answer.skew() if reset.isdecimal() else WAIT
        return min(max(left, 0.0), MAX_WAIT)
