"""What alerts would have done on history: the exact simulation, put together of blocks."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from examples import share
from hypothesis import given
from hypothesis import strategies as st

from aiops.model import (
    Adjustment,
    Labels,
    Missing,
    Selector,
    SeriesBlock,
    Slices,
    Slo,
    SourceLocation,
    Urgency,
    Window,
    names,
)
from aiops.slo.live.backtest import Fired, SliHistory, SloReplay, replay
from aiops.slo.live.matcher import SliMatcher
from aiops.slo.rules.simulation import MINUTE, Phase, firing, simulate_counters

from .documents import CHECKOUT, changed, one
from .test_matcher import GROUPED, LATENCY, served
from .test_openslo import GAUGE, OCCURRENCES, QUERIES, RATIO_METRIC, RAW, SLICES

START = 1_700_000_000 // 3600 * 3600.0
DAY = 1440
SLO = one(CHECKOUT)
OUTAGE = (Phase(3 * DAY, 1000), Phase(30, 1000, 1000), Phase(DAY, 1000))

Rows = dict[Labels, "np.ndarray[tuple[int], np.dtype[np.float64]]"]


def rows(phases: Sequence[Phase], **more: str) -> Rows:
    counts = simulate_counters(phases)
    return {served(names.REQUESTS, **more): np.diff(counts.events), served(names.ERRORS, **more): np.diff(counts.bad)}


def history(slos: Sequence[Slo], of: Rows, *cuts: int) -> SliHistory:
    """Rows of minutes, given in blocks that end after so many; what has no sample in a block has no row."""
    out = SliHistory(SliMatcher(slos), START)
    size = len(next(iter(of.values())))
    for first, last in zip((0, *cuts), (*cuts, size), strict=True):
        inside = {key: values[first:last] for key, values in of.items() if not np.isnan(values[first:last]).all()}
        ends = START + MINUTE * np.arange(first + 1, last + 1)
        values = np.array(list(inside.values())).reshape(len(inside), last - first)
        out.take(SeriesBlock(tuple(inside), ends, float(MINUTE), values))
    return out


def outcomes(
    slos: Sequence[Slo],
    of: Rows,
    *cuts: int,
    since: int = 0,
    targets: Sequence[Decimal] = (),
    adjustments: Sequence[Adjustment] = (),
) -> list[SloReplay]:
    end = START + MINUTE * len(next(iter(of.values())))
    return replay(history(slos, of, *cuts), Window(START + MINUTE * since, end), adjustments, targets)


def test_an_outage_is_told_as_the_rules_would_have_told_it() -> None:
    [found] = outcomes([SLO], rows(OUTAGE), since=3 * DAY - 60)
    assert (found.events, found.bad, found.coverage) == (1000 * (60 + 30 + DAY), 30_000, 1.0)
    [page, ticket] = found.trials[0].fired
    minute = START + MINUTE * 3 * DAY
    # After one minute, as the windows have it, and as long as the last half hour burns.
    assert page == Fired(Urgency.PAGE, minute + 60, minute + 60 * 60)
    assert (ticket.urgency, ticket.start) == (Urgency.TICKET, minute + 7 * 60)
    assert ticket.end == minute + 60 * (30 + 360)


def test_what_if() -> None:
    [found] = outcomes([SLO], rows(OUTAGE), targets=[Decimal("0.9990"), Decimal("0.5"), Decimal("0.99")])
    own, half, two_nines = found.trials
    share = 30 / (4 * DAY + 30)
    assert own.burn == pytest.approx(share / 0.001)
    assert own.spent == pytest.approx(share / 0.001 * (4 * DAY + 30) / (30 * DAY))
    assert (half.can, half.fired) == (frozenset({Urgency.TICKET}), ())
    [alone] = outcomes([replace(SLO, target=Decimal("0.99"))], rows(OUTAGE))
    assert two_nines == alone.trials[0]
    assert len(two_nines.fired) == 1


def test_an_alert_that_still_fires_has_no_end() -> None:
    [found] = outcomes([SLO], rows(OUTAGE[:2]))
    assert [each.end for each in found.trials[0].fired] == [None, None]
    [before] = outcomes([SLO], rows(OUTAGE), since=3 * DAY + 45)
    assert before.bad == 0
    assert before.trials[0].fired[0].start == START + MINUTE * (3 * DAY + 1)


phases = st.lists(
    st.builds(lambda minutes, bad: Phase(minutes, 100, bad), st.integers(1, 300), st.sampled_from([0, 1, 30, 100])),
    min_size=1,
    max_size=5,
)


@given(phases, st.lists(st.integers(1, 1500), max_size=3, unique=True), st.sampled_from([None, 60, 300]))
@share(0.5)
def test_blocks_do_not_matter_and_alerts_are_those_of_the_simulation(
    story: list[Phase], cuts: list[int], width: int | None
) -> None:
    slo = replace(SLO, slices=None if width is None else Slices(width, Decimal("0.95")))
    of, size = rows(story), sum(each.minutes for each in story)
    [whole] = outcomes([slo], of)
    assert outcomes([slo], of, *sorted(cut for cut in cuts if cut < size)) == [whole]
    for urgency in Urgency:
        fires = np.zeros(size + 1, bool)
        for each in whole.trials[0].fired:
            if each.urgency == urgency:
                last = size + 1 if each.end is None else int(each.end - START) // MINUTE
                fires[int(each.start - START) // MINUTE : last] = True
        assert fires.tolist() == firing(slo, simulate_counters(story), urgency).tolist()


def test_slices_are_counted_by_time() -> None:
    sliced = replace(SLO, slices=Slices(300, Decimal("0.95")))
    [found] = outcomes([sliced], rows([Phase(60, 1000), Phase(10, 2, 2), Phase(50, 1000)]))
    assert (found.events, found.bad, found.good_ratio) == (24, 2, pytest.approx(22 / 24))


def test_time_without_data() -> None:
    gap = np.full(60, np.nan)
    of = {key: np.concatenate([values, gap]) for key, values in rows([Phase(60, 10)]).items()}
    sliced = replace(SLO, slices=Slices(60, Decimal("0.95")))
    for missing, events, bad in ((Missing.IGNORE, 60, 0), (Missing.BAD, 120, 60)):
        [found] = outcomes([replace(sliced, missing=missing)], of, 60)
        assert (found.events, found.bad, found.coverage) == (events, bad, 0.5)
    assert [each.urgency for each in found.trials[0].fired] == [Urgency.PAGE, Urgency.TICKET]


def test_history_begins_with_the_first_data() -> None:
    of = {key: np.concatenate([np.full(DAY + 90, np.nan), values]) for key, values in rows([Phase(60, 10)]).items()}
    made = history([SLO], of, 60, DAY)
    assert made.begins() == START + MINUTE * (DAY + 90)
    end = START + MINUTE * (DAY + 150)
    [found] = replay(made, Window(START, end), (), ())
    assert (found.events, found.coverage) == (600, 1)
    # Where missing data are bad, what was before all data is not; slices begin where they would.
    for seconds, slices in ((60, 60), (3600, 2)):
        strict = replace(SLO, slices=Slices(seconds, Decimal("0.9")), missing=Missing.BAD)
        [found] = replay(history([strict], of), Window(START, end), (), ())
        assert (found.events, found.bad, found.trials[0].fired) == (slices - (seconds == 3600), 0, ())
    assert history([SLO], {served(names.REQUESTS): np.full(60, np.nan)}).begins() is None


def test_each_group_is_told_apart() -> None:
    grouped = one(GROUPED)
    of = {**rows(OUTAGE, route="/a"), **rows([Phase(4 * DAY + 30, 10)], route="/b")}
    a, b = outcomes([grouped], of, 100, 3 * DAY)
    assert (a.group, b.group) == ((("http.route", "/a"),), (("http.route", "/b"),))
    assert (len(a.trials[0].fired), b.trials[0].fired) == (2, ())


def test_time_that_does_not_count_spends_nothing_but_still_alerts() -> None:
    start = datetime.fromtimestamp(START + MINUTE * 3 * DAY, UTC).replace(tzinfo=None)
    out = Adjustment(
        name="move",
        reason="a move",
        service="",
        slos=(SLO.name,),
        start=start,
        zone="UTC",
        seconds=30 * 60,
        place=SourceLocation("", 0, 0),
    )
    [found] = outcomes([SLO], rows(OUTAGE), adjustments=[out])
    assert (found.events, found.bad) == (1000 * 4 * DAY, 0)
    assert found.trials[0].spent == 0
    assert len(found.trials[0].fired) == 2


def test_what_to_ask_for() -> None:
    def asked(*texts: str) -> list[str]:
        return [each.name for each in SliHistory(SliMatcher([one(text) for text in texts]), START).selectors()]

    assert asked(CHECKOUT) == [names.REQUESTS, names.ERRORS]
    assert asked(LATENCY) == [names.REQUESTS, names.BUCKET]
    assert asked(changed(CHECKOUT, (RAW, QUERIES))) == []
    assert SliHistory(SliMatcher([SLO]), START).selectors()[0] == Selector(names.REQUESTS)


def test_why_objectives_are_left_out() -> None:
    gauged = SLICES.replace("targetPercent: 99.5", "targetPercent: 99.5\n      op: lte\n      value: 100")
    slos = [
        one(changed(CHECKOUT, ("-availability", "-query"), (RAW, QUERIES))),
        one(changed(CHECKOUT, ("-availability", "-gauge"), (RATIO_METRIC, GAUGE), (OCCURRENCES, gauged))),
        replace(SLO, name="odd", slices=Slices(90, Decimal("0.9"))),
        one(LATENCY),
    ]
    of = {**rows([Phase(60, 10)]), served(names.BUCKET, le="0.5"): np.full(60, 10.0)}
    made = history(slos, of)
    assert made.left_out() == {
        "checkout-query": "its PromQL is for Prometheus alone",
        "checkout-gauge": "a gauge is judged by Prometheus alone",
        "odd": "its slices are no whole minutes",
        "quick": "no bucket ends at 1 s; there are 0.5 s",
    }
    assert list(made.slots()) == []
