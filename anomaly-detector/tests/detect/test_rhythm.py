"""What comes at the same time of every day is expected; what lasts becomes normal, unless a promise is broken."""

from datetime import UTC

import numpy as np
import pytest

from aiops import detect
from aiops.detect import Calendar, Event, LocalCalendar, Outcome, State, Tuning, expire, step
from aiops.model import Family, SeriesBlock, Tier, labels, names

SCOPE = {"service": "gateway", "route": "/", "method": "GET"}
STEP = 60.0
DAY = 1440
DAYS = 6
MONDAY = 1_771_804_800.0


def play(
    counts: np.ndarray,
    seconds: np.ndarray,
    state: State | None = None,
    calendar: Calendar | None = None,
    burning: frozenset[str] = frozenset(),
) -> list[Outcome]:
    """Live step by step: requests, and their mean seconds."""
    state = state or State()
    out = []
    rows = tuple(labels(name=one, **SCOPE) for one in (names.REQUESTS, names.ERRORS, names.DURATION))
    for count, mean in zip(counts, seconds, strict=True):
        at = (state.at or MONDAY) + STEP
        values = np.array([[count], [0.0], [mean * count]])
        block = SeriesBlock(rows, np.array([at]), STEP, values)
        out.append(step(state, block, Tuning(), calendar or Calendar(LocalCalendar(UTC)), burning))
    return out


def troubled(outcomes: list[Outcome], family: Family) -> list[int]:
    return [at for at, one in enumerate(outcomes) if any(each.family == family for each in one.findings)]


def requests(steps: int, rate: float = 600.0, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate, steps).astype(float)


def latency(steps: int, mean: float = 0.05, seed: int = 2) -> np.ndarray:
    return mean * np.exp(0.03 * np.random.default_rng(seed).standard_normal(steps))


def closing(days: int) -> np.ndarray:
    """Requests of a shop that is open from 7:00 to 22:00."""
    of_day = np.arange(days * DAY) % DAY
    return requests(days * DAY) * np.where((of_day >= 7 * 60) & (of_day < 22 * 60), 1.0, 0.03)


def batches(begin: int, nights: int) -> np.ndarray:
    """Mean seconds where two batches a night make all slow, the first of the last night far slower."""
    of_day, day = np.arange(DAYS * DAY) % DAY, np.arange(DAYS * DAY) // DAY
    batch = (of_day >= begin) & (of_day < begin + 20) | (of_day >= begin + 120) & (of_day < begin + 140)
    means = latency(DAYS * DAY) * np.where(batch & (day < nights), 3.0, 1.0)
    means[(nights - 1) * DAY + begin : (nights - 1) * DAY + begin + 20] *= 15
    return means


OUTAGE = slice(5 * DAY + 720, 5 * DAY + 750)
SECOND = slice(5 * DAY + 725, 5 * DAY + 755)


@pytest.fixture(scope="module")
def days() -> dict[str, list[Outcome]]:
    """Days of several services that know nothing of each other: judged together, which takes the time of one."""
    of_day, steps = np.arange(DAYS * DAY) % DAY, DAYS * DAY
    interrupted, twice, rough = closing(DAYS), closing(DAYS), latency(steps)
    interrupted[OUTAGE] *= 0.2
    twice[4 * DAY + 720 : 4 * DAY + 810] = 0
    twice[SECOND] *= 0.3
    rough[np.arange(100, steps, 131)] *= 1.5
    lives = {
        "closes": (interrupted, latency(steps)),
        "twice": (twice, latency(steps)),
        "hour": (requests(steps), latency(steps) * np.where((of_day >= 120) & (of_day < 180), 1.15, 1.0)),
        "batches 115": (requests(steps), batches(115, 5)),
        "batches 125": (requests(steps), batches(125, 5)),
        "rough": (requests(steps), rough),
    }
    rows = tuple(
        labels(name=name, service=service, route="/", method="GET")
        for service in lives
        for name in (names.REQUESTS, names.ERRORS, names.DURATION)
    )
    values = np.array([row for count, mean in lives.values() for row in (count, np.zeros(steps), mean * count)])
    state, place = State(), Calendar(LocalCalendar(UTC))
    outcomes = [
        step(
            state,
            SeriesBlock(rows, np.array([MONDAY + STEP * (at + 1)]), STEP, values[:, at : at + 1]),
            Tuning(),
            place,
        )
        for at in range(steps)
    ]
    return {service: [_of(service, one) for one in outcomes] for service in lives}


def _of(service: str, outcome: Outcome) -> Outcome:
    mine = tuple(one for one in outcome.findings if dict(one.series)["service"] == service)
    return Outcome(mine, tuple(one for one in outcome.verdicts if dict(one.series)["service"] == service))


def test_a_shop_that_closes_every_night_is_expected_to_and_its_days_are_watched_all_the_same(
    days: dict[str, list[Outcome]],
) -> None:
    found = troubled(days["closes"], Family.TRAFFIC)
    assert [at for at in found if at < 2 * DAY], "nothing is known of the first nights"
    assert not [at for at in found if 3 * DAY <= at < OUTAGE.start]
    assert [at for at in found if OUTAGE.start <= at < OUTAGE.stop]


def test_the_tier_says_that_the_day_is_known(days: dict[str, list[Outcome]]) -> None:
    outcomes = days["hour"]
    assert {one.tier for one in outcomes[300].verdicts if one.family == Family.LATENCY} == {Tier.LEVEL}
    assert {one.tier for one in outcomes[4 * DAY].verdicts if one.family == Family.LATENCY} == {Tier.DAY}


@pytest.mark.parametrize("begin", [115, 125])
def test_batches_of_every_night_are_incidents_twice_and_then_habits(days: dict[str, list[Outcome]], begin: int) -> None:
    nights = {at // DAY for at in troubled(days[f"batches {begin}"], Family.LATENCY)}
    assert nights == {0, 1, 4}, "the fifth night's batch is far slower than the others"


def test_an_outage_is_not_expected_at_its_hour_of_the_next_day(days: dict[str, list[Outcome]]) -> None:
    found = troubled(days["twice"], Family.TRAFFIC)
    assert [at for at in found if SECOND.start <= at < SECOND.stop]
    assert not [at for at in found if 4 * DAY + 820 <= at < SECOND.start], "its end is no second loss"


def test_residuals_that_are_large_now_and_then_raise_the_boundary(days: dict[str, list[Outcome]]) -> None:
    outcomes = days["rough"]
    late = [one.score for outcome in outcomes[7000:] for one in outcome.verdicts if one.family == Family.LATENCY]
    early = [one.score for outcome in outcomes[1000:3000] for one in outcome.verdicts if one.family == Family.LATENCY]
    assert max(late) < 1 <= max(early)


def test_who_is_away_for_a_weekend_is_known_on_monday() -> None:
    state = State()
    play(requests(600), latency(600), state)
    expire(state, (state.at or 0.0) + 3 * 86_400, Tuning())
    assert list(state.of(detect.LATENCY).index) == list(state.of(detect.TRAFFIC).index) == [labels(**SCOPE)]
    assert not state.of(detect.ERRORS).index
    expire(state, (state.at or 0.0) + 30 * 86_400, Tuning())
    assert not state.of(detect.LATENCY).index


def test_calls_between_services_heed_events_and_objectives_of_either_end() -> None:
    rows = tuple(labels(name=one, caller="gateway", callee="payment") for one in (names.REQUESTS, names.DURATION))

    def lived(burning: frozenset[str], *events: Event) -> tuple[bool, bool]:
        state, found, settled = State(), False, False
        for at, mean in enumerate(np.where(np.arange(500) < 200, 1.0, 2.5) * latency(500)):
            block = SeriesBlock(rows, np.array([MONDAY + (at + 1) * STEP]), STEP, np.array([[600.0], [600 * mean]]))
            outcome = step(state, block, Tuning(), Calendar(events=events), burning)
            found |= bool(outcome.findings)
            settled |= bool(outcome.settled)
        return found, settled

    assert lived(frozenset()) == (True, True)
    assert lived(frozenset({"payment"})) == (True, False)
    sale = Event("sale", MONDAY + 200 * STEP, MONDAY + 500 * STEP, frozenset({"gateway"}))
    assert lived(frozenset(), sale) == (False, False)


@pytest.mark.parametrize("burns", [False, True])
def test_latency_that_stays_is_normal_after_hours_unless_an_objective_burns(burns: bool) -> None:
    means = latency(10 * 60)
    means[120:] *= 2
    outcomes = play(requests(len(means)), means, burning=frozenset({"gateway"} if burns else ()))
    found = troubled(outcomes, Family.LATENCY)
    assert found[0] < 125
    settled = [at for at, one in enumerate(outcomes) if one.settled]
    if burns:
        assert found[-1] == len(means) - 1
        assert settled == []
    else:
        assert settled
        assert 120 + 180 <= settled[0] <= 120 + 185
        assert found[-1] < settled[0]
        assert outcomes[settled[0]].settled == ((labels(**SCOPE), Family.LATENCY),)


def test_nothing_is_judged_or_learned_of_latency_and_traffic_during_an_event() -> None:
    means = latency(400)
    means[200:260] *= 3
    counts = requests(400)
    counts[200:260] *= 0.1
    sale = Event("sale", MONDAY + 200 * STEP, MONDAY + 260 * STEP, frozenset({"gateway"}))
    outcomes = play(counts, means, calendar=Calendar(events=(sale,)))
    assert not any(one.findings for one in outcomes)
    assert not any(one.family == Family.LATENCY for outcome in outcomes[201:259] for one in outcome.verdicts)
    assert [one.expected for one in outcomes[-1].verdicts if one.family == Family.LATENCY] == pytest.approx(
        [0.05], rel=0.1
    )
    others = play(counts, means, calendar=Calendar(events=(Event("sale", sale.start, sale.end, frozenset({"x"})),)))
    assert troubled(others, Family.LATENCY)
