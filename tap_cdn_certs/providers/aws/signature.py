"""Signature Version 4, with credentials from the settings or from where the AWS SDKs look for them.

Both by botocore: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html.
"""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase
from typing_extensions import override

from tap_cdn_certs.errors import APIError, Reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest

# With the version that its paths, and its documents, begin with.
CLOUDFRONT = "/2020-05-31"
TARGET = "X-Amz-Target"
SIGNED = ("Content-Type", TARGET)
ASSUMED_BY = "tap-cdn-certs"  # as CloudTrail names who took a role


class SigV4(AuthBase):
    """Signs requests with AWS4-HMAC-SHA256.

    Args:
        settings: The provider's settings.
        regions: That each service is signed for.
        secrets: What must not be said; what is found of the credentials is added.
    """

    def __init__(self, settings: Mapping[str, Any], regions: Mapping[str, str], secrets: list[str]) -> None:
        self._settings = settings
        self._regions = regions
        self._found: Any = None
        self._finding = Lock()
        self._secrets = secrets

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        # Imported late: it takes long, and who has no account here does without.
        from botocore.auth import SigV4Auth  # type: ignore[import-untyped]  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # noqa: PLC0415

        # Its address need not tell.
        version = f"{CLOUDFRONT}/" in (r.url or "")
        service = "acm" if TARGET in r.headers else "cloudfront" if version else "iam"
        headers = {name: r.headers[name] for name in SIGNED if name in r.headers}
        request = AWSRequest(r.method, r.url, headers, data=r.body)
        SigV4Auth(self.credentials(), service, self._regions[service]).add_auth(request)
        r.headers.update(request.headers)
        return r

    def credentials(self) -> Any:
        """The credentials as they are now: temporary ones are renewed before they end.

        Raises:
            APIError: There are none, or they could not be had.
        """
        try:
            with self._finding:
                self._found = self._found or self._find()
                frozen = self._found and self._found.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001 - there are many ways to come by credentials
            # Its own text holds paths, addresses and accounts.
            answer = getattr(error, "response", {})
            code = str(answer.get("Error", {}).get("Code") or type(error).__name__)
            message = f"No credentials could be had from {self.source}: {code}."
            raise APIError(code, message, Reach.PROVIDER) from None
        if not frozen:
            message = (
                f"There are no credentials in {self.source}. Set aws.access_key_id and "
                "aws.access_key_secret, or aws.profile; on an EC2 instance, aws.instance_metadata."
            )
            raise APIError("NoCredentials", message, Reach.PROVIDER)
        found = (frozen.secret_key, frozen.token)
        self._secrets.extend(secret for secret in found if secret and secret not in self._secrets)
        return frozen

    @property
    def source(self) -> str:
        """Where the credentials come from."""
        found = "the environment, the AWS configuration files or the container"
        if "access_key_id" in self._settings:
            found = "aws.access_key_id, aws.access_key_secret and, for temporary ones, aws.session_token"
        elif "profile" in self._settings:
            found = "the profile that aws.profile names"
        return f"aws.role_arn, with those of {found}" if "role_arn" in self._settings else found

    def _find(self) -> Any:
        from botocore import credentials  # type: ignore[import-untyped]  # noqa: PLC0415
        from botocore.session import Session  # type: ignore[import-untyped]  # noqa: PLC0415

        # It says signatures at DEBUG, and with a traceback, above it, whose credentials were refused.
        logging.getLogger("botocore").setLevel(logging.CRITICAL)
        settings = self._settings
        session = Session(profile=settings.get("profile"))
        if not settings["instance_metadata"]:
            session.get_component("credential_provider").remove("iam-role")
        if "access_key_id" in settings:
            names = ("access_key_id", "access_key_secret", "session_token")
            session.set_credentials(*(settings.get(name) for name in names))
        if "role_arn" not in settings:
            return session.get_credentials()
        api_url = settings.get("api_url")
        sts = session.create_client("sts", region_name=self._regions["iam"], endpoint_url=api_url)
        role = {"RoleArn": settings["role_arn"], "RoleSessionName": ASSUMED_BY}
        refresh = credentials.create_assume_role_refresher(sts, role)
        return credentials.DeferredRefreshableCredentials(refresh, "assume-role")
