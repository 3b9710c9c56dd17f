"""The CDN providers, a module or a package for each.

SETTINGS: singer_sdk.typing.ObjectType
CLIENT: type[Account]
STREAMS: tuple[type[CDNStream], ...]
LOGINS: tuple[tuple[str, ...], ...], where the schema does not require all of the settings of one of them
mistakes(settings) -> Iterator[str], where the schema of the settings cannot say all that is wrong with them
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

NAMES = ("akamai", "alicloud", "aws", "cdnetworks", "cloudflare", "edge", "fastly", "tencentcloud")

PROVIDERS: dict[str, ModuleType] = {name: import_module(f"{__name__}.{name}") for name in NAMES}
