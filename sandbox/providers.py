"""The providers: each is a folder of its name, which holds its API."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.api import API

PROVIDERS = ("akamai", "alicloud", "aws", "cdnetworks", "cloudflare", "fastly", "tencentcloud")


def load(provider: str) -> type[API[Any]]:
    """Return the API of a provider."""
    api: type[API[Any]] = import_module(f"sandbox.{provider}").API
    return api
