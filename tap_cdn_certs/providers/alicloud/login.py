"""The access key that signs: the settings', or one that Alibaba Cloud's own library gets."""

from __future__ import annotations

import json
import logging
import os
import re
import time
from functools import partial
from http import HTTPStatus
from importlib import import_module
from math import inf
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_exponential

from tap_cdn_certs.api.host import REASONS
from tap_cdn_certs.api.secrets import without_secrets
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.providers.alicloud.credentials import ACCESS_KEY, KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the library writes holds whole answers and addresses, with keys, tokens and signatures.
_LOGGERS = (
    "credentials",
    "alibabacloud-tea",
    "apscheduler.scheduler",
    "urllib3.connectionpool",
    "urllib3.util.retry",
)

# What may be taken from the text of an error of the library, which holds whole answers as well.
_STATUS = re.compile(r"(?:http_?|status )code\W+(\d{3})\b", re.IGNORECASE)
_CODE = re.compile(r'"Code"\s*:\s*"([\w.]{1,100})"')
_REQUEST_ID = re.compile(r'"RequestId"\s*:\s*"([\w-]{1,64})"')
_BEFORE_ANSWER = re.compile(r"[^:,;{\[\n]+")
# By how a code begins.
_MEANINGS = {
    "AuthenticationFail.NoPermission": "the role's trust policy does not let this OIDC token in",
    "AuthenticationFail.OIDCToken.Expired": "the OIDC token has ended, and nobody has written a new one",
    "AuthenticationFail": "the OIDC token, or its identity provider, is not accepted",
    "EntityNotExist.Role": "there is no such role",
    "InvalidAccessKeyId": "there is no such access key",
    "InvalidSecurityToken": "the temporary key that asks has ended, or the token is not its own",
    "InvalidTimeStamp": "this clock is wrong",
    "NoPermission": "the role does not trust who asks, or who asks lacks the permission sts:AssumeRole",
    "SignatureDoesNotMatch": "the access key's secret is another",
}

# Where a kind looks that has no setting for it.
_LOOKED_AT = {
    "profile": " Profiles are in ~/.aliyun/config.json and ~/.alibabacloud/credentials.ini.",
    "ecs_ram_role": " An ECS instance that has a RAM role gives them, no other machine.",
    "default_chain": (
        " Looked at are the variables ALIBABA_CLOUD_…, the profiles in ~/.aliyun/config.json and "
        "~/.alibabacloud/credentials.ini, and the ECS instance."
    ),
}

_VISIBLE = re.compile("[!-~]+")


class AccessKey(NamedTuple):
    """What signs requests; with a token, if it is temporary."""

    id: str
    secret: str
    token: str | None = None


class Held(NamedTuple):
    """An access key, when it ends, and when another is to be asked for, in seconds since 1970."""

    key: AccessKey
    end: float = inf
    due: float = inf


NOTHING = Held(AccessKey("", ""), end=0, due=0)
# Seconds after which the library is asked again. It asks the provider when a quarter of an hour is left.
MAX_HELD = 300.0


class Login:
    """Gives the access key of an account, a new one before it ends, asked for once for all threads.

    Args:
        settings: The provider's settings.
        secrets: What must not be said; each key is added.
    """

    def __init__(self, settings: Mapping[str, Any], secrets: list[str]) -> None:
        self.kind: str = settings.get("credentials", ACCESS_KEY)
        self._settings = {name: settings[name] for name in KINDS[self.kind].settings if name in settings}
        self._secrets = secrets
        self._held = NOTHING
        self._failed: APIError | None = None
        self._lock = Lock()
        self._provider: Any = None
        self._retry = Retrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_exponential(),
            # Somebody may wait for the outcome.
            stop=stop_after_attempt(3) | stop_after_delay(8),
            reraise=True,
        )
        if self.kind == ACCESS_KEY:
            pair = settings["access_key_id"], settings["access_key_secret"]
            self._held = Held(AccessKey(*pair, settings.get("security_token")))

    def __call__(self) -> AccessKey:
        """The key of this moment.

        Raises:
            APIError: There is none.
        """
        # While one thread asks for another, the others go on with what is still good.
        if self._is_due() and self._lock.acquire(blocking=time.time() >= self._held.end):
            try:
                if self._is_due():
                    self._get()
            finally:
                self._lock.release()
        return self._held.key

    def renew(self, refused: str | None) -> bool:
        """Gets another key for one that the provider says has ended; false if there is no other.

        Args:
            refused: The token of that key.

        Raises:
            APIError: There is none.
        """
        if self.kind == ACCESS_KEY:
            return False
        with self._lock:
            if self._held.key.token == refused:
                # The library would give what it remembers.
                self._provider, self._held = None, self._held._replace(end=0, due=0)
                self._get()
            return self._held.key.token != refused

    def named(self) -> str:
        """The settings to check."""
        if self.kind == ACCESS_KEY:
            return (
                "alicloud.access_key_id, alicloud.access_key_secret and, for temporary credentials, "
                "alicloud.security_token"
            )
        *names, last = (f"alicloud.{name}" for name in ("credentials", *self._settings))
        return f"{', '.join(names)} and {last}" if names else last

    def _is_due(self) -> bool:
        return time.time() >= self._held.due

    def _get(self) -> None:
        if self._failed:
            raise self._failed
        now = time.time()
        try:
            key, end = self._asked()
        except APIError as error:
            if now >= self._held.end:
                self._failed = error
                raise
            key, end = self._held.key, self._held.end
        self._secrets.extend(part for part in key if part and part not in self._secrets)
        self._held = Held(key, end, due=now + min(MAX_HELD, (end - now) / 2))

    def _asked(self) -> tuple[AccessKey, float]:
        try:
            credentials = self._retry(self._from_library)
        # It lets through whatever its parts raise.
        except Exception as error:  # noqa: BLE001
            raise self._error(error) from None
        pair = credentials.get_access_key_id(), credentials.get_access_key_secret()
        token = credentials.get_security_token() or None
        if not all(isinstance(part, str) and _VISIBLE.fullmatch(part) for part in (*pair, token or "-")):
            raise self._error(ValueError("no access key is among what was answered"))
        # It is known where the provider itself was asked, not through a profile or a chain.
        return AccessKey(*pair, token), credentials.get_expiration() or inf

    def _from_library(self) -> Any:
        self._provider = self._provider or _provider(self.kind, self._settings)
        return self._provider.get_credentials()

    def _error(self, error: Exception) -> APIError:
        """What an error of the library means, without its text: that holds keys, tokens and signatures."""
        text = str(error)
        code, status = _found(_CODE, text), _found(_STATUS, text)
        if code and code != "Success":
            what = f"it is refused with {code}"
            what += next((f", {words}" for start, words in _MEANINGS.items() if code.startswith(start)), "")
        elif status:
            code, what = f"HTTP {status}", f"HTTP {status} was answered"
        else:
            code, what = type(error).__name__, _in_words(error)
        message = (
            f"alicloud.credentials is {self.kind}, which gives no credentials: {what}. "
            f"Check the settings {self.named()}.{_LOOKED_AT.get(self.kind, '')}"
        )
        failure = APIError(code, message, Reach.PROVIDER, request_id=_found(_REQUEST_ID, text) or None)
        failure.change_texts(partial(without_secrets, settings=self._secrets, sent={}))
        return failure


def _provider(kind: str, settings: Mapping[str, str]) -> Any:
    """The library's own way to get credentials of a kind."""
    # Imported late: it reads the environment, and adds handlers that write to stderr.
    library: Any = import_module("alibabacloud_credentials.provider")
    for name in _LOGGERS:
        logging.getLogger(name).disabled = True
    match kind:
        case "profile":
            return _profile(library, settings.get("profile"))
        case "ecs_ram_role":
            # Without a thread of its own that asks each minute.
            return library.EcsRamRoleCredentialsProvider(**settings, async_update_enabled=False)
        case "credentials_uri":
            return library.URLCredentialsProvider(uri=settings["credentials_uri"])
        case "default_chain":
            return library.DefaultCredentialsProvider()
    role = {"role_session_name": "tap-cdn-certs", **settings}
    # The library takes it for the header Host as well.
    role["sts_endpoint"] = role.get("sts_endpoint", "").removeprefix("https://")
    if kind == "oidc_role_arn":
        return library.OIDCRoleArnCredentialsProvider(**role)
    return library.RamRoleArnCredentialsProvider(**role)


def _profile(library: Any, name: str | None) -> Any:
    """A profile of the command line's configuration, or else of the SDKs' file."""
    path = Path.home() / ".aliyun" / "config.json"
    try:
        profiles = json.loads(path.read_text(encoding="utf-8"))["profiles"]
        is_there = name is None or any(profile["name"] == name for profile in profiles)
    except (OSError, ValueError, KeyError, TypeError):
        is_there = False
    if is_there:
        return library.CLIProfileCredentialsProvider(profile_name=name, profile_file=str(path))
    path = Path.home() / ".alibabacloud" / "credentials.ini"
    named = os.environ.get("ALIBABA_CLOUD_CREDENTIALS_FILE") or str(path)
    return library.ProfileCredentialsProvider(profile_name=name, profile_file=named)


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _is_of_the_way(error: BaseException) -> bool:
    """Whether the library means that there was no answer."""
    return type(error).__name__ == "RetryError"


def _may_pass(error: BaseException) -> bool:
    """Whether the same question may have an answer soon."""
    text = str(error)
    busy = int(_found(_STATUS, text) or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
    throttled = _found(_CODE, text).startswith("Throttling")
    return busy or throttled or (_is_of_the_way(error) and "CERTIFICATE_VERIFY_FAILED" not in text)


def _in_words(error: Exception) -> str:
    """What happened where nobody has answered with an error."""
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return (
            "whoever answers shows no certificate that this machine trusts; behind an inspecting proxy, set "
            "SSL_CERT_FILE to its CA certificate"
        )
    if _is_of_the_way(error):
        return next((words for part, words in REASONS.items() if part in text), "the connection failed")
    if isinstance(error, OSError):
        return f"a file cannot be read: {error.strerror}"
    if type(error).__name__ in {"CredentialException", "ValueError"} and (said := _BEFORE_ANSWER.match(text)):
        return said[0].strip()
    return f"what was answered or written there cannot be read ({type(error).__name__})"
