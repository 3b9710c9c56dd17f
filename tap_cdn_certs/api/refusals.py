"""What the answers of a provider mean that are none of what was asked for."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from tap_cdn_certs.api.account import Account
from tap_cdn_certs.api.answer import parse_json
from tap_cdn_certs.api.paging import found
from tap_cdn_certs.api.secrets import quoted
from tap_cdn_certs.errors import APIError, Reach, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_cdn_certs.api.answer import Answer
    from tap_cdn_certs.api.capture import Capture
    from tap_cdn_certs.api.host import Host
    from tap_cdn_certs.records.values import Item


class Refusals(Account):
    """An account whose answers may be refusals: how far each reaches, and what to do about it."""

    # What takes the shapes of answers, where somebody wants to know them.
    capture: Capture | None = None
    # Where an answer has the code and the message of an error, as `found` takes it.
    error_at: ClassVar[tuple[str, str]] = ("code", "message")
    # Where it names the request, if it does so in the body.
    request_id_at: ClassVar[str] = ""
    # What the provider's codes mean, or the parts before their first dot; of others the HTTP status says it.
    errors: ClassVar[Mapping[str, Reach]] = {}
    # Those of credentials that one of several addresses may not know, and another does.
    unknown: ClassVar[frozenset[str]] = frozenset()
    # The statuses that mean, whatever else is said, that the credentials are not valid.
    credentials_refused: ClassVar[tuple[int, ...]] = (HTTPStatus.UNAUTHORIZED,)

    def parse(self, answer: Answer) -> Item:
        """The object that an answer holds.

        Raises:
            APIError: It cannot be read.
        """
        return parse_json(answer.content, answer.max_tokens)

    def body(self, operation: str, answer: Answer) -> Item:
        """The object that an answer holds, whose shape may be captured.

        Raises:
            APIError: It cannot be read.
        """
        body = self.parse(answer)
        if self.capture:
            self.capture.add(self.provider, operation, answer.status, body)
        return body

    @property
    def credentials(self) -> str:
        """The settings to check where the credentials are refused."""
        return " and ".join(f"{self.provider}.{name}" for name in self.secret_settings)

    def refusal(self, body: Item) -> Refusal | None:
        """What an answer says of an error, whatever its HTTP status; None if it is none of the provider's."""
        said = [quoted(found(body, path) or "") for path in (*self.error_at, self.request_id_at) if path]
        return Refusal(*said) if said[0] else None

    def fail(self, operation: str, host: Host, answer: Answer) -> APIError:
        """What an answer that is not a success means."""
        try:
            refusal = self.refusal(self.body(operation, answer))
        except APIError:
            refusal = None
        if refusal and refusal.code:
            host.answered = True
        elif answer.status in self.credentials_refused:
            refusal = Refusal(f"HTTP {answer.status}", "")
        else:
            return host.http_error(answer, self.wait_hint(answer))
        reach = self.reach(refusal, answer.status)
        message = self.explanation(operation, refusal, reach, answer.skew())
        return APIError(
            refusal.code, message, reach, request_id=refusal.request_id, wait=self.wait_hint(answer)
        )

    def reach(self, refusal: Refusal, status: int) -> Reach:
        """How far a refusal reaches."""
        code = refusal.code
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Reach.THROTTLED
        if known := self.errors.get(code) or self.errors.get(code.partition(".")[0]):
            return known
        if status in self.credentials_refused:
            return Reach.PROVIDER
        return Reach.ATTEMPT if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Reach.KEY

    def wait_hint(self, answer: Answer) -> float | None:
        """Seconds that the provider asks to wait for, or None."""
        return answer.wait()

    def is_of_the_clock(self, refusal: Refusal, skew: float) -> bool:  # noqa: ARG002 - many sign no time
        """Whether credentials were refused for the time that was signed, by a clock that is wrong."""
        return False

    def refused_with(self, operation: str, refusal: Refusal) -> str:
        """What happened."""
        return f"{self.provider} refused {operation} with {refusal.code}"

    def explanation(self, operation: str, refusal: Refusal, reach: Reach, skew: float) -> str:
        """What happened, what it means and what to do."""
        refused = self.refused_with(operation, refusal)
        match reach:
            case Reach.PROVIDER if self.is_of_the_clock(refusal, skew) and abs(skew) < 1:
                return f"{refused}: this clock is not right by the provider's, or the way took too long."
            case Reach.PROVIDER if self.is_of_the_clock(refusal, skew):
                ahead = "behind" if skew > 0 else "ahead of"
                return f"{refused}: this clock is {abs(skew):.0f} s {ahead} the provider's. Set it right."
            # The provider's message may hold what it signed: a token among it.
            case Reach.PROVIDER:
                settings = "settings" if " " in self.credentials else "setting"
                return f"{refused}: the credentials are not valid. Check the {settings} {self.credentials}."
            case Reach.INACTIVE:
                return f"{refused}: the account has not activated the product, so it has nothing there."
            case _:
                return f"{refused}: {sentence(refusal.message)}" if refusal.message else f"{refused}."


def sentence(text: str) -> str:
    """A text with a full stop, if it has no end of its own."""
    return text if text.endswith((".", "!", "?", "。")) else f"{text}."
