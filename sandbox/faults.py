"""What can go wrong, switched on one by one or together."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol
from xml.etree import ElementTree as ET

from sandbox.delivery import DELIVERIES
from sandbox.messages import Answer, Call, Refusal, RefusedError, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Options = Mapping[str, Any]
    Change = Callable[["Provider", Call, Answer, Options], Answer]


class Provider(Protocol):
    """What a fault has to know of the provider whose answer it changes."""

    throttled: Refusal
    """The error of a call beyond the rate limit."""
    more: Mapping[str, Mapping[str, Any]]
    """What errors of some codes hold beside code and message."""
    secrets: tuple[str, ...]
    """What only the account's owner and the provider know."""

    def error(self, call: Call, error: RefusedError) -> Answer:
        """Return an error in the provider's format."""

    def hint(self, header: str, seconds: float) -> str:
        """Return what a header says of a wait."""


class Fault:
    """A fault in the answers to an operation and key, or to all, as often and as likely as told."""

    def __init__(
        self,
        kind: str,
        operation: str | None = None,
        key: str | None = None,
        probability: float = 1.0,
        times: int | None = None,
        **options: Any,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"There is no fault {kind!r}, but {', '.join(KINDS)}")
        self.kind = kind
        self.operation = operation
        self.key = key
        self.probability = probability
        self.times = times
        self.options = options
        self.struck = 0
        self._attempts: Counter[tuple[str, str]] = Counter()

    def strikes(self, request: Request, seed: int) -> bool:
        """Whether the fault strikes this attempt, whatever else arrives meanwhile."""
        if self.operation not in (None, request.operation) or self.key not in (None, request.key):
            return False
        if self.times is not None and self.struck >= self.times:
            return False
        attempt = request.operation, request.key
        self._attempts[attempt] += 1
        kind = f"{self.kind}{self.options.get('code', '')}"
        chance = f"{seed} {kind} {attempt} {self._attempts[attempt]}"
        if self.probability < 1 and random.Random(chance).random() >= self.probability:
            return False
        self.struck += 1
        return True

    def apply(self, provider: Provider, call: Call, answer: Answer) -> Answer:
        """Return the answer with this fault."""
        if self.kind in DELIVERIES:
            answer.delivery, answer.options = self.kind, self.options
            return answer
        return CHANGES[self.kind](provider, call, answer, self.options)


class Faults:
    """The faults that are switched on."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._faults: tuple[Fault, ...] = ()

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)

    def add(self, *faults: Fault) -> None:
        """Switch faults on."""
        self._faults += faults

    def clear(self) -> None:
        """Switch all faults off."""
        self._faults = ()

    def of(self, request: Request, *, refusal: bool = False) -> list[Fault]:
        """Return the faults that strike a request within the rate limit, or beyond it."""
        kinds = [fault for fault in self._faults if (fault.kind == "refusal") is refusal]
        return [fault for fault in kinds if fault.strikes(request, self._seed)]


def throttle(provider: Provider, call: Call, options: Options) -> RefusedError:
    """Return the refusal of a call for its rate, with the hint how long to wait that is asked for."""
    call.entry.throttled = True
    wait, hint = options.get("wait", 1), options.get("hint")
    headers = {hint: provider.hint(hint, wait)} if hint else {}
    told = {name: options[name] for name in ("status", "code") if name in options}
    return RefusedError(**{**provider.throttled, **told, "headers": headers})


def throttled(provider: Provider, call: Call, _: Answer, options: Options) -> Answer:
    """Return the refusal of a call within the rate limit: another client of the account used it up."""
    return provider.error(call, throttle(provider, call, options))


def error(provider: Provider, call: Call, _: Answer, options: Options) -> Answer:
    """Any error of the provider."""
    code = options.get("code", "InternalError")
    told = {"status": 500, "code": code, "message": f"The sandbox answers {code}.", **options}
    return provider.error(call, RefusedError(**{**provider.more.get(code, {}), **told}))


def echo(provider: Provider, call: Call, _: Answer, options: Options) -> Answer:
    """Return an error whose message holds what no log should."""
    message = " ".join((call.header("Authorization"), *provider.secrets))
    refused = RefusedError(options.get("status", 400), options.get("code", "Echo"), message)
    return provider.error(call, refused)


def html(status: int, title: str) -> Change:
    """Return the page of a gateway."""
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1><hr></body></html>"

    def change(_: Provider, __: Call, answer: Answer, ___: Options) -> Answer:
        return Answer(status, page.encode(), "text/html", str(status), answer.headers)

    return change


def truncated(_: Provider, __: Call, answer: Answer, ___: Options) -> Answer:
    """Half of the body, with the length of that half: only its syntax tells."""
    answer.body = answer.body[: len(answer.body) // 2]
    answer.code = "truncated"
    return answer


def garbage(_: Provider, __: Call, answer: Answer, ___: Options) -> Answer:
    """Bytes that are no text, as the right type."""
    answer.body = random.Random(len(answer.body)).randbytes(512)
    answer.code = "garbage"
    return answer


def content_type(_: Provider, __: Call, answer: Answer, options: Options) -> Answer:
    """Return the right body as another type."""
    answer.content_type = options.get("content_type", "text/html")
    return answer


def redirect(_: Provider, call: Call, answer: Answer, options: Options) -> Answer:
    """Return a redirection to another host, to which a client would send its signature."""
    port = call.request.host.rpartition(":")[2]
    location = options.get("location", f"http://127.0.0.2:{port}{call.request.raw_path}")
    return Answer(302, b"", "text/html", "redirect", {**answer.headers, "Location": location})


def body(_: Provider, __: Call, answer: Answer, options: Options) -> Answer:
    """Any answer."""
    status = options.get("status", answer.status)
    kind = options.get("content_type", answer.content_type)
    content = options["body"]
    octets = content if isinstance(content, bytes) else str(content).encode()
    return Answer(status, octets, kind, "body", {**answer.headers, **options.get("headers", {})})


def field(_: Provider, __: Call, answer: Answer, options: Options) -> Answer:
    """Another value in one field of all items, or of those in which some field is the option "item"."""
    name, value, item = options["field"], options["value"], options.get("item")
    if "json" in answer.content_type:
        answer.body = json.dumps(replaced(json.loads(answer.body), name, value, item)).encode()
    else:
        root = ET.fromstring(answer.body)  # noqa: S314 - the sandbox wrote it
        for parent in list(root.iter()):
            if item is None or any(child.text == item for child in parent):
                for child in parent.findall(name):
                    child.clear()
                    fill(child, value)
        answer.body = ET.tostring(root, "utf-8", xml_declaration=True)
    return answer


def replaced(tree: Any, name: str, value: Any, item: Any) -> Any:
    """Return the JSON with another value in the fields of that name, of the item and of what is in it."""
    if isinstance(tree, list):
        return [replaced(branch, name, value, item) for branch in tree]
    if not isinstance(tree, dict):
        return tree
    # Some identifiers are numbers.
    inside = item is None or item in map(str, tree.values())
    branches = {key: replaced(branch, name, value, None if inside else item) for key, branch in tree.items()}
    return {**branches, name: value} if inside and name in tree else branches


def fill(element: ET.Element, value: Any) -> None:
    """Put a value of any type into an XML element."""
    if isinstance(value, dict):
        for name, child in value.items():
            fill(ET.SubElement(element, name), child)
    elif isinstance(value, list):
        for child in value:
            fill(ET.SubElement(element, "item"), child)
    elif value is not None:
        element.text = str(value)


CHANGES: dict[str, Change] = {
    "throttle": throttled,
    "error": error,
    "echo": echo,
    "html_502": html(502, "Bad Gateway"),
    "html_503": html(503, "Service Temporarily Unavailable"),
    "truncated": truncated,
    "garbage": garbage,
    "content_type": content_type,
    "redirect": redirect,
    "body": body,
    "field": field,
}
KINDS = (*CHANGES, *DELIVERIES, "refusal")
"""All faults; "refusal" says how a call beyond the rate limit is refused, with the options of "throttle"."""
