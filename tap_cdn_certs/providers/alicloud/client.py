"""Requests to an Alibaba Cloud account: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from typing_extensions import override

from tap_cdn_certs.api.answer import MAX_WAIT
from tap_cdn_certs.api.client import Client
from tap_cdn_certs.api.rate_limit import Limit
from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.errors import Reach, Refusal, meanings
from tap_cdn_certs.providers.alicloud.login import Login
from tap_cdn_certs.providers.alicloud.signature import ACS3HMACSHA256

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.paging import Parameters
    from tap_cdn_certs.errors import APIError
    from tap_cdn_certs.records.values import Item

# Where a key is known that the default address does not know, by the setting of the address.
ELSEWHERE = {
    "api_url": " If the account is on the international site, set alicloud.api_url to "
    "https://cdn.ap-southeast-1.aliyuncs.com."
}


class Product(NamedTuple):
    """An API of the provider.

    Args:
        name: In the setting `products`.
        setting: That has its address, or its addresses.
        version: Of the API.
        action: How a RAM policy names it.
        operations: Those that are asked for, as globs.
        selected_by: The setting that selects what is read of it, if there is one.
        method: Of the requests.
    """

    name: str
    setting: str
    version: str
    action: str
    operations: tuple[str, ...]
    selected_by: str | None = None
    method: str = "POST"


PRODUCTS = (
    Product(
        "cdn",
        "api_url",
        "2018-05-10",
        "cdn",
        ("DescribeUserDomains", "DescribeDomainCert*", "DescribeCdn*"),
        selected_by="domains",
    ),
    Product("dcdn", "dcdn_url", "2018-01-15", "dcdn", ("DescribeDcdn*",), selected_by="domains"),
    Product("cas", "cas_urls", "2020-04-07", "yundun-cert", ("ListUserCertificateOrder",)),
    Product("esa", "esa_url", "2024-09-10", "esa", ("ListSites",), method="GET"),
    Product("esa", "esa_url", "2024-09-10", "esa", ("ListCertificates",)),
)

# A `Code` of these is not an error: other products of the provider have it in every answer.
SUCCESS = frozenset({"0", "200", "ok", "success"})

# What a temporary key is refused with once its time is over.
ENDED = "InvalidSecurityToken.Expired"

# By the end of a code, or by what an `OperationDenied` says.
INACTIVE = ("ServiceNotFound", "NotActivated")
NOT_ACTIVATED = re.compile(r"ServiceNotFound|service.*\bnot\b|\bnot\b.*service", re.IGNORECASE)


class AlicloudClient(Client):
    """Requests to an Alibaba Cloud account, in the RPC style."""

    provider = "alicloud"
    secret_settings = ("access_key_secret", "security_token")
    request_id_header = "x-acs-request-id"
    url_settings = tuple(dict.fromkeys(product.setting for product in PRODUCTS))
    # Those that the provider documents below that of the settings.
    rate_limits: ClassVar = {
        "DescribeDcdnUserDomains": Limit(80, 1.0, ("DescribeDcdnUserDomains",)),
        # Its page says 100, the table of quotas 50.
        "DescribeDcdnHttpsDomainList": Limit(50, 1.0, ("DescribeDcdnHttpsDomainList",)),
        "ListUserCertificateOrder": Limit(10, 1.0, ("ListUserCertificateOrder",)),
        # Those of ESA are not documented: what is the lowest elsewhere is kept.
        "esa": Limit(10, 1.0, ("ListSites", "ListCertificates"), each=True),
        **Client.rate_limits,
    }
    # By code, or by the part of a code before its first dot. Others concern one key, or are retried if 5xx.
    errors: ClassVar = meanings(
        {
            Reach.THROTTLED: "Throttling Rejected.Throttling FlowControlError ServiceBusy",
            Reach.ATTEMPT: "SignatureNonceUsed ServiceUnavailable InternalError",
            Reach.PROVIDER: "InvalidTimeStamp SignatureDoesNotMatch IncompleteSignature InvalidAccessKeyId "
            "InvalidSecurityToken MissingSecurityToken",
            Reach.GONE: "InvalidDomain.NotFound SiteNotFound",
        }
    )
    unknown = frozenset({"InvalidAccessKeyId"})
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
        denied = refusal.code.startswith("OperationDenied") and NOT_ACTIVATED.search(refusal.message)
        if denied or refusal.code.endswith(INACTIVE):
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
            return said + ELSEWHERE.get(product_of(operation).setting, "")
        if refusal.code.startswith(("Forbidden", "NoPermission")):
            product = product_of(operation)
            narrower = f"alicloud.{product.selected_by}"
            narrow = (
                f"leave what it may not read out of the setting {narrower}, " if product.selected_by else ""
            )
            return (
                f"{said} The RAM user lacks the action {product.action}:{operation}: add it to its policy, "
                f"{narrow}or take {product.name} out of the setting alicloud.products."
            )
        return said


def product_of(operation: str) -> Product:
    """The product that an operation is of."""
    return next(
        product
        for product in PRODUCTS
        if any(fnmatchcase(operation, pattern) for pattern in product.operations)
    )
