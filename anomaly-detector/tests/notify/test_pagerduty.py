"""PagerDuty's Events API v2: what is sent, and what is not sent again."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from made_up.samples import sample, simple

from aiops.incidents import acknowledge, resolve
from aiops.model import Delivery, Digest, Incident, Severity
from aiops.model.errors import NotTaken
from aiops.notify import Writer, posting
from aiops.notify.example import trial
from aiops.notify.pagerduty import PagerDutyNotifier
from aiops.notify.posting import seconds_of

from .sink import Sink, http_sink, valid
from .test_routing import BURN

KEY = "0123456789abcdef0123456789abcdef"
WRITER = Writer("https://aiops.example.org", "https://grafana.example.org")


@pytest.fixture
def sink() -> Iterator[Sink]:
    with http_sink() as one:
        one.answer = lambda _got: (202, {}, {"status": "success", "message": "Event processed"})
        yield one


def pager(sink: Sink) -> PagerDutyNotifier:
    return PagerDutyNotifier(KEY, WRITER, sink.url)


def message(transition: str, subject: Any) -> Delivery:
    return Delivery(number=1, transition=transition, subject=subject, at=0.0)


def test_an_incident_is_one_alert_from_its_beginning_to_its_end(sink: Sink) -> None:
    one = sample()
    for transition, subject in (
        ("opened", one),
        ("changed", one),
        ("escalated", one),
        ("acknowledged", acknowledge(one, one.last_seen, "ada")),
        ("resolved", resolve(one, one.last_seen, "calm")),
        ("reopened", one),
    ):
        pager(sink).send(message(transition, subject))
    for body in sink.bodies("/v2/enqueue"):
        valid(body, "pagerduty-event")
    actions = [body["event_action"] for body in sink.bodies("/v2/enqueue")]
    assert actions == ["trigger", "trigger", "trigger", "acknowledge", "resolve", "trigger"]
    assert {body["dedup_key"] for body in sink.bodies()} == {f"aiops-{one.key}"}
    first = sink.bodies()[0]
    payload = first["payload"]
    assert payload["severity"] == "critical"
    assert payload["summary"].startswith("[critical] opened: payment POST /payment fails")
    assert "almost certain, 93%" in payload["custom_details"]["Cause"]
    assert "payment, checkout, gateway" in payload["custom_details"]["Hits"]
    assert payload["custom_details"]["What to do first"]
    assert [link["text"] for link in first["links"]] == ["Incident", "Trace", "Dashboard"]
    assert first["client_url"] == f"https://aiops.example.org/incidents/{one.id}"


@pytest.mark.parametrize(
    ("severity", "word"), [("critical", "critical"), ("high", "error"), ("medium", "warning"), ("low", "info")]
)
def test_severities_have_the_words_of_pagerduty(sink: Sink, severity: str, word: str) -> None:
    pager(sink).send(message("opened", replace(sample(), severity=Severity(severity))))
    assert sink.bodies()[0]["payload"]["severity"] == word


def test_a_burn_is_an_alert_as_well(sink: Sink) -> None:
    pager(sink).send(message("burns", BURN))
    pager(sink).send(message("burns_no_more", replace(BURN, until=BURN.since + 60)))
    for body in sink.bodies():
        valid(body, "pagerduty-event")
    assert [body["event_action"] for body in sink.bodies()] == ["trigger", "resolve"]


def test_a_very_long_title_is_cut(sink: Sink) -> None:
    pager(sink).send(message("opened", simple(title="x" * 5000)))
    valid(sink.bodies()[0], "pagerduty-event")


def test_a_test_wakes_nobody_and_leaves_nothing_open(sink: Sink) -> None:
    pager(sink).send(trial(1_796_040_000.0))
    first, second = sink.bodies()
    valid(first, "pagerduty-event")
    assert (first["payload"]["severity"], second["event_action"]) == ("info", "resolve")
    assert first["dedup_key"] == second["dedup_key"]


def test_a_digest_is_no_alert(sink: Sink) -> None:
    pager(sink).send(message("digest", Digest(0.0, 1.0, (("INC-1", "was slow"),))))
    assert sink.got == []


@pytest.mark.parametrize(
    ("status", "headers", "final", "wait"),
    [
        (400, {}, True, 0.0),
        (404, {}, True, 0.0),
        (429, {"Retry-After": "42"}, False, 42.0),
        (408, {}, False, 0.0),
        (500, {}, False, 0.0),
        (302, {"Location": "http://127.0.0.1:9/"}, False, 0.0),
    ],
)
def test_only_what_may_pass_is_sent_again(
    sink: Sink, status: int, headers: dict[str, str], final: bool, wait: float
) -> None:
    sink.answer = lambda _got: (status, headers, {"errors": ["no"]})
    with pytest.raises(NotTaken, match=f"127.0.0.1 answers {status}") as refused:
        pager(sink).send(message("opened", sample()))
    assert (refused.value.final, refused.value.wait) == (final, wait)
    assert KEY not in str(refused.value)


def test_who_hangs_is_left(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "TIMEOUT", 0.2)
    sink.goes_on.clear()
    with pytest.raises(NotTaken, match="does not answer") as late:
        pager(sink).send(message("opened", sample()))
    assert not late.value.final


def test_a_time_in_retry_after_is_read_by_the_clock_of_the_answer() -> None:
    assert seconds_of("Mon, 30 Nov 2026 12:00:30 GMT", "Mon, 30 Nov 2026 12:00:00 GMT") == 30.0
    assert seconds_of("soon") == seconds_of("") == 0.0


def test_an_incident_of_an_earlier_release_without_a_cause_is_told(sink: Sink) -> None:
    one: Incident = simple()
    pager(sink).send(message("opened", one))
    valid(sink.bodies()[0], "pagerduty-event")
    assert "no cause found" in sink.bodies()[0]["payload"]["custom_details"]["Cause"]
