"""A backtest of counters, from an engine's store and from a real Prometheus: however it is cut, it says the same."""

from collections.abc import Mapping

from aiops import detect
from aiops.backtest import Steps
from aiops.model import Family, Window

from .conftest import T0, Counting
from .otlp import Point, Value, http, points

STEP = 15.0
STEPS = 160


def point(step: int, buckets: tuple[int, ...], of: Mapping[str, Value]) -> Point:
    return Point(T0 + STEP * step, T0, buckets=buckets, sum=0.05 * sum(buckets), attributes=of, service="gateway")


def fed(counting: Counting) -> None:
    """A route whose requests fail for ten of its forty minutes, and one that is born in the middle; ten a step."""
    for first in range(1, STEPS + 1, 40):
        sent = []
        for step in range(first, first + 40):
            failed = 5 * min(max(step - 80, 0), 40)
            for status, count in ((200, 10 * step - failed), (503, failed)):
                of = http("/checkout", status, method="POST")
                sent.append(point(step, (count, 0, 0, 0), of))
            if step > 90:
                of, count = http("/late", method="GET"), 7 * (step - 90)
                sent.append(point(step, (0, count, 0, 0), of))
        counting.feed(points(*sent))


def replayed(counting: Counting, steps_at_once: int) -> tuple[list[str], Steps]:
    window = Window(T0, T0 + STEPS * STEP)
    steps, said, start = Steps(window, STEP), [], window.start
    while start < window.end:
        end = min(start + steps_at_once * STEP, window.end)
        said += [
            repr(one)
            for one in steps.take(counting.metrics.window(detect.family_selectors(), Window(start, end), STEP))
        ]
        start = end
    return said, steps


def test_however_history_is_cut_the_same_is_said(counting: Counting) -> None:
    fed(counting)
    said, steps = replayed(counting, 1)
    assert len(said) == STEPS
    found = {(dict(one.series)["route"], one.family): one for one in steps.results() if "route" in dict(one.series)}
    [alarm] = found["/checkout", Family.ERRORS].alarms
    assert T0 + 80 * STEP < alarm.onset <= alarm.start <= T0 + 85 * STEP
    assert alarm.end is not None
    assert T0 + 120 * STEP < alarm.end < T0 + 130 * STEP
    assert found["/late", Family.ERRORS].points == STEPS - 90
    for steps_at_once in (7, 64, STEPS):
        again, of = replayed(counting, steps_at_once)
        assert again == said
        assert sorted(map(repr, of.results())) == sorted(map(repr, steps.results()))
