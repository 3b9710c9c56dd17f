"""Answers as the sandbox gives them, and what something that wants to do harm may make of them."""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any

from cases import APIS, only
from requests.structures import CaseInsensitiveDict
from watched import run

from sandbox import Fault
from tap_cdn_certs.api.answer import Answer
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.tap import TapCDNCerts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.messages import Answer as Sent
    from sandbox.messages import Call

    Place = tuple[Any, ...]

# Nobody listens there.
CONFIG: dict[str, Any] = {
    provider: {
        **next(iter(api.logins.values())),
        "api_url": "http://127.0.0.1:1",
        **({"products": [*api.products]} if api.products else {}),
    }
    for provider, api in APIS.items()
}

# In place of anything that an answer holds.
JUNK = (
    None,
    True,
    0,
    -1,
    2**53 + 1,
    10**90,
    1.5,
    "",
    " ",
    "x",
    "a\0b",
    "\ud800",
    "\x1b[31m\nline",
    "-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----",
    [],
    {},
    [None],
    [[]],
    [{"a": []}],
    {"a": {"b": [1]}},
)


@cache
def client(provider: str) -> Any:
    """A client of a provider, which is asked nothing."""
    settings = TapCDNCerts(config=CONFIG).config[provider]
    return PROVIDERS[provider].CLIENT(settings, Event())


def read(provider: str, sent: Sent) -> Any:
    """What a client reads in an answer of the sandbox."""
    return client(provider).parse(
        Answer(sent.status, CaseInsensitiveDict({"Content-Type": sent.content_type}), sent.body)
    )


@cache
def answers(provider: str) -> dict[str, Any]:
    """The fullest answer to each operation, each list cut down to its fullest item, and under "" an error."""
    kept: dict[str, list[Any]] = defaultdict(list)
    with only(provider, 20) as sandbox, TemporaryDirectory() as folder:
        api = sandbox[provider]
        operate, error = api.operate, api.error

        def answered(call: Call) -> Sent:
            answer = operate(call)
            kept[call.entry.operation].append(read(provider, answer))
            return answer

        def refused(call: Call, why: Any) -> Sent:
            answer = error(call, why)
            kept[""].append(read(provider, answer))
            return answer

        api.operate, api.error = answered, refused  # type: ignore[method-assign]
        sandbox.faults.add(Fault("error", times=1))
        run(sandbox, Path(folder))
    return {
        operation: max(map(cut, trees), key=lambda tree: len([*places(tree)]))
        for operation, trees in kept.items()
    }


def cut(tree: Any) -> Any:
    """The tree with one item in each list: that which holds the most."""
    if isinstance(tree, dict):
        return {name: cut(branch) for name, branch in tree.items()}
    if isinstance(tree, list):
        return [max(map(cut, tree), key=lambda item: len([*places(item)]))] if tree else tree
    return tree


def places(tree: Any, path: Place = ()) -> Iterator[Place]:
    """Every place in a tree of objects and lists, the root first."""
    yield path
    branches = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, branch in branches:
        yield from places(branch, (*path, name))


def replaced(tree: Any, path: Place, value: Any) -> Any:
    """The tree with another value in a place."""
    if not path:
        return value
    tree = deepcopy(tree)
    branch = tree
    for name in path[:-1]:
        branch = branch[name]
    branch[path[-1]] = value
    return tree


def mutations(tree: Any, step: int = 1) -> list[Any]:
    """The tree with each kind of junk in each of its places, or with every so many kinds of it."""
    return [
        replaced(tree, place, junk)
        for number, place in enumerate(places(tree))
        for junk in JUNK[number % step :: step]
    ]


def items(tree: Any, key: str) -> list[Any] | None:
    """The list in a tree whose items are objects with a key."""
    if isinstance(tree, list) and tree and isinstance(tree[0], dict) and key in tree[0]:
        return tree
    branches = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return next((found for branch in branches if (found := items(branch, key)) is not None), None)


def changed(sandbox: Any, provider: str, operation: str, change: Callable[[Call, Any], Any]) -> None:
    """Let the sandbox answer an operation with something else, which is made of the right answer."""
    api = sandbox[provider]
    operate = api.operate

    def answered(call: Call) -> Sent:
        answer: Sent = operate(call)
        if call.entry.operation != operation:
            return answer
        return type(answer).json(answer.status, change(call, read(provider, answer)))

    api.operate = answered
