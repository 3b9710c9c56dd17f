"""The services of AWS that are asked, and how each is: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cdn_certs.api.paging import Parameters

# With the version that its paths, and its documents, begin with.
CLOUDFRONT = "/2020-05-31"
NAMESPACE = f"http://cloudfront.amazonaws.com/doc{CLOUDFRONT}/"
TENANTS = "ListDistributionTenants"

TARGET = "X-Amz-Target"
FORM = "application/x-www-form-urlencoded"


class Service(NamedTuple):
    """A service: its host, and the region that it is signed for."""

    name: str
    host: str
    region: str


# In China, CloudFront has no certificates of ACM.
PARTITIONS: Mapping[str, Mapping[str, Service]] = {
    partition: {service.name: service for service in services}
    for partition, services in {
        "aws": (
            # Only here CloudFront looks for certificates.
            Service("acm", "acm.us-east-1.amazonaws.com", "us-east-1"),
            Service("cloudfront", "cloudfront.amazonaws.com", "us-east-1"),
            Service("iam", "iam.amazonaws.com", "us-east-1"),
        ),
        "aws-cn": (
            Service("cloudfront", "cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
            Service("iam", "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ),
    }.items()
}


def service_of(operation: str) -> str:
    """The service that has an operation."""
    if "ServerCertificate" in operation:
        return "iam"
    return "cloudfront" if "Distribution" in operation else "acm"


def request_of(operation: str, url: str, path: str, parameters: Parameters) -> requests.Request:
    """The request of an operation, as its service wants it."""
    match service_of(operation):
        case "acm":
            headers = {
                "Content-Type": "application/x-amz-json-1.1",
                TARGET: f"CertificateManager.{operation}",
            }
            return requests.Request("POST", url, headers, data=json.dumps(parameters))
        case "iam":
            form = urlencode({"Action": operation, "Version": "2010-05-08", **parameters})
            return requests.Request("POST", url, {"Content-Type": FORM}, data=form)
        case _ if operation == TENANTS:
            fields = "".join(
                f"<{name}>{escape(str(parameters[name]))}</{name}>"
                for name in ("Marker", "MaxItems")
                if name in parameters
            )
            body = f'<{operation}Request xmlns="{NAMESPACE}">{fields}</{operation}Request>'
            return requests.Request("POST", url + path, {"Content-Type": "application/xml"}, data=body)
        case _:
            return requests.Request("GET", url + path, params=dict(parameters))


def signed_for(request: requests.PreparedRequest) -> str:
    """The service that a request is for, which its address need not tell."""
    if TARGET in request.headers:
        return "acm"
    return "iam" if request.headers.get("Content-Type") == FORM else "cloudfront"
