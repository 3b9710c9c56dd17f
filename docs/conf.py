"""The documents as a site: `make docs`. The README is its first page, and links are as they are there."""  # noqa: INP001

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "tap-cdn-certs"
html_title = project
html_theme = "furo"
html_show_copyright = False
extensions = ["myst_parser", "sphinxcontrib.mermaid", "sphinx_copybutton"]
root_doc = "README"
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**.md"]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
copybutton_exclude = ".linenos, .gp, .go"

CONTENTS = """
```{toctree}
:hidden:
:caption: Begin

docs/settings
docs/operations
docs/container
docs/accounts
docs/airflow
docs/failures
docs/speed
docs/scale
docs/security
```

```{toctree}
:hidden:
:caption: Providers
:glob:

docs/providers/*
```

```{toctree}
:hidden:
:caption: What you get

docs/records
docs/models
docs/report
docs/monitoring
docs/singer
docs/warehouses
```

```{toctree}
:hidden:
:caption: The project

CONTRIBUTING
CHANGELOG
SECURITY
```
"""


def contents(_app: Sphinx, name: str, source: list[str]) -> None:
    """Add what leads through the site; elsewhere the README is read as it is."""
    if name == root_doc:
        source[0] += CONTENTS


def setup(app: Sphinx) -> None:
    """Take part."""
    app.connect("source-read", contents)
