"""From a block of RED series to the matrices that the judges read."""

from dataclasses import dataclass

import numpy as np

from aiops.detect.rows import Floats, Ints
from aiops.detect.state import BUCKETS
from aiops.model import Labels, SeriesBlock, names, value_of

SIGNALS = (names.REQUESTS, names.ERRORS, names.DURATION, names.BUCKET)
INFINITE = ("", "+Inf")


@dataclass(frozen=True, slots=True)
class Red:
    """Requests of each scope and step: `(scopes, steps)`, NaN where absent; buckets `(scopes, BUCKETS + 1, steps)`,
    not cumulative, NaN where the source gave none."""

    scopes: list[Labels]
    total: Floats
    bad: Floats
    seconds: Floats
    buckets: Floats


def scope_of(series: Labels) -> Labels:
    """The labels that say whose requests these are."""
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


def telemetry(block: SeriesBlock) -> tuple[list[str], Floats]:
    """Signals received per service: names and `(services, steps)`."""
    chosen = [row for row, series in enumerate(block.labels) if value_of(series, names.NAME) == names.TELEMETRY]
    return [value_of(block.labels[row], names.SERVICE) for row in chosen], block.values[chosen]


def calls(block: SeriesBlock) -> dict[str, Floats]:
    """Requests that callers sent to each callee, per step."""
    out: dict[str, Floats] = {}
    for series, values in zip(block.labels, block.values, strict=True):
        if value_of(series, names.NAME) == names.REQUESTS and (callee := value_of(series, names.CALLEE)):
            out[callee] = out.get(callee, np.zeros(len(block.ends))) + np.nan_to_num(values)
    return out


def no_steps(step: float) -> SeriesBlock:
    """A block in which nothing has happened yet."""
    return SeriesBlock((), np.zeros(0), step, np.zeros((0, 0)))


def _read(series: Labels) -> tuple[str, str]:
    """The name of a row, and its upper bound where it is a bucket."""
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
    """Turn cumulative counts `(series, steps)` under arbitrary bounds into counts of our buckets, by scope: what lies
    between two bounds goes to the bucket of the upper one, so nothing is ever counted faster than it was."""
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
