"""Whom the report tells what, and what of it they know already."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import zip_longest
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from reported import NOTHING, NOW, certificate, domain, health, load, naive

from cdn_certs_report import installation
from cdn_certs_report.__main__ import main
from cdn_certs_report.changes import news, present
from cdn_certs_report.database import _plain
from cdn_certs_report.edge import Edge
from cdn_certs_report.inventory import inventory
from cdn_certs_report.notify import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reported import Row

    from cdn_certs_report.changes import Problems
    from cdn_certs_report.inventory import Inventory

MINUS = "\N{MINUS SIGN}"
TOKEN = "s3cr3t-t0ken"
PLACE = "alicloud / default"
DAY = timedelta(days=1)
OLD = naive(NOW - 3 * DAY)


class Service(ThreadingHTTPServer):
    """A service which takes messages, as others than its own client send them."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.refused: set[str] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def url(self, path: str = TOKEN) -> str:
        """Return a URL of it, with a password, and a token as its path."""
        return f"json://user:{TOKEN}@127.0.0.1:{self.server_port}/{path}"

    def bodies(self) -> list[str]:
        """Return what was said since this was asked last."""
        said = [each["message"] for each in self.messages]
        self.messages.clear()
        return said


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        path = urlsplit(self.path).path.strip("/")
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = path in self.server.refused
        if not refused:
            self.server.messages.append(message)
            self.server.paths.append(path)
        self.send_response(403 if refused else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    """A service on loopback."""
    with Service() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def notified(tmp_path: Path) -> Path:
    """Where is remembered what was told."""
    return tmp_path / "notified.json"


def seen(
    *certificates: Row, syncs: list[Row] | None = None, unused: tuple[str, ...] = (), **days: float
) -> Inventory:
    """Return what is seen some days later: certificates, each of which serves a domain, and syncs."""
    now = NOW + timedelta(**days)
    names = [each["certificate_key"] for each in certificates if each["certificate_key"] not in unused]
    fresh = naive(now - timedelta(hours=1))
    models = NOTHING | {
        "certificate_expiry": list(certificates),
        "certificate_domains": [domain(name, f"{name}.example.com") for name in names],
        "sync_health": [health(last_complete_sync_at=fresh)] if syncs is None else syncs,
    }
    plain = {
        model: [{key: _plain(value) for key, value in row.items()} for row in rows]
        for model, rows in models.items()
    }
    return inventory(plain, now, timedelta(hours=48))


CRITICAL = certificate("www", 2 * DAY, "critical")
RENEWED = certificate("www", 90 * DAY, "ok")
FINE = certificate("fine", 90 * DAY, "ok")


def told(*inventories: Inventory, drift: tuple[list[Row], ...] = ()) -> list[list[str]]:
    """Return what is said after each of several inventories, line by line, to somebody new at the first."""
    known: Problems | None = None
    said = []
    for each, rows in zip_longest(inventories, drift, fillvalue=()):
        message, known = news(present(replace(each, edge=Edge(tuple(rows)))), known)
        said.append([message.title, *message.body.splitlines()] if message else [])
    return said


# What is news.


def test_tells_all_at_first_and_then_what_changed() -> None:
    """A certificate becomes critical, ends and recovers: each is said once, when it is so."""
    said = told(
        seen(FINE, certificate("www", 9 * DAY, "warning")),
        seen(FINE, CRITICAL),
        seen(FINE, CRITICAL, hours=1),
        seen(FINE, certificate("www", 2 * DAY, "critical"), days=2.5),
        seen(FINE, certificate("www", 2 * DAY, "expired"), days=3),
        seen(FINE, RENEWED),
        seen(FINE, RENEWED),
    )
    assert said == [
        [
            "CDN certificates: none expired, none critical",
            "Certificates in use: 2. From now on, you are told what changes.",
        ],
        [
            "CDN certificates: 1 critical",
            "Critical: www-name (alicloud / default): ends 2026-11-25 08:00 UTC (2 days), domains: 1",
        ],
        [],
        [
            "CDN certificates: 1 expired",
            f"Expired: www-name (alicloud / default): ended 2026-11-25 08:00 UTC ({MINUS}12 h), domains: 1",
        ],
        [],
        [
            "CDN certificates: 1 recovered",
            "Recovered: www-name (alicloud / default): ends 2027-02-21 08:00 UTC (90 days)",
        ],
        [],
    ]


@pytest.mark.parametrize(
    ("then", "said"),
    [
        # Another certificate, which the domain has now.
        (seen(certificate("new", 90 * DAY, "ok")), "no longer in use"),
        (seen(RENEWED, unused=("www",)), "no longer in use"),
        # What could not be read keeps its last row: so what has none is gone.
        (seen(syncs=[health(state="partial", failed=1)]), "no longer in use"),
        # Nobody knows.
        (seen(syncs=[health(state="incomplete")]), None),
        (seen(syncs=[health(last_complete_sync_at=OLD)]), None),
        (seen(syncs=[health(account="other")]), None),
        (seen(syncs=[]), None),
        (seen(certificate("www", None, "unknown")), None),
        (seen(certificate("www", 90 * DAY, "ok", stale=True)), None),
        (seen(RENEWED, certificate("other", None, "unknown", certificate_id="id-www")), None),
        (seen(RENEWED, certificate("more", DAY, "critical", certificate_id="id-www", name="www-name")), None),
    ],
)
def test_only_what_is_known_to_be_over_has_recovered(then: Inventory, said: str | None) -> None:
    """A certificate that is gone from a whole list is over; what is not known keeps its problem, silently."""
    after = told(seen(CRITICAL), then)[1]
    recovered = [line for line in after if line.startswith("Recovered: www-name")]
    assert recovered == ([f"Recovered: www-name (alicloud / default): {said}"] if said else [])
    # What was kept recovers when it is known.
    last = told(seen(CRITICAL), then, seen(RENEWED))[2]
    assert any(line.startswith("Recovered: www-name") for line in last) != bool(said)


def test_only_certificates_in_use_are_told_of() -> None:
    """One that serves no domain takes nothing down, as for `--fail-within`."""
    said = told(seen(CRITICAL, FINE, unused=("www",)), seen(CRITICAL, FINE))
    assert [lines[0] for lines in said] == [
        "CDN certificates: none expired, none critical",
        "CDN certificates: 1 critical",
    ]


def test_tells_when_the_inventory_is_not_whole() -> None:
    """Once for each stream, whatever keeps it from being whole then, and when it is whole again."""
    other = health(stream="alicloud_domains")
    said = told(
        seen(FINE, syncs=[health(), other]),
        seen(FINE, syncs=[health(last_complete_sync_at=OLD), other]),
        seen(FINE, syncs=[health(state="incomplete", last_complete_sync_at=OLD), other]),
        seen(FINE, syncs=[health(), other | {"state": "incomplete", "last_complete_sync_at": None}]),
        seen(FINE, syncs=[]),
        seen(FINE, syncs=[health(), other]),
    )
    assert said[1:] == [
        [
            "CDN certificates: inventory not whole",
            f"Not whole: certificate_info ({PLACE}): stale; last read completely: 2026-11-20 08:00 UTC",
        ],
        [],
        [
            "CDN certificates: inventory not whole, 1 recovered",
            "Not whole: alicloud_domains (alicloud / default): incomplete; last read completely: never",
            "Recovered: certificate_info (alicloud / default): whole again",
        ],
        [
            "CDN certificates: inventory not whole",
            "Not whole: syncs: none is recorded, and certificates may be missing",
        ],
        [
            "CDN certificates: 2 recovered",
            "Recovered: alicloud_domains (alicloud / default): whole again",
            "Recovered: syncs: there are some",
        ],
    ]


def test_doubts_what_nobody_knows_when_all_is_well() -> None:
    """Unknown is not well: the first message says of how many certificates the end is not known."""
    ((_, said),) = told(seen(FINE, certificate("www", None, "unknown"), certificate("two", None, "unknown")))
    assert "Certificates in use: 3, 2 of them with an end that nobody knows." in said


def edge(verdict: str, name: str = "www.example.com", **fields: Any) -> Row:
    """Return a row of the model `edge_drift`."""
    place = {"provider": "alicloud", "account": "default", "domain_name": name}
    return {**place, "verdict": verdict, "not_after": NOW + DAY, **fields}


def test_tells_what_the_edge_serves_otherwise() -> None:
    """A domain is told of with its first drift, with another one, and when it is served as configured."""
    renewed, other, same, unknown = map(
        edge, ("renewed_not_served", "other_certificate", "same", "not_compared")
    )
    rows = [[same], [renewed], [renewed], [unknown], [], [other, renewed, same], [same, unknown], [unknown]]
    whole = seen(FINE)
    inventories = [whole] * len(rows)
    # Nothing is listed then, and nobody knows.
    inventories[4] = seen(FINE, syncs=[health(state="incomplete")])
    said = told(*inventories, drift=tuple(rows))
    where = f"www.example.com ({PLACE})"
    until = "(the earlier end: 2026-11-24 08:00 UTC)"
    assert said[1] == [
        "CDN certificates: 1 served otherwise",
        f"Served otherwise: {where}: it was renewed, and the edge does not serve that {until}",
    ]
    assert said[2:4] == [[], []]
    assert not any("Recovered" in line for line in said[4])
    assert "the edge serves another certificate; it was renewed, and" in said[5][1]
    assert said[6:] == [["CDN certificates: 1 recovered", f"Recovered: {where}: served as configured"], []]
    for verdict in ("untrusted", "name_mismatch", "expired", "unreachable", "new_word"):
        assert "Served otherwise: www" in told(whole, drift=([edge(verdict, not_after=None)],))[0][1]
    gone = told(whole, whole, drift=([renewed], []))[1]
    assert gone[1] == f"Recovered: {where}: no longer listed"


def test_a_message_is_short_and_one_line_each() -> None:
    """The worst ten come first, how many there are is in the title, and no name makes it longer or a line."""
    name = "x" * 500 + "\n\x1b[31m中"
    many = [certificate(f"e{i:03}", -DAY, "expired", name=f"{i}\n{name}") for i in range(22)]
    critical = [certificate(f"c{i:03}", DAY, "critical", name=name) for i in range(1_000)]
    message, _ = news(present(seen(*critical, *many)), None)
    assert message
    assert message.title == "CDN certificates: 22 expired, 1000 critical"
    lines = message.body.splitlines()
    assert [line[:8] for line in lines[:-1]] == ["Expired:"] * 10
    assert lines[-1] == "and 1,012 more"
    assert len(message.title + message.body) < 2_000
    assert message.weight == "failure"
    assert "\x1b" not in message.body


def test_what_turns_visitors_away_first_is_told_first() -> None:
    """Whatever it is: a certificate, or what the edge serves in its stead; of each the soonest to end."""
    drift = [edge("unreachable", f"down{number}.example.com", not_after=None) for number in range(20)]
    soon, later = (
        edge("renewed_not_served", f"{hours}h.example.com", not_after=NOW + hours * DAY / 24)
        for hours in (2, 40)
    )
    wrong = edge("name_mismatch", "wrong.example.com", not_after=None)
    inventory = seen(certificate("gone", -DAY, "expired"), certificate("next", DAY, "critical"))
    (lines,) = told(inventory, drift=([*drift, later, wrong, soon],))
    first = ("Expired: ", "wrong.example.com", "2h.example.com", "Critical: ", "40h.example.com", "down")
    assert all(word in line for word, line in zip(first, lines[1:], strict=False))


# Whom it reaches.


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., str]:
    """Return a function that makes a DuckDB file of certificates, each of which serves a domain."""

    def make(name: str, *certificates: Row) -> str:
        path = tmp_path / f"{name}.duckdb"
        domains = [domain(each["certificate_key"], "www.example.com") for each in certificates]
        tables = {"certificate_expiry": list(certificates), "certificate_domains": domains}
        load(f"duckdb:///{path}", NOTHING | tables | {"sync_health": [health()]})
        return str(path)

    return make


def test_the_command_tells_once(
    database: Callable[..., str],
    service: Service,
    notified: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """URLs are arguments or in the environment; nothing is printed, and nothing is said twice."""
    before, after = database("before", CRITICAL), database("after", RENEWED)
    arguments = ["--notified", str(notified), "--now", NOW.isoformat()]
    one, two = service.url("one"), service.url("two")
    assert main([before, "--notify", one, "--notify", two, "--notify", one, *arguments]) == 0
    assert sorted(service.paths) == ["one", "two"]
    assert {each["title"] for each in service.messages} == {"CDN certificates: 1 critical"}
    assert {each["type"] for each in service.messages} == {"warning"}
    service.messages.clear()
    # The same who were told, in another order.
    monkeypatch.setenv("CDN_CERTS_REPORT_NOTIFY", f"\n{two} {one}\n")
    assert main([before, *arguments]) == 0
    assert service.messages == []
    assert capfd.readouterr() == ("", "")
    assert main([after, *arguments, "--fail-within", "99d"]) == 2
    assert [each["type"] for each in service.messages] == ["success"] * 2
    assert "s3cr3t" not in "".join(capfd.readouterr())
    assert "s3cr3t" not in notified.read_text()
    assert main([after, *arguments]) == 0
    assert len(service.messages) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--notify", "json://u:s3cr3t@127.0.0.1/s3cr3t"], "--notify needs a FILE that remembers"),
        (["--notified", "told.json"], "--notified needs somebody to tell: --notify, or URLs in CDN_CERTS_"),
        (["--notify", "json://s3cr3t", "--notified", "-"], "--notified is a file, which stdout is not"),
        (["json://u:s3cr3t@127.0.0.1/s3cr3t"], "unrecognized arguments: json://***"),
    ],
)
def test_says_which_argument_is_missing(
    capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    """Before anything is read, and without what a URL holds."""
    with pytest.raises(SystemExit) as ended:
        main(["missing.duckdb", *arguments])
    printed = "".join(capfd.readouterr())
    assert ended.value.code == 1
    assert said in printed
    assert "s3cr3t" not in printed


def test_says_what_brings_apprise(
    database: Callable[..., str],
    notified: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the package, the other outputs are written: exit 1."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    monkeypatch.delitem(sys.modules, "cdn_certs_report.notify")
    monkeypatch.setattr(installation, "_requirement", lambda extra: [f"/a b[{extra}]"])
    page = notified.with_name("page.json")
    arguments = ["--json", str(page), "--notify", "json://127.0.0.1", "--notified", str(notified)]
    assert main([database("some", FINE), *arguments]) == 1
    assert "--notify needs apprise: " in (said := capfd.readouterr().err)
    assert "pip install '/a b[notify]'" in said
    assert page.exists()
    assert not notified.exists()


def test_one_that_fails_does_not_keep_the_others(
    service: Service, notified: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """It gets its message the next time, and they do not get theirs again; nobody learns its secrets."""
    caplog.set_level(logging.NOTSET)
    urls = [service.url("one"), service.url("two"), service.url("three")]
    service.refused.add("two")
    (mistake,) = tell(urls, str(notified), seen(CRITICAL))
    assert mistake == (
        "Notification 2 of 3 failed: JSON did not take it. To see why, call the command apprise with -vv "
        "and the URL."
    )
    assert service.paths == ["one", "three"]
    service.refused.clear()
    assert tell(urls, str(notified), seen(CRITICAL)) == []
    assert service.paths == ["one", "three", "two"]
    assert tell(urls, str(notified), seen(CRITICAL)) == []
    assert len(service.bodies()) == 3
    # It has missed the first of two changes, and knows the last.
    service.refused.add("two")
    ended = seen(certificate("www", 2 * DAY, "expired"), days=3)
    assert len(tell(urls, str(notified), ended)) == 1
    service.refused.clear()
    assert len(service.bodies()) == 2
    assert tell(urls, str(notified), seen(RENEWED)) == []
    assert all(body.startswith("Recovered: www-name") for body in service.bodies())
    # Other libraries may log what they like at other times.
    assert logging.getLogger("urllib3").isEnabledFor(logging.DEBUG)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
    assert TOKEN not in notified.read_text()
    assert str(service.server_port) not in notified.read_text()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"{TOKEN}", "Apprise takes no such URL."),
        (f"nobody://{TOKEN}", "Apprise takes no such URL."),
        (f"slack://{TOKEN}", "Apprise takes no such URL."),
        (f"json://user:{TOKEN}@127.0.0.1:1/{TOKEN}", "JSON did not take it."),
        (f"json://user:{TOKEN}@127.0.0.1:9/\udcff{TOKEN}", ""),
    ],
)
def test_a_url_that_reaches_nobody(service: Service, notified: Path, url: str, said: str) -> None:
    """Its message does not hold it, and is not remembered as told."""
    (mistake,) = tell([url, service.url()], str(notified), seen(CRITICAL))
    assert mistake.startswith(f"Notification 1 of 2 failed: {said}")
    assert TOKEN not in mistake
    assert len(service.messages) == 1
    assert len(json.loads(notified.read_bytes())["told"]) == 1


def test_who_is_left_out_is_forgotten(service: Service, notified: Path) -> None:
    """A URL that is no longer told leaves nothing in the file, and is new when it comes back."""
    one, two = service.url("one"), service.url("two")
    for urls, known in (([one, two], 2), ([one], 2), ([two], 2)):
        assert tell(urls, str(notified), seen(CRITICAL)) == []
        assert len(json.loads(notified.read_bytes())["told"]) == known
    assert tell([one], str(notified), seen(RENEWED)) == []
    assert len(json.loads(notified.read_bytes())["told"]) == 1
    service.paths.clear()
    assert tell([one, two], str(notified), seen(RENEWED)) == []
    assert service.paths == ["two"]


def test_names_are_text_for_services_with_markup(service: Service, notified: Path) -> None:
    """What a provider calls a certificate is shown, and is no part of a page."""
    named = certificate("www", DAY, "critical", name="<script>alert(1)</script>")
    assert tell([f"{service.url()}?format=html"], str(notified), seen(named)) == []
    (body,) = service.bodies()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body
    assert "<script>" not in body


def test_nothing_is_remembered_of_what_nobody_took(service: Service, notified: Path) -> None:
    """A failure leaves no file, and changes none."""
    service.refused.add(TOKEN)
    assert tell([service.url()], str(notified), seen(CRITICAL))
    assert not notified.exists()
    service.refused.clear()
    tell([service.url()], str(notified), seen(CRITICAL))
    remembered = notified.read_bytes()
    service.refused.add(TOKEN)
    assert tell([service.url()], str(notified), seen(RENEWED))
    assert notified.read_bytes() == remembered


@pytest.mark.parametrize(
    "content",
    [
        *(
            b"",
            b"\xff\xfe",
            b"[]",
            b"{}",
            b"[" * 100_000,
            b'{"salt": "00", "told": {"a": [[1, 2, 3, 4, 5, 6]]}}',
        ),
        b'{"salt": "zz", "told": {}}',
        b'{"salt": "00", "told": {"a": [["certificate"]]}}',
        b'{"salt": null, "told": {}}',
    ],
)
def test_a_damaged_file_is_as_none(service: Service, notified: Path, content: bytes) -> None:
    """All is told once more, and remembered; what was wrong is said."""
    notified.write_bytes(content)
    (mistake,) = tell([service.url()], str(notified), seen(CRITICAL))
    assert mistake == f"{notified} is damaged: everything is notified as if for the first time."
    assert len(service.messages) == 1
    assert tell([service.url()], str(notified), seen(CRITICAL)) == []
    assert len(service.messages) == 1


def test_a_file_that_cannot_be_read_or_written(service: Service, notified: Path, tmp_path: Path) -> None:
    """Nobody is told again and again because a path is wrong, but rather twice than never."""
    assert tell([service.url()], str(tmp_path), seen(CRITICAL)) == [
        f"Nobody is notified: cannot read {tmp_path}: Is a directory"
    ]
    assert service.messages == []
    missing = notified.with_name("missing") / "notified.json"
    (mistake,) = tell([service.url()], str(missing), seen(CRITICAL))
    assert mistake == (
        f"Cannot write {missing}: No such file or directory: what was notified now will be once more."
    )
    assert len(service.messages) == 1


def test_apprise_leaves_nothing_behind(
    service: Service, notified: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file in a home or where temporary ones are, in which a URL could be."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    tell([service.url(), service.url("other")], str(notified), seen(CRITICAL))
    assert len(service.messages) == 2
    assert list((tmp_path / "home").iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"home", notified.name}
