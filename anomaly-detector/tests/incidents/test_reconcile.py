"""The life of incidents, cycle by cycle."""

from dataclasses import replace

import pytest

from aiops.incidents import Habits, NotPossible, acknowledge, reconcile, resolve
from aiops.incidents.severity import severity
from aiops.model import (
    Cause,
    CauseKind,
    Explained,
    Family,
    Finding,
    Incident,
    IncidentEvent,
    IncidentState,
    Labels,
    RootCause,
    Severity,
    TimelineEntry,
    TraceCorrelation,
    Transition,
    labels,
)

HABITS = Habits(resolve_seconds=9.0, reopen_seconds=60.0)
PUBLIC = {"gateway"}


def finding(service: str, family: Family = Family.ERRORS, onset: float = 90.0, observed: float = 0.8) -> Finding:
    series = labels(service=service, route=f"/{service}", method="POST")
    return Finding(series, family, onset, onset + 6, 3.0, observed, 0.01, 12, 15, 0.5)


def group(cause: str | None, *findings: Finding, kind: CauseKind = CauseKind.ERRORS, traces: int = 10) -> Explained:
    root = RootCause(Cause(cause, kind, f"/{cause}"), "because", 0.9, (0.7, 1.0)) if cause else None
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

    def cycle(self, at: float, *groups: Explained, settled: tuple[tuple[Labels, str], ...] = ()) -> list[IncidentEvent]:
        known = [
            one
            for one in self.kept.values()
            if one.state != IncidentState.RESOLVED or at - (one.resolved_at or 0) <= HABITS.reopen_seconds
        ]
        events = reconcile(known, groups, at, PUBLIC, len(self.kept), HABITS, self.kept.get, settled=settled)
        self.kept |= {event.incident.key: event.incident for event in events}
        return events

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
    (again,) = reconcile([], [one], 100, PUBLIC, 0, HABITS, {}.get)
    assert again.incident == next(iter(kept.values()))


def test_it_resolves_after_quiet_and_reopens_when_the_same_returns_soon() -> None:
    book = Book()
    book.cycle(100, group("payment", finding("payment")))
    assert book.cycle(106) == []
    assert said(book.cycle(109)) == ["resolved"]
    assert said(book.cycle(130, group("payment", finding("payment", onset=120)))) == ["reopened"]
    assert len(book.kept) == 1
    book.cycle(140)
    assert said(book.cycle(300, group("payment", finding("payment", onset=290)))) == ["opened"]


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


def test_what_a_person_resolved_is_not_opened_again_by_a_replay() -> None:
    book = Book()
    one = group("payment", finding("payment"))
    (event,) = book.cycle(100, one)
    book.kept[event.incident.key] = resolve(event.incident, 101, "resolved by ada")
    assert book.cycle(103, one) == []
    assert book.open == []


def test_weaker_evidence_does_not_rename_a_cause() -> None:
    book = Book()
    book.cycle(100, group("payment", finding("gateway"), finding("payment"), traces=40))
    book.cycle(103, group("checkout", finding("gateway"), traces=2))
    assert book.open[0].root_cause is not None
    assert book.open[0].root_cause.cause.service == "payment"


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
        pytest.param(group(None, finding("*", Family.NO_TELEMETRY)), Severity.CRITICAL, id="we-are-blind"),
    ],
)
def test_severity(one: Explained, expected: Severity) -> None:
    assert severity(one, PUBLIC) == expected
