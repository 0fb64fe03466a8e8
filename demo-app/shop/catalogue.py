"""The catalogue of faults, with the truth: which incidents, with which cause, should come of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shop.topology import ENDPOINTS, callers, endpoint_of

Cause = Literal["errors", "latency", "timeout", "down"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: at an endpoint, or (`endpoint` is None) with a whole service."""

    kind: str
    service: str
    endpoint: str | None = None
    strength: float | None = None

    def as_json(self) -> dict[str, object]:
        """Return what `POST /simulate/fault` takes."""
        return {"kind": self.kind, "endpoint": self.endpoint, "service": self.service, "strength": self.strength}


@dataclass(frozen=True, slots=True)
class Expected:
    """One incident that should come of a scenario; `affected` are the services that suffer without blame."""

    service: str
    endpoint: str | None
    kind: Cause
    affected: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return the incident as the catalogue's JSON has it."""
        affected = list(self.affected)
        return {"service": self.service, "endpoint": self.endpoint, "kind": self.kind, "affected": affected}


@dataclass(frozen=True, slots=True)
class Scenario:
    """Faults made together, and every incident that should come of them; `live`: against real processes too."""

    name: str
    title: str
    faults: tuple[Fault, ...] = ()
    truth: tuple[Expected, ...] = ()
    live: bool = True

    def as_json(self) -> dict[str, object]:
        """Return the scenario in the catalogue's stable JSON shape."""
        return {
            "name": self.name,
            "title": self.title,
            "faults": [fault.as_json() for fault in self.faults],
            "truth": [expected.as_json() for expected in self.truth],
            "live": self.live,
        }


def _at(path: str, kind: str, strength: float) -> Fault:
    return Fault(kind, ENDPOINTS[path].service, path, strength)


def _blame(path: str, kind: Cause) -> Expected:
    return Expected(ENDPOINTS[path].service, path, kind, callers(path))


def _down(service: str) -> Expected:
    return Expected(service, None, "down", callers(endpoint_of(service).path))


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "payment-errors",
            "80 % of payments fail",
            (_at("/payment", "errors", 0.8),),
            (_blame("/payment", "errors"),),
        ),
        Scenario(
            "latency-spike",
            "Payment takes two seconds longer",
            (_at("/payment", "latency", 2000.0),),
            (_blame("/payment", "latency"),),
        ),
        Scenario(
            "error-storm",
            "80 % of inventory requests fail",
            (_at("/inventory", "errors", 0.8),),
            (_blame("/inventory", "errors"),),
        ),
        Scenario(
            "cascading-failure",
            "Every payment fails, and every checkout with it",
            (_at("/payment", "errors", 1.0),),
            (_blame("/payment", "errors"),),
        ),
        Scenario(
            "exception",
            "Payment raises an unhandled exception",
            (_at("/payment", "exception", 1.0),),
            (_blame("/payment", "errors"),),
        ),
        Scenario(
            "timeout",
            "Payment never answers",
            (_at("/payment", "timeout", 1.0),),
            (_blame("/payment", "timeout"),),
        ),
        Scenario(
            "several-services",
            "Every endpoint takes one second longer by itself",
            tuple(_at(path, "latency", 1000.0) for path in ENDPOINTS),
            tuple(_blame(path, "latency") for path in ENDPOINTS),
        ),
        Scenario("service-gone", "The payment process is killed", (Fault("gone", "payment"),), (_down("payment"),)),
        Scenario(
            "connection-refused",
            "Payment lives, but refuses connections",
            (Fault("refused", "payment"),),
            (_down("payment"),),
        ),
        Scenario("quiet", "Nothing is wrong"),
    )
}


def as_json() -> dict[str, object]:
    """Return the whole catalogue."""
    return {"scenarios": [scenario.as_json() for scenario in SCENARIOS.values()]}
