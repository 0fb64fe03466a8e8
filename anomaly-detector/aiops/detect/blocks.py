"""From a block of RED series to the matrices that the judges read."""

from dataclasses import dataclass

import numpy as np

from aiops import names
from aiops.detect.state import BUCKETS, Floats
from aiops.model import Labels, SeriesBlock, value_of


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
    rows: dict[Labels, int] = {}
    for series in block.labels:
        if value_of(series, names.NAME) == names.REQUESTS:
            rows.setdefault(scope_of(series), len(rows))
    steps = len(block.ends)
    shape = (len(rows), steps)
    out = Red(
        list(rows),
        np.full(shape, np.nan),
        np.zeros(shape),
        np.full(shape, np.nan),
        np.full((len(rows), BUCKETS + 1, steps), np.nan),
    )
    bounded: dict[int, list[tuple[float, Floats]]] = {}
    for series, values in zip(block.labels, block.values, strict=True):
        row = rows.get(scope_of(series))
        name = value_of(series, names.NAME)
        if row is None:
            continue
        if name == names.REQUESTS:
            out.total[row] = values
        elif name == names.ERRORS:
            out.bad[row] = np.nan_to_num(values)
        elif name == names.DURATION:
            out.seconds[row] = values
        elif name == names.BUCKET:
            bounded.setdefault(row, []).append((float(value_of(series, names.LE, "inf")), values))
    for row, cumulative in bounded.items():
        _spread(out.buckets[row], cumulative, out.total[row])
    return out


def telemetry(block: SeriesBlock) -> tuple[list[str], Floats]:
    """Signals received per service: names and `(services, steps)`."""
    chosen = [row for row, series in enumerate(block.labels) if value_of(series, names.NAME) == names.TELEMETRY]
    return [value_of(block.labels[row], names.SERVICE) for row in chosen], block.values[chosen]


def calls(block: SeriesBlock) -> dict[str, Floats]:
    """Requests that callers sent to each callee, per step."""
    out: dict[str, Floats] = {}
    for series, values in zip(block.labels, block.values, strict=True):
        callee = value_of(series, names.CALLEE)
        if callee and value_of(series, names.NAME) == names.REQUESTS:
            out[callee] = out.get(callee, np.zeros(len(block.ends))) + np.nan_to_num(values)
    return out


def no_steps(step: float) -> SeriesBlock:
    """A block in which nothing has happened yet."""
    return SeriesBlock((), np.zeros(0), step, np.zeros((0, 0)))


def _spread(into: Floats, cumulative: list[tuple[float, Floats]], total: Floats) -> None:
    """Turn cumulative counts under arbitrary bounds into counts of our buckets: what lies between two bounds goes to
    the bucket of the upper one, so nothing is ever counted faster than it was."""
    into[:] = 0.0
    below = np.zeros_like(total)
    for bound, values in sorted(cumulative, key=lambda pair: pair[0]):
        if np.isinf(bound):
            continue
        slot = int(np.searchsorted(names.DURATION_BOUNDS, bound * (1 - 1e-9)))
        into[slot] += np.nan_to_num(values) - below
        below = np.nan_to_num(values)
    into[BUCKETS] += np.nan_to_num(total) - below
    np.clip(into, 0.0, None, out=into)
