"""Ask an engine everything once."""

import time
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Final

from aiops.cli.remote import NoEngine, NotAnswered, Remote
from aiops.cli.smoke.answers import (
    DESCRIPTION,
    HEALTH,
    INCIDENTS,
    METRICS_PATH,
    PAGES,
    READY,
    SERVICES,
    Answer,
    Round,
)

LONGEST: Final = 10.0
SHORTEST: Final = 5.0
"""Seconds that one answer may take even where less of the whole time is left."""
BACK: Final = 900.0
"""Seconds in which the newest verdict on a service is searched for."""


def ask_once(url: str, services: Sequence[str], left: float, token: str | None = None) -> Round:
    """Ask once; `left` is how many seconds are left for everything. Never raises: errors are in the answers."""
    remote = Remote(url, token, seconds=min(LONGEST, max(SHORTEST, left)))
    alive = Round({HEALTH: _answer(remote, HEALTH)})
    if not alive.alive:
        return alive
    paths = (READY, METRICS_PATH, SERVICES, INCIDENTS, DESCRIPTION, *PAGES)
    answers = {**alive.answers, **{path: _answer(remote, path) for path in paths}}
    since = (answers[METRICS_PATH].at or time.time()) - BACK
    return Round(answers, {name: _verdicts(remote, name, since) for name in services})


def _verdicts(remote: Remote, service: str, since: float) -> Answer:
    return _answer(remote, "/aiops/series", {"service": service, "route": "", "since": f"{since:.0f}"})


def _answer(remote: Remote, path: str, params: dict[str, str] | None = None) -> Answer:
    began = time.monotonic()
    try:
        got = remote.page(path, params)
    except NoEngine as error:
        return Answer(why=f"no answer: {error.why}")
    except NotAnswered as error:
        return Answer(why=str(error))
    return Answer(
        status=got.status_code,
        kind=got.headers.get("Content-Type", ""),
        body=got.content,
        seconds=time.monotonic() - began,
        at=_moment(got.headers.get("Date")),
        server=got.headers.get("Server", ""),
    )


def _moment(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None
