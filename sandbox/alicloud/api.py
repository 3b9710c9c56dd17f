"""The gateway of Alibaba Cloud: it checks signatures, and passes each request on to its product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote
from uuid import uuid4

from sandbox.alicloud import signature
from sandbox.alicloud.cas import CAS
from sandbox.alicloud.cdn import CDN
from sandbox.alicloud.dcdn import DCDN
from sandbox.alicloud.domains import GONE
from sandbox.alicloud.esa import ESA
from sandbox.alicloud.product import Asked
from sandbox.alicloud.signature import KEY, STS, AccessKey
from sandbox.api import API
from sandbox.limits import Limit
from sandbox.messages import Answer, Call, Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.alicloud.product import Product
    from sandbox.inventory import Inventory
    from sandbox.state import State

PRODUCTS: tuple[type[Product], ...] = (CDN, DCDN, CAS, ESA)
"""The first is read where none is named. Each is a file."""
BY_OPERATION = {
    operation: product
    for product in PRODUCTS
    for operation in (*product.lists, *product.details, *product.nested)
}
JSON = "application/json;charset=utf-8"


class AlibabaCloud(API[Any]):
    """The APIs of Alibaba Cloud's products, for one account."""

    provider = "alicloud"
    size = 1200
    holds = "domains on each product of Alibaba Cloud"
    products = tuple(product.name for product in PRODUCTS)
    demo: ClassVar[Mapping[str, Any]] = {"size": 150, "products": products}
    lists = tuple(operation for product in PRODUCTS for operation in product.lists)
    details = tuple(operation for product in PRODUCTS for operation in product.details)
    nested: ClassVar[Mapping[str, str]] = {
        operation: keys for product in PRODUCTS for operation, keys in product.nested.items()
    }
    never = frozenset(operation for product in PRODUCTS for operation in product.never)
    logins: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "access_key": {"access_key_id": KEY.id, "access_key_secret": KEY.secret},
        "sts": {
            "access_key_id": STS.id,
            "access_key_secret": STS.secret,
            "security_token": str(STS.token),
        },
    }
    secrets: tuple[str, ...] = (KEY.secret, STS.secret, str(STS.token))
    refusals: ClassVar[Mapping[str, Refusal]] = {
        **signature.REFUSALS,
        "permission": Refusal(
            status=403,
            code="Forbidden.RAM",
            message="User not authorized to operate on the specified resource.",
        ),
        "gone": GONE,
        "inactive": CDN.inactive,
    }
    throttled = Refusal(
        status=400, code="Throttling.User", message="Request was denied due to user flow control."
    )
    hints: Mapping[str, str] = {
        **API.hints,
        "x-acs-retry-after": "{milliseconds:.0f}",
        "x-ratelimit-user-api": "Limit:1,Remain:0,TimeLeft:{milliseconds:.0f},Reset:1",
    }
    more: Mapping[str, Mapping[str, Any]] = {
        "Forbidden.RAM": {"AccessDeniedDetail": {"AuthPrincipalOwnerId": "1234567890", "PolicyType": "None"}},
    }
    unseen: Mapping[str, str] = {field: why for product in PRODUCTS for field, why in product.unseen.items()}
    limits: Mapping[str, Limit] = {
        "operation": Limit(100, 1, each=True),
        **{name: limit for product in PRODUCTS for name, limit in product.limits.items()},
    }

    def __init__(self, state: State, **options: Any) -> None:
        super().__init__(state, **options)
        self.issued: dict[str, AccessKey] = {}

    def issue(self, seconds: float) -> AccessKey:
        """Issue a temporary key, which is refused once so many seconds are over."""
        token, end = f"s3cr3t-token-{uuid4().hex}", self.state.time() + seconds
        key = AccessKey(f"STS.s3cr3t{uuid4().hex}", f"s3cr3t-secret-{uuid4().hex}", token, end)
        self.issued[key.id] = key
        self.secrets += (key.secret, token)
        return key

    def stock(self, size: int) -> Inventory[Any]:
        """Return the inventory of the first product that the account has; each has so many keys."""
        self.active = {
            product.name: product(self.state, size) for product in PRODUCTS if product.name in self.asked_for
        }
        return next(iter(self.active.values())).inventory

    def product(self, operation: str) -> Product:
        """Return the product that an operation is of, if the account has activated it."""
        product = BY_OPERATION[operation]
        if product.name not in self.active:
            raise RefusedError(**product.inactive)
        return self.active[product.name]

    def inventory_of(self, operation: str) -> Inventory[Any]:
        """Return what an operation lists."""
        return self.product(operation).inventory_of(operation)

    def keys(self, operation: str) -> list[str]:
        """Return the keys that an operation lists, or may be asked for."""
        return self.product(operation).keys(operation)

    def config(self, login: str | None = None) -> dict[str, Any]:
        """Return the tap's settings, with the addresses of the products."""
        urls = {product.setting: product.addresses(self.url) for product in self.active.values()}
        return {**super().config(login), **urls}

    def sent(self, call: Call) -> set[str]:
        """Return what of a call no log should hold: a temporary token too."""
        token = call.header("x-acs-security-token")
        return super().sent(call) | ({token} if token else set())

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation named by the header, and what it is about."""
        operation = call.header("x-acs-action")
        product = BY_OPERATION.get(operation, PRODUCTS[0])
        return operation, self.parameters(call).get(product.key, "")

    def parameters(self, call: Call) -> dict[str, str]:
        """Return the parameters of the query and of a form."""
        form = call.body.decode(errors="replace") if "form" in call.header("Content-Type") else ""
        return dict(signature.parameters(call.query) + signature.parameters(form))

    def authenticate(self, call: Call) -> None:
        """Check the signature, whose nonce is good once."""
        signature.check(call, self.state.time(), self.issued)
        if not self.once(call.header("x-acs-signature-nonce"), signature.MINUTES_15):
            self.refuse("repeated")

    def operate(self, call: Call) -> Answer:
        """Answer an operation that the sandbox knows, where its product is and in its version."""
        operation = call.entry.operation
        if operation in self.never:
            raise RefusedError(403, "Forbidden.RAM", "The sandbox gives no private keys.")
        made = BY_OPERATION.get(operation)
        if made is None or call.header("x-acs-version") != made.version or call.path not in made.paths:
            message = "Specified api is not found, please check your url and method."
            raise RefusedError(404, "InvalidAction.NotFound", message)
        if operation in made.get_only and call.request.method != "GET":
            raise RefusedError(405, "UnsupportedHTTPMethod", "This http method is not supported.")
        answered = self.product(operation).operations[operation](Asked(call.path, self.parameters(call)))
        content = {**answered, "RequestId": str(uuid4()).upper()}
        answer = Answer.json(200, content, JSON)
        if 1 in {content.get("PageNumber"), content.get("CurrentPage")}:
            self.listed(operation)
        return answer

    def render(self, call: Call, error: RefusedError) -> Answer:
        """Return an error of the gateway or of an operation."""
        product = BY_OPERATION.get(call.entry.operation, PRODUCTS[0])
        content = {
            "Code": error.code,
            "Message": error.message,
            "RequestId": str(uuid4()).upper(),
            "HostId": call.request.host,
            "Recommend": f"https://api.alibabacloud.com/troubleshoot?q={quote(error.code)}&product={product.code}",
            **error.details,
        }
        return Answer.json(error.status, content, JSON)
