"""The kinds of fault: what each is called, where in a request it acts, and how its strength is counted.

A kind is one row here and one branch where it acts:

    door      before telemetry sees the request   shop/door.py
    work      adds time inside the server span     shop/work.py
    outcome   decides how the request ends         shop/work.py
    process   happens to the process itself        shop/server.py
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Acts(StrEnum):
    """Where a kind of fault takes hold."""

    DOOR = "door"
    WORK = "work"
    OUTCOME = "outcome"
    PROCESS = "process"


class Unit(StrEnum):
    """What a strength counts."""

    MILLISECONDS = "ms"
    SHARE = "share"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault."""

    name: str
    acts: Acts
    unit: Unit
    summary: str


LATENCY = Kind("latency", Acts.WORK, Unit.MILLISECONDS, "adds milliseconds before the work")
ERRORS = Kind("errors", Acts.OUTCOME, Unit.SHARE, "answers a share of the requests with 503")
EXCEPTION = Kind("exception", Acts.OUTCOME, Unit.SHARE, "raises an unhandled exception in a share of the requests")
TIMEOUT = Kind("timeout", Acts.DOOR, Unit.SHARE, "never answers a share of the requests, without a trace")
GONE = Kind("gone", Acts.PROCESS, Unit.NONE, "the process exits at once and stays away")
REFUSED = Kind("refused", Acts.PROCESS, Unit.NONE, "the process lives and exports, but its port is closed")

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (LATENCY, ERRORS, EXCEPTION, TIMEOUT, GONE, REFUSED)}
MAX_MILLISECONDS = 60_000.0
MAX_SECONDS = 86_400.0
