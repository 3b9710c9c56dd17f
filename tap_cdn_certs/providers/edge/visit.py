"""What a visitor of a host sees before the first request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Visit:
    """What was seen of a host, noted as it comes; `trusted` and what follows of its certificate alone."""

    address: str | None = None
    port: int | None = None
    is_connected: bool = False
    error: str | None = None
    tls_version: str | None = None
    cipher_suite: str | None = None
    chain: str | None = None
    trusted: bool | None = None
    trust_error: str | None = None
    ocsp_stapled: bool | None = None
    answered_at: str | None = None


class FailedError(Exception):
    """No certificate was seen, by a code that says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
