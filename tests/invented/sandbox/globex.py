"""Globex Edge, which does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote
from uuid import uuid4

from sandbox import api
from sandbox.chains import pool
from sandbox.inventory import Inventory
from sandbox.limits import Limit
from sandbox.messages import Answer, Call, Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

LIST, DEPLOYMENT = "ListCertificates", "GetDeployment"
BEARER = "s3cr3t-globex-token-0123456789"


@dataclass(slots=True)
class Certificate:
    """A certificate, and where it is."""

    certificate_id: str
    name: str
    hosts: list[str]
    expires_at: datetime
    domains: list[str]


class API(api.API[Certificate]):
    """The API of Globex Edge."""

    provider = "globex"
    size = 30
    holds = "certificates on Globex"
    lists = (LIST,)
    details = (DEPLOYMENT,)
    never = frozenset({"GetKey"})
    logins: ClassVar[Mapping[str, Mapping[str, str]]] = {"token": {"api_token": BEARER}}
    secrets = (BEARER,)
    refusals: ClassVar[Mapping[str, Refusal]] = {
        "credentials": Refusal(status=401, code="unauthorized", message="The token is not valid."),
        "permission": Refusal(status=403, code="forbidden", message="The token lacks the scope read."),
        "gone": Refusal(status=404, code="not_found", message="There is no such certificate."),
        "inactive": Refusal(status=403, code="not_subscribed", message="The account has no Edge."),
    }
    throttled = Refusal(status=429, code="too_many", message="Slow down.")
    limits: Mapping[str, Limit] = {"account": Limit(60, 10)}

    def stock(self, size: int) -> Inventory[Certificate]:
        """Return an inventory of so many certificates."""
        odd, zones = pool(self.state.seed, self.state.now)
        chains = odd + [chain for pair in zones.values() for chain in pair]
        inventory = Inventory[Certificate]("certificate_id")
        for number in range(size):
            chain = chains[number % len(chains)]
            name = f"d{number}.{chain.common_name.removeprefix('*.')}"
            inventory.add(
                Certificate(f"crt-{number}", name, [*chain.names], chain.not_after, [name][: number % 3])
            )
        return inventory

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation and the certificate that the path names."""
        match call.path.split("/"):
            case ["", "v1", "certificates"]:
                return LIST, ""
            case ["", "v1", "certificates", key, "deployment"]:
                return DEPLOYMENT, unquote(key)
            case ["", "v1", "certificates", key, "key"]:
                return "GetKey", unquote(key)
        return "", ""

    def authenticate(self, call: Call) -> None:
        """Check the token."""
        if call.header("Authorization") != f"Bearer {BEARER}":
            self.refuse("credentials")

    def operate(self, call: Call) -> Answer:
        """Answer an operation."""
        match call.entry.operation:
            case "ListCertificates":
                return self.certificates(call)
            case "GetDeployment":
                return self.deployment(call.entry.key)
        raise RefusedError(404, "no_such_path", "There is no such path.")

    def certificates(self, call: Call) -> Answer:
        """ListCertificates."""
        query = call.request.query
        start, limit = int(query.get("cursor", "0")), min(int(query.get("limit", "10")), 50)
        # A cursor is the number of a certificate: one that goes moves no other to a page before.
        numbers = {int(each.certificate_id.removeprefix("crt-")): each for each in self.inventory}
        left = sorted(number for number in numbers if number >= start)
        items = [
            {
                "id": each.certificate_id,
                "name": each.name,
                "hosts": each.hosts,
                "expires_at": each.expires_at.astimezone(UTC).isoformat(),
            }
            for each in map(numbers.__getitem__, left[:limit])
        ]
        after = str(left[limit]) if len(left) > limit else None
        answer = Answer.json(200, {"data": items, "next_cursor": after})
        if start == 0:
            self.listed(call.entry.operation)
        return answer

    def deployment(self, key: str) -> Answer:
        """GetDeployment."""
        certificate = self.inventory.get(key)
        if certificate is None:
            self.refuse("gone")
        state = "live" if certificate.domains else "none"
        return Answer.json(200, {"deployment": {"domains": certificate.domains, "state": state}})

    def render(self, call: Call, error: RefusedError) -> Answer:
        """Return an error."""
        del call
        content: dict[str, Any] = {"error": {"code": error.code, "message": error.message}, **error.details}
        answer = Answer.json(error.status, content)
        answer.headers["x-request-id"] = uuid4().hex
        return answer
