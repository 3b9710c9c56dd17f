"""Amazon CloudFront, with the certificates of ACM and IAM: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_cdn_certs.api.settings import common_settings, max_connections, string
from tap_cdn_certs.providers.aws import certificates, cloudfront
from tap_cdn_certs.providers.aws.client import PARTITIONS, AWSClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Or none of them: credentials that the AWS CLI would find.
LOGINS = (("access_key_id", "access_key_secret"), ("profile",), ("role_arn",))

SETTINGS = th.ObjectType(
    string(
        "access_key_id", "An access key's ID; without one, credentials are looked for as the AWS CLI does."
    ),
    string("access_key_secret", "The access key's secret.", secret=True),
    string("session_token", "The session token of temporary credentials.", secret=True),
    string("profile", "The profile in the AWS configuration files, instead of a key."),
    string("role_arn", "A role to assume with those credentials, by its ARN."),
    th.Property(
        "instance_metadata",
        th.BooleanType,
        default=False,
        description="Whether the role of the EC2 instance may be used, which its metadata is asked for.",
    ),
    th.Property(
        "partition",
        th.StringType(allowed_values=[*PARTITIONS]),
        default="aws",
        description="`aws`, or `aws-cn` for an account in China, where all certificates are in IAM.",
    ),
    *common_settings(api_url=None, rate_limit_requests=10, rate_limit_period=1),
    max_connections(16),
    additional_properties=False,
)


def mistakes(settings: Mapping[str, Any]) -> Iterator[str]:
    """What the schema of the settings cannot say is wrong with them."""
    if not find_spec("botocore"):
        yield "aws needs the package botocore: install tap-cdn-certs[aws]."
    key, key_secret, token = map(settings.get, ("access_key_id", "access_key_secret", "session_token"))
    if key is None and (key_secret or token):
        yield "aws.access_key_id is missing."
    if key_secret is None and (key or token):
        yield "aws.access_key_secret is missing."
    # Those of temporary credentials, and no others, begin so.
    if str(key).startswith("ASIA") and token is None:
        yield "aws.session_token is missing: the access key is temporary."
    if key and settings.get("profile"):
        yield "aws takes either access_key_id and access_key_secret, or profile: both are given."


CLIENT = AWSClient
STREAMS = (*certificates.STREAMS, *cloudfront.STREAMS)
