"""The catalogue of faults, with the truth: which incidents, with which cause, should come of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shop import names
from shop.profile import BAD_TENANT, DATABASE, NEW_VERSION, PROCESSOR, PRODUCTS_STATEMENT
from shop.topology import ENDPOINTS, GATEWAY, SHARES_PORTS, callers, endpoint_of

Cause = Literal["errors", "latency", "timeout", "down", "network", "dependency", "traffic"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: at an endpoint, or (`endpoint` is None) with a whole service.

    `caller`: only the requests of this service suffer (of the kind `network`).
    """

    kind: str
    service: str
    endpoint: str | None = None
    strength: float | None = None
    caller: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return what `POST /simulate/fault` takes."""
        one: dict[str, object] = {"kind": self.kind, "endpoint": self.endpoint, "service": self.service}
        return {**one, "strength": self.strength, **({"caller": self.caller} if self.caller else {})}


@dataclass(frozen=True, slots=True)
class Expected:
    """One incident that should come of a scenario.

    endpoint: a route of the service; of a database the statement, in short. affected: services that suffer without
    blame. caller: the trouble is between it and the service, or it is the one that calls what sends no telemetry.
    dimension: the attribute and value that bad requests share.
    """

    service: str
    endpoint: str | None
    kind: Cause
    affected: tuple[str, ...]
    caller: str | None = None
    dimension: tuple[str, str] | None = None

    def as_json(self) -> dict[str, object]:
        """Return the incident as the catalogue's JSON has it."""
        return {
            "service": self.service,
            "endpoint": self.endpoint,
            "kind": self.kind,
            "affected": list(self.affected),
            "caller": self.caller,
            "dimension": list(self.dimension) if self.dimension else None,
        }


@dataclass(frozen=True, slots=True)
class Scenario:
    """Faults made together, and every incident that should come of them; `live`: within minutes, so that it can be
    shown with real processes."""

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


def _blame(path: str, kind: Cause, dimension: tuple[str, str] | None = None) -> Expected:
    return Expected(ENDPOINTS[path].service, path, kind, callers(path), dimension=dimension)


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
        Scenario(
            "lost-time",
            "The network between checkout and payment loses 400 ms",
            (Fault("network", "payment", "/payment", 400.0, caller="checkout"),),
            (Expected("payment", "/payment", "network", ("checkout", "gateway"), caller="checkout"),),
        ),
        Scenario(
            "lost-time-everywhere",
            "The network in front of payment loses 400 ms of every call",
            (_at("/payment", "network", 400.0),),
            (_blame("/payment", "network"),),
        ),
        Scenario(
            "retry-storm",
            "60 % of payments fail, and everybody calls again at once",
            (_at("/payment", "retries", 0.6),),
            (_blame("/payment", "errors"),),
        ),
        Scenario(
            "exhausted-pool",
            "Payment holds its connections too long and runs out of them",
            (_at("/payment", "pool", 700.0),),
            (_blame("/payment", "errors"),),
        ),
        Scenario(
            "bad-version",
            "A new version of payment takes half the requests and fails 70 % of them",
            (Fault("version", "payment", strength=0.7),),
            (_blame("/payment", "errors", ("service.version", NEW_VERSION)),),
            live=SHARES_PORTS,
        ),
        Scenario(
            "bad-tenant",
            "Payment fails for one tenant of four",
            (_at("/payment", "tenant", 0.9),),
            (_blame("/payment", "errors", (names.TENANT, BAD_TENANT)),),
        ),
        Scenario(
            "slow-query",
            "The catalogue's database works 800 ms longer on each query",
            (_at("/products", "query", 800.0),),
            (Expected(DATABASE, PRODUCTS_STATEMENT, "latency", ("catalog", "gateway"), caller="catalog"),),
        ),
        Scenario(
            "n-plus-one",
            "Checkout asks for stock fifteen times instead of once",
            (_at("/checkout", "n-plus-one", 15.0),),
            (_blame("/checkout", "latency"),),
        ),
        Scenario(
            "dependency-down",
            "The card processor, which sends no telemetry, refuses payment's calls",
            (Fault("dependency", "payment", "/payment"),),
            (Expected(PROCESSOR, None, "dependency", ("payment", "checkout", "gateway"), caller="payment"),),
        ),
        Scenario(
            "two-at-once",
            "Payments fail, and products are slow for a reason of their own",
            (_at("/payment", "errors", 0.8), _at("/products", "latency", 1000.0)),
            (_blame("/payment", "errors"), _blame("/products", "latency")),
        ),
        Scenario(
            "traffic-drop",
            "85 % of the customers stay away",
            (Fault("drop", GATEWAY, strength=0.85),),
            (Expected(GATEWAY, None, "traffic", ()),),
            live=False,  # traffic is judged by an hour of it
        ),
        Scenario(
            "traffic-surge",
            "Three times the customers come, and all are served",
            (Fault("surge", GATEWAY, strength=3.0),),
        ),
        Scenario(
            "deployment",
            "A new version of payment takes over, without harm",
            (Fault("deploy", "payment"),),
            live=SHARES_PORTS,
        ),
        Scenario(
            "gradual-latency",
            "Payment becomes slower by 500 ms over four hours: the expectation follows",
            (_at("/payment", "gradual", 500.0),),
            live=False,
        ),
        Scenario("quiet", "Nothing is wrong"),
    )
}


def as_json() -> dict[str, object]:
    """Return the whole catalogue."""
    return {"scenarios": [scenario.as_json() for scenario in SCENARIOS.values()]}
