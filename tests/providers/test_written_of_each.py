"""What the scripts write of each provider: the models that stage its streams, the tables of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts import documents, staging

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("provider", staging.FOLDERS)
def test_staging_is_what_the_schemas_say(provider: str) -> None:
    """Each file is what `python -m scripts.staging` writes."""
    for path, text in staging.files(provider):
        assert path.read_text(encoding="utf-8") == text, path


@pytest.mark.parametrize(
    ("path", "tables"), [pytest.param(*page, id=page[0].stem) for page in documents.pages()]
)
def test_the_tables_of_a_page_are_what_the_code_says(path: Path, tables: str) -> None:
    """Each page is what `python -m scripts.documents` writes."""
    page = path.read_text(encoding="utf-8")
    assert page == documents.written(page, tables), path
