"""The API of Fastly TLS."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl

from sandbox.api import API
from sandbox.fastly.inventory import Account, Certificate
from sandbox.fastly.resources import activation, bulk_certificate, certificate, domain, paging, subscription
from sandbox.limits import Limit
from sandbox.messages import Answer, Call, Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sandbox.inventory import Inventory

JSON_API = "application/vnd.api+json"
FASTLY_KEY = "s3cr3t-fastly-token-0123456789ab"
CERTIFICATES, BULK = "ListTLSCertificates", "ListTLSBulkCertificates"
SUBSCRIPTIONS, DOMAINS, ACTIVATIONS = "ListTLSSubscriptions", "ListTLSDomains", "ListTLSActivations"
CREATED = ("created_at", "-created_at")
MAX_PAGE_SIZE = 100


class Listing(NamedTuple):
    """A list: its path, and the values that its parameters may have, the default order first."""

    path: str
    sort: tuple[str, ...] = ()
    include: tuple[str, ...] = ()


LISTS = {
    CERTIFICATES: Listing("/tls/certificates", CREATED[::-1], ("tls_activations",)),
    BULK: Listing("/tls/bulk/certificates", CREATED),
    SUBSCRIPTIONS: Listing("/tls/subscriptions", CREATED[::-1], ("tls_authorizations", "tls_certificates")),
    DOMAINS: Listing(
        "/tls/domains", ("id", "-id"), ("tls_activations", "tls_certificates", "tls_subscriptions")
    ),
    ACTIVATIONS: Listing("/tls/activations", (), ("tls_certificate", "tls_configuration", "tls_domain")),
}
PRIVATE_KEYS = "ListTLSPrivateKeys"


class Fastly(API[Certificate]):
    """The API of Fastly TLS."""

    provider = "fastly"
    size = 24
    holds = "certificates of each kind on Fastly"
    demo: ClassVar[Mapping[str, Any]] = {"size": 8}
    lists = (CERTIFICATES, BULK, SUBSCRIPTIONS, DOMAINS)
    supplements = (ACTIVATIONS,)
    optional = (BULK,)
    details = ()
    # Of those it says what they are, and nobody needs it.
    never = frozenset({PRIVATE_KEYS})
    logins: ClassVar[Mapping[str, Mapping[str, str]]] = {"token": {"api_token": FASTLY_KEY}}
    secrets = (FASTLY_KEY,)
    refusals: ClassVar[Mapping[str, Refusal]] = {
        "credentials": Refusal(
            status=401, code="Provided credentials are missing or invalid", message="Unauthorized"
        ),
        "permission": Refusal(
            status=403, code="Forbidden", message="You are not authorized to perform this action"
        ),
        "gone": Refusal(status=404, code="Not found", message="Couldn't find the record"),
    }
    throttled = Refusal(
        status=429, code="Too many requests", message="You have exceeded your hourly rate limit"
    )
    hints: Mapping[str, str] = {**API.hints, "Fastly-RateLimit-Reset": "{epoch:.0f}"}
    limits: Mapping[str, Limit] = {"account": Limit(900, 3600)}
    unseen: Mapping[str, str] = {
        f"fastly_tls_{stream}.deleted_at": "what is deleted is not listed"
        for stream in ("certificates", "subscriptions")
    }

    account: Account
    bare = False
    """Whether answers lack `meta` and `links`, as some recorded ones do."""
    including = True
    """Whether answers include what they are asked to."""
    linked = True
    """Whether the activations that an answer includes name their certificates."""
    together = False
    """Whether the certificates of subscriptions are listed with the uploaded ones as well."""
    platform = True
    """Whether the account has Platform TLS."""

    def stock(self, size: int) -> Inventory[Certificate]:
        """Return the uploaded certificates of an account."""
        self.account = Account(size, self.state.seed, self.state.now)
        return self.account.certificates

    def inventory_of(self, operation: str) -> Inventory[Any]:
        """Return what an operation lists."""
        account = self.account
        held: dict[str, Inventory[Any]] = {
            CERTIFICATES: account.certificates,
            BULK: account.bulk,
            SUBSCRIPTIONS: account.subscriptions,
            DOMAINS: account.domains,
            ACTIVATIONS: account.activations,
        }
        return held[operation]

    def records(self, operation: str) -> list[str]:
        """Return the certificates of all kinds, or what else an operation lists."""
        if operation != CERTIFICATES:
            return super().records(operation)
        bulk = self.account.bulk.keys() if self.platform else []
        return [*self.account.certificates.keys(), *bulk, *(each.certificate_id for each in self.managed())]

    def managed(self) -> list[Certificate]:
        """Return the certificates of subscriptions."""
        return [each for subscription in self.account.subscriptions for each in subscription.certificates]

    def sent(self, call: Call) -> set[str]:
        """Return what of a call no log should hold."""
        return super().sent(call) | ({call.header("Fastly-Key")} - {""})

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation that a path means."""
        if call.path == "/tls/private_keys":
            return PRIVATE_KEYS, ""
        return next((name for name, each in LISTS.items() if call.path == each.path), call.path), ""

    def authenticate(self, call: Call) -> None:
        """Check the token."""
        if call.header("Fastly-Key") != FASTLY_KEY:
            self.refuse("credentials")

    def operate(self, call: Call) -> Answer:
        """Answer one of the operations that the sandbox knows."""
        operation = call.entry.operation
        if operation not in LISTS or (operation == BULK and not self.platform):
            self.refuse("gone" if operation not in LISTS else "permission")
        if call.request.method != "GET":
            raise RefusedError(405, "Method not allowed", f"The sandbox reads, and {operation} does.")
        if JSON_API not in call.header("Accept"):
            raise RefusedError(406, "Not acceptable", f"The Accept header has to name {JSON_API}.")
        parameters = self.parameters(call)
        items = self.sorted(operation, parameters)
        # 0 is the first page, too.
        number, size = max(int(parameters["page[number]"]), 1), int(parameters["page[size]"])
        page = items[(number - 1) * size : number * size]
        content: dict[str, Any] = {"data": self.resources(operation, page)}
        include = parameters.get("include")
        if include and self.including:
            content["included"] = self.included(include, page)
        if not self.bare:
            content |= paging(LISTS[operation].path, parameters, number, size, len(items))
        answer = Answer.json(200, content, JSON_API)
        if number == 1:
            self.listed(operation)
        return answer

    def parameters(self, call: Call) -> dict[str, str]:
        """Return the parameters of a call, with their defaults."""
        operation = call.entry.operation
        given = dict(parse_qsl(call.query, keep_blank_values=True))
        known = LISTS[operation]
        parameters = {"page[number]": "1", "page[size]": "20", **given}
        if known.sort:
            parameters.setdefault("sort", known.sort[0])
        allowed = {
            "page[number]": parameters["page[number]"].isdecimal(),
            "page[size]": parameters["page[size]"].isdecimal()
            and 1 <= int(parameters["page[size]"]) <= MAX_PAGE_SIZE,
            "sort": parameters.get("sort") in known.sort,
            "include": parameters.get("include") in known.include,
        }
        for name in parameters:
            if not allowed.get(name):
                raise RefusedError(400, "Bad request", f"{name} is not valid for {operation}.")
        return parameters

    def sorted(self, operation: str, parameters: Mapping[str, str]) -> list[Any]:
        """Return what an operation lists, in the order asked for."""
        items: list[Any] = list(self.inventory_of(operation))
        if operation == CERTIFICATES and self.together:
            items += self.managed()
        order = parameters.get("sort", "")
        if order.endswith("created_at"):
            items.sort(key=lambda item: item.created_at)
        elif order:
            items.sort(key=lambda item: item.domain_name)
        return items[::-1] if order.startswith("-") else items

    def resources(self, operation: str, page: list[Any]) -> list[dict[str, Any]]:
        """Return the resources of a page."""
        if operation == DOMAINS:
            activations: defaultdict[str, list[str]] = defaultdict(list)
            for each in self.account.activations:
                activations[each.domain_name].append(each.activation_id)
            return [domain(item, activations[item.domain_name]) for item in page]
        renders: dict[str, Callable[[Any], dict[str, Any]]] = {
            CERTIFICATES: certificate,
            BULK: bulk_certificate,
            SUBSCRIPTIONS: subscription,
            ACTIVATIONS: activation,
        }
        return [renders[operation](item) for item in page]

    def included(self, include: str, page: Iterable[Any]) -> list[dict[str, Any]]:
        """Return what the resources of a page name."""
        if include == "tls_certificates":
            return [certificate(each) for item in page for each in getattr(item, "certificates", [])]
        names = {getattr(item, "domain_name", "") for item in page}
        found = [activation(each) for each in self.account.activations if each.domain_name in names]
        if not self.linked:
            for each in found:
                del each["relationships"]
        return found if include == "tls_activations" else []

    def render(self, call: Call, error: RefusedError) -> Answer:
        """Return an error as JSON:API has it or, where nobody is logged in, as older operations do."""
        del call
        if error.status == 401:
            return Answer.json(error.status, {"msg": error.code, "detail": error.message, **error.details})
        said = {"title": error.code, "detail": error.message, "status": str(error.status)}
        return Answer.json(error.status, {"errors": [{**said, **error.details}]}, JSON_API)
