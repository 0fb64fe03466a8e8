"""Quiet hours and escalations, over restarts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aiops.incidents import acknowledge, resolve
from aiops.model import Severity, Transition
from aiops.notify import Routing
from aiops.notify.routing import FurtherChannels, Route, RouteMatch

from .setting import ELEVEN_PM, NIGHT, NINE_PM, SEVEN_AM, T0, Setting, transitions


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    one = Setting(tmp_path)
    yield one
    one.store.close()


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
