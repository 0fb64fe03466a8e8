"""Ask a running engine to compare requests that it keeps."""

import time
from dataclasses import dataclass
from typing import Final

import click

from aiops.cli.common import default_url
from aiops.cli.remote import Remote
from aiops.cli.terminal.past import moment_of
from aiops.presentation.documents.base import Json

SECONDS: Final = 60.0
"""Time that the engine's answer may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineQuestion:
    """What an engine compares: the values of the options."""

    url: str | None
    token: str | None
    service: str | None
    route: str | None
    traces: tuple[str, ...]
    since: str | None
    until: str | None
    limit: int | None

    @property
    def engine(self) -> str:
        """The address of the engine."""
        return self.url or default_url()

    def check(self) -> None:
        """Check what goes together. Raises UsageError."""
        if self.traces:
            alone = {"--service": self.service, "--route": self.route, "--until": self.until}
            if given := [name for name, value in alone.items() if value is not None]:
                raise click.UsageError(f"{given[0]} goes without --trace: the traces say which requests they are")
        elif self.service is None:
            raise click.UsageError(
                "say what to explain: a FILE; or of a running engine, --service NAME --since WHEN, or --trace ID"
            )
        elif self.since is None:
            raise click.UsageError("say which requests are bad: --since WHEN")


def ask_engine(asked: EngineQuestion) -> Json:
    """Return the engine's answer. Raises UsageError, ConfigError or NotAnswered."""
    asked.check()
    now = time.time()
    until = None if asked.until is None else moment_of("--until", asked.until, now)
    since = None if asked.since is None else moment_of("--since", asked.since, now if until is None else until)
    given = {
        "service": asked.service,
        "route": asked.route,
        "traces": ",".join(asked.traces) or None,
        "since": None if since is None else f"{since:.6f}",
        "until": None if until is None else f"{until:.6f}",
        "limit": None if asked.limit is None else str(asked.limit),
    }
    engine = Remote(asked.engine, asked.token, seconds=SECONDS)
    return engine.explanation({name: value for name, value in given.items() if value is not None})
