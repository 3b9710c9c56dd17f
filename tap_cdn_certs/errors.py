"""What a provider's answer can mean for the sync, and how far a failure reaches."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from singer_sdk.exceptions import FatalAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Reach(Enum):
    """How far a failure reaches."""

    ATTEMPT = auto()  # one attempt of a request: it is made again
    THROTTLED = auto()  # as above, once the provider's limit allows it; everybody waits
    FIELD = auto()  # a part of a record, which is there nevertheless
    GONE = auto()  # nothing is lost: what was asked for does not exist any more
    KEY = auto()  # one domain or certificate; a whole stream, if it is the request for the list
    INACTIVE = auto()  # the account does not have the product: the stream is empty
    STREAM = auto()
    HOST = auto()  # every stream that asks an address of the account: nothing of it is reached
    PROVIDER = auto()  # every stream of the account: its credentials are refused


def meanings(codes: Mapping[Reach, str]) -> dict[str, Reach]:
    """What each code means, where the codes of a meaning are words of one text."""
    return {code: reach for reach, listed in codes.items() for code in listed.split()}


class Refusal(NamedTuple):
    """What a provider says of a request that it does not fulfil, as it may stand in a message."""

    code: str
    message: str
    request_id: str | None = None


class APIError(FatalAPIError):
    """A request that failed, in words for people, with the provider's error code and request ID.

    Args:
        code: The provider's error code, `HTTP <status>` where it gave none, or the tap's own.
        message: What happened, what it means and what to do.
        wait: Seconds after which the provider wants to be asked again.
    """

    def __init__(
        self,
        code: str,
        message: str,
        reach: Reach = Reach.KEY,
        *,
        operation: str | None = None,
        request_id: str | None = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reach = reach
        self.operation = operation
        self.request_id = request_id
        self.wait = wait

    def but(self, message: str, reach: Reach | None = None) -> APIError:
        """The same error in other words, and of another reach if it is said."""
        return APIError(
            self.code,
            message,
            reach or self.reach,
            operation=self.operation,
            request_id=self.request_id,
            wait=self.wait,
        )

    def change_texts(self, change: Callable[[str], str]) -> None:
        """Changes all that a provider may have written: to take secrets out of it."""
        self.code, self.message = change(self.code), change(self.message)
        self.request_id = change(self.request_id) if self.request_id else None
        self.args = (self.message,)

    def __str__(self) -> str:
        return self.message + (f" Request ID: {self.request_id}." if self.request_id else "")


class UnreachableError(APIError):
    """A connection that was not made: no attempt of any request may reach the provider."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, Reach.ATTEMPT)


class WrongAddressError(APIError):
    """An answer that is somebody else's, or of a gateway that does not know the way for the moment."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, Reach.ATTEMPT)


class TooLargeError(APIError):
    """An answer of more bytes or values than it may have where many are held at once."""


class InvalidValueError(APIError):
    """A value of a type, or with content, that the provider does not document."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidValue", message)
