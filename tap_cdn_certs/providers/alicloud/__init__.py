"""Alibaba Cloud CDN, DCDN, ESA and Certificate Management Service: https://www.alibabacloud.com/help/en/cdn/developer-reference."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_cdn_certs.api.settings import address, addresses, common_settings, max_connections, products
from tap_cdn_certs.providers.alicloud import cas, cdn, credentials, dcdn, esa
from tap_cdn_certs.providers.alicloud.client import AlicloudClient

SETTINGS = th.ObjectType(
    *credentials.SETTINGS,
    *common_settings(api_url="https://cdn.aliyuncs.com", rate_limit_requests=100, rate_limit_period=1),
    products("cdn", "dcdn", "cas", "esa", description="the products `cdn`, `dcdn`, `cas` and `esa`"),
    address("dcdn_url", "https://dcdn.aliyuncs.com", "The address of DCDN's API."),
    addresses(
        "cas_urls",
        ["https://cas.aliyuncs.com", "https://cas.ap-southeast-1.aliyuncs.com"],
        "The addresses of the Certificate Management Service's API: of both of its sites.",
    ),
    address("esa_url", "https://esa.cn-hangzhou.aliyuncs.com", "The address of ESA's API."),
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
STREAMS = (*cdn.STREAMS, *dcdn.STREAMS, *cas.STREAMS, *esa.STREAMS)
LOGINS = credentials.LOGINS
mistakes = credentials.mistakes
