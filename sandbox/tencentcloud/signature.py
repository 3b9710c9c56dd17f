"""TC3-HMAC-SHA256, as in https://www.tencentcloud.com/document/product/1278/46715."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from sandbox.messages import Refusal, RefusedError
from sandbox.signatures import hmac_sha256, octets, parse, same

if TYPE_CHECKING:
    from sandbox.messages import Call

ALGORITHM = "TC3-HMAC-SHA256"
MINUTES_5 = 5 * 60


class Key(NamedTuple):
    """A key of a CAM user, with a token if it is temporary."""

    id: str
    secret: str
    token: str = ""


KEY = Key("AKIDsandbox0123456789abcdefghijklmno", "s3cr3t-tencent-0123456789abcdefg")
TEMPORARY = Key(
    "AKIDsandbox-temporary-0123456789abcd", "s3cr3t-tencent-temporary-0123456", "s3cr3t/token+0123456789=="
)
KEYS = {key.id: key for key in (KEY, TEMPORARY)}

REFUSALS = {
    "credentials": Refusal(
        status=200, code="AuthFailure.SecretIdNotFound", message="The SecretId is not found."
    ),
    "clock": Refusal(status=200, code="AuthFailure.SignatureExpire", message="Your signature has expired."),
}


def refuse(code: str, message: str) -> NoReturn:
    """Refuse a call: the status says nothing of it."""
    raise RefusedError(200, code, message)


def check(call: Call, service: str, now: float) -> None:
    """Refuse a call that is not signed for its service, or was changed afterwards."""
    authorization = parse(ALGORITHM, ", ", call.header("Authorization"))
    if authorization is None:
        refuse("AuthFailure.InvalidAuthorization", "The Authorization header is missing or not valid.")
    secret_id, *scope = authorization.credential.split("/")
    key = KEYS.get(secret_id)
    if key is None:
        raise RefusedError(**REFUSALS["credentials"])
    if not same(key.token, call.header("X-TC-Token")):
        refuse("AuthFailure.TokenFailure", "The token is not valid.")
    timestamp = call.header("X-TC-Timestamp")
    if not timestamp.isdecimal() or len(timestamp) > 10:
        refuse("InvalidParameter", "X-TC-Timestamp has to be a time in seconds.")
    if abs(int(timestamp) - now) > MINUTES_5:
        raise RefusedError(**REFUSALS["clock"])
    date = datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%d")
    names = authorization.signed_headers
    if scope != [date, service, "tc3_request"] or not {"content-type", "host"} <= {*names}:
        refuse("AuthFailure.InvalidAuthorization", "The scope, or what is signed, is not right.")
    if not same(expected(call, key, names, timestamp, scope), authorization.signature):
        refuse("AuthFailure.SignatureFailure", "The signature does not match what we calculated.")


def expected(call: Call, key: Key, names: tuple[str, ...], timestamp: str, scope: list[str]) -> str:
    """Return the signature that a call should have."""
    headers = "".join(f"{name}:{call.header(name).strip().lower()}\n" for name in names)
    body = sha256(call.body).hexdigest()
    canonical = "\n".join((call.request.method, call.path, call.query, headers, ";".join(names), body))
    digest = sha256(octets(canonical)).hexdigest()
    to_sign = "\n".join((ALGORITHM, timestamp, "/".join(scope), digest))
    return hmac_sha256(f"TC3{key.secret}", to_sign, scope)
