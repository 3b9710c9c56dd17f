"""What the edge serves: TLS handshakes with the domains that the other providers list. See docs/edge.md."""

from __future__ import annotations

import ssl
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_cdn_certs.api.settings import max_connections
from tap_cdn_certs.providers.edge import certificates
from tap_cdn_certs.providers.edge.client import EdgeClient
from tap_cdn_certs.providers.edge.hosts import is_glob, is_host, place, routes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# It logs in nowhere: any setting turns it on.
LOGINS = (("domains",),)

SETTINGS = th.ObjectType(
    th.Property(
        "account",
        th.StringType(min_length=1),
        description="A label, in each record's `account`; without it those of the others, joined by `+`.",
    ),
    th.Property(
        "domains",
        th.ArrayType(th.StringType),
        default=[],
        description="Names to ask beside those that the providers list, and globs such as `*.example.com` "
        "that these have to match; all when empty.",
    ),
    th.Property(
        "port", th.IntegerType(minimum=1, maximum=65535), default=443, description="The port to connect to."
    ),
    th.Property(
        "connect_to",
        th.CustomType({"type": ["string", "object", "null"], "additionalProperties": {"type": "string"}}),
        description="Where to connect instead, as `host:port`, for all names or in an object by globs.",
    ),
    th.Property(
        "ca_bundle",
        th.StringType,
        description="A file of the CA certificates to trust, in PEM, instead of the system's.",
    ),
    th.Property(
        "allow_private",
        th.BooleanType,
        default=False,
        description="Whether addresses that are not public may be connected to, where names resolve to them.",
    ),
    th.Property(
        "timeout",
        th.NumberType(exclusive_minimum=0, maximum=300),
        default=10,
        description="The most seconds for a name, from resolving it to the end of the handshake.",
    ),
    # Each host gets one handshake. 64 connections reach this limit where that takes an eighth of a second; a
    # firewall or an address translation, which remembers every connection, may begin to drop some beyond it.
    th.Property(
        "rate_limit_requests",
        th.IntegerType(minimum=1),
        default=500,
        description="How many names may be asked, all together, in `rate_limit_period`.",
    ),
    th.Property(
        "rate_limit_period",
        th.NumberType(exclusive_minimum=0),
        default=1,
        description="The period of the limit, in seconds.",
    ),
    max_connections(64),
    additional_properties=False,
)


def mistakes(settings: Mapping[str, Any]) -> Iterator[str]:
    """What the schema of the settings cannot say is wrong with them."""
    if not find_spec("OpenSSL"):
        yield "edge needs the package pyOpenSSL: install tap-cdn-certs[edge]."
    for name in settings["domains"] if isinstance(settings.get("domains"), list) else ():
        if isinstance(name, str) and not (is_glob(name) or is_host(name)):
            yield f"edge.domains names {name}, which is neither a host nor a glob such as *.example.com."
    for glob, there in routes(settings.get("connect_to")):
        if not (isinstance(there, str) and place(there)):
            yield f"edge.connect_to names no host and port, 192.0.2.1:443 or [2001:db8::1]:443, for {glob}."
    if isinstance(bundle := settings.get("ca_bundle"), str):
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)
        except ssl.SSLError:
            yield "edge.ca_bundle holds no certificates in PEM."
        except OSError as error:
            yield f"edge.ca_bundle cannot be read: {error.strerror}."


CLIENT = EdgeClient
STREAMS = certificates.STREAMS
