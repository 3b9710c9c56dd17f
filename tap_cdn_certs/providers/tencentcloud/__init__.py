"""Tencent Cloud's SSL Certificate Service, CDN and EdgeOne: https://www.tencentcloud.com/document/product."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_cdn_certs.api.settings import common_settings, max_connections, products, string
from tap_cdn_certs.providers.tencentcloud import cdn, certificates, edgeone
from tap_cdn_certs.providers.tencentcloud.client import TencentCloudClient

SETTINGS = th.ObjectType(
    string("secret_id", "The SecretId of a CAM user's key.", required=True),
    string("secret_key", "The SecretKey.", required=True, secret=True),
    string("token", "The token of temporary credentials.", secret=True),
    # The provider allows 20 in most cases, and counts what the console and others ask for too.
    *common_settings(api_url=None, rate_limit_requests=10, rate_limit_period=1),
    products(
        *("ssl", "cdn", "edgeone", "deployments"),
        description="`ssl`, the certificates; the domains of `cdn` and of `edgeone`; `deployments` alone, "
        "the certificates with the domains that each is deployed to, by a key that may not read the domains",
    ),
    th.Property(
        "international",
        th.BooleanType,
        default=False,
        description="Whether the account is on the international site.",
    ),
    string("ssl_url", "The address of the SSL Certificate Service's API, instead of the site's."),
    string("cdn_url", "The address of CDN's API, instead of the site's."),
    string("teo_url", "The address of EdgeOne's API, instead of the site's."),
    th.Property(
        "domains",
        th.ArrayType(th.StringType),
        default=[],
        description="The domains of CDN to read, as globs such as `*.example.com`; all when empty.",
    ),
    th.Property(
        "zones",
        th.ArrayType(th.StringType),
        default=[],
        description="The zones of EdgeOne to read, by name or ID, as globs; all when empty.",
    ),
    max_connections(8),
    additional_properties=False,
)

CLIENT = TencentCloudClient
STREAMS = (*certificates.STREAMS, *cdn.STREAMS, *edgeone.STREAMS)
