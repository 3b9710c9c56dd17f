"""The executable `tap-cdn-certs`, and `python -m tap_cdn_certs`."""

from __future__ import annotations

import atexit
import os
import signal
import sys


def main() -> None:
    """Runs the tap: what a user or a provider can cause ends with a message and not with a traceback."""
    # Until the tap is there to write its state: its imports take half a second, and come after this.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    # Python's own end, when all is written, has no handlers: a signal would hide how the sync ended.
    atexit.register(_ignore_signals)

    import logging  # noqa: PLC0415

    if not sys.stdout:
        sys.exit("The output cannot be written: it is closed.")
    level = os.environ.get("TAP_CDN_CERTS_LOGLEVEL") or os.environ.get("LOGLEVEL") or "INFO"
    if level.upper() not in logging.getLevelNamesMapping():
        sys.exit(f"The log level is {level}, not one of DEBUG, INFO, WARNING and ERROR.")

    from singer_sdk.exceptions import ConfigValidationError  # noqa: PLC0415

    from tap_cdn_certs.tap import TapCDNCerts  # noqa: PLC0415

    command = TapCDNCerts.cli
    _quiet()
    try:
        command()
    except ConfigValidationError as error:
        for mistake in error.errors:
            TapCDNCerts.logger.error("%s", mistake)
        sys.exit(1)


def schemas() -> None:
    """The executable `tap-cdn-certs-schemas`: a tap, to Meltano, that writes SCHEMA messages and no more."""
    sys.argv.append("--schemas")
    main()


def _quiet() -> None:
    """Leaves what the SDK says of its own steps to the level DEBUG, or a log configuration that is given."""
    import logging  # noqa: PLC0415

    import singer_sdk  # noqa: PLC0415

    root = logging.getLogger()
    if "SINGER_SDK_LOG_CONFIG" in os.environ or root.getEffectiveLevel() <= logging.DEBUG:
        return
    sdk = f"{singer_sdk.__path__[0]}{os.sep}"
    for handler in root.handlers:
        handler.addFilter(lambda line: line.levelno != logging.INFO or not line.pathname.startswith(sdk))


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _stop(number: int, frame: object) -> None:  # noqa: ARG001 - a signal's handler
    os._exit(128 + number)


if __name__ == "__main__":
    main()
