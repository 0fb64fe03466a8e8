"""Three ways to the same burn rate: Prometheus' rules, the engine's counts, and plain Python over what was exported.

The engine's counts are exact. The rules, over a window (T - W, T], are exact but for one export interval. `rate` takes
the first sample in the window as where it begins to count, so that of the requests of that export, e1 of all E, it
knows nothing: if r is the share of bad ones and r' the share without them, |r - r'| <= e1 / E. The stretch D between
the first and the last sample is then drawn out to the whole window. Series that are sampled together are drawn out
alike, and r' is what the rules say, exactly; only before the first sample a counter is not drawn out to below zero.
There it is drawn out by a, which is one interval (15 s) at most, 1.1 of the mean one where the process was away. So
series differ by a factor of 1 + q at most, with q = a / D:

    |rules - r'| <= q r' (1 - r')    errors: bad and good requests are different series
    |rules - r'| <= q (1 - r')       slow ones: what is left of all after the quick ones

and nothing where no counter is that young. A process that starts puts a sample of zero there, of which nothing is lost.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

import pytest
from examples import share
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aiops.model import Slo, Window
from aiops.slo.live.counter import SliCounter
from aiops.slo.live.forecast import LastWeek
from aiops.slo.live.status import statuses
from aiops.slo.rules import tiers
from aiops.slo.rules.prometheus import BAD, BURN, EVENTS, RAW, Links, groups, selector
from aiops.slo.spec import durations

from ..slo.documents import CHECKOUT, changed, one
from ..slo.test_matcher import LATENCY
from .conftest import T0, Prometheus
from .otlp import Point, http, points
from .reading import RED

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]
EVERY = 15
"""Seconds between exports."""
RATED = tuple(window for window in tiers.WINDOWS if window <= RAW)
HOUR = tiers.HOUR
ALLOWED = 0.001
few = settings(share(0.08), suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Stretch:
    """So many exports, each of at most so many requests. Before it the process may start anew: it was away for so many
    exports, -1 for not at all."""

    exports: int
    most: int
    failing: float
    slow: float
    away: int


@dataclass(frozen=True)
class Sample:
    """What was counted since the sample before, and by its process in all: failed, good and quick, good and slow. One
    of zeros is a start, and no export."""

    at: float
    start: float
    added: tuple[int, int, int]
    total: tuple[int, int, int]


def lived(stretches: Sequence[Stretch], begin: float, seed: int) -> list[Sample]:
    """Run a service in plain Python."""
    random, at, start = Random(seed), begin, begin + 4
    nothing = (0, 0, 0)
    out = [Sample(start, start, nothing, nothing)]
    for each in stretches:
        if each.away >= 0:
            at += EVERY * each.away
            start = at + random.randint(1, EVERY - 1)
            out.append(Sample(start, start, nothing, nothing))
        for _ in range(each.exports):
            at += EVERY
            requests = random.randint(0, each.most)
            failed = sum(random.random() < each.failing for _ in range(requests))
            slow = sum(random.random() < each.slow for _ in range(requests - failed))
            added = (failed, requests - failed - slow, slow)
            failed, quick, slow = (old + new for old, new in zip(out[-1].total, added, strict=True))
            out.append(Sample(at, start, added, (failed, quick, slow)))
    return out


def exported(samples: Sequence[Sample], service: str) -> Iterator[Point]:
    for each in samples:
        if each.at > each.start:
            failed, quick, slow = each.total
            yield point(each, service, 200, (0, quick, 0, slow))
            yield point(each, service, 503, (0, failed, 0, 0))


def point(of: Sample, service: str, status: int, buckets: tuple[int, ...]) -> Point:
    return Point(of.at, of.start, buckets=buckets, attributes=http("/checkout", status, "POST"), service=service)


def raw(slo: Slo, window: int) -> str:
    """The rule of a burn rate with what it takes from other rules put in."""
    made = {
        rule["record"]: rule["expr"] for group in groups([slo], Links()) for rule in group["rules"] if "record" in rule
    }
    text, of = durations.promql_duration(window), selector(slo)
    expression: str = made[BURN + text]
    for record in (BAD, EVENTS):
        expression = expression.replace(f"{record}{text}{of}", f"({made[record + text]})")
    assert "slo:" not in expression
    return expression


def ruled(prometheus: Prometheus, slo: Slo, window: int, at: float) -> float | None:
    """The share of bad events as the rules have it; None where they have none."""
    found = prometheus.api.instant(raw(slo, window), at)
    return found[0].value * ALLOWED if found else None


Kind = Callable[[tuple[int, int, int]], int]


def failed(of: tuple[int, int, int]) -> int:
    return of[0]


def slow(of: tuple[int, int, int]) -> int:
    return of[2]


def agree(told: float | None, samples: Sequence[Sample], bad: Kind, begin: float) -> None:
    """Check what the rules say of a window with these samples, which begins at a time."""
    first, rest = samples[:1], samples[1:]
    events, wrong = (sum(sum(one.added) for one in some) for some in (rest, first))
    if not events:
        assert told is None
        return
    assert told is not None
    less = sum(bad(one.added) for one in rest) / events
    stretch = samples[-1].at - samples[0].at
    before = min(samples[0].at - begin, 1.1 * stretch / len(rest))
    q = before / stretch if young(samples, before / stretch) else 0.0
    differ = q * (1 - less) * (less if bad is failed else 1.0)
    assert told == pytest.approx(less, abs=differ + 1e-9)
    exact = sum(bad(one.added) for one in samples) / (events + wrong)
    assert told == pytest.approx(exact, abs=wrong / (events + wrong) + differ + 1e-9)


def young(samples: Sequence[Sample], reach: float) -> bool:
    """Whether a counter that went back by this share of the stretch, as fast as it grew in it, would be below zero."""
    counters: tuple[Callable[[tuple[int, int, int]], int], ...] = (failed, lambda of: of[1], lambda of: of[1] + of[2])
    return any(each(samples[0].total) < reach * sum(each(one.added) for one in samples[1:]) for each in counters)


stretches = st.lists(
    st.builds(
        Stretch,
        st.integers(1, 400),
        st.sampled_from([0, 1, 10, 40]),
        st.sampled_from([0.0, 0.01, 0.3, 1.0]),
        st.sampled_from([0.0, 0.05, 1.0]),
        st.sampled_from([-1, -1, 0, 1, 12]),
    ),
    min_size=2,
    max_size=6,
)


def test_rules_and_engine_agree_with_plain_counts(prometheus: Prometheus) -> None:
    begins, numbers = [T0], count()

    @few
    @given(stretches, st.integers(0, 2**32), st.lists(st.integers(0, 2400), min_size=2, max_size=2))
    def check(scenario: list[Stretch], seed: int, earlier: list[int]) -> None:
        service, begin = f"shop-{next(numbers)}", begins[-1]
        samples = lived(scenario, begin, seed)
        end = samples[-1].at
        begins.append(end - end % HOUR + 2 * HOUR)  # a time range of its own, after all others
        prometheus.feed(points(*exported(samples, service)))
        available, quick = (
            one(changed(text, ("service: gateway", f"service: {service}"))) for text in (CHECKOUT, LATENCY)
        )
        for at in {end, *(max(begin + 60, end - back) for back in earlier)}:
            for window in RATED:
                inside = [each for each in samples if at - window < each.at <= at]
                agree(ruled(prometheus, available, window, at), inside, failed, at - window)
                agree(ruled(prometheus, quick, window, at), inside, slow, at - window)
        same_in_engine(prometheus, {available: failed, quick: slow}, samples, begin)

    check()


def same_in_engine(prometheus: Prometheus, kinds: Mapping[Slo, Kind], samples: Sequence[Sample], begin: float) -> None:
    """The engine's counts, block by block, are those of plain Python."""
    counter, end = SliCounter(list(kinds)), samples[-1].at
    at = begin
    while at < end:
        until = min(at + 1200, end)
        counter.saved(counter.take(prometheus.metrics.window(RED, Window(at, until), EVERY)))
        at = until
    found = {one.slo: one.budget for one in statuses(counter, (), end, LastWeek(counter), {})}
    for slo, bad in kinds.items():
        assert [found[slo].events, found[slo].bad] == counted(samples, bad)
    for window in tiers.WINDOWS:
        width = 60 if window <= RAW else 300  # what is open counts, and as many before it as the window has
        oldest = -(-end // width) - window // width
        inside = [one for one in samples if -(-one.at // width) >= oldest]
        for row, slo in enumerate(counter.of):
            assert counter.windows.counts(window)[row, :2].tolist() == counted(inside, kinds[slo])


def counted(samples: Sequence[Sample], bad: Kind) -> list[int]:
    return [sum(sum(one.added) for one in samples), sum(bad(one.added) for one in samples)]


def test_errors_that_had_no_series_lose_the_first_export(prometheus: Prometheus) -> None:
    """The named case outside of the bound. A process that is two hours old answers its first errors: their series is
    born with them, at its first value, and Prometheus drops the zero of its start, which is too old by then.

    `rate` needs two samples, so that after the first export the rules know of no error, however many there were. From
    the second on the errors of the first, b1 of B, stay lost, and the others are drawn out: up to T, which is x after
    the last export, and to y before the first, half an interval or as far as it is to zero. With D from the first
    export with errors to the last the rules count

        (B - b1) (1 + (x + y) / D)

    which is within half an export's errors of B where every export has as many. The engine counts all of them.
    """
    begins, numbers = [T0], count()

    @few
    @example([4] * 12, 4, 7)
    @given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(1, 30), st.integers(0, EVERY - 1))
    def check(later: list[int], first: int, since: int) -> None:
        service, begin = f"shop-{next(numbers)}", begins[-1]
        begins.append(begin + 4 * HOUR)
        slo = one(changed(CHECKOUT, ("service: gateway", f"service: {service}")))
        good = [Sample(begin + EVERY * at, begin, (0, 10, 0), (0, 10 * at, 0)) for at in range(1, 2 * HOUR // EVERY)]
        prometheus.feed(points(*(point(each, service, 200, (0, each.total[1], 0, 0)) for each in good)))
        samples, born = list(good), good[-1].at + EVERY
        for errors in (first, *later):
            last = samples[-1]
            samples.append(
                Sample(last.at + EVERY, begin, (errors, 10, 0), (last.total[0] + errors, last.total[1] + 10, 0))
            )
            prometheus.feed(points(*exported(samples[-1:], service)))
            end = samples[-1].at
            for window in (each for each in RATED if each < 2 * HOUR):
                at, known = end + since, samples[-1].total[0] - first
                told = ruled(prometheus, slo, window, at)
                assert told is not None
                if end == born:
                    assert told == 0.0
                    continue
                stretch = end - born
                before = min(EVERY / 2, stretch * first / known) if known else 0.0
                bad = known * (1 + (since + before) / stretch)
                others = 10 * (sum(at - window < each.at for each in samples) - 1) * window / (window - EVERY)
                assert told == pytest.approx(bad / (bad + others), abs=1e-9)
                if {first, *later} == {first}:
                    assert abs(bad - samples[-1].total[0]) <= first / 2
        same_in_engine(prometheus, {slo: failed}, samples, begin)

    check()
