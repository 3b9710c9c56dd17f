"""The API of Akamai: CPS, and of the Property Manager what lists contracts and hostnames."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from sandbox.akamai.inventory import (
    CONTACT,
    CONTRACTS,
    ORGANIZATION,
    Account,
    Deployment,
    Enrollment,
    Held,
    Hostname,
)
from sandbox.akamai.signature import SKEW, parse, signature
from sandbox.api import API
from sandbox.limits import Limit
from sandbox.messages import Answer, Call, Refusal, RefusedError
from sandbox.signatures import same

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sandbox.inventory import Inventory

ACTIVE, ENROLLMENTS, DEPLOYMENTS = "ListActiveCertificates", "ListEnrollments", "ListDeployments"
LIST_CONTRACTS, HOSTNAMES = "ListContracts", "ListHostnames"
CPS, PAPI = (ACTIVE, ENROLLMENTS, DEPLOYMENTS), (LIST_CONTRACTS, HOSTNAMES)
PATHS = {
    r"/cps/v2/active-certificates": ACTIVE,
    r"/cps/v2/enrollments": ENROLLMENTS,
    r"/cps/v2/enrollments/([^/]+)/deployments": DEPLOYMENTS,
    r"/papi/v1/contracts": LIST_CONTRACTS,
    r"/papi/v1/hostnames": HOSTNAMES,
}
TYPES = {
    ACTIVE: "application/vnd.akamai.cps.active-certificates.v2+json",
    ENROLLMENTS: "application/vnd.akamai.cps.enrollments.v11+json",
    DEPLOYMENTS: "application/vnd.akamai.cps.deployments.v8+json",
    **dict.fromkeys(PAPI, "application/json"),
}
# The values that a parameter may have; none: any.
CONTRACT: Mapping[str, str] = {"contractId": ""}
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    ACTIVE: CONTRACT,
    ENROLLMENTS: CONTRACT,
    DEPLOYMENTS: {},
    LIST_CONTRACTS: {},
    HOSTNAMES: {
        "network": "STAGING|PRODUCTION",
        "offset": r"\d+",
        "limit": r"[1-9]\d*",
        "sort": "hostname:[ad]",
        **dict.fromkeys(("hostname", "cnameTo", "contractId", "groupId"), ""),
    },
}
DENIED, FORBIDDEN = "pep-authn/deny", "pep-authz/deny"
TOKENS = {
    "client_token": "akab-s3cr3t-client-token-0123456789",
    "client_secret": "s3cr3t+client/secret0123456789abcdefghijklm=",
    "access_token": "akab-s3cr3t-access-token-0123456789",
}


class Akamai(API[Enrollment]):
    """The API of Akamai."""

    provider = "akamai"
    size = 24
    holds = "enrollments of Akamai's CPS"
    demo: ClassVar[Mapping[str, Any]] = {"size": 10, "products": ("cps", "hostnames")}
    products = ("cps", "hostnames")
    lists = (ENROLLMENTS, HOSTNAMES)
    details = ()
    supplements = (LIST_CONTRACTS, ACTIVE)
    # None gives a private key; these make the provider do something.
    never = frozenset({"Change"})
    logins: ClassVar[Mapping[str, Mapping[str, str]]] = {"tokens": TOKENS}
    secrets = tuple(TOKENS.values())
    refusals: ClassVar[Mapping[str, Refusal]] = {
        "credentials": Refusal(status=401, code=DENIED, message="Not authorized"),
        "clock": Refusal(status=400, code="pep-authn/request-error", message="Bad request"),
        "permission": Refusal(status=403, code=FORBIDDEN, message="Forbidden"),
        "gone": Refusal(status=404, code="not-found", message="Not Found"),
    }
    more: Mapping[str, Mapping[str, Any]] = {
        DENIED: {"detail": "The signature does not match"},
        "pep-authn/request-error": {"detail": "Invalid timestamp"},
        FORBIDDEN: {"detail": "The client does not have the grant needed for the request"},
    }
    throttled = Refusal(
        status=429, code="rate-limiting/exceeded", message="You have exhausted your API Request Quota"
    )
    hints: Mapping[str, str] = {**API.hints, "Retry-After-": "{seconds:.0f}"}
    limits: Mapping[str, Limit] = {
        "CPS": Limit(35, 60, CPS),
        "CPS at once": Limit(20, 2, CPS),
        "active certificates": Limit(10, 60, (ACTIVE,)),
        "PAPI": Limit(100, 60, PAPI),
    }
    unseen: Mapping[str, str] = {
        f"akamai_hostnames.staging_{field}": "the list of the production network does not say it"
        for field in ("cert_type", "cname_to", "cname_type", "edge_hostname_id")
    }

    account: Account
    types: Mapping[str, str] = TYPES
    """The only type that each operation is answered in."""
    rolled_up = True
    """Whether it knows ListActiveCertificates, which its published description does not."""
    grants = frozenset({"CPS", "PAPI"})
    """The APIs that the API client may ask."""
    without_cps: frozenset[str] = frozenset()
    """The contracts that have no CPS."""
    switch_key: str | None = None
    """The account that the API client has to switch to."""

    def stock(self, size: int) -> Inventory[Enrollment]:
        """Return the enrollments of an account."""
        self.account = Account(size, self.state.seed, self.state.now)
        return self.account.enrollments

    def inventory_of(self, operation: str) -> Inventory[Any]:
        """Return what an operation lists."""
        return self.account.hostnames if operation == HOSTNAMES else self.inventory

    def keys(self, operation: str) -> list[str]:
        """Return the keys that an operation lists, of all contracts."""
        if operation in {ACTIVE, DEPLOYMENTS}:
            return [row for each in self.inventory for row in each.rows]
        return [*CONTRACTS] if operation == LIST_CONTRACTS else self.inventory_of(operation).keys()

    def recognise(self, call: Call) -> tuple[str, str]:
        """Return the operation that a method and a path mean, and the enrollment that it is about."""
        if call.request.method != "GET":
            return "Change", ""
        for pattern, operation in PATHS.items():
            if match := re.fullmatch(pattern, call.path):
                return operation, "".join(match.groups())
        return call.path, ""

    def authenticate(self, call: Call) -> None:
        """Check the signature, its time and that it is new."""
        header = call.header("Authorization")
        given = parse(header)
        if given is None:
            raise RefusedError(400, "pep-authn/request-error", "Bad request", detail="Invalid authorization")
        if abs(given.time - self.state.time()) > SKEW:
            self.refuse("clock")
        host = call.header("Host")
        expected = signature(
            TOKENS["client_secret"], header, call.request.method, host, call.request.raw_path
        )
        tokens = given.client_token == TOKENS["client_token"] and given.access_token == TOKENS["access_token"]
        if not (tokens and same(expected, given.signature) and self.once(given.nonce, 2 * SKEW)):
            self.refuse("credentials")

    def operate(self, call: Call) -> Answer:
        """Answer one of the operations that the sandbox knows."""
        operation = call.entry.operation
        if operation not in TYPES or (operation == ACTIVE and not self.rolled_up):
            self.refuse("gone")
        if ("CPS" if operation in CPS else "PAPI") not in self.grants:
            self.refuse("permission")
        if call.header("Accept") != self.types[operation]:
            raise RefusedError(406, "not-acceptable", "Not Acceptable")
        query = self.parameters(call)
        answered = {
            ACTIVE: self.of_contract,
            ENROLLMENTS: self.of_contract,
            DEPLOYMENTS: self.deployments,
            LIST_CONTRACTS: self.contracts,
            HOSTNAMES: self.hostnames,
        }[operation]
        answer = Answer.json(200, answered(call, query), self.types[operation])
        if query.get("offset", "0") == "0":
            self.listed(operation)
        return answer

    def parameters(self, call: Call) -> dict[str, str]:
        """Return the parameters of a call; refuse what no document has."""
        query = {**call.request.query}
        switched = query.pop("accountSwitchKey", None)
        if switched != self.switch_key:
            self.refuse("permission")
        allowed = PARAMETERS[call.entry.operation]
        for name, value in query.items():
            pattern = allowed.get(name)
            if pattern is None or (pattern and not re.fullmatch(pattern, value)):
                raise RefusedError(400, "bad-request", f"The parameter {name} is not valid")
        if "contractId" in allowed and call.entry.operation != HOSTNAMES:
            if not query.get("contractId") or query["contractId"].startswith("ctr_"):
                raise RefusedError(400, "bad-request", "The parameter contractId is not valid")
            if query["contractId"] not in CONTRACTS:
                self.refuse("permission")
        return query

    def of_contract(self, call: Call, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the enrollments of a contract, with what is deployed if that is asked for."""
        contract = query["contractId"]
        if contract in self.without_cps:
            raise RefusedError(400, "bad-request", "The contract is not provisioned for CPS")
        own = [each for each in self.inventory if each.contract_id == contract]
        if call.entry.operation == ACTIVE:
            return {"enrollments": [{**enrollment(each), **active(each)} for each in own]}
        return {"enrollments": [enrollment(each) for each in own]}

    def deployments(self, call: Call, _: Mapping[str, str]) -> dict[str, Any]:
        """Return what an enrollment has deployed."""
        found = self.inventory.get(call.entry.key)
        if found is None:
            self.refuse("gone")
        return {name: deployment(found, each) for name, each in found.networks.items()}

    def contracts(self, call: Call, _: Mapping[str, str]) -> dict[str, Any]:
        """Return the contracts."""
        items = [
            {"contractId": f"{prefix(call, 'ctr')}{each}", "contractTypeName": "DIRECT_CUSTOMER"}
            for each in CONTRACTS
        ]
        return {"accountId": f"{prefix(call, 'act')}A-CCT5678", "contracts": {"items": items}}

    def hostnames(self, call: Call, query: Mapping[str, str]) -> dict[str, Any]:
        """Return a page of the hostnames; all are on the production network."""
        offset, limit = int(query.get("offset", "0")), int(query.get("limit", "1000"))
        every = [*self.account.hostnames] if query.get("network") != "STAGING" else []
        every.sort(key=lambda each: each.name, reverse=query.get("sort") == "hostname:d")
        shown = every[offset : offset + limit]
        # Without what else was asked for, and on the last page too.
        link = f"/papi/v1/hostnames?offset={offset + limit}&limit={limit}"
        return {
            "accountId": f"{prefix(call, 'act')}A-CCT5678",
            "availableSort": ["hostname:a", "hostname:d"],
            "currentSort": query.get("sort", "hostname:a"),
            "defaultSort": "hostname:a",
            "hostnames": {
                "items": [hostname(call, each) for each in shown],
                "currentItemCount": len(shown),
                "totalItems": len(every),
                "nextLink": link,
            },
        }

    def render(self, call: Call, error: RefusedError) -> Answer:
        """Return a problem: https://www.rfc-editor.org/rfc/rfc7807."""
        problem = {
            "type": f"https://problems.luna.akamaiapis.net/-/{error.code}",
            "title": error.message,
            "status": error.status,
            "detail": "Ask s3cr3t@example.com, who is the administrator.",
            "instance": call.path,
            "clientIp": "192.0.2.1",
            "requestId": f"{len(self.state.requests):08x}",
        }
        more = {**self.more.get(error.code, {}), **error.details}
        return Answer.json(error.status, {**problem, **more}, "application/problem+json")


def prefix(call: Call, kind: str) -> str:
    """Return what stands before an identifier, unless it is asked for without."""
    return "" if call.header("PAPI-Use-Prefixes") == "false" else f"{kind}_"


def iso(time: datetime | None) -> str | None:
    """Return a time."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else None


def enrollment(each: Enrollment) -> dict[str, Any]:
    """Return an item of ListEnrollments: identifiers are numbers, or texts as in the documents' example."""
    number: Any = int(each.enrollment_id) if each.number % 2 else each.enrollment_id
    path = f"/cps/v2/enrollments/{each.enrollment_id}"
    return {
        "id": number,
        "location": path,
        "ra": each.ra,
        "validationType": each.validation,
        "certificateType": each.type,
        "certificateChainType": "default",
        "networkConfiguration": {
            **network(each),
            "dnsNameSettings": {"cloneDnsNames": each.clone_dns_names, "dnsNames": each.dns_names or None}
            if each.sni_only
            else None,
            "clientMutualAuthentication": None,
        },
        "signatureAlgorithm": "SHA-256",
        "changeManagement": each.change_management,
        "csr": csr(each),
        "org": ORGANIZATION,
        "adminContact": CONTACT,
        "techContact": CONTACT,
        "orgId": 645_263_546 if each.validation in {"ov", "ev"} else None,
        "thirdParty": {"excludeSans": False} if each.type == "third-party" else None,
        "enableMultiStackedCertificates": bool(each.production and each.production.stacked),
        "autoRenewalStartTime": iso(each.renewal),
        "maxAllowedSanNames": 100,
        "maxAllowedWildcardSanNames": 100,
        "assignedSlots": [1000 + each.number],
        "slots": [1000 + each.number],
        "productionSlots": [1000 + each.number] if each.production else [],
        "stagingSlots": [1000 + each.number] if each.staging else [],
        "pendingChanges": [
            {"changeType": kind, "location": f"{path}/changes/{20_000 + each.number}"}
            for kind in each.pending
        ],
    }


def csr(each: Enrollment) -> dict[str, Any]:
    """Return what the certificates of an enrollment are requested with."""
    return {
        "cn": each.common_name,
        "sans": each.names or None,
        "c": "US",
        "st": "MA",
        "l": "Cambridge",
        "o": "s3cr3t Inc.",
        "ou": "s3cr3t department",
        "preferredTrustChain": "dst-root-ca-x3" if each.ra == "lets-encrypt" else None,
    }


def network(each: Enrollment) -> dict[str, Any]:
    """Return how an enrollment is served."""
    return {
        "geography": "core",
        "secureNetwork": "enhanced-tls" if each.number % 3 else "standard-tls",
        "mustHaveCiphers": "ak-akamai-2020q1",
        "preferredCiphers": "ak-akamai-2020q1",
        "disallowedTlsVersions": ["TLSv1", "TLSv1_1"],
        "ocspStapling": "on",
        "sniOnly": each.sni_only,
        "quicEnabled": each.number % 4 == 0,
    }


def active(each: Enrollment) -> dict[str, Any]:
    """Return what ListActiveCertificates says beside: where nothing is deployed, in one way or another."""
    empty: Any = (None, {})[each.number % 16 // 8]
    return {name: deployment(each, there) or empty for name, there in each.networks.items()}


def deployment(each: Enrollment, there: Deployment | None) -> dict[str, Any] | None:
    """Return what an enrollment has on a network."""
    if there is None:
        return None
    names = [] if not each.sni_only else each.names if each.clone_dns_names else each.dns_names
    return {
        "primaryCertificate": certificate(there.primary) if there.primary else None,
        "multiStackedCertificates": [certificate(held) for held in there.stacked],
        "ocspStapled": there.stapled,
        "ocspUris": ["http://ocsp.example.org"] if there.stapled else None,
        "networkConfiguration": {**network(each), "dnsNames": names},
    }


def certificate(held: Held) -> dict[str, Any]:
    """Return a certificate that is deployed."""
    return {
        "certificate": held.leaf,
        "trustChain": held.trust_chain,
        "expiry": iso(held.chain.not_after),
        "keyAlgorithm": held.algorithm,
        "signatureAlgorithm": "SHA-256",
    }


def hostname(call: Call, each: Hostname) -> dict[str, Any]:
    """Return an item of ListHostnames."""
    return {
        "contractId": f"{prefix(call, 'ctr')}{each.contract_id}",
        "groupId": f"{prefix(call, 'grp')}{15_225}",
        "propertyId": f"{prefix(call, 'prp')}{123_345 + each.number}",
        "propertyName": f"property-{each.number}",
        "propertyType": "TRADITIONAL" if each.number % 2 else "HOSTNAME_BUCKET",
        "cnameFrom": each.name,
        "productionCertType": each.certificate,
        "productionCnameType": "EDGE_HOSTNAME",
        "productionCnameTo": f"{each.name}.edgekey.net",
        "productionEdgeHostnameId": f"{prefix(call, 'ehn')}{895_822 + each.number}",
    }
