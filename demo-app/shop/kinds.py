"""The kinds of fault: what each is called, where in a request it acts, and how its strength is counted.

A kind is one row here, one branch where it acts in the live shop, and one in the model of virtual time:

    door      before telemetry sees the request   shop/door.py
    work      adds time inside the server span     shop/work.py
    outcome   decides how the request ends         shop/work.py
    calls     changes what the service calls       shop/client.py, shop/services/
    process   happens to the process itself        shop/server.py, shop/supervisor.py
    load      happens to the customers             shop/load.py
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Acts(StrEnum):
    """Where a kind of fault takes hold."""

    DOOR = "door"
    WORK = "work"
    OUTCOME = "outcome"
    CALLS = "calls"
    PROCESS = "process"
    LOAD = "load"


class Unit(StrEnum):
    """What a strength counts."""

    MILLISECONDS = "ms"
    SHARE = "share"
    TIMES = "times"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault; `only` lists the endpoints that can have it, where not all can."""

    name: str
    acts: Acts
    unit: Unit
    summary: str
    only: tuple[str, ...] = ()


LATENCY = Kind("latency", Acts.WORK, Unit.MILLISECONDS, "adds milliseconds before the work")
GRADUAL = Kind(
    "gradual", Acts.WORK, Unit.MILLISECONDS, "adds milliseconds that grow from nothing to all over four hours"
)
POOL = Kind(
    "pool",
    Acts.WORK,
    Unit.MILLISECONDS,
    "each request holds one of two connections for so long; who waits a second for one fails",
)
QUERY = Kind(
    "query", Acts.WORK, Unit.MILLISECONDS, "the database works so much longer on each query", only=("/products",)
)
NETWORK = Kind(
    "network", Acts.DOOR, Unit.MILLISECONDS, "loses milliseconds between caller and service, in no server span"
)
TIMEOUT = Kind("timeout", Acts.DOOR, Unit.SHARE, "never answers a share of the requests, without a trace")
ERRORS = Kind("errors", Acts.OUTCOME, Unit.SHARE, "answers a share of the requests with 503")
EXCEPTION = Kind("exception", Acts.OUTCOME, Unit.SHARE, "raises an unhandled exception in a share of the requests")
TENANT = Kind("tenant", Acts.OUTCOME, Unit.SHARE, "answers a share of one tenant's requests with 503")
RETRIES = Kind(
    "retries", Acts.OUTCOME, Unit.SHARE, "answers a share with 503 that asks to be called again at once: callers do"
)
N_PLUS_ONE = Kind(
    "n-plus-one", Acts.CALLS, Unit.TIMES, "makes its first call so many times instead of once", only=("/checkout",)
)
DEPENDENCY = Kind(
    "dependency", Acts.CALLS, Unit.NONE, "what it depends on, which sends no telemetry, refuses", only=("/payment",)
)
GONE = Kind("gone", Acts.PROCESS, Unit.NONE, "the process exits at once and stays away")
REFUSED = Kind("refused", Acts.PROCESS, Unit.NONE, "the process lives and exports, but its port is closed")
VERSION = Kind(
    "version", Acts.PROCESS, Unit.SHARE, "a second instance, of a new version, takes half the requests; a share fails"
)
DEPLOY = Kind("deploy", Acts.PROCESS, Unit.NONE, "a new version takes over, without harm")
SURGE = Kind("surge", Acts.LOAD, Unit.TIMES, "so many times the customers come")
DROP = Kind("drop", Acts.LOAD, Unit.SHARE, "a share of the customers stays away")

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        LATENCY,
        ERRORS,
        EXCEPTION,
        TIMEOUT,
        GONE,
        REFUSED,
        GRADUAL,
        NETWORK,
        RETRIES,
        POOL,
        VERSION,
        TENANT,
        QUERY,
        N_PLUS_ONE,
        DEPENDENCY,
        SURGE,
        DROP,
        DEPLOY,
    )
}
MAX_MILLISECONDS = 60_000.0
MAX_TIMES = 100.0
MAX_SECONDS = 86_400.0
