"""The models that stage a provider's streams."""

from __future__ import annotations

import pytest

from scripts.staging import FOLDERS, files


@pytest.mark.parametrize("provider", FOLDERS)
def test_staging_is_what_the_schemas_say(provider: str) -> None:
    """Each file is what `python -m scripts.staging` writes."""
    for path, text in files(provider):
        assert path.read_text(encoding="utf-8") == text, path
