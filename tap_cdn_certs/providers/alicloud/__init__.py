"""Alibaba Cloud CDN and DCDN: https://www.alibabacloud.com/help/en/cdn/developer-reference."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_cdn_certs.api.settings import address, common_settings, max_connections, products
from tap_cdn_certs.providers.alicloud import cdn, credentials, dcdn
from tap_cdn_certs.providers.alicloud.client import AlicloudClient

SETTINGS = th.ObjectType(
    *credentials.SETTINGS,
    *common_settings(api_url="https://cdn.aliyuncs.com", rate_limit_requests=100, rate_limit_period=1),
    products("cdn", "dcdn", description="the products `cdn` and `dcdn`"),
    address("dcdn_url", "https://dcdn.aliyuncs.com", "The address of DCDN's API."),
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
STREAMS = (*cdn.STREAMS, *dcdn.STREAMS)
mistakes = credentials.mistakes
