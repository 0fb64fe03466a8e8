"""What is read of findings' traces: the worst first, nothing twice, and what could not be read told for what it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from aiops import explain
from aiops.engine.reading import NO_ANSWER, NOT_YET, REFUSED, FindingKey, Readings
from aiops.model import Family, Finding, Population, PopulationKind, Span, SpanKind, Trace, Unread, labels, names
from aiops.model.errors import SourceError

T0 = 1_700_000_000.0
STEP = 5.0
WORLD = explain.KnownServices()


def finding(service: str, family: Family = Family.ERRORS, score: float = 2.0, onset: float = T0) -> Finding:
    series = labels(**{names.NAME: "errors", names.SERVICE: service, names.ROUTE: "/pay"})
    return Finding(
        series=series,
        family=family,
        onset=onset,
        at=onset + STEP,
        score=score,
        observed=0.5,
        expected=0.0,
        bad=5.0,
        total=10.0,
        confidence=1.0,
    )


def keyed(*findings: Finding) -> dict[FindingKey, Finding]:
    return {(one.series, str(one.family), one.onset): one for one in findings}


def trace(number: int, service: str, end: float) -> Trace:
    span = Span(
        trace_id=f"{number:032x}",
        span_id="1",
        parent_id="",
        service=service,
        name="GET /pay",
        kind=SpanKind.SERVER,
        start=end - 0.1,
        duration=0.1,
        failed=True,
        route="/pay",
    )
    return Trace(span.trace_id, (span,))


@dataclass
class Store:
    """Answers populations, `most` of them at a time: bad traces of each second or so, and one good one."""

    most: int = 1000
    refused: str = ""
    away: bool = False
    asked: list[Population] = field(default_factory=list)

    def populations(self, wanted: Sequence[Population]) -> list[list[Trace] | Unread]:
        if self.away:
            raise SourceError("traces do not answer")
        out: list[list[Trace] | Unread] = []
        for one in wanted:
            if one.service == self.refused:
                out.append(Unread("the question is refused"))
            elif sum(isinstance(found, list) for found in out) >= self.most:
                out.append(Unread())
            else:
                self.asked.append(one)
                last = int(one.window.end)
                seconds = range(int(one.window.start) + 1, last + 1)
                ends = [last] if one.kind == PopulationKind.GOOD else seconds[:: -(-len(seconds) // one.limit)]
                out.append([trace(end, one.service, float(end)) for end in ends])
        return out

    def search(self, *_: object) -> list[object]:
        return []

    def traces(self, *_: object) -> list[Trace]:
        return []


def readings(store: Store) -> Readings:
    return Readings(store, STEP)  # type: ignore[arg-type]


def said(of: Readings, one: Finding) -> explain.Attribution:
    [(key, found)] = keyed(one).items()
    return of.attribution(key, found)


def why(of: Readings, one: Finding) -> str:
    [group] = explain.explain([said(of, one)], [])
    return group.no_cause


def test_good_traces_are_read_once_and_of_bad_ones_only_what_is_new() -> None:
    store = Store()
    of, one = readings(store), finding("api")
    for late in range(5, 1200, 5):
        of.read(keyed(replace(one, at=T0 + late)), T0 + late, WORLD)
    good = [each for each in store.asked if each.kind == PopulationKind.GOOD]
    bad = [each for each in store.asked if each.kind == PopulationKind.FAILED]
    assert len(good) == 1
    assert len(bad) < 10
    for before, after in pairwise(bad):
        assert after.window.start >= before.window.end - 60
        assert after.limit <= before.limit
    assert bad[-1].window.end == T0 - STEP + 600, "what is bad ten minutes after the onset adds nothing"
    assert len(said(of, one).traces) == 60
    ends = sorted(int(each, 16) - T0 for each in said(of, one).traces)
    assert ends[0] < 150
    assert ends[-1] > 450


def test_any_requests_of_the_time_of_slow_ones_are_read_until_there_are_enough() -> None:
    store = Store(most=2)
    of, one = readings(store), finding("api", Family.LATENCY)
    of.read(keyed(one), T0 + 5, WORLD)
    assert [each.kind for each in store.asked] == [PopulationKind.GOOD, PopulationKind.GOOD]
    assert said(of, one).unread == NOT_YET
    store.asked.clear()
    of.read(keyed(replace(one, at=T0 + 10)), T0 + 10, WORLD)
    assert [each.kind for each in store.asked] == [PopulationKind.SLOW], "what was read is kept"
    assert not said(of, one).unread
    store.asked.clear()
    of.read(keyed(replace(one, at=T0 + 300)), T0 + 300, WORLD)
    beside, bad = store.asked
    assert (beside.kind, bad.kind) == (PopulationKind.GOOD, PopulationKind.SLOW)
    assert beside.window == bad.window
    assert beside.threshold == 0.0


def test_the_worst_go_first_and_the_rest_have_their_turn() -> None:
    store = Store(most=4)
    findings = [finding(f"service-{number}", score=float(number)) for number in range(6)]
    of = readings(store)
    of.read(keyed(*findings), T0 + 5, WORLD)
    assert [one.service for one in store.asked] == ["service-5", "service-5", "service-4", "service-4"]
    assert not of.gaps
    assert not of.down
    assert said(of, findings[0]).unread == NOT_YET
    of.read(keyed(*findings), T0 + 10, WORLD)
    of.read(keyed(*findings), T0 + 15, WORLD)
    assert all(not said(of, one).unread for one in findings)


def test_what_waits_for_its_turn_is_held_back_for_a_while() -> None:
    store = Store(most=2)
    worst, other = finding("worst", score=9.0), finding("other")
    silent = replace(other, family=Family.SILENCE)
    of = readings(store)
    of.read(keyed(worst, other, silent), T0 + 5, WORLD)
    assert not of.waits(worst, T0 + 5)
    assert of.waits(other, T0 + 5)
    assert not of.waits(silent, T0 + 5), "traces tell nothing of it"
    assert of.waits(other, T0 + 34)
    assert not of.waits(other, T0 + 35), "it is told without them"
    of.read(keyed(worst, other, silent), T0 + 10, WORLD)
    assert not of.waits(other, T0 + 10)


def test_what_is_refused_is_said_once_and_lets_the_others_go_first() -> None:
    store = Store(most=2, refused="odd")
    odd, fine = finding("odd", score=9.0), finding("fine")
    of = readings(store)
    of.read(keyed(odd, fine), T0 + 5, WORLD)
    assert of.gaps == ["the question is refused"]
    assert not of.down
    assert not said(of, fine).unread
    assert said(of, odd).unread == REFUSED
    assert REFUSED in why(of, odd)
    assert "no bad trace" not in why(of, odd)


def test_traces_that_do_not_answer_are_no_missing_traces() -> None:
    store = Store(away=True)
    one = finding("api")
    of = readings(store)
    of.read(keyed(one), T0 + 5, WORLD)
    assert of.gaps == ["traces do not answer"]
    assert of.down
    assert NO_ANSWER in why(of, one)
    store.away = False
    of.read(keyed(one), T0 + 10, WORLD)
    assert not of.down
    assert said(of, one).votes


def test_a_finding_that_no_trace_can_tell_of_waits_for_none() -> None:
    of, quiet = readings(Store()), finding("api", Family.SILENCE)
    of.read(keyed(quiet), T0 + 5, WORLD)
    assert said(of, quiet).unread == ""
