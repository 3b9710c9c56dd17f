"""Requests to a CDNetworks account: https://docs.cdnetworks.com/en/cdn/apidocs."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_cdn_certs.api.answer import parse_json
from tap_cdn_certs.api.client import Client
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.api.xml import is_xml
from tap_cdn_certs.errors import Reach, Refusal, meanings
from tap_cdn_certs.providers.cdnetworks.signature import CNCHMACSHA256, CDNetworksBasic
from tap_cdn_certs.providers.cdnetworks.xml import parse_xml

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests
    from requests.auth import AuthBase

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.records.values import Item

# How the code of an error begins that has none, but a status, which says no more.
GATEWAY = "status "
# Documented with answers in XML; the others are in JSON.
IN_XML = "/api/ssl/certificate"
MAX_SKEW = 300.0  # seconds between two clocks that the provider does not mind

# CDN Pro's code for credentials that may not read it, and for an account that does not have it.
DENIED = "AccessDenied"
NOT_ENABLED = re.compile(r"not\b.{0,20}\b(?:enabled|activated|subscribed|opened|purchased)", re.IGNORECASE)


class CDNetworksClient(Client):
    """Requests to a CDNetworks account."""

    provider = "cdnetworks"
    secret_settings = ("api_key", "access_key_secret")
    request_id_header = "x-cnc-request-id"
    # In a period of the settings, as its documents have it: 300 in 5 minutes.
    rate_limits: ClassVar = {"operation": Limit(each=True), "account": Limit(300)}
    errors: ClassVar = meanings(
        {
            Reach.THROTTLED: "WPLUS_AccountApiTooFrequence",
            Reach.GONE: "NoSuchSsl NoSuchDomain InvalidCertId",
        }
    )
    credentials_refused = (HTTPStatus.UNAUTHORIZED, 462)

    @property
    @override
    def credentials(self) -> str:
        if isinstance(self._auth, CDNetworksBasic):
            return "cdnetworks.username and cdnetworks.api_key"
        return "cdnetworks.access_key_id and cdnetworks.access_key_secret"

    @override
    def auth(self, settings: Mapping[str, Any]) -> AuthBase:
        if settings.get("username"):
            return CDNetworksBasic(settings["username"], settings["api_key"])
        return CNCHMACSHA256(settings["access_key_id"], settings["access_key_secret"])

    @override
    def ask(
        self, operation: str, path: str = "", parameters: Parameters | None = None, url: str | None = None
    ) -> requests.Request:
        request = super().ask(operation, path, parameters, url)
        if path.startswith(IN_XML):
            request.headers = {"Accept": "application/xml"}
        return request

    @override
    def parse(self, answer: Answer) -> Item:
        return (parse_xml if is_xml(answer) else parse_json)(answer.content, answer.max_tokens)

    @override
    def refusal(self, body: Item) -> Refusal | None:
        message = quoted(body.get("message") or body.get("result") or "")
        code = body.get("code")
        if code is not None:
            return None if str(code).lower() in {"0", "success"} else Refusal(quoted(code), message)
        # This is how the provider's gateway puts it.
        is_gateway = {"status", "result"} <= body.keys()
        return Refusal(quoted(f"{GATEWAY}{body['status']}"), message) if is_gateway else None

    @override
    def reach(self, refusal: Refusal, status: int) -> Reach:
        if refusal.code == DENIED and NOT_ENABLED.search(refusal.message):
            return Reach.INACTIVE
        return super().reach(refusal, status)

    @override
    def explanation(self, operation: str, refusal: Refusal, reach: Reach, skew: float) -> str:
        explanation = super().explanation(operation, refusal, reach, skew)
        if refusal.code == DENIED and reach is Reach.KEY:
            explanation += (
                " The account may not have CDN Pro, or the credentials may not read it: ask the provider, "
                f"or leave pro out of {self.provider}.products."
            )
        return explanation

    @override
    def is_of_the_clock(self, refusal: Refusal, skew: float) -> bool:
        return abs(skew) > MAX_SKEW

    @override
    def refused_with(self, operation: str, refusal: Refusal) -> str:
        if refusal.code.startswith(GATEWAY):
            return f"The gateway of {self.provider} refused {operation}"
        return super().refused_with(operation, refusal)
