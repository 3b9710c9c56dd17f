"""Alibaba Cloud CDN: https://www.alibabacloud.com/help/en/cdn/developer-reference."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_cdn_certs.api.settings import common_settings, max_connections
from tap_cdn_certs.providers.alicloud import cdn, credentials
from tap_cdn_certs.providers.alicloud.client import AlicloudClient

SETTINGS = th.ObjectType(
    *credentials.SETTINGS,
    *common_settings(api_url="https://cdn.aliyuncs.com", rate_limit_requests=100, rate_limit_period=1),
    th.Property(
        "domains",
        th.ArrayType(th.StringType),
        default=[],
        description="The domains to read, as globs such as `*.example.com`; all when empty.",
    ),
    max_connections(),
    additional_properties=False,
)

CLIENT = AlicloudClient
STREAMS = cdn.STREAMS
mistakes = credentials.mistakes
