"""Globex Edge, which does not exist: https://docs.globex.example/api."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from typing_extensions import override

from tap_cdn_certs.api.client import Client
from tap_cdn_certs.api.paging import Listing, Marker
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.api.settings import common_settings, max_connections
from tap_cdn_certs.api.signature import Token
from tap_cdn_certs.errors import Reach
from tap_cdn_certs.records.values import elements, end, required_identifier, text
from tap_cdn_certs.streams.detail_stream import DetailStream
from tap_cdn_certs.streams.list_stream import ListStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cdn_certs.records.values import Item, Record

SETTINGS = th.ObjectType(
    th.Property("api_token", th.StringType, required=True, secret=True, description="A token that may read."),
    *common_settings(api_url="https://api.globex.example", rate_limit_requests=60, rate_limit_period=10),
    max_connections(8),
    additional_properties=False,
)

CERTIFICATES = Listing(
    operation="ListCertificates",
    path="/v1/certificates",
    items="data",
    key="id",
    paging=Marker("next_cursor", "cursor", others={"limit": 50}),
    noun="certificates",
)


class GlobexClient(Client):
    """Requests to a Globex account."""

    provider = "globex"
    secret_settings = ("api_token",)
    request_id_header = "x-request-id"
    # One limit for all operations together.
    rate_limits: ClassVar = {"account": Limit()}
    error_at = ("error.code", "error.message")
    errors: ClassVar = {"not_found": Reach.GONE, "not_subscribed": Reach.INACTIVE}

    @override
    def auth(self, settings: Mapping[str, Any]) -> Token:
        return Token(settings["api_token"])


class GlobexCertificates(ListStream):
    """Certificates of a Globex account."""

    name = "globex_certificates"
    provider = "globex"
    primary_keys = ("account", "certificate_id")
    listing = CERTIFICATES

    @override
    def fields(self, item: Item) -> Record:
        return {
            "certificate_id": required_identifier(item, "id"),
            "name": text(item, "name"),
            "hosts": [name for host in elements(item, "hosts") if (name := text({"host": host}, "host"))]
            or None,
            "expires_at": end(item, "expires_at"),
        }


class GlobexDeployments(DetailStream):
    """Which domain a certificate of a Globex account serves."""

    name = "globex_deployments"
    provider = "globex"
    primary_keys = ("account", "certificate_id")
    operation = "GetDeployment"
    listing = CERTIFICATES
    path = "/v1/certificates/{key}/deployment"
    domain_fields = ("domains",)

    @override
    def fields(self, key: str, answer: Item) -> Record:
        deployment = self.seen(answer.get("deployment"), "deployment")
        return {
            "certificate_id": key,
            "domains": [
                name
                for domain in elements(deployment, "domains")
                if (name := text({"domain": domain}, "domain"))
            ]
            or None,
            "state": text(deployment, "state"),
        }


CLIENT = GlobexClient
STREAMS = (GlobexCertificates, GlobexDeployments)
