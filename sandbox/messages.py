"""Requests, answers and refusals, which every API and the faults know."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web


@dataclass(slots=True)
class Request:
    """A request that arrived; status 0 if it was not answered, and as its code the error's or the fault's."""

    time: float
    provider: str
    operation: str
    key: str
    status: int = 0
    code: str = ""
    throttled: bool = False


@dataclass(slots=True)
class Call:
    """A request under way, and its place in the log."""

    request: web.BaseRequest
    path: str
    query: str
    body: bytes
    entry: Request

    def header(self, name: str) -> str:
        """Return a header's values, joined, or an empty string."""
        return ",".join(self.request.headers.getall(name, ()))


@dataclass(slots=True)
class Answer:
    """An answer, and the kind of the fault in its delivery, with the fault's options."""

    status: int
    body: bytes
    content_type: str
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delivery: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, content: Any, content_type: str = "application/json") -> Self:
        """Return an answer in JSON."""
        body = json.dumps(content, ensure_ascii=False).encode(errors="replace")
        return cls(status, body, content_type)


class Refusal(TypedDict):
    """An error of a provider."""

    status: int
    code: str
    message: str


class RefusedError(Exception):
    """A call that is answered with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: dict[str, str] | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.details = details
