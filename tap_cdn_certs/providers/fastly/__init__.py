"""Fastly TLS: https://www.fastly.com/documentation/reference/api/tls/."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_cdn_certs.api.settings import common_settings
from tap_cdn_certs.providers.fastly import tls
from tap_cdn_certs.providers.fastly.client import FastlyClient

SETTINGS = th.ObjectType(
    th.Property(
        "api_token",
        th.StringType,
        required=True,
        secret=True,
        description="An API token with the scope `global:read`.",
    ),
    # The documents limit writes alone, to 1,000 an hour.
    *common_settings(api_url="https://api.fastly.com", rate_limit_requests=900, rate_limit_period=3600),
    additional_properties=False,
)

CLIENT = FastlyClient
STREAMS = tls.STREAMS
