"""Troubles whose requests end, and requests whose duration or rarity says nothing."""

import numpy as np
import pytest

from aiops.detect import State, Tuning, step
from aiops.model import Family, Labels, SeriesBlock, labels, names

STEP = 3.0
EDGE = {"caller": "shop", "callee": "payment"}


def blocks(**signals: list[float]) -> list[SeriesBlock]:
    """One block a step, with these signals of the edge."""
    rows = tuple(labels(name=name, **EDGE) for name in signals)
    columns = zip(*signals.values(), strict=True)
    return [
        SeriesBlock(rows, np.array([(at + 1) * STEP]), STEP, np.array(column, float).reshape(len(rows), 1))
        for at, column in enumerate(columns)
    ]


def troubled(played: list[SeriesBlock]) -> tuple[list[bool], list[tuple[int, tuple[Labels, Family]]]]:
    """Whether the edge was in trouble, step by step, and the troubles that ended without data, each with its step."""
    state, found, ended = State(), [], []
    for at, block in enumerate(played):
        outcome = step(state, block, Tuning())
        found.append(bool(outcome.findings))
        ended += [(at, one) for one in outcome.no_data]
    return found, ended


def failing(requests: list[float], bad_from: int) -> list[SeriesBlock]:
    bad = [count if at >= bad_from else 0.0 for at, count in enumerate(requests)]
    return blocks(**{names.REQUESTS: requests, names.ERRORS: bad})


def test_a_trouble_ends_when_its_caller_calls_elsewhere() -> None:
    found, ended = troubled(failing([20.0] * 45 + [0.0] * 60, 40))
    assert found[44]
    assert [at for at, _ in ended] == [44 + Tuning().ended_seconds / STEP]
    assert not found[-1]


def test_a_trouble_goes_on_while_nobody_knows_of_calls() -> None:
    found, ended = troubled(failing([20.0] * 45 + [float("nan")] * 60, 40))
    assert found[-1]
    assert not ended


def test_a_trouble_ends_when_who_told_of_it_is_gone_while_others_are_heard() -> None:
    calls = failing([20.0] * 45 + [float("nan")] * 60, 40)
    heard = (labels(name=names.TELEMETRY, service="shop"), labels(name=names.TELEMETRY, service="other"))
    played = [
        SeriesBlock(
            (*block.labels, *heard),
            block.ends,
            STEP,
            np.vstack([block.values, [[9.0 if at < 45 else 0.0], [9.0]]]),
        )
        for at, block in enumerate(calls)
    ]
    _, ended = troubled(played)
    assert (44 + Tuning().ended_seconds / STEP, (labels(**EDGE), Family.ERRORS)) in ended


def test_rare_calls_are_waited_for() -> None:
    rare = [20.0] * 40 + [20.0, *[0.0] * 9] * 3 + [0.0] * 60
    found, ended = troubled(failing(rare, 40))
    assert found[40 + 30 + 40]
    assert not any(at < 40 + 30 + 40 for at, _ in ended)


def test_what_tries_again_after_a_minute_is_one_trouble() -> None:
    found, ended = troubled(failing([20.0] * 45 + [*[0.0] * 20, 1.0] * 4, 40))
    assert all(found[44:])
    assert not ended


@pytest.mark.parametrize(
    ("spread", "found"), [pytest.param(1.0, False, id="streams"), pytest.param(0.05, True, id="reports")]
)
def test_what_takes_long_is_judged_unless_it_takes_any_time(spread: float, found: bool) -> None:
    rng = np.random.default_rng(5)
    took = 20.0 * np.exp(rng.normal(0, spread, 120))
    took[80:] *= 6
    happened, _ = troubled(blocks(**{names.REQUESTS: [1.0] * 120, names.DURATION: took.tolist()}))
    assert any(happened) is found


def silent(signals: list[float], calls: list[float]) -> list[bool]:
    rows = (labels(name=names.TELEMETRY, service="payment"), labels(name=names.REQUESTS, **EDGE))
    state, out = State(), []
    for at, pair in enumerate(zip(signals, calls, strict=True)):
        block = SeriesBlock(rows, np.array([(at + 1) * STEP]), STEP, np.array(pair).reshape(2, 1))
        outcome = step(state, block, Tuning())
        out.append(any(one.family == Family.SILENCE for one in outcome.findings))
    return out


def test_who_sends_once_in_a_while_is_not_silent_in_between() -> None:
    """Its callers tell of a call some steps before it does."""
    signals = [*[0.0] * 24, 3.0] * 40
    calls = [*[0.0] * 20, 1.0, *[0.0] * 4] * 40
    assert not any(silent(signals, calls))


def test_a_call_of_this_step_is_no_proof_yet() -> None:
    signals = [9.0] * 30 + [0.0, 0.0, 0.0, 0.0, 9.0] * 6
    calls = [0.0] * 30 + [0.0, 0.0, 0.0, 5.0, 5.0] * 6
    assert not any(silent(signals, calls))


def test_a_silence_ends_when_nobody_calls_any_more() -> None:
    found = silent([9.0] * 30 + [0.0] * 70, [5.0] * 50 + [0.0] * 50)
    assert found[49 + 20]
    assert not found[-1]
