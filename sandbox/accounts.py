"""The accounts of a sandbox, and what they saw."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sandbox import providers
from sandbox.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sandbox.api import API
    from sandbox.messages import Request


class Accounts(State):
    """An account of each provider that is named, with its options; of all if none is."""

    def __init__(
        self,
        *,
        latency: float = 0.0,
        seed: int = 1,
        now: datetime | None = None,
        **options: Mapping[str, Any],
    ) -> None:
        super().__init__(latency, seed, now)
        self.apis: dict[str, API[Any]] = {
            provider: providers.load(provider)(self, **own)
            for provider, own in (options or {name: {} for name in providers.PROVIDERS}).items()
        }

    def __getitem__(self, provider: str) -> API[Any]:
        return self.apis[provider]

    def config(self, **logins: str) -> dict[str, dict[str, Any]]:
        """Return a configuration of the tap; a provider's login, by its name, may be other than the usual."""
        return {provider: api.config(logins.get(provider)) for provider, api in self.apis.items()}

    @property
    def refused(self) -> int:
        """How many calls were answered that they are too many."""
        return sum(request.throttled for request in self.requests)

    @property
    def forbidden(self) -> list[Request]:
        """The calls of operations that return private keys."""
        return [request for request in self.requests if request.operation in self[request.provider].never]

    def worst(self, operation: str) -> int:
        """Return the largest number of calls of an operation in any window of its first limit's period."""
        return max((api.worst(operation) for api in self.apis.values()), default=0)

    def reset(self) -> None:
        """Forget the requests so far, for the log and for the rate limits."""
        self.requests.clear()
        for api in self.apis.values():
            api.reset()

    def statistics(self) -> dict[str, Any]:
        """Return the log of requests in numbers."""
        requests = list(self.requests)
        operations = {}
        for operation in sorted({request.operation for request in requests}):
            own = [request for request in requests if request.operation == operation]
            operations[operation] = {
                "requests": len(own),
                "status": Counter(str(request.status) for request in own),
                "code": Counter(request.code for request in own if request.code),
                "refused": sum(request.throttled for request in own),
                "worst": self.worst(operation),
                "first": own[0].time,
                "last": own[-1].time,
            }
        return {
            "requests": len(requests),
            "refused": self.refused,
            "forbidden": len(self.forbidden),
            "operations": operations,
            "limits": {provider: api.most() for provider, api in self.apis.items()},
        }
