"""An account of a provider: how much of it may be asked for at once, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tap_cdn_certs.api.rate_limit import AccountLimits, Limit
from tap_cdn_certs.api.secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from threading import Event


class Account:
    """What the streams of an account share, by whatever protocol they ask; may be used by several threads.

    Args:
        settings: The provider's settings.
        stopped: Ends all waits when it is set.
    """

    provider: ClassVar[str]
    secret_settings: ClassVar[tuple[str, ...]] = ()
    # The settings that hold addresses of an API.
    url_settings: ClassVar[tuple[str, ...]] = ()
    # By name, those first that count the fewest operations. One of them counts each operation.
    rate_limits: ClassVar[Mapping[str, Limit]] = {"operation": Limit(each=True)}

    # Seconds for all attempts of a request, where somebody waits for the outcome; None: as long as it takes.
    patience: float | None = None

    def __init__(self, settings: Mapping[str, Any], stopped: Event) -> None:
        self.connections: int = settings.get("max_connections", 1)
        self.limits = AccountLimits(
            self.rate_limits, settings["rate_limit_requests"], settings["rate_limit_period"], stopped
        )
        # Those of the settings, and those that a signature gets later.
        self.secrets: list[str] = [settings[name] for name in self.secret_settings if settings.get(name)]

    def without_secrets(self, text: str, sent: Mapping[str, str] | None = None) -> str:
        """A text of the provider without what its settings, and the headers of a request, keep secret."""
        return without_secrets(text, self.secrets, sent or {})

    def bottleneck(self, operation: str) -> str | None:
        """What to change if the connections, and not the provider's limit, held an operation back."""
        limit = self.limits[operation]
        if limit.calls < 10 * self.connections or limit.delayed > limit.calls / 2:
            return None
        return (
            f"{self.provider}.max_connections ({self.connections}) held {operation} back, not the provider's "
            f"limit: at {limit.latency * 1000:.0f} ms an answer, "
            f"{limit.latency * limit.rate + 1:.0f} would reach it."
        )
