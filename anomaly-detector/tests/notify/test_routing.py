"""Which channels a message goes to, and when."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from made_up.samples import sample

from aiops.model import Announcement, Burn, IncidentState, Severity, Urgency
from aiops.notify.hours import MIDNIGHT, Hours
from aiops.notify.routing import FurtherChannels, Quiet, Route, RouteMatch, Routing

HOUR = 3600.0
MONDAY = 1_795_996_800.0  # 2026-11-30 00:00 UTC
INCIDENT = sample()  # critical, of payment, checkout and gateway
BURN = Burn(
    key="b",
    slo="pay",
    display_name="Pay",
    service="payment",
    group=(),
    urgency=Urgency.TICKET,
    since=MONDAY,
    last_seen=MONDAY,
    burn_rate=2.0,
    budget_left=0.5,
)
NIGHT = Hours(frozenset(range(7)), 22 * 60, 7 * 60, ZoneInfo("UTC"))


def told(transition: str = "opened", subject: Any = INCIDENT, number: int = 1) -> Announcement:
    return Announcement(number=number, transition=transition, subject=subject, at=MONDAY)


def route(name: str = "r", **values: Any) -> Route:
    return Route(name=name, **{"channels": (name,), **values})


@pytest.mark.parametrize(
    ("match", "one", "why"),
    [
        (RouteMatch(), told(), ""),
        (RouteMatch(severity=Severity.CRITICAL), told(), ""),
        (RouteMatch(severity=Severity.HIGH), told(subject=BURN, transition="burns"), "severity medium is below high"),
        (RouteMatch(services=("check*",)), told(), ""),
        (RouteMatch(services=("shipping", "stock*")), told(), "is not like shipping, stock*"),
        (RouteMatch(services=("payment",)), told(subject=BURN, transition="burns"), ""),
        (RouteMatch(kinds=frozenset({"burn"})), told(), "it is for burn, not for incident"),
        (RouteMatch(transitions=frozenset({"resolved"})), told(), "it is for resolved, not for opened"),
        (RouteMatch(hours=NIGHT), told(), "it is outside of its hours"),
    ],
)
def test_a_route_says_why_it_does_not_match(match: RouteMatch, one: Announcement, why: str) -> None:
    assert match.refuses(one, MONDAY + 12 * HOUR).endswith(why)
    assert bool(match.refuses(one, MONDAY + 12 * HOUR)) == bool(why)


def test_the_first_route_ends_the_search_unless_it_goes_on() -> None:
    routes = (route("a", goes_on=True), route("b"), route("c"))
    assert set(Routing(routes, ("d",)).plan(told(), MONDAY).channels) == {"a", "b"}
    last = list(Routing(routes).verdicts(told(), MONDAY))[-1]
    assert last.refused == "`b` comes before it and ends the search"


def test_what_no_route_matches_goes_to_the_default() -> None:
    routing = Routing((route(match=RouteMatch(services=("shipping",))),), ("d",), ("hook",))
    assert routing.plan(told(), MONDAY).channels == {"d": None, "hook": None}


def test_quiet_hours_hold_back_except_at_a_severity() -> None:
    quiet = route(quiet=Quiet(NIGHT, Severity.CRITICAL))
    mild = told(subject=replace(INCIDENT, severity=Severity.HIGH))
    at = MONDAY + 23 * HOUR
    assert Routing((quiet,)).plan(mild, at).channels == {"r": MONDAY + 31 * HOUR}
    assert Routing((quiet,)).plan(told(), at).channels == {"r": None}
    assert Routing((quiet,)).plan(mild, MONDAY + 12 * HOUR).channels == {"r": None}


def test_a_channel_of_two_routes_is_told_when_the_first_of_them_says() -> None:
    routing = Routing((route("a", channels=("x",), goes_on=True, quiet=Quiet(NIGHT)), route("b", channels=("x",))))
    assert routing.plan(told(), MONDAY).channels == {"x": None}


def test_who_heard_of_the_beginning_hears_of_the_end() -> None:
    """Though its severity fell below what the route wants, or its hours are over."""
    routing = Routing((route("pager", match=RouteMatch(severity=Severity.CRITICAL)),), ("d",))
    milder = replace(INCIDENT, severity=Severity.LOW)
    assert set(routing.plan(told("resolved", milder), MONDAY, frozenset({"pager"})).channels) == {"pager", "d"}
    assert set(routing.plan(told("changed", milder), MONDAY, frozenset({"pager"})).channels) == {"d"}


def test_who_does_not_want_the_end_does_not_hear_of_it() -> None:
    routing = Routing((route("p", match=RouteMatch(transitions=frozenset({"opened"}))),), ("d",))
    assert set(routing.plan(told("resolved"), MONDAY, frozenset({"p"})).channels) == {"d"}


def test_the_end_of_what_was_told_waits_for_the_morning_as_well() -> None:
    routing = Routing((route("p", match=RouteMatch(severity=Severity.HIGH), quiet=Quiet(NIGHT)),), ("d",))
    milder = replace(INCIDENT, severity=Severity.LOW)
    plan = routing.plan(told("resolved", milder), MONDAY, frozenset({"p"}))
    assert plan.channels == {"d": None, "p": MONDAY + 7 * HOUR}


def test_steps_begin_when_the_message_is_told() -> None:
    steps = (FurtherChannels(600.0, ("boss",)), FurtherChannels(1200.0, ("all",)))
    routing = Routing((route(steps=steps, quiet=Quiet(NIGHT)),))
    day, night = MONDAY + 12 * HOUR, MONDAY + 23 * HOUR
    assert [one.due for one in routing.plan(told(), day).steps] == [day + 600, day + 1200]
    assert [one.due - MONDAY - 31 * HOUR for one in routing.plan(told(), night).steps] == [600.0, 1200.0]
    assert routing.channels_of(routing.plan(told(), day).steps[1]) == ("all",)


@pytest.mark.parametrize(
    "one",
    [
        told("acknowledged"),
        told("resolved"),
        told("burns", BURN),
        told("changed", replace(INCIDENT, state=IncidentState.ACKNOWLEDGED)),
    ],
)
def test_what_needs_nobody_is_not_escalated(one: Announcement) -> None:
    assert not Routing((route(steps=(FurtherChannels(600.0, ("boss",)),)),)).plan(one, MONDAY + 12 * HOUR).steps


def test_a_step_of_a_route_that_is_gone_has_no_channels() -> None:
    steps = Routing((route(steps=(FurtherChannels(600.0, ("boss",)),)),)).plan(told(), MONDAY + 12 * HOUR).steps
    assert Routing().channels_of(steps[0]) == ()
    assert MIDNIGHT == 1440
