"""What goes wrong, and where."""

from dataclasses import dataclass
from enum import StrEnum


class CauseKind(StrEnum):
    """What goes wrong at the place where the trouble starts."""

    ERRORS = "errors"
    LATENCY = "latency"
    TIMEOUT = "timeout"
    DOWN = "down"
    NETWORK = "network"
    DEPENDENCY = "dependency"
    TRAFFIC = "traffic"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Cause:
    """Where the trouble starts: a service and its endpoint, or the edge from `caller` to the service.

    `endpoint` is a route ("/payment") where the service has routes, else the name of the operation; "" means the whole
    service. For a callee that sends no telemetry, such as a database, `caller` is the service that called it. For the
    kind MACHINE, `service` is the name of the machine.
    """

    service: str
    kind: CauseKind
    endpoint: str = ""
    method: str = ""
    caller: str = ""
