"""The emulators answer the warehouses' own clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators import Emulator


def test_bigquery_answers(bigquery_emulator: Emulator) -> None:
    """Google's client is let in, and told the time as it is."""
    query = "select timestamp '2026-05-04 16:00:00+00' as at, 'x' as name, cast(null as timestamp) as never"
    assert bigquery_emulator.ask(query) == [[{"at": "2026-05-04T16:00:00", "name": "x", "never": None}]]


def test_snowflake_answers(snowflake_emulator: Emulator) -> None:
    """Snowflake's client is let in."""
    assert snowflake_emulator.ask("select 1 as one, 'x' as name") == [[{"one": 1, "name": "x"}]]
