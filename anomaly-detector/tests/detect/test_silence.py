"""A service that stops sending, and those that only look like it."""

import numpy as np
import pytest

from aiops.detect import State, Tuning, step
from aiops.model import Family, SeriesBlock, labels, names

STEP = 3.0


def play(signals: list[float], calls: list[float]) -> list[bool]:
    """Whether the service was found silent, step by step."""
    rows = (
        labels(name=names.TELEMETRY, service="payment"),
        labels(name=names.REQUESTS, caller="checkout", callee="payment"),
    )
    state, out = State(), []
    for number, pair in enumerate(zip(signals, calls, strict=True)):
        values = np.array([[pair[0]], [pair[1]]])
        outcome = step(state, SeriesBlock(rows, np.array([(number + 1) * STEP]), STEP, values), Tuning())
        out.append(any(finding.family == Family.SILENCE for finding in outcome.findings))
    return out


@pytest.mark.parametrize(
    ("signals", "calls", "silent_from"),
    [
        pytest.param([9.0] * 30 + [0.0] * 10, [5.0] * 40, 32, id="dead-while-called"),
        pytest.param([9.0] * 30 + [0.0] * 10, [5.0] * 30 + [0.0] * 10, None, id="nobody-calls-it"),
        pytest.param([9.0] * 10 + [0.0] * 10, [5.0] * 20, None, id="too-young-to-know"),
        pytest.param([9.0, 0.0, 0.0, 0.0] * 25 + [0.0] * 4, [5.0] * 104, None, id="sends-rarely"),
        pytest.param([9.0] * 30 + [0.0] * 2 + [9.0] * 8, [5.0] * 40, None, id="a-short-gap"),
    ],
)
def test_silence(signals: list[float], calls: list[float], silent_from: int | None) -> None:
    found = play(signals, calls)
    assert (found.index(True) if True in found else None) == silent_from


def test_a_pause_in_which_nobody_called_does_not_blunt_it() -> None:
    paused = [9.0] * 30 + [0.0] * 80 + [9.0] * 30 + [0.0] * 60
    assert play(paused, [5.0] * 30 + [0.0] * 80 + [5.0] * 90)[-1]


def test_silence_ends_when_it_speaks_again() -> None:
    found = play([9.0] * 30 + [0.0] * 10 + [9.0] * 10, [5.0] * 50)
    assert found[39]
    assert not found[-1]
