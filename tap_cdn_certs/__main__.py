"""The executable `tap-cdn-certs`, and `python -m tap_cdn_certs`."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Runs the tap: what a user or a provider can cause ends with a message and not with a traceback."""
    # Until the tap is there to write its state: its imports take half a second.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)

    if not sys.stdout:
        sys.exit("The output cannot be written: it is closed.")
    level = os.environ.get("TAP_CDN_CERTS_LOGLEVEL") or os.environ.get("LOGLEVEL") or "INFO"
    if level.upper() not in logging.getLevelNamesMapping():
        sys.exit(f"The log level is {level}, not one of DEBUG, INFO, WARNING and ERROR.")

    from singer_sdk.exceptions import ConfigValidationError  # noqa: PLC0415

    from tap_cdn_certs.tap import TapCDNCerts  # noqa: PLC0415

    try:
        TapCDNCerts.cli()
    except ConfigValidationError as error:
        for mistake in error.errors:
            TapCDNCerts.logger.error("%s", mistake)
        sys.exit(1)


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal's handler
    os._exit(128 + number)


if __name__ == "__main__":
    main()
