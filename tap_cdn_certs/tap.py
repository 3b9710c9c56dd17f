"""The tap: its settings, the streams of the configured providers, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from typing_extensions import override

from tap_cdn_certs.api.capture import Capture
from tap_cdn_certs.api.client import Client
from tap_cdn_certs.inputs import read_catalog, read_state, states
from tap_cdn_certs.providers import PROVIDERS
from tap_cdn_certs.settings import check_variables, find_mistakes, read_file, unread_variables, without_nulls
from tap_cdn_certs.streams.run import Run
from tap_cdn_certs.streams.stream import CDNStream, ListedStream
from tap_cdn_certs.streams.syncs import TAP_STREAMS, is_config_test
from tap_cdn_certs.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType
    from typing import Self

# Within the two seconds that an orchestrator leaves between asking and killing.
STOP_TIMEOUT = 1.5

# How many records of each stream are read where the shapes of answers are asked for.
CAPTURED = 10

# Seconds that a test of the configuration goes on asking a provider that does not answer.
TEST_PATIENCE = 10.0


class TapCDNCerts(Tap):
    """Which TLS certificate serves which domain, and when it ends: from every CDN account."""

    name = "tap-cdn-certs"
    message_writer_class = Writer
    message_writer: Writer

    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        *(
            th.Property(name, module.SETTINGS, description=(module.__doc__ or "").strip())
            for name, module in PROVIDERS.items()
        ),
        th.Property(
            "strict",
            th.BooleanType,
            default=False,
            description="Whether to exit with 1 when anything could not be read, after all the rest was.",
        ),
    ).to_dict()

    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, *, every_provider: bool = False, **options: Any) -> None:
        self._every_provider = every_provider
        self._from_variables = bool(options.get("parse_env_config"))
        try:
            super().__init__(**options)
        except (ValueError, RecursionError):
            if self._from_variables:
                check_variables(self.config_jsonschema, self._env_var_prefix)
            raise
        # Only now there is a state to write.
        super()._setup_signal_handlers()

    @override
    def discover_streams(self) -> list[Any]:
        # Without a configuration, a catalog shows all there could be.
        every = [stream for name in self.configured or PROVIDERS for stream in PROVIDERS[name].STREAMS]
        wanted = [stream for stream in every if stream.wanted(self.config.get(stream.provider, {}))]
        return [stream(self, self.run) for stream in (*wanted, *TAP_STREAMS)]

    @property
    def streams(self) -> dict[str, Any]:
        """The streams: lists, details, dear ones, those about what they list, those that say how it went."""
        return dict(
            sorted(
                super().streams.items(),
                key=lambda item: (
                    isinstance(item[1], TAP_STREAMS),
                    *(getattr(item[1], when, False) for when in ("last", "dear", "request_per_key")),
                ),
            )
        )

    @cached_property
    def run(self) -> Run:
        """What the streams share."""
        settings = {name: self.config.get(name) or {} for name in PROVIDERS}
        clients = {name: module.CLIENT for name, module in PROVIDERS.items()}
        return Run(settings, clients, strict=self.config.get("strict", False))

    @override
    def setup_mapper(self) -> None:
        # Its SCHEMA messages are made from the catalog, to which the streams add what it lacks.
        _ = self.streams
        super().setup_mapper()

    @property
    def configured(self) -> list[str]:
        """The providers that have settings."""
        return [name for name in PROVIDERS if self.config.get(name)]

    def check_selection(self) -> None:
        """Warns of what a catalog names in vain, or leaves out that the others rest on.

        Raises:
            click.ClickException: Nothing is left to read.
        """
        named = (self.input_catalog or {}).keys() - self.streams.keys()
        known = {stream.name: stream for module in PROVIDERS.values() for stream in module.STREAMS}
        unread = {name: known[name] for name in sorted(named & known.keys())}
        # A provider that has settings has others of its streams.
        products = {name for name, stream in unread.items() if stream.provider in self.configured}
        if unknown := sorted(named - known.keys()):
            self.logger.warning("The catalog names streams that do not exist: %s.", ", ".join(unknown))
        if others := [name for name in unread if name not in products]:
            self.logger.warning(
                "The catalog names streams of a provider that is not configured: %s.", ", ".join(others)
            )
        for name in sorted(products):
            self.logger.warning(
                "The catalog names %s, which is read where %s.products names %s.",
                name,
                known[name].provider,
                known[name].product,
            )
        if not self.read:
            there = [name for name, stream in self.streams.items() if isinstance(stream, CDNStream)]
            raise click.ClickException(
                f"No stream is selected, so there is nothing to read. There are: {', '.join(there)}."
            )
        for stream in TAP_STREAMS:
            if not self.streams[stream.name].selected:
                self.logger.warning(
                    "%s is not selected: the models cannot tell %s.", stream.name, stream.tells
                )

    @property
    def read(self) -> list[CDNStream]:
        """The streams that are selected and read something of a provider."""
        streams = self.streams.values()
        return [stream for stream in streams if isinstance(stream, CDNStream) and stream.selected]

    def write_selected_schemas(self) -> None:
        """Writes the SCHEMA messages of the streams that are selected."""
        for stream in self.streams.values():
            if stream.selected:
                stream._write_schema_message()  # noqa: SLF001 - a sync's own

    def read_ahead(self) -> None:
        """Lets all streams ask at once, while one after another is written."""
        self.run.readers.start(self.read)

    def hurry(self) -> None:
        """Gives up soon on a provider that does not answer: somebody waits to hear of it."""
        for provider in self.configured:
            self.run.client(provider).patience = TEST_PATIENCE

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """All mistakes at once, each by its setting, none with its value."""
        self.append_builtin_config(self.config_jsonschema)
        self._config = without_nulls(self._config)
        if self._every_provider:
            # None has an account here. What is said of all streams, as by stream maps, counts.
            self._config = {name: value for name, value in self._config.items() if name not in PROVIDERS}
            return []
        prefix = self._env_var_prefix
        # Before what is no object is taken out of it.
        hints = [*unread_variables(self._config, prefix, PROVIDERS)] if self._from_variables else []
        mistakes = [*dict.fromkeys(find_mistakes(self._config, self.config_jsonschema, PROVIDERS))]
        if self._config.keys() & PROVIDERS.keys():
            for hint in hints:
                self.logger.warning("%s", hint)
        else:
            mistakes += hints
        if mistakes and raise_errors:
            raise ConfigValidationError("The configuration is not valid.", errors=mistakes, schema={})
        for mistake in mistakes:
            self.logger.warning("%s", mistake)
        return mistakes

    @classmethod
    @override
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
        schemas: bool = False,
    ) -> None:
        super(Tap, cls).invoke(about=about, about_format=about_format)
        if schemas:
            tap = cls._configured(config, catalog=read_catalog(catalog), every_provider=True)
            tap.write_selected_schemas()
            return
        cls.print_version(print_fn=cls.logger.info)
        tap = cls._configured(config, state=read_state(state), catalog=read_catalog(catalog))
        tap.check_selection()
        if is_config_test():
            tap.hurry()
        tap.read_ahead()
        tap.sync_all()
        tap.run.stopped.set()
        if tap.run.report.nothing_read and is_config_test():
            # Of all that is written, the last line is shown.
            reasons = " ".join(f"{name}: {tap.run.report.reasons(name)}" for name in tap.configured)
            click.echo(f"Nothing could be read. {reasons}", err=True)
        sys.exit(0 if tap.run.report.success else 1)

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Reads a record of each stream, and says of each provider which could not be read, and why."""
        if value != "all":
            super().cb_test(ctx, param, value)
            return
        tap = cls._configured(ctx.params["config"])
        tap.sample(tap.streams.values(), 1)
        for provider in tap.configured:
            reasons = tap.run.report.reasons(provider)
            verdict = f"NOT ready: {reasons}" if reasons else "the credentials and permissions suffice."
            click.echo(f"{provider}: {verdict}", err=True)
        ctx.exit(0 if tap.run.report.success else 1)

    @classmethod
    def cb_capture(cls, ctx: click.Context, param: click.Option, value: Path | None) -> None:  # noqa: ARG003
        """Reads some records of each stream, and writes the shapes of what was answered."""
        if not value:
            return
        tap = cls._configured(ctx.params["config"])
        capture = Capture(value)
        asking = [stream for stream in tap.read if isinstance(stream.client, Client)]
        for stream in asking:
            stream.client.capture = capture
        tap.sample(asking, CAPTURED)
        for path in capture.write():
            click.echo(f"{path}", err=True)
        for provider in tap.configured:
            if reasons := tap.run.report.reasons(provider):
                click.echo(f"{provider}: {reasons}", err=True)
        ctx.exit(0 if tap.run.report.success else 1)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        shapes = click.Option(
            ["--capture"],
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="Read some records of each stream, and write the shapes of the providers' answers into a "
            "folder: names, types and lengths, no values and no secret.",
            callback=cls.cb_capture,
            expose_value=False,
        )
        text = "Write the SCHEMA messages of all providers' streams, which takes no credentials, and no more."
        command.params += [shapes, click.Option(["--schemas"], is_flag=True, help=text)]
        return command

    def sample(self, streams: Iterable[Stream], records: int) -> None:
        """Reads some records of each of the streams, soon, and writes none."""
        self.hurry()
        self.message_writer.silent = True
        # Says which lists will be read: a setting may select from several.
        _ = [stream.inventory for stream in self.read if isinstance(stream, ListedStream)]
        for stream in streams:
            most = getattr(stream, "sample", 1)
            # Not as the SDK does it, which calls the end of a test an unhandled error.
            deque(islice(stream.get_records(None), most and max(most, records)), 0)
        self.run.stopped.set()

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        given = super().cb_config(ctx, param, tuple(path for path in value if path == "ENV"))
        for path in value:
            if path != "ENV":
                given.config |= read_file(path)
        return given

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        for part in states(state, "The state"):
            super().load_state(part)

    @override
    def _setup_signal_handlers(self) -> None:
        pass

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Ends at once, with whole lines and the state written: nothing under way is waited for."""
        code = 128 + signum
        # A target that does not read any more keeps a line from ending. No lock is taken and no thread
        # started here: what was interrupted may hold the lock that it takes.
        signal.signal(signal.SIGALRM, lambda *_: os._exit(code))
        signal.setitimer(signal.ITIMER_REAL, STOP_TIMEOUT)
        if self.message_writer.writing:
            self.message_writer.after_line = partial(self._end, code)
        else:
            self._end(code)

    def _end(self, code: int) -> None:
        for stream in self.read:
            stream.remember()
        if self.state:
            self.state_writer.write_state(self.state)
        os._exit(code)

    @classmethod
    def _configured(cls, config: Any, **options: Any) -> Self:
        tap = cls(config=config.config, parse_env_config=config.parse_env, **options)
        tap.message_writer.watch_target()
        return tap
