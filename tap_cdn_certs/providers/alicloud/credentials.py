"""The settings of credentials as Alibaba Cloud's own tools take them: https://www.alibabacloud.com/help/en/sdk/developer-reference/v2-manage-python-access-credentials."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk import typing as th

from tap_cdn_certs.api.settings import string

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Kind(NamedTuple):
    """A way to get credentials: the settings that it needs, and those that it takes."""

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()

    @property
    def settings(self) -> tuple[str, ...]:
        """Both."""
        return self.needs + self.takes


ACCESS_KEY = "access_key"
PAIR = ("access_key_id", "access_key_secret")
# The tap says what the others than the first need.
LOGINS = (PAIR, ("credentials",))
OIDC = ("role_arn", "oidc_provider_arn", "oidc_token_file_path")

# By their names in the provider's tools.
KINDS = {
    ACCESS_KEY: Kind(PAIR, ("security_token",)),
    "profile": Kind(takes=("profile",)),
    "ram_role_arn": Kind(
        (*PAIR, "role_arn"), ("security_token", "role_session_name", "external_id", "sts_endpoint")
    ),
    "ecs_ram_role": Kind(takes=("role_name",)),
    "oidc_role_arn": Kind(OIDC, ("role_session_name", "sts_endpoint")),
    "credentials_uri": Kind(("credentials_uri",)),
    "default_chain": Kind(),
}

SETTINGS = (
    string("access_key_id", "The AccessKey ID of a RAM user."),
    string("access_key_secret", "The AccessKey secret.", secret=True),
    string("security_token", "The STS token of temporary credentials.", secret=True),
    th.Property(
        "credentials",
        th.StringType(allowed_values=[*KINDS]),
        default=ACCESS_KEY,
        description=f"Where credentials come from: {', '.join(f'`{kind}`' for kind in KINDS)}; all but the "
        "first need the extra `alicloud`.",
    ),
    string(
        "profile",
        "A profile of `~/.aliyun/config.json`, else of `~/.alibabacloud/credentials.ini`; the "
        "current one without it.",
    ),
    string("role_arn", "The ARN of the RAM role to assume."),
    string("role_session_name", "The session's name in audits; `tap-cdn-certs` without it."),
    string("external_id", "The external ID that the role's trust policy asks for."),
    string("role_name", "The RAM role of the ECS instance; asked for if it is left out."),
    string("oidc_provider_arn", "The ARN of the OIDC identity provider."),
    string("oidc_token_file_path", "The file that somebody keeps a valid OIDC token in."),
    string("credentials_uri", "The address that gives temporary credentials: https, except on this machine."),
    string(
        "sts_endpoint",
        "The host of the Security Token Service, such as `sts.cn-hangzhou.aliyuncs.com`; "
        "`sts.aliyuncs.com` without it.",
    ),
)

_HERE = r"http://(?:localhost|127(?:\.\d+){3}|\[::1\])"
_FORMS = {
    "sts_endpoint": (
        re.compile(rf"(?:(?:https://)?[\w.-]+|{_HERE})(?::\d+)?"),
        "a host such as sts.cn-hangzhou.aliyuncs.com",
    ),
    "credentials_uri": (
        re.compile(rf"(?:https://[\w.-]+|{_HERE})(?::\d+)?(?:[/?]\S*)?"),
        "an address that begins with https://, or with http:// on this machine",
    ),
}


def mistakes(settings: Mapping[str, Any]) -> Iterator[str]:
    """What the schema of the settings cannot say is wrong with them."""
    name = str(settings.get("credentials", ACCESS_KEY))
    # Of another one the schema says it.
    if kind := KINDS.get(name):
        for setting in kind.needs:
            if settings.get(setting) is None:
                for_what = "" if name == ACCESS_KEY else f" alicloud.credentials is {name}, which needs it."
                yield f"alicloud.{setting} is missing.{for_what}"
        for setting in dict.fromkeys(one for other in KINDS.values() for one in other.settings):
            if setting in settings and setting not in kind.settings:
                others = " or ".join(other for other in KINDS if setting in KINDS[other].settings)
                yield (
                    f"alicloud.{setting} is not read while alicloud.credentials is {name}. Leave it out, or "
                    f"set alicloud.credentials to {others}."
                )
        if name != ACCESS_KEY and not find_spec("alibabacloud_credentials"):
            yield (
                f"alicloud.credentials is {name}, which needs the package alibabacloud-credentials. Install "
                "it with pip install 'tap-cdn-certs[alicloud]', or set alicloud.credentials to access_key."
            )
    for setting, (form, words) in _FORMS.items():
        if isinstance(value := settings.get(setting), str) and not form.fullmatch(value):
            yield f"alicloud.{setting} has to be {words}."
