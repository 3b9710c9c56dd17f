"""The command `cdn-certs-report`."""

from __future__ import annotations

import argparse
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from typing_extensions import override

from cdn_certs_report.edge import in_words, is_refused
from cdn_certs_report.installation import missing, remedy
from cdn_certs_report.inventory import ending, inventory
from cdn_certs_report.output import forget_stdout, is_stdout, stdout, write
from cdn_certs_report.words import legible, place, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cdn_certs_report.inventory import Inventory

_DATABASE = "CDN_CERTS_REPORT_DATABASE"
_URLS = "CDN_CERTS_REPORT_NOTIFY"
"""The variable with URLs of Apprise for those whose arguments other users of the machine may see."""

# How many of the certificates whose end is unknown are named.
_NAMED = 5

_EPILOG = """\
exit codes:
  0  done; with --fail-within: nothing ends within, and the inventory is whole and recent
  1  the report could not be made or written, or somebody not be notified: stderr says why in a line
  2  with --fail-within: a certificate in use ends within that time, has ended, or was revoked; or
     browsers refuse what the edge serves for a domain: it has ended, is for other names, or is not trusted
  3  with --fail-within: cannot tell. Nothing known ends within, but a sync is stale, partial, was not
     read to its end or never recorded, nobody knows when a certificate in use ends, or the edge showed
     none for a domain: see stderr

A certificate is in use when it serves a domain, or when nobody could read whether it does. Where the
edge serves another one in its stead, the earlier end of both counts; a domain that was not compared is no
failure. States are those of the models when dbt ran; what has ended since is shown as expired, and what
has not been read completely for --stale-after as stale.
All times are UTC. One output may be "-", which is stdout. A file that cannot be written
stays as it was, and the other outputs are written all the same.

examples:
  cdn-certs-report output/certs.duckdb --html report.html
  cdn-certs-report postgresql://reader@warehouse/certs --ics - --fail-within 14d
  cdn-certs-report output/certs.duckdb --notify mailtos://… --notified output/notified.json
"""

_MOST_LINES = 50

_UNITS = {"d": "days", "h": "hours"}


class _Parser(argparse.ArgumentParser):
    """A parser whose exit code for a mistake is not the one for certificates that end."""

    @override
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        # What is no argument may be a URL, and hold a password.
        shown = re.sub(r"://\S*", "://***", message)
        self.exit(1, f"{self.prog}: {shown}\n")


def _period(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,5})([dh])", text)
    if not match:
        raise argparse.ArgumentTypeError(f'"{text}" is not a time such as 14d or 36h')
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is not a time such as 2026-11-23T08:00:00Z') from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _database(text: str) -> str:
    # The bytes of a name which are no text here; drivers take only text.
    if re.search(r"[\udc80-\udcff]", text):
        raise argparse.ArgumentTypeError(f'"{text}" is not text in this locale: set PYTHONUTF8=1')
    return text


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'"{text}" is not a number')
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="cdn-certs-report",
        description="Report which CDN certificate ends when, and which domains that takes down. "
        "Without an output, prints a table.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "database",
        metavar="URL",
        type=_database,
        nargs="?",
        default=os.environ.get(_DATABASE),
        help="database with the dbt models: an SQLAlchemy URL, or a DuckDB file "
        f"(default: that in {_DATABASE})",
    )
    _add_outputs(parser.add_argument_group("outputs"))
    parser.add_argument(
        "--fail-within",
        metavar="TIME",
        type=_period,
        help="exit 2 when a certificate in use ends within a time such as 14d, or 3 when that cannot be told",
    )
    parser.add_argument(
        "--stale-after",
        metavar="TIME",
        type=_period,
        default="48h",
        help="how old a complete sync may be (default: %(default)s)",
    )
    parser.add_argument(
        "--schema", help="schema of the models (default: the only one that has them, or cdn_certs_marts)"
    )
    parser.add_argument("--now", metavar="TIME", type=_instant, help="report as at this time (default: now)")
    parser.add_argument(
        "--limit", metavar="N", type=_count, default=50, help="rows of the table (default: %(default)s)"
    )
    return parser


def _add_outputs(outputs: argparse._ArgumentGroup) -> None:
    outputs.add_argument("--html", metavar="FILE", help="write a page that needs no network")
    outputs.add_argument("--csv", metavar="FILE", help="write a row per certificate")
    outputs.add_argument("--ics", metavar="FILE", help="write a calendar with an event at each expiry")
    outputs.add_argument("--json", metavar="FILE", help="write everything")
    outputs.add_argument(
        "--metrics",
        metavar="FILE",
        help="write metrics for the textfile collector of Prometheus' node exporter",
    )
    outputs.add_argument(
        "--notify",
        metavar="URL",
        action="append",
        help="tell a URL of Apprise what has changed since it was told last; may be repeated "
        f"(default: the URLs in {_URLS}, with spaces between)",
    )
    outputs.add_argument(
        "--notified", metavar="FILE", help="remember here what was told; needed to notify anybody"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Report, and return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    outputs = {name: path for name in _FORMATS if (path := getattr(options, name))}
    if not options.database:
        parser.error(f"no database is named, neither here nor in {_DATABASE}")
    if list(outputs.values()).count("-") > 1:
        parser.error("only one output can be stdout")
    urls = _notify_urls(parser, options)
    try:
        # Here, so that --help works and a missing extra is a sentence.
        from cdn_certs_report import database  # noqa: PLC0415
    except ImportError as error:
        return _fail(f"A database needs {missing(error)}")
    try:
        models = database.read(options.database, options.schema)
    except database.DriverError as error:
        return _fail(f"{printable(error)}: {remedy(error.extra)}")
    except database.DatabaseError as error:
        return _fail(printable(error))
    report = inventory(models, options.now or datetime.now(UTC), options.stale_after)
    if not outputs and not urls:
        outputs = {"table": "-"}
    done = [_written(name, path, report, options.limit) for name, path in outputs.items()]
    if urls:
        done.append(_notified(urls, options.notified, report))
    verdict = _verdict(report, options.fail_within)
    return verdict if all(done) else 1


def _notify_urls(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[str]:
    """Return whom to notify, which is nobody without a file that remembers it."""
    if not options.notified:
        if options.notify:
            parser.error("--notify needs a FILE that remembers what was told: --notified")
        return []
    if options.notified == "-":
        parser.error("--notified is a file, which stdout is not")
    urls: list[str] = options.notify or os.environ.get(_URLS, "").split()
    if not urls:
        parser.error(f"--notified needs somebody to tell: --notify, or URLs in {_URLS}")
    return urls


def _notified(urls: list[str], path: str, report: Inventory) -> bool:
    """Tell people what has changed, and return whether that was done; else stderr says why not."""
    try:
        from cdn_certs_report.notify import tell  # noqa: PLC0415
    except ImportError as error:
        _fail(f"--notify needs {missing(error, 'notify')}")
        return False
    mistakes = tell(urls, path, report)
    for mistake in mistakes:
        _fail(mistake)
    return not mistakes


def _html(report: Inventory) -> str:
    from cdn_certs_report.html import to_html  # noqa: PLC0415

    return to_html(report)


def _csv(report: Inventory) -> str:
    from cdn_certs_report.exports import to_csv  # noqa: PLC0415

    return to_csv(report)


def _ics(report: Inventory) -> str:
    from cdn_certs_report.exports import to_ics  # noqa: PLC0415

    return to_ics(report)


def _json(report: Inventory) -> str:
    from cdn_certs_report.exports import to_json  # noqa: PLC0415

    return to_json(report)


def _metrics(report: Inventory) -> str:
    from cdn_certs_report.metrics import to_metrics  # noqa: PLC0415

    return to_metrics(report)


_FORMATS: dict[str, Callable[[Inventory], str]] = {
    "html": _html,
    "csv": _csv,
    "ics": _ics,
    "json": _json,
    "metrics": _metrics,
}
"""The outputs; each imports what it needs, and no other's."""

# The node exporter is another user.
_MODES = {"metrics": 0o644}


def _written(name: str, path: str, report: Inventory, limit: int) -> bool:
    """Write an output, and return whether that was done; else stderr says why not."""
    if is_stdout(path):
        path = "-"
    try:
        if name == "table":
            _print(report, limit)
        else:
            write(path, _FORMATS[name](report).encode(), _MODES.get(name))
    except ImportError as error:
        _fail(f"{'The table' if name == 'table' else f'--{name}'} needs {missing(error)}")
        return False
    except BrokenPipeError:
        # The reader has what it wanted.
        if path == "-":
            forget_stdout()
    except OSError as error:
        if path == "-":
            forget_stdout()
        shown = "stdout" if path == "-" else printable(path)
        _fail(f"Cannot write {shown}: {error.strerror or error}")
        return False
    return True


def _print(report: Inventory, limit: int) -> None:
    from cdn_certs_report.terminal import print_table  # noqa: PLC0415

    print_table(report, limit, stdout())
    stdout().flush()


def _say(line: str) -> None:
    """Write a line on stderr."""
    sys.stderr.write(f"{legible(line, sys.stderr)}\n")


def _fail(message: str) -> int:
    _say(f"cdn-certs-report: {message}")
    return 1


def _first(lines: list[str]) -> list[str]:
    """Return as many lines as somebody reads, and how many more there are."""
    return [
        *lines[:_MOST_LINES],
        *([f"and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []),
    ]


def _doubts(report: Inventory) -> list[str]:
    """Return what keeps anybody from telling that all is well."""
    unknown, unseen = report.unknown_in_use, report.edge.unreachable
    doubts = [f"warning: {warning}" for warning in report.warnings]
    doubts += [f"warning: nobody knows when {each.label} ends." for each in unknown[:_NAMED]]
    if len(unknown) > _NAMED:
        doubts.append(f"warning: nor when {len(unknown) - _NAMED:,} others end.")
    doubts += [f"warning: nobody knows what is served at {in_words(each)}." for each in unseen[:_NAMED]]
    if len(unseen) > _NAMED:
        doubts.append(f"warning: nor at {len(unseen) - _NAMED:,} other domains.")
    return doubts


def _notes(report: Inventory) -> list[str]:
    """Return what is otherwise than it is said to be, and fails nothing by itself."""
    notes = [
        f"note: {each.label} ends {each.row['not_after']:%Y-%m-%d %H:%M:%S} UTC, says the certificate, and "
        f"{each.row['provider_not_after']:%Y-%m-%d %H:%M:%S} UTC, says the provider: the earlier counts."
        for each in report.certificates
        if each.in_use and each.row["end_disputed"]
    ]
    return notes + [
        f"note: served otherwise than configured ({place(each)}): {in_words(each)}."
        for each in report.edge.drifted
        if each["verdict"] != "unreachable" and not is_refused(each)
    ]


def _endings(report: Inventory, within: timedelta) -> list[str]:
    """Return what visitors will be refused for within a time, or are."""
    ends = report.ending_within(within)
    said = {each.row["certificate_key"] for each in ends if each.state == "expired"}
    refused = [
        *report.edge.ending_by(report.now + within),
        *(
            each
            for each in report.edge.refused
            if each["verdict"] != "expired" or each["certificate_key"] not in said
        ),
    ]
    return [
        *(f"{ending(each)}: {each.label}, domains: {each.domain_count}" for each in ends),
        *(f"at the edge ({place(each)}): {in_words(each)}" for each in refused),
    ]


def _verdict(report: Inventory, within: timedelta | None) -> int:
    """Say on stderr what a schedule's owner must know, and return the exit code."""
    doubts = _doubts(report)
    endings = _endings(report, within) if within is not None else []
    for line in (*_first(doubts), *_first(_notes(report)), *_first(endings)):
        _say(printable(line))
    if endings:
        return 2
    return 3 if doubts and within is not None else 0


if __name__ == "__main__":
    sys.exit(main())
