"""The judge of the causal engine is itself right: truths are visible, rows are repeatable, the page is the record."""

import json

import pytest

from aiops.model import Population, PopulationKind, SpanKind, Window
from bench.explain import page as made
from bench.explain.__main__ import QUICK, judged, record_of
from bench.explain.cases import Case, case_of, is_harmless
from bench.explain.comparators import COMPARATORS
from bench.explain.faults import KINDS
from bench.explain.measures import calibration, interval, paired
from bench.explain.symptoms import Drawing, of_case
from bench.explain.tables import ALONE, NOW
from bench.explain.verdicts import MISSED, rank_of
from bench.explain.worker import run


@pytest.fixture(scope="module")
def case() -> Case:
    return case_of("errors", 11, size=5)


def test_a_seed_makes_the_same_traces(case: Case) -> None:
    assert case_of("errors", 11, size=5).traces == case.traces


@pytest.mark.parametrize("kind", ["slow service", "errors", "service down", "slow database"])
def test_the_place_of_a_fault_is_in_its_traces(kind: str) -> None:
    case = case_of(kind, 11, size=5)
    [truth] = case.fault.truths
    names = {name for trace in case.traces for span in trace.spans for name in (span.service, span.peer)}
    assert truth.names <= names
    assert of_case(case, is_harmless(kind)).findings


def test_before_the_onset_nothing_is_wrong(case: Case) -> None:
    before = [span for trace in case.traces for span in trace.spans if span.end < case.onset]
    since = [span for trace in case.traces for span in trace.spans if span.start > case.onset]
    assert sum(span.failed for span in before) / len(before) < 0.2 * sum(span.failed for span in since) / len(since)


def test_a_population_is_drawn_evenly_and_again_the_same(case: Case) -> None:
    entry = case.traces[0].spans[0]
    window = Window(case.onset - 900, case.onset)
    wanted = Population(service=entry.service, window=window, kind=PopulationKind.GOOD, limit=20)
    drawn = Drawing(case.traces).drawn(wanted)
    assert len(drawn) == 20
    assert drawn == Drawing(reversed(case.traces)).drawn(wanted)
    ends = [
        span.end for trace in drawn for span in trace.spans
        if span.service == entry.service and span.kind == SpanKind.SERVER
    ]  # fmt: skip
    assert min(ends) < case.onset - 700
    assert max(ends) > case.onset - 200


def test_every_competitor_says_the_same_twice() -> None:
    job = ("errors", 11, 5)
    first, second = (
        [{key: value for key, value in row.items() if key != "seconds"} for row in run(job, NOW, True)]
        for _ in range(2)
    )
    assert first == second
    assert {row["by"] for row in first} == {NOW, ALONE, *COMPARATORS}


def test_places_are_counted_from_one(case: Case) -> None:
    [truth] = case.fault.truths
    assert rank_of(["another", *truth.names], [truth]) == 2
    assert rank_of(["another"], [truth]) == MISSED
    assert rank_of(["another"], []) == 0


def test_intervals_and_calibration_are_those_of_simple_cases() -> None:
    assert interval([1.0] * 5) == (1.0, 1.0, 1.0)
    assert paired([1.0] * 5, [0.0] * 5) == (1.0, 1.0, 1.0)
    honest = calibration([(0.75, number < 3) for number in range(4)])
    assert honest["error"] == pytest.approx(0.0)
    sure = calibration([(0.96, False), (0.96, True)])
    assert (sure["certain"], sure["certain_wrong"]) == (2, 1)


@pytest.mark.timeout(900)  # under a minute on idle cores
def test_on_small_platforms_most_causes_are_right() -> None:
    rows = judged(QUICK, None, 2, others=False)
    assert {one.kind_of_case for one in rows[NOW]} == {one.kind_of_case for one in rows[ALONE]} == set(KINDS)
    record = record_of(rows)["all"]
    assert record[NOW]["top1"][0] >= 0.75
    assert 0.6 <= record[ALONE]["top1"][0] <= record[NOW]["top1"][0]


def test_the_page_is_that_of_the_committed_record() -> None:
    record = json.loads(made.SCORES.read_text(encoding="utf-8"))
    text = made.PAGE.read_text(encoding="utf-8")
    assert made.page(text, record) == text
    assert made.PLOT.read_text(encoding="utf-8") == made.plot(record)
