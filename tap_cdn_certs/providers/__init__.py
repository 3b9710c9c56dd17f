"""The CDN providers, one module each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_cdn_certs.providers import alicloud, cdnetworks

if TYPE_CHECKING:
    from types import ModuleType

PROVIDERS: dict[str, ModuleType] = {"alicloud": alicloud, "cdnetworks": cdnetworks}
