"""Requests of one route as a metric source would report them, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from aiops.detect import Outcome, State, Tuning, step
from aiops.model import Finding, Labels, SeriesBlock, labels, names

PAYMENT = labels(service="payment", route="/payment", method="POST")
STEP = 3.0


@dataclass(frozen=True)
class Fault:
    """From step `start` to `end`: seconds more, and the share that fails."""

    start: int
    end: int
    slower: float = 0.0
    fails: float | None = None


def blocks(
    steps: int,
    fault: Fault | None = None,
    requests: float = 15.0,
    seed: int = 0,
    median: float = 0.035,
    sigma: float = 0.35,
    fails: float = 0.001,
    scope: Labels = PAYMENT,
) -> Iterator[SeriesBlock]:
    """One block a step: Poisson arrivals, log-normal durations."""
    rng = np.random.default_rng(seed)
    for number in range(steps):
        count = int(rng.poisson(requests))
        took = median * np.exp(sigma * rng.standard_normal(count))
        on = fault is not None and fault.start <= number < fault.end
        share = fault.fails if on and fault is not None and fault.fails is not None else fails
        bad = int((rng.random(count) < share).sum())
        if on and fault is not None:
            took = took + fault.slower
        yield block((number + 1) * STEP, took, bad, scope)


def beside(*streams: Iterator[SeriesBlock]) -> Iterator[SeriesBlock]:
    """Series that know nothing of each other in one block a step, which is sooner judged than each alone."""
    for parts in zip(*streams, strict=True):
        rows = tuple(series for one in parts for series in one.labels)
        yield SeriesBlock(rows, parts[0].ends, STEP, np.vstack([one.values for one in parts]))


def block(at: float, took: "np.ndarray[tuple[int], np.dtype[np.float64]]", bad: int, scope: Labels) -> SeriesBlock:
    """One step of requests with these durations, `bad` of them failed."""
    pairs = dict(scope)
    rows = [
        (labels(name=names.REQUESTS, **pairs), float(len(took))),
        (labels(name=names.ERRORS, **pairs), float(bad)),
        (labels(name=names.DURATION, **pairs), float(took.sum())),
        *((labels(name=names.BUCKET, le=str(b), **pairs), float((took <= b).sum())) for b in names.DURATION_BOUNDS),
    ]
    values = np.array([[value] for _, value in rows])
    return SeriesBlock(tuple(series for series, _ in rows), np.array([at]), STEP, values)


def play(stream: Iterator[SeriesBlock], state: State | None = None) -> list[Outcome]:
    """Advance a detector over all blocks."""
    state = state or State()
    return [step(state, one, Tuning()) for one in stream]


def troubled(outcomes: list[Outcome]) -> list[int]:
    """Numbers of the steps at whose end something was in trouble."""
    return [number for number, one in enumerate(outcomes) if one.findings]


def only(outcome: Outcome) -> Finding:
    (finding,) = outcome.findings
    return finding
