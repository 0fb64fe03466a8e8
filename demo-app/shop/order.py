"""Orders for a fault, as they come over HTTP: read, checked, and refused with the parameter that is wrong."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from shop.catalogue import Fault
from shop.kinds import ERRORS, KINDS, LATENCY, MAX_MILLISECONDS, MAX_SECONDS, MAX_TIMES, NETWORK, Acts, Kind, Unit
from shop.topology import ENDPOINTS, GATEWAY, OWNERS, callers, endpoint_of

FIELDS = ("kind", "endpoint", "service", "strength", "caller", "for_seconds")
MOST = {Unit.MILLISECONDS: MAX_MILLISECONDS, Unit.SHARE: 1.0, Unit.TIMES: MAX_TIMES}
STRENGTHS = {
    Unit.MILLISECONDS: f"a number of milliseconds, 0..{MAX_MILLISECONDS:g}",
    Unit.SHARE: "a number, 0..1",
    Unit.TIMES: f"a number of times, 0..{MAX_TIMES:g}",
}


class Rejected(ValueError):
    """A parameter has a value it may not have."""

    def __init__(self, parameter: str, value: object, allowed: str) -> None:
        super().__init__(f"{parameter} is {_shown(value)}; allowed: {allowed}")
        self.parameter = parameter
        self.value = value
        self.allowed = allowed

    def as_json(self) -> dict[str, object]:
        """Return the body of a 400; NaN and infinity, which JSON cannot carry, become text."""
        value = str(self.value) if isinstance(self.value, float) and not math.isfinite(self.value) else self.value
        return {"error": str(self), "parameter": self.parameter, "value": value, "allowed": self.allowed}


@dataclass(frozen=True, slots=True)
class Order:
    """A checked order: a fault, and how long it lasts (None: until cleared)."""

    fault: Fault
    for_seconds: float | None = None

    def as_json(self) -> dict[str, object]:
        """Return what `POST /simulate/fault` takes."""
        return {**self.fault.as_json(), "for_seconds": self.for_seconds}


def read_delay(query: Mapping[str, str]) -> Order:
    """Read `?endpoint=/payment&duration=2000`."""
    return _read_query(query, LATENCY, "duration")


def read_error(query: Mapping[str, str]) -> Order:
    """Read `?endpoint=/inventory&rate=0.8`."""
    return _read_query(query, ERRORS, "rate")


def _read_query(query: Mapping[str, str], kind: Kind, parameter: str) -> Order:
    _only(query, ("endpoint", parameter, "for_seconds"))
    path = _endpoint(query.get("endpoint"))
    strength = _strength(kind, _number_in(query.get(parameter)), parameter)
    return Order(Fault(kind.name, ENDPOINTS[path].service, path, strength), _for(_number_in(query.get("for_seconds"))))


def read_fault(body: bytes) -> Order:
    """Read `{"kind", "endpoint" or "service", "strength", "for_seconds"}`."""
    fields = _object(body)
    _only(fields, FIELDS)
    name = fields.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Rejected("kind", name, ", ".join(KINDS))
    strength = _strength(kind, fields.get("strength"), "strength")
    if kind.acts is Acts.LOAD:
        fault = Fault(kind.name, _of_everybody(fields), None, strength)
    else:
        service, path = _target(fields.get("service"), fields.get("endpoint"))
        if kind.only and path not in kind.only:
            raise Rejected("endpoint", path, f"{', '.join(kind.only)}: no other endpoint can have {kind.name}")
        whole = kind.acts is Acts.PROCESS
        fault = Fault(kind.name, service, None if whole else path, strength, _caller(kind, path, fields.get("caller")))
    return Order(fault, _for(fields.get("for_seconds")))


def _object(body: bytes) -> Mapping[str, object]:
    try:
        fields = json.loads(body)
    except ValueError:
        raise Rejected("body", body[:200].decode("utf-8", "replace"), "a JSON object") from None
    if not isinstance(fields, dict):
        raise Rejected("body", fields, "a JSON object")
    return fields


def _only(given: Mapping[str, object], known: tuple[str, ...]) -> None:
    for parameter in given:
        if parameter not in known:
            raise Rejected(parameter, given[parameter], f"no such parameter; known: {', '.join(known)}")


def _target(service: object, endpoint: object) -> tuple[str, str]:
    if service is None:
        path = _endpoint(endpoint)
        return ENDPOINTS[path].service, path
    if service not in OWNERS or not isinstance(service, str):
        raise Rejected("service", service, ", ".join(OWNERS))
    owned = endpoint_of(service).path
    if endpoint is not None and _endpoint(endpoint) != owned:
        raise Rejected("endpoint", endpoint, f"{owned}, which {service} owns; or leave one of the two out")
    return service, owned


def _of_everybody(fields: Mapping[str, object]) -> str:
    """Read the target of a fault of the load: it happens at the gateway, for every endpoint."""
    if fields.get("service") not in (None, GATEWAY):
        raise Rejected("service", fields["service"], f"{GATEWAY}, or nothing: the load is everybody's")
    if fields.get("endpoint") is not None:
        raise Rejected("endpoint", fields["endpoint"], "nothing: the load is everybody's")
    return GATEWAY


def _caller(kind: Kind, path: str, value: object) -> str | None:
    if value is None:
        return None
    if kind is not NETWORK:
        raise Rejected("caller", value, f"nothing: {kind.name} does not tell callers apart")
    direct = [service for service in callers(path) if service == GATEWAY or path in endpoint_of(service).calls]
    if not isinstance(value, str) or value not in direct:
        raise Rejected("caller", value, f"{', '.join(direct)}: who calls {path}")
    return value


def _endpoint(value: object) -> str:
    path = "/" + value.removeprefix("/") if isinstance(value, str) else ""
    if path not in ENDPOINTS:
        raise Rejected("endpoint", value, ", ".join(ENDPOINTS))
    return path


def _strength(kind: Kind, value: object, parameter: str) -> float | None:
    if kind.unit is Unit.NONE:
        if value is not None:
            raise Rejected(parameter, value, f"nothing: {kind.name} has no strength")
        return None
    if kind.unit is Unit.SHARE and value is None and kind is not ERRORS:
        return 1.0
    number = _number(value)
    if number is None or not 0 <= number <= MOST[kind.unit]:
        raise Rejected(parameter, value, STRENGTHS[kind.unit])
    return number


def _for(value: object) -> float | None:
    number = _number(value)
    if value is not None and (number is None or not 0 < number <= MAX_SECONDS):
        raise Rejected("for_seconds", value, f"a number of seconds above 0, at most {MAX_SECONDS:g}")
    return number


def _number(value: object) -> float | None:
    """Return a finite number, or None; `true` is not a number, nor is one too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _number_in(text: str | None) -> object:
    """Return the number a query parameter spells, or the text itself for the message."""
    try:
        return text if text is None else float(text)
    except ValueError:
        return text


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)
