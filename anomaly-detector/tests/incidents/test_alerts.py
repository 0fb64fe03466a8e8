"""Episodes of alerts in any order, and the incidents they tell of."""

from dataclasses import replace
from itertools import permutations

import pytest
from made_up.fakes import NOW
from made_up.samples import sample, simple

from aiops.incidents import acknowledge, resolve
from aiops.incidents.alerts import MOMENTS, MOST, carried_on, concerns, joined, services_of
from aiops.model import Alert, AlertLink, AlertState, Incident

LABELS = (("alertname", "Burn"), ("service", "payment"))


def firing(starts_at: float = NOW, fingerprint: str = "a", **more: object) -> Alert:
    made = Alert(
        fingerprint=fingerprint,
        starts_at=starts_at,
        state=AlertState.FIRING,
        ends_at=None,
        heard_at=NOW,
        labels=LABELS,
        services=("payment",),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def resolved(starts_at: float = NOW, ends_at: float = NOW + 60, fingerprint: str = "a") -> Alert:
    return firing(starts_at, fingerprint, state=AlertState.RESOLVED, ends_at=ends_at)


def book(*posts: Alert) -> set[tuple[float, str, float | None]]:
    known: dict[tuple[str, float], Alert] = {}
    for post in posts:
        known |= {one.identity: one for one in carried_on(known.values(), [post])}
    return {(one.starts_at, str(one.state), one.ends_at) for one in known.values()}


def test_any_order_of_posts_comes_to_the_same() -> None:
    posts = [firing(NOW), resolved(NOW), firing(NOW + 100), firing(NOW + 200), resolved(NOW + 200, NOW + 300)]
    expected = {
        (NOW, "resolved", NOW + 60),
        (NOW + 100, "resolved", NOW + 200),  # its end was never told: the next one begins
        (NOW + 200, "resolved", NOW + 300),
    }
    for order in permutations(posts):
        assert book(*order, *order) == expected


def states(*posts: Alert) -> list[str]:
    """What is known of one episode after each post."""
    known: dict[tuple[str, float], Alert] = {}
    out = []
    for one in posts:
        known |= {each.identity: each for each in carried_on(known.values(), [one])}
        out.append(str(known[one.identity].state))
    return out


def heard(at: float, one: Alert) -> Alert:
    return replace(one, heard_at=NOW + at)


@pytest.mark.parametrize(
    ("posts", "expected"),
    [
        pytest.param((0, 5), ["resolved", "firing"], id="told again"),
        pytest.param((0, 0, 0.5), ["resolved", "resolved", "resolved"], id="one post that was sent twice"),
        pytest.param((MOMENTS + 1,), ["firing"], id="told when no post is late any more"),
        pytest.param((9000,), ["firing"], id="told at the next repeat_interval"),
    ],
)
def test_one_that_goes_on_after_a_wrong_end_fires_again(posts: tuple[float, ...], expected: list[str]) -> None:
    before = (heard(-60, firing()), heard(0, resolved()))
    assert states(*before, *(heard(at, firing()) for at in posts)) == ["firing", "resolved", *expected]


def test_one_that_fires_again_can_end_again_but_not_by_the_old_end() -> None:
    again = (heard(0, resolved(ends_at=NOW + 60)), heard(1, firing()), heard(5, firing()))
    assert states(*again, heard(9, resolved(ends_at=NOW + 60)))[-1] == "firing"
    assert states(*again, heard(9, resolved(ends_at=NOW + 90)))[-1] == "resolved"


def test_a_timeline_says_that_an_end_was_wrong() -> None:
    links: list[AlertLink] = []
    one = sample()
    known: list[Alert] = []
    for at, post in ((-9, firing()), (0, resolved(ends_at=NOW)), (90, firing()), (200, resolved(ends_at=NOW + 180))):
        known = carried_on(known, [heard(at, post)])
        made, changed = joined(known, [one], links, NOW + at)
        links = list({(link.incident, link.fingerprint): link for link in (*links, *made)}.values())
        one = (changed or [one])[0]
    assert texts(one) == [
        "alert Burn fires",
        "alert Burn resolved",
        "alert Burn fires again: it was not over, though that was told",
        "alert Burn resolved",
    ]


def test_a_guessed_start_ends_with_the_true_one() -> None:
    guessed = firing(NOW, guessed=True)
    assert book(guessed, firing(NOW - 50)) == {(NOW, "resolved", NOW), (NOW - 50, "firing", None)}


def test_alerts_do_not_end_each_other() -> None:
    assert {one.state for one in carried_on((), [firing(), firing(NOW + 9, "b")])} == {AlertState.FIRING}


@pytest.mark.parametrize(
    ("labels", "services"),
    [
        ({"service": "payment"}, ("payment",)),
        ({"service_name": "payment", "job": "shop/payment"}, ("payment",)),
        ({"job": "shop/payment"}, ("payment",)),
        ({"job": "payment", "service": "kube"}, ("kube", "payment")),
        ({"instance": "payment"}, ()),
        ({"service": "", "job": "shop/"}, ()),
    ],
)
def test_services_are_named_by_labels(labels: dict[str, str], services: tuple[str, ...]) -> None:
    assert services_of(labels) == services


@pytest.mark.parametrize(
    ("alert", "concerned"),
    [
        pytest.param(firing(NOW - 9000), True, id="fires since before"),
        pytest.param(resolved(NOW - 9000, NOW - 301), False, id="was over when it began"),
        pytest.param(resolved(NOW - 9000, NOW - 299), True, id="was over after it began"),
        pytest.param(firing(NOW - 100), True, id="inside"),
        pytest.param(firing(NOW + 1), False, id="after its end"),
        pytest.param(firing(services=("gateway",)), True, id="one that is hit"),
        pytest.param(firing(services=("cart",)), False, id="another service"),
        pytest.param(firing(services=()), False, id="no service"),
    ],
)
def test_an_alert_tells_of_an_incident_of_its_service_and_time(alert: Alert, concerned: bool) -> None:
    assert concerns(alert, resolve(sample(), NOW, "done")) == concerned
    if not concerned and "payment" in alert.services and alert.starts_at > NOW:
        assert concerns(alert, sample()), "an incident that is open, or open again"


def texts(one: Incident) -> list[str]:
    return [entry.text for entry in one.timeline if entry.what.startswith("alert")]


def test_a_timeline_tells_each_once_and_in_its_place() -> None:
    links: list[AlertLink] = []
    one = sample()
    for alert in (firing(NOW - 290), firing(NOW - 290), resolved(NOW - 290, NOW + 5), resolved(NOW - 290, NOW + 5)):
        made, changed = joined([alert], [one], links, NOW + 10)
        links, one = [*links, *made], (changed or [one])[0]
    assert [(entry.at - NOW, entry.what) for entry in one.timeline] == [
        (-300, "onset"),
        (-290, "alert"),
        (-285, "anomaly"),
        (-285, "cause"),
        (5, "alert_resolved"),
    ]
    assert texts(one) == ["alert Burn fires", "alert Burn resolved"]
    assert [link.told for link in links] == [AlertState.FIRING, AlertState.RESOLVED]


def test_a_time_to_come_does_not_put_off_what_follows() -> None:
    _, (one,) = joined([firing(NOW + 1e9)], [sample()], (), NOW)
    assert acknowledge(one, NOW + 1, "ada").timeline[-1].at == NOW + 1


def test_a_link_stays_when_its_reason_is_gone() -> None:
    link = AlertLink(simple().key, "a", NOW, AlertState.FIRING)
    moved = simple(affected_services=("cart",), resolved_at=NOW - 50)
    _, (one,) = joined([resolved()], [moved], [link], NOW + 99)
    assert texts(one) == ["alert Burn resolved"]


def test_alerts_leave_room_in_a_timeline() -> None:
    many = [firing(NOW - number, f"{number:x}") for number in range(3 * MOST)]
    made, (one,) = joined(many, [sample()], (), NOW)
    assert len(made) == 3 * MOST
    assert len(texts(one)) == MOST
