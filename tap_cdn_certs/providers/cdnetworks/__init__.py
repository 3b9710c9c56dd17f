"""CDNetworks, and Wangsu, which is the same platform: https://docs.cdnetworks.com/en/cdn/apidocs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_cdn_certs.api.settings import common_settings, products, string
from tap_cdn_certs.providers.cdnetworks import certificates, domains, pro
from tap_cdn_certs.providers.cdnetworks.client import CDNetworksClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOGINS = (("username", "api_key"), ("access_key_id", "access_key_secret"))

# The products by which a domain is known to have no certificate.
DOMAINS = ("domains", "domain_certificates")

SETTINGS = th.ObjectType(
    string("username", "The account's name; with `api_key`."),
    string("api_key", "The account's API key.", secret=True),
    string(
        "access_key_id", "The access key (AK); with `access_key_secret`, instead of `username` and `api_key`."
    ),
    string("access_key_secret", "The secret key (SK).", secret=True),
    *common_settings(api_url="https://api.cdnetworks.com", rate_limit_requests=10, rate_limit_period=300),
    products(
        "certificates",
        *DOMAINS,
        "pro",
        description="`certificates`; `domains`, whether or not they have one; `domain_certificates`, all "
        "that each domain is configured with; `pro`, the certificates of CDN Pro",
    ),
    th.Property(
        "certificate_ids",
        th.ArrayType(th.StringType),
        default=[],
        description="The identifiers of the certificates to read, not of CDN Pro's; all when empty.",
    ),
    th.Property(
        "max_details",
        th.IntegerType(minimum=0),
        description="The most detail requests of one sync, for each stream; what is left waits for the next.",
    ),
    additional_properties=False,
)


def mistakes(settings: Mapping[str, Any]) -> Iterator[str]:
    """What the schema of the settings cannot say is wrong with them."""
    given = [pair for pair in LOGINS if any(settings.get(name) is not None for name in pair)]
    ways = "either username and api_key, or access_key_id and access_key_secret"
    if len(given) != 1:
        yield f"cdnetworks takes {ways}: {'both are' if given else 'neither is'} given."
    for pair in given:
        yield from (f"cdnetworks.{name} is missing." for name in pair if settings.get(name) is None)
    if ":" in str(settings.get("username", "")):
        yield "cdnetworks.username holds a colon, which no user name has."
    named = settings.get("products")
    of_domains = [name for name in DOMAINS if isinstance(named, list) and name in named]
    if settings.get("certificate_ids") and of_domains:
        yield (
            "cdnetworks.certificate_ids leaves certificates out, whose domains would seem to have none: "
            f"leave it empty, or {' and '.join(of_domains)} out of cdnetworks.products."
        )


CLIENT = CDNetworksClient
STREAMS = (*certificates.STREAMS, *domains.STREAMS, *pro.STREAMS)
