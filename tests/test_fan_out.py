"""The window of requests: whatever is slow or fails, each key is asked for once and answered in its turn."""

from __future__ import annotations

import signal
import time
from threading import Event, Lock, get_ident
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import Fault, Sandbox
from tap_cdn_certs.api.fan_out import fan_out
from tap_cdn_certs.api.rate_limit import Stopped
from tap_cdn_certs.tap import TapCDNCerts
from tap_cdn_certs.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DETAIL = "DescribeDomainCertificateInfo"

connections = st.integers(1, 8)
results = st.integers(1, 4)
# Milliseconds that an answer takes, by key: None if it fails.
answers = st.lists(st.none() | st.integers(0, 4), max_size=50)


class Provider:
    """Answers keys, and notes how many are under way."""

    def __init__(self, latencies: list[int | None]) -> None:
        self.latencies = latencies
        self.asked: list[int] = []
        self.under_way = self.most = self.taken = 0
        self.threads: set[int] = set()
        self.lock = Lock()

    def keys(self) -> Iterator[int]:
        """The keys, which are noted when they are taken."""
        for key in range(len(self.latencies)):
            assert get_ident() not in self.threads
            self.taken += 1
            yield key

    def fetch(self, key: int) -> str:
        """Answers a key, or fails."""
        with self.lock:
            self.asked.append(key)
            self.threads.add(get_ident())
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        latency = self.latencies[key]
        time.sleep((latency or 0) / 1000)
        with self.lock:
            self.under_way -= 1
        if latency is None:
            raise ValueError(key)
        return f"answer {key}"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Gives signals back what they had."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def window(
    provider: Provider, connections: int, results: int, keys: Iterable[int] | None = None
) -> Iterator[tuple[int, Any]]:
    """The window over a provider's keys, with the result or the exception of each."""
    keys = provider.keys() if keys is None else keys
    for key, answer in fan_out(
        provider.fetch, keys, connections=connections, ahead=lambda: connections * results, over=Event()
    ):
        assert answer.done()
        yield key, answer.exception() or answer.result()


@given(answers, connections, results)
def test_every_key_is_answered_once_and_in_order(
    latencies: list[int | None], connections: int, results: int
) -> None:
    """The keys come back in their order, none twice and none lost, each with what became of it."""
    provider = Provider(latencies)
    answered = list(window(provider, connections, results))
    assert [key for key, _ in answered] == list(range(len(latencies)))
    assert sorted(provider.asked) == list(range(len(latencies)))
    for (key, answer), latency in zip(answered, latencies, strict=True):
        if latency is None:
            assert isinstance(answer, ValueError)
            assert answer.args == (key,)
        else:
            assert answer == f"answer {key}"


@given(answers, connections, results)
def test_no_more_is_under_way_than_there_are_connections(
    latencies: list[int | None], connections: int, results: int
) -> None:
    """Requests are made in so many other threads, and no more keys are held than the window has room for."""
    provider = Provider(latencies)
    for yielded, _ in enumerate(window(provider, connections, results)):
        assert provider.taken - yielded <= connections * results
    assert provider.most <= connections
    assert len(provider.threads) <= connections
    assert get_ident() not in provider.threads


@given(answers.filter(len), connections, results, st.data())
def test_closing_cancels_what_has_not_started(
    latencies: list[int | None], connections: int, results: int, data: st.DataObject
) -> None:
    """Once the window is closed, no key is taken and no request begins."""
    provider = Provider(latencies)
    opened = window(provider, connections, results)
    for _ in range(data.draw(st.integers(1, len(latencies)))):
        next(opened)
    opened.close()  # type: ignore[attr-defined]
    asked, taken = len(provider.asked), provider.taken
    time.sleep(0.006)
    # What a thread had already taken from the queue may just be beginning.
    assert len(provider.asked) <= asked + connections
    assert provider.taken == taken
    assert len(set(provider.asked)) == len(provider.asked)


@given(answers, connections, results)
def test_keys_that_fail_to_come_lose_no_answer(
    latencies: list[int | None], connections: int, results: int
) -> None:
    """If the list of keys breaks off, what was asked for is answered first."""
    provider = Provider(latencies)

    def keys() -> Iterator[int]:
        yield from provider.keys()
        raise ConnectionError

    answered: list[int] = []
    with pytest.raises(ConnectionError):
        answered.extend(key for key, _ in window(provider, connections, results, keys()))
    assert answered == list(range(len(latencies)))


def test_once_it_is_over_nothing_is_asked() -> None:
    """Also while the caller waits for an answer that is under way."""
    over, asked = Event(), []

    def fetch(key: int) -> int:
        asked.append(key)
        over.set()
        return key

    answers = [*fan_out(fetch, range(5), connections=1, ahead=lambda: 5, over=over)]
    assert asked == [0]
    assert [isinstance(answer.exception(), Stopped) for _, answer in answers] == [False, *[True] * 4]


class Recorder(Writer):
    """Keeps messages, and the threads that wrote them."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[int] = set()
        self.keys: dict[str, list[str]] = {}

    def write_message(self, message: Any) -> None:
        """Keeps a message."""
        self.threads.add(get_ident())
        if message.to_dict()["type"] == "RECORD":
            key = message.record.get("key", message.record.get("domain_name", ""))
            self.keys.setdefault(message.stream, []).append(key)


# What becomes of a domain's requests: of the first, or of all.
FATES: dict[str, Callable[[str, int], list[Fault]]] = {
    "answered": lambda _, __: [],
    "throttled": lambda name, _: [
        Fault("throttle", DETAIL, name, times=1, hint="x-acs-retry-after", wait=0.001)
    ],
    "broken": lambda name, _: [Fault("error", DETAIL, name, times=1, headers={"Retry-After": "0"})],
    # Each for another reason: ten in a row that fail for the same one end the stream.
    "refused": lambda name, number: [Fault("error", DETAIL, name, status=400, code=f"Refused{number}")],
}


@settings(max_examples=15)
@given(
    latency=st.integers(0, 4),
    connections=connections,
    fates=st.lists(st.sampled_from(["answered", "throttled", "broken", "refused"]), min_size=1, max_size=40),
)
def test_one_thread_writes_every_domain_in_order(latency: int, connections: int, fates: list[str]) -> None:
    """However slow and faulty a provider is, one thread writes a record or an error for each, in order."""
    with Sandbox(alicloud={"size": len(fates), "limit": None}, latency=latency / 1000) as sandbox:
        names = sandbox["alicloud"].inventory.keys()
        for number, (name, fate) in enumerate(zip(names, fates, strict=True)):
            sandbox.faults.add(*FATES[fate](name, number))
        config = sandbox.config()["alicloud"] | {"max_connections": connections}
        recorder = Recorder()
        tap = TapCDNCerts(config={"alicloud": config}, message_writer=recorder)
        tap.read_ahead()
        tap.sync_all()
        asked = [request for request in sandbox.requests if request.operation == DETAIL]
    refused = [name for name, fate in zip(names, fates, strict=True) if fate == "refused"]
    assert recorder.keys.get("sync_errors", []) == refused
    assert recorder.keys.get("certificate_info", []) == [name for name in names if name not in refused]
    assert sorted(request.key for request in asked if request.status == 200) == sorted({*names} - {*refused})
    assert recorder.threads == {get_ident()}
