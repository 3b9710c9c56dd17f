"""Reading ahead: all streams ask at once, one after another is written; nothing is lost or asked in vain."""

from __future__ import annotations

import signal
import time
from collections import Counter
from itertools import cycle, groupby, islice
from operator import itemgetter
from threading import Event, get_ident
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from process import start_tap
from watched import Watch, catalog, run, start

from sandbox import Fault, Sandbox
from tap_cdn_certs.api.paging import Listing, PageNumber
from tap_cdn_certs.errors import APIError, Reach
from tap_cdn_certs.streams.ahead import ANSWERS, Ahead, Readers
from tap_cdn_certs.streams.inventory import Inventory
from tap_cdn_certs.tap import TapCDNCerts
from tap_cdn_certs.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

INFO = "DescribeDomainCertificateInfo"
DETAIL = "QueryCertificate"

milliseconds = st.integers(0, 2)
delays = st.lists(milliseconds, max_size=30)


class Source:
    """Gives numbers, each after some milliseconds, and fails at the end if it is to."""

    def __init__(self, latencies: list[int], *, fails: bool = False) -> None:
        self.latencies = latencies
        self.fails = fails
        self.given = 0
        self.threads: set[int] = set()
        self.closed = Event()

    def results(self) -> Generator[int, None, None]:
        """The numbers."""
        try:
            for number, latency in enumerate(self.latencies):
                time.sleep(latency / 1000)
                self.threads.add(get_ident())
                self.given += 1
                yield number
            if self.fails:
                raise ConnectionError
        finally:
            self.closed.set()


@given(delays, delays, st.integers(1, 5), st.booleans())
def test_what_is_read_ahead_comes_in_its_order(
    latencies: list[int],
    pauses: list[int],
    most: int,
    fails: bool,  # noqa: FBT001 - of Hypothesis
) -> None:
    """All of it, however slow either side is, then what ended it; never more is taken than may wait."""
    source, taken = Source(latencies, fails=fails), []
    ahead = Ahead(source.results(), lambda: most, lambda: None)
    ahead.start()

    def take() -> None:
        for number in ahead.taken():
            assert source.given <= len(taken) + most + 1
            taken.append(number)
            time.sleep((pauses[number] if number < len(pauses) else 0) / 1000)

    if fails:
        with pytest.raises(ConnectionError):
            take()
    else:
        take()
    assert taken == [*range(len(latencies))]
    assert get_ident() not in source.threads
    assert source.closed.wait(5)


@given(st.lists(milliseconds, min_size=1, max_size=30), st.integers(1, 5), st.data())
def test_what_is_given_up_is_closed(latencies: list[int], most: int, data: st.DataObject) -> None:
    """As soon as nobody takes any more, nothing more is read."""
    source = Source(latencies)
    ahead = Ahead(source.results(), lambda: most, lambda: None)
    ahead.start()
    results = ahead.taken()
    for _ in range(data.draw(st.integers(1, len(latencies)))):
        next(results)
    results.close()
    assert source.closed.wait(5)
    ahead.join(5)
    given = source.given
    time.sleep(0.003)
    assert source.given == given


def test_seconds_without_a_result_are_used() -> None:
    """By the thread that takes them."""
    done, turns = Event(), []

    def results() -> Generator[str, None, None]:
        done.wait(10)
        yield "late"

    def idle() -> None:
        turns.append(get_ident())
        done.set()

    ahead = Ahead(results(), lambda: 1, idle)
    ahead.start()
    assert [*ahead.taken()] == ["late"]
    assert turns == [get_ident()]


class Account:
    """Lists numbers, and fails or ends."""

    def __init__(self, count: int, *, fails: bool = False) -> None:
        self.count = count
        self.fails = fails
        self.asked = 0

    def list(self, _: Listing) -> Iterator[Any]:
        """The items."""
        self.asked += 1
        for number in range(self.count):
            time.sleep(0.0005)
            yield {"id": f"k{number}"}
        if self.fails:
            raise APIError("Broken", "It is broken.", Reach.STREAM)

    def inventory(self, *, kept: bool = False) -> Inventory:
        """What lists them."""
        listing = Listing(operation="List", items="items", key="id", paging=PAGED, kept=kept)
        return Inventory("globex", listing, self.list, [], [])


PAGED = PageNumber("page", size=("size", 2))


def in_a_thread(results: Generator[Any, None, None]) -> Iterator[Any]:
    """What a generator gives in a thread of its own."""
    ahead = Ahead(results, lambda: 1000, lambda: None)
    ahead.start()
    return ahead.taken()


def taken(results: Iterable[Any], *, fails: bool) -> list[Any]:
    """What comes, before what is to end it."""
    found: list[Any] = []
    if fails:
        with pytest.raises(APIError, match="broken"):
            found.extend(results)
    else:
        found.extend(results)
    return found


@settings(max_examples=30)
@given(st.integers(0, 20), st.integers(1, 3), st.booleans(), st.booleans(), st.none() | st.integers(0, 20))
def test_keys_are_taken_while_they_are_listed(
    count: int,
    followers: int,
    fails: bool,  # noqa: FBT001 - of Hypothesis
    kept: bool,  # noqa: FBT001
    gives_up: int | None,
) -> None:
    """Each that follows has all keys, in order, then what ended them, also if who lists them gives up."""
    account = Account(count, fails=fails)
    inventory = account.inventory(kept=kept)
    assert [inventory.join() for _ in range(1 + followers)] == [True, *[False] * followers]
    following = [in_a_thread(inventory.listed_keys()) for _ in range(followers)]
    keys = [f"k{number}" for number in range(count)]
    if gives_up is None:
        assert taken((item["id"] for item in inventory), fails=fails) == keys
    else:
        # At the latest once all is listed.
        leading = iter(inventory)
        assert [item["id"] for item in islice(leading, min(gives_up, count))] == keys[:gives_up]
        leading.close()  # type: ignore[attr-defined]
    inventory.leave(first=True)
    assert [taken(each, fails=fails) for each in following] == [keys] * followers
    assert account.asked == 1


@given(st.integers(0, 5), st.integers(1, 4), st.booleans())
def test_what_is_kept_is_listed_once(
    count: int,
    users: int,
    fails: bool,  # noqa: FBT001 - of Hypothesis
) -> None:
    """However many need it at once: each has all that could be listed, and then what ended it."""
    account = Account(count, fails=fails)
    inventory = account.inventory(kept=True)
    keys = [f"k{number}" for number in range(count)]
    for each in [in_a_thread(item["id"] for item in inventory) for _ in range(users)]:
        assert taken(each, fails=fails) == keys
    assert account.asked == 1


def test_all_streams_together_hold_no_more_than_one_would() -> None:
    """Of the answers to requests for a key; the stream that is written has half of them."""
    for others in range(8):
        readers = Readers()
        streams: list[Any] = [Details(f"s{number}") for number in range(1 + others)]
        readers.start(streams)
        for number, stream in enumerate(streams):
            assert readers.waits(stream) == bool(number)
            readers.results(stream)
            assert not readers.waits(stream)
            left = streams[number + 1 :]
            assert readers.answers(stream) == ANSWERS // (2 if left else 1)
            assert sum(map(readers.answers, [stream, *left])) <= ANSWERS
            assert all(readers.answers(each) >= 1 for each in left)


class Details:
    """A stream that asks for nothing."""

    request_per_key = True

    def __init__(self, name: str) -> None:
        self.name = name

    def prepare(self) -> None:
        """It needs nothing."""

    written = save = prepare

    def room(self) -> int:
        """One."""
        return 1

    def reading(self) -> Generator[Any, None, None]:
        """Nothing."""
        yield from ()


class SlowTarget(Writer):
    """Keeps the keys of each stream's records, in their order, and takes its time."""

    def __init__(self, pauses: Iterator[int]) -> None:
        super().__init__()
        self.pauses = pauses
        self.written: list[tuple[str, str]] = []

    def write_message(self, message: Any) -> None:
        """Keeps the key of a record."""
        if message.to_dict()["type"] == "RECORD":
            time.sleep(next(self.pauses) / 1000)
            record = message.record
            names = ("key", "certificate_id", "domain_name")
            self.written.append(
                (message.stream, next((record[name] for name in names if name in record), ""))
            )


@settings(max_examples=15)
@given(
    latency=milliseconds,
    pauses=st.lists(milliseconds, min_size=1, max_size=10),
    connections=st.integers(1, 8),
    refused=st.tuples(*[st.lists(st.booleans(), min_size=1, max_size=30)] * 2),
)
def test_what_is_read_at_once_is_written_one_after_another(
    latency: int, pauses: list[int], connections: int, refused: tuple[list[bool], list[bool]]
) -> None:
    """Whatever is slow or refused, each stream is whole and in its order, and nothing is asked for twice."""
    sizes = dict(zip(("alicloud", "cdnetworks"), refused, strict=True))
    options = {name: {"size": len(each), "limit": None} for name, each in sizes.items()}
    with Sandbox(**options, latency=latency / 1000) as sandbox:
        keys = {name: sandbox[name].inventory.keys() for name in sizes}
        fails = {name: {key for key, no in zip(keys[name], sizes[name], strict=True) if no} for name in sizes}
        for name, operation in (("alicloud", INFO), ("cdnetworks", DETAIL)):
            for number, key in enumerate(fails[name]):
                # Each for another reason: ten in a row that fail for the same one end the stream.
                sandbox.faults.add(Fault("error", operation, key, status=400, code=f"Refused{number}"))
        config = sandbox.config()
        config["alicloud"]["max_connections"] = connections
        config = {name: {**own, "products": own["products"][:1]} for name, own in config.items()}
        target = SlowTarget(cycle(pauses))
        tap = TapCDNCerts(config=config, message_writer=target)
        tap.read_ahead()
        tap.sync_all()
        asked = Counter(request.key for request in sandbox.requests if request.operation in {INFO, DETAIL})
    written: dict[str, list[str]] = {
        name: [key for _, key in rows] for name, rows in groupby(target.written, itemgetter(0))
    }
    # None comes again once another has begun.
    assert [name for name, _ in groupby(target.written, itemgetter(0))] == [
        name for name in tap.streams if name in written
    ]
    assert written.get("certificate_info", []) == [
        key for key in keys["alicloud"] if key not in fails["alicloud"]
    ]
    assert {*written.get("ssl_certificate", [])} == {*keys["cdnetworks"]} - fails["cdnetworks"]
    assert {*written.get("sync_errors", [])} == fails["alicloud"] | fails["cdnetworks"]
    assert asked == Counter([*keys["alicloud"], *keys["cdnetworks"]])


def test_a_target_that_waits_is_waited_for(tmp_path: Path) -> None:
    """No more is asked for than may be held, however long it does not read."""
    with Watch(alicloud={"size": 2000}, cdnetworks={"size": 400}) as sandbox:
        tap = start_tap(tmp_path, sandbox.config())
        asked = 0
        while not sandbox.count(INFO) or sandbox.count() > asked:
            asked = sandbox.count()
            time.sleep(0.5)
        held = sandbox.count(INFO) + sandbox.count(DETAIL)
        written = tap.communicate()[0]
    assert 0 < held <= ANSWERS + 64  # and those under way
    assert written.count('"stream":"certificate_info","record"') == 2000


def test_two_providers_are_asked_at_once(tmp_path: Path) -> None:
    """One's details while the other's are: the sync takes as long as the slower one, and each key arrives."""
    limits = {"alicloud": (20, 1.0), "cdnetworks": (10, 1.0)}
    with Watch(
        alicloud={"size": 60, "limit": limits["alicloud"]},
        cdnetworks={"size": 30, "limit": limits["cdnetworks"]},
    ) as sandbox:
        result = run(sandbox, tmp_path)
        spans = [
            [request.time for request in sandbox.requests if request.operation == operation]
            for operation in (INFO, DETAIL)
        ]
        assert sandbox.refused == 0
    assert result.returncode == 0, result.stderr
    (first, last), (other_first, other_last) = ((min(times), max(times)) for times in spans)
    # Each takes two seconds and more at its limit.
    assert min(last, other_last) - max(first, other_first) > 1.5
    assert [*result.by_key("certificate_info")] == sandbox["alicloud"].inventory.keys()
    assert {*result.by_key("ssl_certificate")} == {*sandbox["cdnetworks"].inventory.keys()}


def test_streams_that_share_a_connection_keep_each_limit(tmp_path: Path) -> None:
    """A call that waits for the connection has not left: it does not leave together with those after it."""
    products = ("certificates", "domains", "pro", "domain_certificates")
    with Watch(cdnetworks={"size": 20, "limit": (5, 1.0), "products": products}, latency=0.03) as sandbox:
        result = run(sandbox, tmp_path)
        assert len({request.operation for request in sandbox.requests}) > 3
        assert sandbox.refused == 0
    assert result.returncode == 0, result.stderr


def test_calls_are_remembered_before_their_stream_is_written(tmp_path: Path) -> None:
    """Whatever ends the tap while others are written: the next sync knows what was used of the limit."""
    with Watch(
        alicloud={"size": 300, "limit": (30, 1)}, cdnetworks={"size": 30, "limit": (2, 20)}
    ) as sandbox:
        tap = start(sandbox, tmp_path)
        tap.wait_for('"calls":[')
        tap.stop(signal.SIGKILL)
        stopped = tap.end(30)
        bookmark = (stopped.state or {})["bookmarks"]["ssl_certificate"]
    assert not stopped.records["ssl_certificate"]
    assert 0 < len(bookmark["calls"]) <= 2
    assert not bookmark["certificates"]


def test_one_error_of_all_streams_names_the_request_that_failed(tmp_path: Path) -> None:
    """The operation beside the message is the one in it."""
    with Watch(alicloud={"size": 3}) as sandbox:
        config = sandbox.config()
        config["alicloud"]["access_key_secret"] = "s3cr3t-wrong"
        result = run(sandbox, tmp_path, config=config)
        (request,) = sandbox.requests
    rows = result.records["sync_errors"]
    assert len(rows) > 2
    assert {row["operation"] for row in rows} == {request.operation}
    assert all(request.operation in row["message"] for row in rows)


def test_nothing_is_asked_that_is_not_selected(tmp_path: Path) -> None:
    """However early the others ask."""
    with Watch(alicloud={"size": 3}, cdnetworks={"size": 3}) as sandbox:
        run(sandbox, tmp_path, "--catalog", catalog(tmp_path, "certificate_info", "syncs"))
        assert {request.operation for request in sandbox.requests} == {"DescribeUserDomains", INFO}


def test_a_stream_that_is_given_up_asks_no_more(tmp_path: Path) -> None:
    """While it was read ahead, a few were asked; once it is its turn, none."""
    with Watch(alicloud={"size": 3000}, cdnetworks={"size": 2}, latency=0.02) as sandbox:
        sandbox.faults.add(Fault("error", INFO, status=403, code="Forbidden.RAM"))
        config = sandbox.config()
        config["alicloud"]["max_connections"] = 4
        result = run(sandbox, tmp_path, config=config)
        asked = sandbox.count(INFO)
    assert result.returncode == 1
    assert asked < ANSWERS
    assert result.syncs["ssl_certificate"]["complete"]


def test_after_a_stop_nothing_is_asked(tmp_path: Path) -> None:
    """By no stream, and the state says only what was written."""
    with Watch(alicloud={"size": 300, "limit": (30, 1)}, cdnetworks={"size": 30, "limit": (5, 1)}) as sandbox:
        tap = start(sandbox, tmp_path)
        tap.wait_for('"certificate_info","record"')
        time.sleep(1)
        tap.stop(signal.SIGTERM)
        stopped = tap.end(30)
        asked = len(sandbox.requests)
        details = sandbox.count(DETAIL)
        time.sleep(0.5)
        assert len(sandbox.requests) == asked
    assert stopped.returncode == 143
    assert details
    # None was written yet: it is the other stream's turn.
    assert not stopped.records["ssl_certificate"]
    assert (
        not (stopped.state or {"bookmarks": {}})["bookmarks"].get("ssl_certificate", {}).get("certificates")
    )
