"""From the outbox to channels: each by itself, in order, nothing lost, nothing twice."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from made_up.notifying import Heard
from made_up.samples import simple

from aiops.incidents import acknowledge, resolve
from aiops.model import Delivery, Digest, Incident, IncidentEvent, Severity, Transition
from aiops.model.errors import NotTaken
from aiops.notify import Channel, Deliveries, Routing
from aiops.notify.hours import Hours
from aiops.notify.routing import FurtherChannels, Quiet, Route, RouteMatch
from aiops.store import SqlEscalations, SqlIncidents, SqlOutbox, open_store

T0 = 1_796_040_000.0  # 2026-11-30 12:00 UTC
HOUR = 3600.0
NIGHT = Quiet(Hours(frozenset(range(7)), 22 * 60, 7 * 60, ZoneInfo("UTC")), Severity.CRITICAL)
NINE_PM, ELEVEN_PM, SEVEN_AM = T0 + 9 * HOUR, T0 + 11 * HOUR, T0 + 19 * HOUR


class Moody(Heard):
    """Fails as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.texts: list[str] = []
        self.references: list[str] = []

    def send(self, one: Delivery) -> str | None:  # type: ignore[override]
        if self.error is not None:
            raise self.error
        super().send(one)
        self.references.append(one.reference)
        if isinstance(one.subject, Digest):
            self.texts += [name for name, _ in one.subject.ended]
        return f"message of {one.subject.id}" if isinstance(one.subject, Incident) else None


class Setting:
    """A store, two channels `a` and `b`, and routes."""

    def __init__(self, path: Path) -> None:
        self.store = SqlIncidents(open_store(f"sqlite:///{path / 'incidents.sqlite'}"))
        self.a, self.b = Moody(), Moody()
        self.counts: list[tuple[str, str]] = []
        self.use(Routing(default=("a", "b")))

    def use(self, routing: Routing, **channels: Moody) -> None:
        """Start anew with these routes, as after a restart."""
        made = [Channel(name, "made up", one, ("s3cret",)) for name, one in (channels or self.both).items()]
        outbox, escalations = SqlOutbox(self.store.database), SqlEscalations(self.store.database)
        self.outbox = outbox
        self.out = Deliveries(outbox, escalations, routing, made, lambda *what: self.counts.append(what))
        self.out.adopt()

    @property
    def both(self) -> dict[str, Moody]:
        return {"a": self.a, "b": self.b}

    def save(self, transition: Transition, one: Incident, at: float) -> Incident:
        self.store.save_cycle(at, at, (), [IncidentEvent(transition, one)])
        return one

    def opened(self, number: int = 1, at: float = T0, severity: Severity = Severity.HIGH) -> Incident:
        one = simple(number, severity=severity, first_detected=at, onset=at)
        return self.save(Transition.OPENED, replace(one, timeline=(replace(one.timeline[0], at=at),)), at)

    def resolved(self, one: Incident, at: float) -> Incident:
        return self.save(Transition.RESOLVED, resolve(one, at, "calm"), at)


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    one = Setting(tmp_path)
    yield one
    one.store.close()


def transitions(heard: Heard) -> list[str]:
    return [transition for _, transition in heard.all]


def test_a_channel_that_fails_delays_and_repeats_no_other(setting: Setting) -> None:
    one = setting.opened()
    setting.a.error = OSError("connection refused")
    assert setting.out.round(T0) == 1
    setting.resolved(one, T0 + 1)
    assert setting.out.round(T0 + 2) == 1
    assert (transitions(setting.a), transitions(setting.b)) == ([], ["opened", "resolved"])
    setting.a.error = None
    assert [setting.out.round(at) for at in (T0 + 4, T0 + 4, T0 + 4)] == [1, 1, 0]
    assert transitions(setting.a) == transitions(setting.b) == ["opened", "resolved"]
    assert setting.counts.count(("a", "failed")) == 2
    assert setting.counts.count(("b", "sent")) == 2


def test_the_wait_doubles_up_to_five_minutes(setting: Setting) -> None:
    setting.opened()
    setting.a.error = OSError("no")
    waits, at = [], T0
    for _ in range(11):
        setting.out.round(at)
        step = 1.0
        while setting.outbox.due("a", at + step) == []:
            step += 1.0
        waits.append(step)
        at += step
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_a_try_that_a_clock_ahead_put_off_is_due(setting: Setting) -> None:
    setting.opened()
    setting.a.error = OSError("no")
    setting.out.round(T0 + 90_000.0)
    setting.a.error = None
    setting.out.round(T0)
    assert transitions(setting.a) == ["opened"]


def test_later_messages_of_a_subject_wait_for_earlier_ones_and_others_do_not(setting: Setting) -> None:
    one = setting.opened(1)
    setting.a.error = OSError("no")
    setting.out.round(T0)
    setting.a.error = None
    setting.resolved(one, T0 + 0.2)
    other = setting.opened(2, T0 + 0.3)
    setting.out.round(T0 + 0.5)
    assert setting.a.all == [(other.id, "opened")]
    setting.out.round(T0 + 1.5)
    setting.out.round(T0 + 1.5)
    assert [each for each in setting.a.all if each[0] == one.id] == [(one.id, "opened"), (one.id, "resolved")]


def test_a_refusal_for_ever_is_not_repeated(setting: Setting) -> None:
    setting.opened()
    setting.a.error = NotTaken("400 s3cret", final=True)
    setting.out.round(T0)
    assert ("a", "refused") in setting.counts
    assert setting.out.channels["a"].error == "400 ***"
    setting.a.error = None
    setting.out.round(T0 + 1000)
    assert transitions(setting.a) == []


def test_a_channel_that_asks_for_rest_gets_it(setting: Setting) -> None:
    setting.opened(1)
    setting.opened(2)
    setting.a.error = NotTaken("429", wait=30.0)
    setting.out.round(T0)
    assert setting.counts.count(("a", "failed")) == 1, "the second message waits as well"
    setting.a.error = None
    setting.out.round(T0 + 29)
    assert transitions(setting.a) == []
    setting.out.round(T0 + 30)
    assert transitions(setting.a) == ["opened", "opened"]


def test_a_message_that_cannot_be_written_stops_no_other(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    setting.opened()
    setting.a.error = KeyError("s3cret")
    assert setting.out.round(T0) == 1
    assert "s3cret" not in caplog.text
    assert "could not be written" in caplog.text


def test_a_channel_that_takes_nothing_for_long_is_reported_once_an_hour(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    setting.opened()
    setting.a.error = OSError("s3cret: connection refused")
    at = T0
    while at < T0 + 2 * HOUR:
        setting.out.deliver("a", at) if at > T0 else setting.out.round(at)
        at += 60.0
    assert caplog.text.count("has taken no notification since 2026-11-30T12:00:00Z") == 2
    assert "s3cret" not in caplog.text
    assert setting.out.channels["a"].failing_since == T0
    setting.a.error = None
    setting.out.round(at + 300)
    assert setting.out.channels["a"].failing_since is None


def test_what_a_channel_calls_its_message_is_known_after_a_restart(setting: Setting) -> None:
    one = setting.opened()
    setting.out.round(T0)
    setting.use(Routing(default=("a", "b")))
    setting.resolved(one, T0 + 60)
    setting.out.round(T0 + 60)
    assert setting.a.references == ["", f"message of {one.id}"]


def test_what_waits_for_a_channel_that_is_gone_goes_by_the_routes(setting: Setting) -> None:
    setting.opened()
    setting.a.error = OSError("no")
    setting.out.round(T0)
    new = Moody()
    setting.use(Routing(default=("new",)), new=new)
    setting.out.round(T0 + 60)
    assert transitions(new) == [], "the other channel has it already"
    setting.opened(2, T0 + 60)
    setting.a.error = setting.b.error = OSError("no")
    setting.use(Routing(default=("a", "b")))
    setting.out.round(T0 + 61)
    setting.use(Routing(default=("new",)), new=new)
    setting.out.round(T0 + 62)
    assert transitions(new) == ["opened"]


def quiet(**more: object) -> Routing:
    return Routing((Route(name="r", channels=("a",), quiet=NIGHT, **more),))  # type: ignore[arg-type]


def test_what_ended_in_quiet_hours_is_one_line(setting: Setting) -> None:
    setting.use(quiet())
    ended = [setting.opened(number, ELEVEN_PM + number) for number in (1, 2)]
    lasting = setting.opened(3, ELEVEN_PM + 3)
    setting.out.round(ELEVEN_PM + 10)
    for one in ended:
        setting.resolved(one, ELEVEN_PM + 600)
    setting.out.round(ELEVEN_PM + 601)
    setting.use(quiet())  # a restart in the night
    setting.out.round(SEVEN_AM - 1)
    assert setting.a.all == []
    assert setting.outbox.backlog("a").held == 5
    setting.out.round(SEVEN_AM)
    assert setting.a.all == [(lasting.id, "opened"), ("digest", "digest")]
    assert setting.a.texts == [one.id for one in ended]
    setting.out.round(SEVEN_AM + 60)
    assert len(setting.a.all) == 2


def test_each_channel_has_its_own_line_of_the_same_night(setting: Setting) -> None:
    routes = tuple(
        Route(name=name, match=RouteMatch(severity=severity), channels=(name,), quiet=NIGHT, goes_on=True)
        for name, severity in (("a", Severity.LOW), ("b", Severity.HIGH))
    )
    setting.use(Routing(routes))
    both = [setting.opened(1, ELEVEN_PM), setting.opened(2, ELEVEN_PM, Severity.LOW)]
    setting.out.round(ELEVEN_PM)
    for one in both:
        setting.resolved(one, ELEVEN_PM + 60)
    setting.out.round(ELEVEN_PM + 60)
    setting.out.round(SEVEN_AM)
    assert (setting.a.texts, setting.b.texts) == ([one.id for one in both], [both[0].id])


def test_who_heard_of_it_before_the_night_hears_that_it_is_over(setting: Setting) -> None:
    setting.use(quiet())
    one = setting.opened(1, NINE_PM)
    setting.out.round(NINE_PM)
    setting.resolved(one, ELEVEN_PM)
    setting.out.round(ELEVEN_PM)
    setting.out.round(SEVEN_AM)
    assert transitions(setting.a) == ["opened", "resolved"]


def test_what_gets_worse_in_the_night_is_told_at_once_and_only_once(setting: Setting) -> None:
    setting.use(quiet())
    one = setting.opened(1, ELEVEN_PM)
    setting.out.round(ELEVEN_PM)
    setting.save(Transition.CHANGED, replace(one, severity=Severity.CRITICAL), ELEVEN_PM + 60)
    setting.out.round(ELEVEN_PM + 60)
    assert transitions(setting.a) == ["changed"]
    setting.out.round(SEVEN_AM)
    assert transitions(setting.a) == ["changed"]


def test_of_several_messages_in_the_night_only_the_newest_is_told(setting: Setting) -> None:
    setting.use(quiet())
    one = setting.opened(1, ELEVEN_PM)
    later = replace(one, timeline=(replace(one.timeline[0], at=ELEVEN_PM + 60),))
    setting.save(Transition.CHANGED, later, ELEVEN_PM + 60)
    setting.out.round(ELEVEN_PM + 60)
    setting.save(Transition.ACKNOWLEDGED, acknowledge(later, ELEVEN_PM + 90, "ada"), ELEVEN_PM + 90)
    setting.out.round(ELEVEN_PM + 90)
    for _ in range(3):
        setting.out.round(SEVEN_AM)
    assert transitions(setting.a) == ["changed", "acknowledged"]


STEPS = (FurtherChannels(600.0, ("b",)), FurtherChannels(1200.0, ("a", "b")))
ESCALATING = Routing((Route(name="r", channels=("a",), steps=STEPS),))


def test_who_does_not_acknowledge_is_followed_by_others_each_step_once(setting: Setting) -> None:
    setting.use(ESCALATING)
    setting.opened()
    setting.out.round(T0)
    setting.out.round(T0 + 599)
    assert (transitions(setting.a), transitions(setting.b)) == (["opened"], [])
    setting.use(ESCALATING)  # a restart
    setting.out.round(T0 + 600)
    setting.out.round(T0 + 601)
    assert (transitions(setting.a), transitions(setting.b)) == (["opened"], ["escalated"])
    setting.use(ESCALATING)
    for at in (1200, 1201, 9000):
        setting.out.round(T0 + at)
    assert (transitions(setting.a), transitions(setting.b)) == (["opened", "escalated"], ["escalated"] * 2)


@pytest.mark.parametrize("how", ["acknowledged", "resolved"])
def test_an_escalation_stops_when_somebody_cares(setting: Setting, how: str) -> None:
    setting.use(ESCALATING)
    one = setting.opened()
    setting.out.round(T0)
    setting.out.round(T0 + 600)
    done = acknowledge(one, T0 + 700, "ada") if how == "acknowledged" else resolve(one, T0 + 700, "calm")
    setting.save(Transition(how), done, T0 + 700)
    for at in (700, 1200, 9000):
        setting.out.round(T0 + at)
    assert transitions(setting.a) == ["opened", how]
    assert transitions(setting.b) == ["escalated", how], "who was called hears that it is done"


def test_trouble_that_is_back_is_escalated_anew_and_a_change_is_not(setting: Setting) -> None:
    setting.use(ESCALATING)
    one = setting.opened()
    setting.out.round(T0)
    setting.save(Transition.CHANGED, replace(one, severity=Severity.CRITICAL), T0 + 300)
    setting.out.round(T0 + 300)
    setting.out.round(T0 + 600)
    setting.out.round(T0 + 1200)
    setting.save(Transition.CHANGED, replace(one, severity=Severity.LOW), T0 + 1300)
    setting.out.round(T0 + 1300)
    setting.out.round(T0 + 9000)
    assert transitions(setting.b) == ["escalated", "escalated"]
    over = setting.resolved(one, T0 + 9000)
    setting.out.round(T0 + 9000)
    setting.save(Transition.REOPENED, replace(one, timeline=over.timeline), T0 + 9100)
    setting.out.round(T0 + 9100)
    setting.out.round(T0 + 9700)
    assert transitions(setting.b) == ["escalated", "escalated", "resolved", "escalated"]


def test_a_route_that_matches_only_later_escalates_from_then(setting: Setting) -> None:
    route = Route(name="r", match=RouteMatch(severity=Severity.CRITICAL), channels=("a",), steps=STEPS[:1])
    setting.use(Routing((route,), ("a",)))
    one = setting.opened()
    setting.out.round(T0)
    setting.save(Transition.CHANGED, replace(one, severity=Severity.CRITICAL), T0 + 300)
    setting.out.round(T0 + 300)
    setting.out.round(T0 + 899)
    assert transitions(setting.b) == []
    setting.out.round(T0 + 900)
    assert transitions(setting.b) == ["escalated"]


def test_old_messages_are_deleted_and_waiting_ones_are_not(setting: Setting) -> None:
    setting.opened()
    setting.b.error = OSError("no")
    setting.out.round(T0)
    setting.outbox.purge(T0 + 400 * 24 * HOUR)
    assert setting.outbox.backlog("b").waiting == 1
    setting.b.error = None
    setting.out.round(T0 + 400)
    setting.outbox.purge(T0 + 400 * 24 * HOUR)
    assert setting.outbox.backlog("b").last_sent is None
