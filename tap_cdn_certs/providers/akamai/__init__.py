"""Akamai, with the certificates of its Certificate Provisioning System (CPS): https://techdocs.akamai.com/cps/reference/api."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_cdn_certs.api.settings import common_settings, max_connections, products, string
from tap_cdn_certs.providers.akamai import certificates, hostnames
from tap_cdn_certs.providers.akamai.client import AkamaiClient
from tap_cdn_certs.providers.akamai.edgerc import LOGINS as LOGINS
from tap_cdn_certs.providers.akamai.edgerc import mistakes as mistakes

_account, _, *_limit = common_settings(
    api_url=None, rate_limit_requests=35, rate_limit_period=60, limited="for all operations of CPS together"
)

SETTINGS = th.ObjectType(
    string("client_token", "The client token of an API client.", secret=True),
    string("client_secret", "Its client secret.", secret=True),
    string("access_token", "Its access token.", secret=True),
    string("edgerc", "A file with these and the host, such as `~/.edgerc`, instead of them."),
    th.Property("section", th.StringType, default="default", description="The section of that file."),
    string(
        "account_switch_key",
        "The key of another account that the API client may read; the `account_key` of `edgerc` without it.",
    ),
    products(
        "cps",
        "hostnames",
        unasked=2,
        description="`cps`: certificates and enrollments; `hostnames`: what the properties serve",
    ),
    th.Property(
        "contract_ids",
        th.ArrayType(th.StringType(pattern=r"^\S+$")),
        default=[],
        description="The contracts to read; all when empty, which needs the grant of `hostnames`, too.",
    ),
    _account,
    string(
        "api_url",
        "The API client's address, `https://….luna.akamaiapis.net`; the `host` of `edgerc` without it.",
    ),
    *_limit,
    max_connections(8),
    additional_properties=False,
)

CLIENT = AkamaiClient
STREAMS = (*certificates.STREAMS, *hostnames.STREAMS)
