"""Signature Version 4, as in https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

from sandbox.messages import RefusedError
from sandbox.signatures import hmac_sha256, octets, parse, same

if TYPE_CHECKING:
    from sandbox.messages import Call
    from sandbox.signatures import Authorization

ALGORITHM = "AWS4-HMAC-SHA256"
MINUTES_5 = 5 * 60


class AccessKey(NamedTuple):
    """An access key, with a session token if it is temporary."""

    id: str
    secret: str
    token: str = ""


KEY = AccessKey("AKIASANDBOX", "s3cr3t-aws")
TEMPORARY = AccessKey("ASIASANDBOX", "s3cr3t-aws-temporary", "s3cr3t-session-token-0123456789/+==")
KEYS = {key.id: key for key in (KEY, TEMPORARY)}


def check(call: Call, now: float, service: str, region: str, *, json: bool) -> None:
    """Refuse a call that is not signed for the service, in the words of its protocol."""
    unknown, wrong = (
        ("UnrecognizedClientException", "InvalidSignatureException")
        if json
        else ("InvalidClientTokenId", "SignatureDoesNotMatch")
    )
    given = call.header("Authorization")
    if not given:
        code = "MissingAuthenticationTokenException" if json else "MissingAuthenticationToken"
        raise RefusedError(400 if json else 403, code, "Request is missing Authentication Token")
    authorization = parse(ALGORITHM, ", ", given)
    if authorization is None:
        raise RefusedError(
            400, "IncompleteSignature", "The request signature does not conform to AWS standards."
        )
    key_id, *scope = authorization.credential.split("/")
    key = KEYS.get(key_id)
    status = 400 if json else 403
    if key is None or not same(key.token, call.header("X-Amz-Security-Token")):
        raise RefusedError(status, unknown, "The security token included in the request is invalid.")
    date = call.header("X-Amz-Date")
    try:
        sent = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise RefusedError(400, "IncompleteSignature", "Date must be in ISO-8601 'basic format'.") from None
    if scope != [date[:8], region, service, "aws4_request"]:
        raise RefusedError(status, wrong, f"Credential should be scoped to {region} and {service}.")
    if abs(sent - now) > MINUTES_5:
        when = "expired" if sent < now else "not yet current"
        raise RefusedError(status, wrong, f"Signature {when}: {date} is not within 5 minutes.")
    if not signed(call, authorization, key, date, "/".join(scope)):
        message = "The request signature we calculated does not match the signature you provided."
        raise RefusedError(status, wrong, message)


def signed(call: Call, authorization: Authorization, key: AccessKey, date: str, scope: str) -> bool:
    """Whether the signature is right, and of all that has to be signed."""
    names = authorization.signed_headers
    sent = {name.lower() for name in call.request.headers}
    must = {"host", *(name for name in sent if name == "content-type" or name.startswith("x-amz-"))}
    headers = "".join(f"{name}:{' '.join(call.header(name).split())}\n" for name in names)
    canonical = "\n".join(
        (
            call.request.method,
            call.path,
            canonical_query(call.query),
            headers,
            ";".join(names),
            sha256(call.body).hexdigest(),
        )
    )
    to_sign = f"{ALGORITHM}\n{date}\n{scope}\n{sha256(octets(canonical)).hexdigest()}"
    expected = hmac_sha256(f"AWS4{key.secret}", to_sign, scope.split("/"))
    return same(expected, authorization.signature) and must <= {*names} and [*names] == sorted(names)


def canonical_query(query: str) -> str:
    """Return the parameters in order, each encoded as RFC 3986 says."""
    pairs = re.findall(r"([^&=]+)=?([^&]*)", query)
    return "&".join(sorted("=".join(quote(unquote(part), safe="-_.~") for part in pair) for pair in pairs))
