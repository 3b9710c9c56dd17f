"""Photographs the report of a database for the README: docs/report-light.png and docs/report-dark.png."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parent.parent / "docs"
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def main() -> None:
    """Write a picture for each colour scheme."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", help="as cdn-certs-report takes it")
    parser.add_argument("--now", default=datetime.now(UTC).isoformat(), help="as cdn-certs-report takes it")
    parser.add_argument("--schema", default="cdn_certs_marts", help="as cdn-certs-report takes it")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="path of the browser")
    parser.add_argument("--height", type=int, default=1300, help="pixels")
    options = parser.parse_args()
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(folder) / "report.html"
        report = (options.database, "--now", options.now, "--schema", options.schema, "--html", page)
        subprocess.run([sys.executable, "-m", "cdn_certs_report", *report], check=True)
        browser = playwright.chromium.launch(executable_path=options.chromium, args=ARGUMENTS.split())
        DOCS.mkdir(exist_ok=True)
        for scheme in ("light", "dark"):
            window = browser.new_page(
                viewport={"width": 1280, "height": options.height},
                color_scheme="light" if scheme == "light" else "dark",
            )
            # A page that was made long ago would say so.
            window.clock.set_fixed_time(datetime.fromisoformat(options.now))
            window.goto(page.as_uri())
            window.locator("#list tbody tr").first.wait_for()
            picture = DOCS / f"report-{scheme}.png"
            window.screenshot(path=picture)
            sys.stdout.write(f"{picture.relative_to(DOCS.parent)}: {picture.stat().st_size // 1024} KiB\n")
        browser.close()


if __name__ == "__main__":
    main()
