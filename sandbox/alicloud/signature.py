"""ACS3-HMAC-SHA256, as https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote_plus

from sandbox.messages import Refusal, RefusedError
from sandbox.signatures import Authorization, hmac_sha256, octets, parse, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.messages import Call

ALGORITHM = "ACS3-HMAC-SHA256"
MINUTES_15 = 15 * 60


class AccessKey(NamedTuple):
    """An access key, with a token if it is temporary, and when it ends, in seconds since 1970."""

    id: str
    secret: str
    token: str | None = None
    end: float | None = None


KEY = AccessKey("LTAI5tSandbox", "s3cr3t-alicloud")
STS = AccessKey("STS.NTSandbox", "s3cr3t-sts", "s3cr3t-token")
KEYS = {key.id: key for key in (KEY, STS)}

REFUSALS: Mapping[str, Refusal] = {
    "credentials": Refusal(
        status=404, code="InvalidAccessKeyId.NotFound", message="Specified access key is not found."
    ),
    "ended": Refusal(
        status=400, code="InvalidSecurityToken.Expired", message="Specified SecurityToken is expired."
    ),
    "clock": Refusal(
        status=400, code="InvalidTimeStamp.Expired", message="Specified time stamp or date value is expired."
    ),
    "repeated": Refusal(
        status=400, code="SignatureNonceUsed", message="Specified signature nonce was used already."
    ),
}

REQUIRED = (
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
)


def check(call: Call, now: float, issued: Mapping[str, AccessKey]) -> None:
    """Refuse a call that is not signed as in https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature.

    Beside the account's own keys there are those that were issued, by their IDs.
    """
    for name in REQUIRED:
        if not call.header(name):
            raise RefusedError(400, f"Missing{name}", f"The header {name} is mandatory for this action.")
    if not call.header("Authorization"):
        raise RefusedError(400, "MissingAuthorization", "The header Authorization is mandatory.")
    authorization = parse(ALGORITHM, ",", call.header("Authorization"))
    if authorization is None:
        raise RefusedError(400, "IncompleteSignature", "The request signature does not conform to standards.")
    key = KEYS.get(authorization.credential) or issued.get(authorization.credential)
    if key is None:
        raise RefusedError(**REFUSALS["credentials"])
    if not same(key.token or "", call.header("x-acs-security-token")):
        code = "InvalidSecurityToken.Malformed" if key.token else "InvalidSecurityToken.MismatchWithAccessKey"
        raise RefusedError(400, code, "Specified SecurityToken is malformed or not of this access key.")
    if key.end is not None and now >= key.end:
        raise RefusedError(**REFUSALS["ended"])
    check_date(call, now)
    check_signature(call, authorization, key)


def check_date(call: Call, now: float) -> None:
    """Refuse a date that is not within 15 minutes of the server's clock."""
    try:
        date = datetime.strptime(call.header("x-acs-date"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        message = "Specified time stamp or date value is not well formatted."
        raise RefusedError(400, "InvalidTimeStamp.Format", message) from None
    if abs(date.timestamp() - now) > MINUTES_15:
        raise RefusedError(**REFUSALS["clock"])


def check_signature(call: Call, authorization: Authorization, key: AccessKey) -> None:
    """Refuse what was not signed, or was changed afterwards."""
    signed = authorization.signed_headers
    sent = {name.lower() for name in call.request.headers}
    must = {*REQUIRED, *(name for name in sent if name.startswith("x-acs-"))}
    payload_hash = sha256(call.body).hexdigest()
    canonical, to_sign = string_to_sign(
        call.request.method,
        call.path,
        call.query,
        [(name, call.header(name)) for name in signed],
        payload_hash,
    )
    right = same(hmac_sha256(key.secret, to_sign), authorization.signature)
    declared = same(payload_hash, call.header("x-acs-content-sha256"))
    if not (right and declared and must <= set(signed) and list(signed) == sorted(signed)):
        message = (
            "Specified signature does not match our calculation. "
            f"server string to sign is:{to_sign}, server canonical request is:{canonical}"
        )
        raise RefusedError(403, "SignatureDoesNotMatch", message)


def parameters(query: str) -> list[tuple[str, str]]:
    """Return the decoded names and values of a query or a form, in which a space may be "+"."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]


def string_to_sign(
    method: str,
    path: str,
    query: str,
    headers: Iterable[tuple[str, str]],
    payload_hash: str,
) -> tuple[str, str]:
    """Return the canonical request and the string to sign of ACS3-HMAC-SHA256."""
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in parameters(query))
    canonical_query = "&".join(f"{name}={value}" for name, value in encoded)
    signed = sorted((name, value.strip()) for name, value in headers)
    canonical_headers = "".join(f"{name}:{value}\n" for name, value in signed)
    names = ";".join(name for name, _ in signed)
    canonical = f"{method}\n{path}\n{canonical_query}\n{canonical_headers}\n{names}\n{payload_hash}"
    return canonical, "ACS3-HMAC-SHA256\n" + sha256(octets(canonical)).hexdigest()
