"""The life of incidents, cycle by cycle."""

from dataclasses import replace

import pytest

from aiops.incidents import ResolutionPolicy, Surroundings, acknowledge, is_dismissed, reconcile, resolve
from aiops.incidents.matching import OFTEN
from aiops.incidents.severity import severity
from aiops.incidents.surroundings import Look
from aiops.model import (
    Cause,
    CauseKind,
    Dismissal,
    Ending,
    Explained,
    Family,
    Finding,
    Incident,
    IncidentEvent,
    IncidentEvidence,
    IncidentState,
    Labels,
    RootCause,
    Severity,
    Sight,
    TimelineEntry,
    TraceCorrelation,
    Transition,
    labels,
    value_of,
)
from aiops.model.errors import NotPossible
from aiops.presentation.words import again

HABITS = ResolutionPolicy(resolve_seconds=9.0, reopen_seconds=60.0)
PUBLIC = {"gateway"}


def finding(service: str, family: Family = Family.ERRORS, onset: float = 90.0, observed: float = 0.8) -> Finding:
    series = labels(service=service, route=f"/{service}", method="POST")
    return Finding(
        series=series,
        family=family,
        onset=onset,
        at=onset + 6,
        score=3.0,
        observed=observed,
        expected=0.01,
        bad=12,
        total=15,
        confidence=0.5,
    )


def group(cause: str | None, *findings: Finding, kind: CauseKind = CauseKind.ERRORS, traces: int = 10) -> Explained:
    root = (
        RootCause(cause=Cause(cause, kind, f"/{cause}"), description="because", confidence=0.9, interval=(0.7, 1.0))
        if cause
        else None
    )
    return Explained(
        title=f"Trouble in {cause}",
        findings=findings,
        texts=tuple(f"{one.series} is bad" for one in findings),
        root_cause=root,
        no_cause="" if cause else "no cause found",
        first_failing_span=None,
        correlation=TraceCorrelation("t", ("t",), traces),
        affected_services=((cause, "gateway") if cause else ("gateway",)),
        affected_endpoints=("/x",),
    )


class Book:
    """Incidents as a store would keep them."""

    def __init__(self) -> None:
        self.kept: dict[str, Incident] = {}
        self.dismissals: list[Dismissal] = []
        self.look: Look = lambda _symptom, _since: Sight.WELL

    def cycle(self, at: float, *groups: Explained, settled: tuple[tuple[Labels, str], ...] = ()) -> list[IncidentEvent]:
        known = [
            one
            for one in self.kept.values()
            if one.state != IncidentState.RESOLVED or at - (one.resolved_at or 0) <= HABITS.reopen_seconds
        ]
        around = Surroundings(
            public=PUBLIC,
            find=lambda key: self.kept.get(key),
            past=self.latest,
            look=self.look,
            settled=settled,
            dismissed=lambda one: is_dismissed(one, [each for each in self.dismissals if each.lasts(at)]),
        )
        events = reconcile(known, groups, at, len(self.kept), HABITS, around)
        self.kept |= {event.incident.key: event.incident for event in events}
        return events

    def latest(self, fingerprint: str) -> Incident | None:
        over = [one for one in self.kept.values() if one.fingerprint == fingerprint and one.resolved_at is not None]
        over = [one for one in over if one.ending != Ending.MERGED]
        return max(over, key=lambda one: one.resolved_at or 0.0, default=None)

    @property
    def open(self) -> list[Incident]:
        return [one for one in self.kept.values() if one.state != IncidentState.RESOLVED]


def said(events: list[IncidentEvent]) -> list[str]:
    return [str(event.transition) for event in events]


def test_one_cause_is_one_incident_however_many_symptoms() -> None:
    book = Book()
    assert said(book.cycle(100, group("payment", finding("gateway")))) == ["opened"]
    everyone = group("payment", finding("gateway"), finding("checkout"), finding("payment"))
    assert said(book.cycle(103, everyone)) == ["updated"]
    (incident,) = book.open
    assert len(incident.symptoms) == 3
    assert [one.what for one in incident.timeline] == ["onset", "anomaly", "cause", "anomaly", "anomaly"]
    assert incident.id == "INC-90-1"


def test_a_replay_changes_nothing() -> None:
    book = Book()
    one = group("payment", finding("payment"))
    book.cycle(100, one)
    kept = dict(book.kept)
    assert book.cycle(100, one) == []
    # A crash may have lost the memory of the incident's row, not its key.
    (again,) = reconcile([], [one], 100, 0, HABITS, Surroundings(public=PUBLIC, find=lambda _: None))
    assert again.incident == next(iter(kept.values()))


def test_it_resolves_after_quiet_and_reopens_when_the_same_returns_within_hours() -> None:
    book = Book()
    book.cycle(100, group("payment", finding("payment")))
    assert book.cycle(106) == []
    assert said(book.cycle(109)) == ["resolved"]
    assert said(book.cycle(130, group("payment", finding("payment", onset=120)))) == ["reopened"]
    assert len(book.kept) == 1
    book.cycle(140)
    assert said(book.cycle(300, group("payment", finding("payment", onset=290)))) == ["reopened"]
    (incident,) = book.kept.values()
    assert (incident.occurrences, incident.onset, incident.first_detected) == (3, 290, 100)
    assert incident.timeline[-1].text == "the same trouble came back: 3rd time in 3 minutes, high"
    assert [(one.onset, one.detected, one.ended) for one in incident.episodes] == [
        (90, 100, 109),
        (120, 130, 140),
        (290, 300, None),
    ]
    book.cycle(310)
    late = 310 + HABITS.recur_seconds
    assert said(book.cycle(late + 1, group("payment", finding("payment", onset=late)))) == ["opened"]
    assert len({one.fingerprint for one in book.kept.values()}) == 1


def flaps(book: Book, count: int, every: float, lasts: float = 25.0) -> list[IncidentEvent]:
    """What people are told while payment fails for `lasts` seconds of every so many."""
    told = []
    for number in range(count):
        began = 1000 + number * every
        for at in range(int(began), int(began + every), 5):
            there = [group("payment", finding("payment", onset=began))] if at < began + lasts else []
            told += [one for one in book.cycle(float(at), *there) if one.told]
    return told


def test_flaps_are_one_incident_that_counts_them_and_pages_once() -> None:
    book = Book()
    assert said(flaps(book, 5, every=150)) == ["opened", "resolved"]
    (incident,) = book.kept.values()
    assert again(incident) == "5th time in 10 minutes"
    assert incident.state == IncidentState.RESOLVED, "it is not kept open while it is quiet"
    assert [one.told for one in incident.episodes] == [True, False, False, False, False]
    times = [(one.onset, one.ended) for one in incident.episodes]
    assert times == [(1000 + 150 * number, 1030 + 150 * number) for number in range(5)]
    assert [one.what for one in incident.timeline].count("reopened") == 4


def test_who_was_told_of_flaps_is_told_again_at_growing_distance() -> None:
    book = Book()
    opened = [one for one in flaps(book, 60, every=150) if one.transition != Transition.RESOLVED]
    when = [one.incident.episode.detected - 1000 for one in opened]
    assert when == [0, 900, 2700, 6300], "15, 30 and 60 minutes after the last time"
    assert again(opened[1].incident) == "7th time in 15 minutes"


def test_a_flap_that_is_worse_or_stays_is_told_at_once() -> None:
    book = Book()
    flaps(book, 2, every=150)
    stays = [group("payment", finding("payment", onset=1300))]
    told = [(at, str(one.transition)) for at in range(1300, 1400, 5) for one in book.cycle(at, *stays) if one.told]
    assert told == [(1360, "reopened")], "twice as long as the longest before it"
    assert "told" in [one.what for one in book.open[0].timeline]
    book.cycle(1410)
    worse = replace(group("payment", OUTAGE), findings=(replace(OUTAGE, onset=1420.0),))
    assert [(str(one.transition), one.told) for one in book.cycle(1425, worse)] == [("reopened", True)]
    assert book.open[0].severity == Severity.CRITICAL


def test_an_incident_is_not_continued_for_ever() -> None:
    book = Book()
    flaps(book, OFTEN + 1, every=60)
    assert [one.occurrences for one in book.kept.values()] == [OFTEN, 1]
    assert len(next(iter(book.kept.values())).timeline) < 4 * OFTEN


def test_what_goes_on_after_a_person_resolved_it_is_open_again_and_says_so() -> None:
    book = Book()
    one = group("payment", finding("payment"))
    (event,) = book.cycle(100, one)
    book.kept[event.incident.key] = resolve(event.incident, 104, "resolved by ada")
    assert book.cycle(103, one) == [], "that step had ended before she said so"
    assert said(book.cycle(106, one)) == ["updated"]
    assert book.cycle(106, one) == [], "the same step again is no other"
    assert book.open == []
    assert [(str(each.transition), each.told) for each in book.cycle(109, one)] == [("reopened", True)]
    (incident,) = book.open
    assert incident.occurrences == 1, "it never went away"
    assert incident.timeline[-1].text == "its symptoms go on, though it was said to be over: resolved by ada"


def test_what_a_person_resolved_stays_so_when_its_symptoms_fade() -> None:
    book = Book()
    one = group("payment", finding("payment"))
    (event,) = book.cycle(100, one)
    book.kept[event.incident.key] = resolve(event.incident, 101, "resolved by ada")
    fading = replace(one, findings=tuple(replace(each, rising=False) for each in one.findings))
    book.cycle(103, one)
    for at in range(106, 130, 3):
        assert book.cycle(at, fading) == []
    assert book.open == []


def test_severity_is_what_it_is_now_and_falls_slowly() -> None:
    book = Book()
    book.cycle(100, group("payment", OUTAGE))
    partly = group("payment", finding("gateway", observed=0.3))
    for at in range(103, 103 + int(HABITS.ease_seconds), 3):
        assert not any(one.told for one in book.cycle(at, partly))
        assert book.open[0].severity == Severity.CRITICAL
    (event,) = book.cycle(103 + HABITS.ease_seconds, partly)
    assert (event.incident.severity, event.told) == (Severity.HIGH, False)
    assert event.incident.timeline[-1].text == "severity is high now, no longer critical"
    rises = book.cycle(300, group("payment", OUTAGE))
    assert (said(rises), book.open[0].severity) == (["updated"], Severity.CRITICAL), "as bad as people know it to be"


def test_a_milder_moment_is_no_fall() -> None:
    book = Book()
    mild = group("payment", finding("gateway", observed=0.3))
    for at in range(120, 900, 3):
        book.cycle(at, group("payment", OUTAGE) if at % 60 < 20 else mild)
        assert book.open[0].severity == Severity.CRITICAL


def test_since_is_when_the_trouble_of_its_kind_began() -> None:
    book = Book()
    slow = finding("gateway", Family.LATENCY, onset=30)
    book.cycle(100, group("payment", slow, finding("payment", onset=90)))
    assert book.open[0].onset == 90
    book = Book()
    book.cycle(100, group("payment", slow, kind=CauseKind.LATENCY))
    assert book.open[0].onset == 30
    book.cycle(103, group("payment", slow, finding("payment", onset=90), traces=20))
    assert (book.open[0].onset, book.open[0].episode.onset) == (90, 90)


@pytest.mark.parametrize(
    ("sights", "expected", "ending"),
    [
        pytest.param({}, "its symptoms are back to normal", Ending.CALM, id="all were judged"),
        pytest.param({"payment": Sight.UNJUDGED}, "", None, id="one is not judged yet"),
        pytest.param(
            {"payment": Sight.GONE, "gateway": Sight.GONE},
            "no data from its symptoms any more",
            Ending.NO_DATA,
            id="nothing comes",
        ),
        pytest.param(
            {"payment": Sight.GONE},
            "its symptoms are back to normal, but for 1 of 2, from which no data come any more",
            Ending.CALM,
            id="one does not come",
        ),
        pytest.param({"payment": Sight.GONE, "gateway": Sight.UNJUDGED}, "", None, id="nobody knows"),
    ],
)
def test_only_what_was_judged_is_back_to_normal(sights: dict[str, Sight], expected: str, ending: Ending | None) -> None:
    book = Book()
    book.look = lambda symptom, _since: sights.get(value_of(symptom[0], "service"), Sight.WELL)
    book.cycle(100, group("payment", finding("payment"), finding("gateway")))
    book.cycle(200)
    (incident,) = book.kept.values()
    assert (incident.resolution, incident.ending) == (expected, ending)


def test_the_newest_alike_goes_on_when_its_cause_is_found_late() -> None:
    book = Book()
    book.cycle(100, group("payment", finding("payment"), finding("gateway")))
    book.cycle(120)
    assert said(book.cycle(1000, group(None, finding("gateway", onset=990)))) == ["opened"]
    late = group("payment", finding("payment", onset=990), finding("gateway", onset=990))
    assert sorted(said(book.cycle(1003, late))) == ["reopened", "resolved"]
    (incident,) = book.open
    assert (incident.id, incident.occurrences) == ("INC-90-1", 2)


def test_an_alert_in_the_timeline_does_not_make_recovery_news_again() -> None:
    book = Book()
    one = group("payment", finding("payment"))
    book.cycle(100, one)
    quiet = replace(one, findings=tuple(replace(each, rising=False) for each in one.findings))
    for at in (103, 106, 109):
        book.cycle(at, quiet)
        (incident,) = book.open
        entry = TimelineEntry(at + 1, "alert", "alert Burn fires")
        book.kept[incident.key] = replace(incident, timeline=(*incident.timeline, entry))
    (incident,) = book.open
    assert [each.what for each in incident.timeline].count("recovering") == 1


def test_traffic_that_stays_away_is_not_called_normal_again() -> None:
    book = Book()
    missing = finding("gateway", Family.TRAFFIC)
    book.cycle(100, group("gateway", missing, kind=CauseKind.TRAFFIC))
    (event,) = book.cycle(101, settled=((missing.series, str(missing.family)),))
    assert event.transition == Transition.RESOLVED
    assert event.incident.resolution == "new normal: it has lasted for so long that it is expected from now on"


def test_another_kind_of_trouble_is_another_incident() -> None:
    book = Book()
    book.cycle(100, group("payment", finding("payment")))
    book.cycle(110)
    slow = group("payment", finding("payment", Family.LATENCY, 115), kind=CauseKind.LATENCY)
    assert said(book.cycle(120, slow)) == ["opened"]


def test_two_causes_are_two_incidents_though_they_share_a_symptom() -> None:
    book = Book()
    shared = finding("gateway")
    events = book.cycle(
        100, group("payment", finding("payment"), shared), group("inventory", finding("inventory"), shared)
    )
    assert said(events) == ["opened", "opened"]
    assert [one.id for one in book.open] == ["INC-90-1", "INC-90-2"]
    assert book.cycle(
        103, group("payment", finding("payment"), shared), group("inventory", finding("inventory"), shared)
    )
    assert len(book.kept) == 2


def test_a_cause_found_later_joins_the_incident_that_is_open() -> None:
    book = Book()
    book.cycle(100, group(None, finding("gateway")))
    assert book.open[0].root_cause is None
    book.cycle(103, group("payment", finding("gateway"), finding("payment")))
    (incident,) = book.open
    assert incident.root_cause is not None
    assert incident.root_cause.cause.service == "payment"
    assert "cause" in [one.what for one in incident.timeline]


def test_why_there_is_no_cause_is_said_as_it_is_now() -> None:
    book = Book()
    book.cycle(96, replace(group(None, finding("payment")), no_cause="nobody has looked"))
    book.cycle(99, replace(group(None, finding("payment")), no_cause="nothing was found"))
    [one] = book.open
    assert one.no_cause == "nothing was found"
    assert [entry.text for entry in one.timeline if entry.what == "no_cause"] == ["nobody has looked"]


def test_a_cause_that_was_wrong_is_replaced() -> None:
    book = Book()
    book.cycle(100, group("checkout", finding("gateway")))
    events = book.cycle(103, group("payment", finding("gateway"), finding("payment"), traces=20))
    assert said(events) == ["changed"]
    (incident,) = book.open
    assert incident.root_cause is not None
    assert incident.root_cause.cause.service == "payment"


def test_causes_that_share_every_symptom_stay_apart() -> None:
    book = Book()
    both = (group("db", finding("checkout")), group("cache", finding("checkout")))
    for at in range(100, 130, 3):
        book.cycle(at, *both)
    assert sorted(one.title for one in book.open) == ["Trouble in cache", "Trouble in db"]
    assert all(len(one.timeline) == 3 for one in book.open)


def test_a_number_once_given_is_never_given_again() -> None:
    book = Book()
    one = group("payment", finding("payment"))
    book.cycle(100, one)
    book.cycle(110)
    assert said(book.cycle(400, one)) == ["reopened"]  # a replay from long ago finds the same symptom and onset
    assert [each.id for each in book.kept.values()] == ["INC-90-1"]


def test_weaker_evidence_does_not_rename_a_cause() -> None:
    book = Book()
    book.cycle(100, group("payment", finding("gateway"), finding("payment"), traces=40))
    book.cycle(103, group("checkout", finding("gateway"), traces=2))
    assert book.open[0].root_cause is not None
    assert book.open[0].root_cause.cause.service == "payment"


def test_what_comes_back_for_another_reason_is_told_with_that_reason() -> None:
    book = Book()
    book.cycle(100, group("payment", finding("payment"), kind=CauseKind.TIMEOUT, traces=40))
    assert said(book.cycle(109)) == ["resolved"]
    book.cycle(130, group(None, finding("payment", onset=120)))
    assert [one.occurrences for one in book.open] == [2], "before its traces are read it may be the same"
    (event,) = book.cycle(135, group("payment", finding("payment", onset=120), kind=CauseKind.DOWN, traces=3))
    assert event.told
    assert event.incident.root_cause is not None
    assert event.incident.root_cause.cause.kind == CauseKind.DOWN, "three traces of now say more than forty"
    assert "its cause is another now" in next(one.text for one in event.incident.timeline if one.what == "told")


def test_an_incident_whose_symptoms_another_took_over_is_merged() -> None:
    book = Book()
    book.cycle(100, group("payment", finding("payment")), group(None, finding("gateway")))
    events = book.cycle(103, group("payment", finding("payment"), finding("gateway")))
    assert sorted(said(events)) == ["resolved", "updated"]
    merged = next(event.incident for event in events if event.transition == Transition.RESOLVED)
    assert merged.resolution == "merged into INC-90-1: the same cause"


def test_people_acknowledge_and_resolve() -> None:
    book = Book()
    (event,) = book.cycle(100, group("payment", finding("payment")))
    taken = acknowledge(event.incident, 101, "ada")
    assert (taken.state, taken.acknowledged_by) == (IncidentState.ACKNOWLEDGED, "ada")
    assert acknowledge(taken, 102, "ada") == taken
    over = resolve(taken, 103, "resolved by ada")
    assert resolve(over, 104, "again") == over
    with pytest.raises(NotPossible, match="is resolved since"):
        acknowledge(over, 105, "bob")


INSIDE = replace(group("payment", finding("payment")), affected_services=("payment",))
GONE = group("payment", finding("payment", Family.SILENCE), kind=CauseKind.DOWN)
OUTAGE = replace(finding("gateway", observed=1.0), total=40.0)
SLOW = replace(finding("gateway", Family.LATENCY), observed=2.0)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(group("payment", OUTAGE), Severity.CRITICAL, id="users-get-nothing"),
        pytest.param(group("payment", replace(OUTAGE, total=5.0)), Severity.HIGH, id="a-handful-may-be-chance"),
        pytest.param(group("payment", finding("gateway", observed=0.3)), Severity.HIGH, id="users-see-failures"),
        pytest.param(group("payment", SLOW, kind=CauseKind.LATENCY), Severity.MEDIUM, id="users-wait"),
        pytest.param(
            replace(group("payment", finding("payment")), affected_services=("payment",)),
            Severity.LOW,
            id="nobody-sees-it",
        ),
        pytest.param(
            group("payment", finding("payment", Family.SILENCE), kind=CauseKind.DOWN),
            Severity.HIGH,
            id="a-service-is-gone",
        ),
        pytest.param(group(None, finding("gateway", Family.SILENCE)), Severity.LOW, id="only-its-telemetry-stopped"),
        pytest.param(
            group("payment", SLOW, finding("payment", Family.SILENCE), kind=CauseKind.LATENCY),
            Severity.MEDIUM,
            id="slow-and-silent",
        ),
        pytest.param(group(None, finding("*", Family.NO_TELEMETRY)), Severity.CRITICAL, id="we-are-blind"),
    ],
)
def test_severity(one: Explained, expected: Severity) -> None:
    assert severity(one, PUBLIC) == expected


def proven(one: Explained, at: float) -> Explained:
    return replace(one, evidence=IncidentEvidence(at=at))


def evidence_times(events: list[IncidentEvent]) -> list[float | None]:
    return [None if one.evidence is None else one.evidence.at for one in events]


def test_evidence_goes_with_the_cause_that_it_speaks_for_once() -> None:
    book = Book()
    first = proven(group("payment", finding("gateway")), 100.0)
    assert evidence_times(book.cycle(100, first)) == [100.0]
    assert evidence_times(book.cycle(103, first)) == [None], "it is kept already"
    more = proven(group("payment", finding("gateway"), traces=20), 106.0)
    assert evidence_times(book.cycle(106, more)) == [106.0]
    weaker = proven(group("inventory", finding("gateway"), traces=5), 109.0)
    assert evidence_times(book.cycle(109, weaker)) == [None], "the cause that was named stays, and so does its evidence"
    [incident] = book.open
    assert incident.evidence_at == 106.0
    assert evidence_times(book.cycle(112, group("payment", finding("gateway"), traces=20))) == [None]
    assert book.open[0].evidence_at == 106.0


def test_an_incident_without_a_cause_has_evidence_as_well() -> None:
    book = Book()
    assert evidence_times(book.cycle(100, group(None, finding("gateway")))) == [None]
    assert evidence_times(book.cycle(103, proven(group(None, finding("gateway")), 103.0))) == [103.0]
    assert evidence_times(book.cycle(106, proven(group("payment", finding("gateway")), 106.0))) == [106.0]
