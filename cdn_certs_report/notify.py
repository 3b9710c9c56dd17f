"""Tells people what has changed since they were told last, by Apprise: https://appriseit.com."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING

from apprise import Apprise

from cdn_certs_report.changes import Problem, news, present
from cdn_certs_report.output import write
from cdn_certs_report.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cdn_certs_report.changes import Message, Problems
    from cdn_certs_report.inventory import Inventory


@dataclass
class _Memory:
    """What each URL has been told, by a digest from which nobody learns the URL."""

    salt: bytes = field(default_factory=lambda: token_bytes(16))
    told: dict[str, Problems] = field(default_factory=dict)

    @classmethod
    def of(cls, content: bytes) -> _Memory:
        """Return what a file holds, or raise ValueError where that is not whole."""
        try:
            known = json.loads(content)
            told: dict[str, Problems] = {
                url: {problem.key: problem for problem in (_problem(*each) for each in problems)}
                for url, problems in known["told"].items()
            }
            return cls(bytes.fromhex(known["salt"]), told)
        except (AttributeError, KeyError, RecursionError, TypeError) as error:
            raise ValueError(type(error).__name__) from None

    def digest(self, url: str) -> str:
        """Return what stands for a URL in the file; slow, as a password in one may be easily guessed."""
        key = url.encode("utf-8", "surrogateescape")
        return hashlib.scrypt(key, salt=self.salt, n=2**14, r=8, p=1, dklen=16).hex()

    def content(self) -> bytes:
        """Return what the file holds."""
        told = {url: [each[:-2] for each in problems.values()] for url, problems in self.told.items()}
        return json.dumps({"salt": self.salt.hex(), "told": told}).encode()


def tell(urls: Sequence[str], path: str, inventory: Inventory) -> list[str]:
    """Tell each URL what it does not know yet, remember it in a file, and return what went wrong."""
    try:
        memory, mistakes = _remembered(path)
    except OSError as error:
        return [f"Nobody is notified: cannot read {printable(path)}: {error.strerror or error}"]
    now = present(inventory)
    digests = {memory.digest(url): url for url in urls}
    memory.told = {digest: known for digest, known in memory.told.items() if digest in digests}
    for number, (digest, url) in enumerate(digests.items(), 1):
        message, told = news(now, memory.told.get(digest))
        if not message:
            continue
        if mistake := _mistake(url, message):
            mistakes.append(f"Notification {number} of {len(digests)} failed: {mistake}")
            continue
        memory.told[digest] = told
        try:
            # After each, so that nobody is told twice when the next one is interrupted.
            write(path, memory.content())
        except OSError as error:
            reason = error.strerror or error
            mistakes.append(
                f"Cannot write {printable(path)}: {reason}: what was notified now will be once more."
            )
    return mistakes


def _remembered(path: str) -> tuple[_Memory, list[str]]:
    """Return what a file holds, and what is wrong with it."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        return _Memory(), []
    try:
        return _Memory.of(content), []
    except ValueError:
        return _Memory(), [f"{printable(path)} is damaged: everything is notified as if for the first time."]


def _mistake(url: str, message: Message) -> str | None:
    """Deliver a message, or say why it was not, without what the URL holds and what Apprise says of it."""
    with _silence():
        try:
            service = Apprise.instantiate(url)
            if not service:
                return "Apprise takes no such URL."
            services = Apprise()
            services.add(service)
            if services.notify(
                message.body,
                title=message.title,
                notify_type=message.weight,
                body_format="text",
            ):
                return None
            name = printable(service.service_name)
        except Exception as error:  # noqa: BLE001
            # Of nearly two hundred services, and their texts may repeat the URL.
            return f"{type(error).__name__} in Apprise."
    return f"{name} did not take it. To see why, call the command apprise with -vv and the URL."


@contextmanager
def _silence() -> Iterator[None]:
    """Let nobody log or warn: Apprise, and what it sends with, would name URLs and their tokens."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _problem(*texts: object) -> Problem:
    about, provider, account, name, kind, label = map(_text, texts)
    return Problem(about, provider, account, name, kind, label)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
