"""Requests to an Alibaba Cloud account: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from typing_extensions import override

from tap_cdn_certs.api.answer import MAX_WAIT
from tap_cdn_certs.api.client import Client, Refusal
from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.errors import Reach
from tap_cdn_certs.providers.alicloud.login import Login
from tap_cdn_certs.providers.alicloud.signature import ACS3HMACSHA256

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.errors import APIError
    from tap_cdn_certs.records.values import Item

# Where a key is known that the default address does not know.
ELSEWHERE = (
    " If the account is on the international site, set alicloud.api_url to "
    "https://cdn.ap-southeast-1.aliyuncs.com."
)


class Product(NamedTuple):
    """An API of the provider.

    Args:
        setting: That has its address, or its addresses.
        version: Of the API.
        action: How a RAM policy names it.
        operations: Those that are asked for, as globs.
        method: Of the requests.
    """

    setting: str
    version: str
    action: str
    operations: tuple[str, ...]
    method: str = "POST"


PRODUCTS = (
    Product("api_url", "2018-05-10", "cdn", ("DescribeUserDomains", "DescribeDomainCert*", "DescribeCdn*")),
)

# A `Code` of these is not an error: other products of the provider have it in every answer.
SUCCESS = frozenset({"0", "200", "ok", "success"})

# What a temporary key is refused with once its time is over.
ENDED = "InvalidSecurityToken.Expired"

NOT_ACTIVATED = re.compile(r"ServiceNotFound|service.*\bnot\b|\bnot\b.*service", re.IGNORECASE)


class AlicloudClient(Client):
    """Requests to an Alibaba Cloud account, in the RPC style."""

    provider = "alicloud"
    secret_settings = ("access_key_secret", "security_token")
    request_id_header = "x-acs-request-id"
    url_settings = tuple(product.setting for product in PRODUCTS)
    # By code, or by the part of a code before its first dot. Others concern one key, or are retried if 5xx.
    errors: ClassVar = {
        "Throttling": Reach.THROTTLED,
        "Rejected.Throttling": Reach.THROTTLED,
        "FlowControlError": Reach.THROTTLED,
        "ServiceBusy": Reach.THROTTLED,
        "SignatureNonceUsed": Reach.ATTEMPT,
        "ServiceUnavailable": Reach.ATTEMPT,
        "InternalError": Reach.ATTEMPT,
        "InvalidTimeStamp": Reach.PROVIDER,
        "SignatureDoesNotMatch": Reach.PROVIDER,
        "IncompleteSignature": Reach.PROVIDER,
        "InvalidAccessKeyId": Reach.PROVIDER,
        "InvalidSecurityToken": Reach.PROVIDER,
        "MissingSecurityToken": Reach.PROVIDER,
        "InvalidDomain.NotFound": Reach.GONE,
        "CdnServiceNotFound": Reach.INACTIVE,
    }
    # A status says less than the code that comes with it.
    credentials_refused = ()

    @property
    @override
    def credentials(self) -> str:
        return self._login.named()

    @override
    def auth(self, settings: Mapping[str, Any]) -> ACS3HMACSHA256:
        self._login = Login(settings, self.secrets)
        return ACS3HMACSHA256(self._login)

    @override
    def renews(self, error: APIError, sent: Mapping[str, str]) -> bool:
        return error.code == ENDED and self._login.renew(sent.get("x-acs-security-token"))

    @override
    def address_setting(self, operation: str) -> str:
        return product_of(operation).setting

    @override
    def ask(
        self, operation: str, path: str = "", parameters: Parameters | None = None, url: str | None = None
    ) -> requests.Request:
        request = super().ask(operation, f"{path}/", parameters, url)
        product = product_of(operation)
        request.method = product.method
        request.headers = {"x-acs-action": operation, "x-acs-version": product.version}
        return request

    @override
    def refusal(self, body: Item) -> Refusal | None:
        code = body.get("Code") or ""
        if not code or str(code).lower() in SUCCESS:
            return None
        request_id = quoted(body["RequestId"]) if body.get("RequestId") else None
        return Refusal(quoted(code), quoted(body.get("Message", "")), request_id)

    @override
    def reach(self, refusal: Refusal, status: int) -> Reach:
        if refusal.code.startswith("OperationDenied") and NOT_ACTIVATED.search(refusal.message):
            return Reach.INACTIVE
        return super().reach(refusal, status)

    @override
    def wait_hint(self, answer: Answer) -> float | None:
        milliseconds = re.search(r"TimeLeft:(\d+)", answer.headers.get("x-ratelimit-user-api", ""))
        hints = (
            answer.wait("x-acs-retry-after", unit=0.001),
            min(float(milliseconds[1]) / 1000, MAX_WAIT) if milliseconds else None,
            answer.wait(),
        )
        return next((hint for hint in hints if hint is not None), None)

    @override
    def is_of_the_clock(self, refusal: Refusal, skew: float) -> bool:
        return refusal.code.startswith("InvalidTimeStamp")

    @override
    def explanation(self, operation: str, refusal: Refusal, reach: Reach, skew: float) -> str:
        said = super().explanation(operation, refusal, reach, skew)
        if refusal.code.startswith("InvalidAccessKeyId"):
            return said + ELSEWHERE
        if refusal.code.startswith(("Forbidden", "NoPermission")):
            action = f"{product_of(operation).action}:{operation}"
            return (
                f"{said} The RAM user lacks the action {action}: add it to its policy, or leave the "
                "domains it may not read out of the setting alicloud.domains."
            )
        return said


def product_of(operation: str) -> Product:
    """The product that an operation is of."""
    return next(
        product
        for product in PRODUCTS
        if any(fnmatchcase(operation, pattern) for pattern in product.operations)
    )
