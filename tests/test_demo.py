"""The demo, which `make demo` runs, keeps to its own inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from scripts import demo

if TYPE_CHECKING:
    from pathlib import Path


def test_no_made_up_certificate_comes_beside_somebodys_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on where there is nothing, or its own account alone, and says what else is there."""
    monkeypatch.setattr(demo, "DATABASE", tmp_path / "certs.duckdb")

    def write(statement: str) -> None:
        with duckdb.connect(demo.DATABASE) as connection:
            connection.execute(statement)

    demo.refuse_others()
    write("create schema cdn_certs")
    demo.refuse_others()
    write("create table cdn_certs.syncs as select 'sandbox' as account")
    demo.refuse_others()
    write("insert into cdn_certs.syncs values ('shop')")
    with pytest.raises(SystemExit, match="such as shop: move it away"):
        demo.refuse_others()
    demo.DATABASE.write_text("no database")
    with pytest.raises(SystemExit, match="not a valid DuckDB database"):
        demo.refuse_others()
