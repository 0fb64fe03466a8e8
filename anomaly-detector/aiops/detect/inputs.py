"""What symptom families read: from a block of series to the arrays of one step."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from aiops.detect.calendar import Calendar
from aiops.detect.tracked import BUCKETS
from aiops.model import Labels, SeriesBlock, labels, names, value_of
from aiops.model.arrays import Bools, Floats, Ints

SIGNALS = (names.REQUESTS, names.ERRORS, names.DURATION, names.BUCKET)
INFINITE = ("", "+Inf")


@dataclass(frozen=True, slots=True)
class Red:
    """Requests, errors and durations (RED) of each scope and step: `(scopes, steps)`, NaN where absent. Buckets are
    `(scopes, BUCKETS + 1, steps)`, not cumulative, NaN where the source gave none."""

    scopes: list[Labels]
    total: Floats
    bad: Floats
    seconds: Floats
    buckets: Floats


@dataclass(frozen=True)
class Inputs:
    """A block as families read it; each part is computed once. `steps` gives its steps one after another."""

    block: SeriesBlock
    calendar: Calendar
    _read: dict[str, tuple[list[Labels], Floats]] = field(default_factory=dict, init=False)

    def steps(self, after: float | None) -> "Iterator[Step]":
        """Yield the steps that end after a time (Unix seconds), in order; None: all."""
        for column, end in enumerate(self.block.ends):
            if after is None or float(end) > after:
                yield Step(self, column, float(end))

    @cached_property
    def requests(self) -> Red:
        """Requests, errors and durations of all scopes."""
        return red(self.block)

    @cached_property
    def rows(self) -> dict[Labels, int]:
        """The row of each scope of `requests`."""
        return {scope: row for row, scope in enumerate(self.requests.scopes)}

    @cached_property
    def places(self) -> list[str]:
        """The service that serves each scope of `requests`: its local time applies."""
        return [serving_service(scope) for scope in self.requests.scopes]

    @cached_property
    def callers(self) -> list[str]:
        """The caller of each scope of `requests`; "" where a scope is not a call."""
        return [value_of(scope, names.CALLER) for scope in self.requests.scopes]

    @cached_property
    def services(self) -> list[Labels]:
        """The services whose telemetry is counted, each as the labels of its silence series."""
        return [labels(service=value_of(one, names.SERVICE)) for one in self.metric(names.TELEMETRY)[0]]

    @cached_property
    def signals(self) -> Floats:
        """Spans and points that each of `services` sent, `(services, steps)`."""
        return self.metric(names.TELEMETRY)[1]

    @cached_property
    def called(self) -> Floats:
        """Requests that callers sent to each of `services`, `(services, steps)`."""
        sent = calls_received(self.block)
        nothing = np.zeros(len(self.block.ends))
        found = [sent.get(value_of(one, names.SERVICE), nothing) for one in self.services]
        return np.array(found).reshape(self.signals.shape)

    def metric(self, name: str) -> tuple[list[Labels], Floats]:
        """Return the rows of any metric of the block: their labels, and their values `(rows, steps)`."""
        if name not in self._read:
            chosen = [row for row, one in enumerate(self.block.labels) if value_of(one, names.NAME) == name]
            self._read[name] = [scope_of(self.block.labels[row]) for row in chosen], self.block.values[chosen]
        return self._read[name]


@dataclass(frozen=True)
class Step:
    """One step: `at` is its end, Unix seconds. Arrays of requests are `(scopes,)`, arrays of silence `(services,)`."""

    inputs: Inputs
    column: int
    at: float

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return self.inputs.block.step

    @property
    def scopes(self) -> list[Labels]:
        """The scopes whose requests are counted."""
        return self.inputs.requests.scopes

    @cached_property
    def total(self) -> Floats:
        """Requests, NaN where a scope was not heard."""
        return self.inputs.requests.total[:, self.column]

    @property
    def bad(self) -> Floats:
        """Bad requests, `(scopes,)`."""
        return self.inputs.requests.bad[:, self.column]

    @property
    def spent(self) -> Floats:
        """The sum of durations in seconds."""
        return self.inputs.requests.seconds[:, self.column]

    @property
    def buckets(self) -> Floats:
        """Requests by duration, `(scopes, BUCKETS + 1)`."""
        return self.inputs.requests.buckets[:, :, self.column]

    @cached_property
    def local(self) -> Floats:
        """Local time of the service of each scope, seconds since Monday 00:00."""
        return self.inputs.calendar.local(self.inputs.places, self.at)

    @cached_property
    def usual(self) -> Bools:
        """Scopes for which the calendar has no event now."""
        calendar = self.inputs.calendar
        return ~(calendar.unusual(self.inputs.places, self.at) | calendar.unusual(self.inputs.callers, self.at))

    @property
    def signals(self) -> Floats:
        """Spans and points that each service sent."""
        return self.inputs.signals[:, self.column]

    @property
    def called(self) -> Floats:
        """Requests that callers sent to each service."""
        return self.inputs.called[:, self.column]

    @cached_property
    def mute(self) -> frozenset[str]:
        """Services that sent nothing while others did."""
        silent = np.flatnonzero(self.signals == 0)
        return frozenset(value_of(self.inputs.services[row], names.SERVICE) for row in silent)

    def ends(self, rows: Ints) -> Floats:
        """Return the end of the step, once for each of these rows."""
        return np.full(len(rows), self.at)

    def local_of(self, scope: Labels) -> float:
        """Return the local time of the service of a scope, seconds since Monday 00:00."""
        return float(self.inputs.calendar.local([serving_service(scope)], self.at)[0])

    def metric(self, name: str) -> tuple[list[Labels], Floats]:
        """Return the rows of any metric of the block: their labels, and their values in this step, NaN where absent."""
        series, values = self.inputs.metric(name)
        return series, values[:, self.column]


def sender_of(scope: Labels) -> str:
    """Return the service whose telemetry reports these requests."""
    return value_of(scope, names.CALLER) or value_of(scope, names.SERVICE)


def serving_service(scope: Labels) -> str:
    """Return the service that serves these requests: its local time applies."""
    return value_of(scope, names.SERVICE) or value_of(scope, names.CALLEE)


def scope_of(series: Labels) -> Labels:
    """Return the labels that identify whose requests these are."""
    return tuple(pair for pair in series if pair[0] not in (names.NAME, names.LE))


def red(block: SeriesBlock) -> Red:
    """Gather REQUESTS, ERRORS, DURATION and BUCKET rows by scope."""
    scopes: dict[Labels, int] = {}
    places: dict[str, list[tuple[int, int]]] = {name: [] for name in SIGNALS}
    bounds: list[float] = []
    named = [_read(series) for series in block.labels]
    for at, (name, _) in enumerate(named):
        if name == names.REQUESTS:
            scopes.setdefault(scope_of(block.labels[at]), len(scopes))
    for at, (name, bound) in enumerate(named):
        row = scopes.get(scope_of(block.labels[at])) if name in places else None
        if row is not None and not (name == names.BUCKET and bound in INFINITE):
            places[name].append((row, at))
            if name == names.BUCKET:
                bounds.append(float(bound))
    shape = (len(scopes), len(block.ends))

    def gathered(name: str, absent: float) -> Floats:
        out = np.full(shape, absent)
        rows, at = _columns(places[name])
        out[rows] = block.values[at]
        return out

    total = gathered(names.REQUESTS, np.nan)
    rows, buckets = _columns(places[names.BUCKET])
    return Red(
        list(scopes),
        total,
        np.nan_to_num(gathered(names.ERRORS, 0.0)),
        gathered(names.DURATION, np.nan),
        _spread(rows, np.array(bounds), np.nan_to_num(block.values[buckets]), total),
    )


def calls_received(block: SeriesBlock) -> dict[str, Floats]:
    """Return the requests that callers sent to each callee, `(steps,)` each."""
    out: dict[str, Floats] = {}
    for series, values in zip(block.labels, block.values, strict=True):
        if value_of(series, names.NAME) == names.REQUESTS and (callee := value_of(series, names.CALLEE)):
            out[callee] = out.get(callee, np.zeros(len(block.ends))) + np.nan_to_num(values)
    return out


def no_steps(step: float) -> SeriesBlock:
    """Return a block without any steps."""
    return SeriesBlock((), np.zeros(0), step, np.zeros((0, 0)))


def _read(series: Labels) -> tuple[str, str]:
    """Return the name of a row, and its upper bound where it is a bucket."""
    name = bound = ""
    for key, value in series:
        if key == names.NAME:
            name = value
        elif key == names.LE:
            bound = value
    return name, bound


def _columns(pairs: list[tuple[int, int]]) -> tuple[Ints, Ints]:
    rows, at = np.array(pairs, np.int64).reshape(len(pairs), 2).T
    return rows, at


def _spread(rows: Ints, bounds: Floats, cumulative: Floats, total: Floats) -> Floats:
    """Turn cumulative counts `(series, steps)` under arbitrary bounds into counts of our buckets, by scope. Requests
    between two bounds go to the bucket of the upper bound, so that no request is counted as faster than it was."""
    out = np.full((len(total), BUCKETS + 1, total.shape[1]), np.nan)
    known = np.unique(rows)
    out[known] = 0.0
    order = np.lexsort((bounds, rows))
    rows, bounds, cumulative = rows[order], bounds[order], cumulative[order]
    first = np.ones(len(rows), bool)
    first[1:] = rows[1:] != rows[:-1]
    below = np.zeros_like(cumulative)
    below[1:] = cumulative[:-1]
    below[first] = 0.0
    slots = np.searchsorted(names.DURATION_BOUNDS, bounds * (1 - 1e-9))
    np.add.at(out, (rows, slots), cumulative - below)
    last = np.ones(len(rows), bool)
    last[:-1] = first[1:]
    out[known, BUCKETS] += np.nan_to_num(total[known]) - cumulative[last]
    return np.asarray(np.clip(out, 0.0, None))
