"""The report in a terminal."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import IO, TYPE_CHECKING, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdn_certs_report.edge import VERDICTS, in_words, summary
from cdn_certs_report.inventory import STATES
from cdn_certs_report.words import REASONS, left_in_words, legible, place, printable

if TYPE_CHECKING:
    from cdn_certs_report.inventory import Certificate, Inventory

_COLOURS = {
    "expired": "bold red",
    "critical": "red",
    "warning": "yellow",
    "not_yet_valid": "blue",
    "unknown": "magenta",
    "ok": "green",
}
_PLAIN_WIDTH = 240
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def print_table(inventory: Inventory, limit: int, file: TextIO) -> None:
    """Print the certificates that end soonest, those that serve nothing last: in colours on a terminal."""
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        # Nobody's window is known: a line is cut nowhere.
        console.width = _PLAIN_WIDTH
    console.print(_table(inventory, limit, file))
    counts = inventory.states
    parts = [f"{counts[state]} {word.lower()}" for state, word in STATES.items() if counts[state]]
    total = len(inventory.certificates)
    shown = f", the first {limit} shown" if total > limit else ""
    console.print(f"Certificates: {total}{shown}: {', '.join(parts)}." if total else "No certificates.")
    if inventory.domains_without_certificate:
        reasons = Counter(row["reason"] or "none" for row in inventory.domains_without_certificate)
        words = "; ".join(f"{reasons[each]} where {text}" for each, text in REASONS.items() if reasons[each])
        console.print(
            f"Domains without a certificate: {len(inventory.domains_without_certificate)}: {words}."
        )
    if inventory.edge.rows:
        _print_edge(inventory, limit, console)
    as_of = f"{inventory.as_of:%Y-%m-%d %H:%M} UTC" if inventory.as_of else "an unknown time"
    console.print(f"{'NOT complete, or not recent' if inventory.warnings else 'Complete'}: as of {as_of}.")


def _table(inventory: Inventory, limit: int, file: TextIO) -> Table:
    """Return the table, what serves nothing last: it takes no place of what goes down."""
    # Rich cuts lines with one.
    ellipsis = legible(_ELLIPSIS, file) == _ELLIPSIS
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Ends (UTC)", no_wrap=True)
    table.add_column("Left", justify="right", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Certificate", overflow="fold")
    table.add_column("Provider / account", no_wrap=ellipsis)
    table.add_column("Domains", overflow="fold")
    if inventory.edge.rows:
        table.add_column("Served", no_wrap=ellipsis)
    if not ellipsis:
        for column in table.columns:
            column.overflow = "fold"
    for certificate in islice(sorted(inventory.certificates, key=lambda each: each.serves_nothing), limit):
        colour = _COLOURS[certificate.state]
        table.add_row(
            _cell(f"{certificate.ends_at:%Y-%m-%d %H:%M}" if certificate.ends_at else "unknown", file),
            _cell(left_in_words(certificate.left), file, colour),
            _cell(STATES[certificate.state], file, colour),
            _cell(certificate.title, file),
            _cell(place(certificate.row), file),
            _cell(_domains(certificate), file),
            *([_cell(VERDICTS.get(certificate.edge_verdict or "", ""), file)] if inventory.edge.rows else []),
        )
    return table


def _print_edge(inventory: Inventory, limit: int, console: Console) -> None:
    """Print the domains that are served otherwise than configured, and how many are not."""
    drifted = inventory.edge.drifted
    if drifted:
        shown = f", the first {limit} shown" if len(drifted) > limit else ""
        console.print(f"Served otherwise than configured: {len(drifted)}{shown}:")
    for row in drifted[:limit]:
        console.print(_cell(f"  {in_words(row)} ({place(row)})", console.file))
    console.print(summary(inventory.edge))


def _cell(text: str, file: IO[str], colour: str = "") -> Text:
    """Return a cell as wide as what a file shows: what its charset lacks is escaped before the layout."""
    return Text(legible(printable(text), file), style=colour)


def _domains(certificate: Certificate) -> str:
    if not certificate.used_by and not certificate.off:
        return certificate.unused
    first, *more = certificate.used_by or certificate.off
    return ("" if certificate.used_by else "off: ") + first + (f" +{len(more)} more" if more else "")
