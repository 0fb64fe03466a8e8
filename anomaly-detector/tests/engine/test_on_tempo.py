"""The whole engine with its traces in a Tempo that is made up: what a fault costs it, and what refusals come to."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sources.fake_tempo import FakeTempo

from aiops.cli.remote import fetch_page
from aiops.engine import Engine
from aiops.http import Endpoint
from aiops.model import IncidentState, Window, iso
from aiops.model.errors import SourceError
from aiops.presentation.incident import incident_document
from aiops.sources.tempo.source import TempoSource
from aiops.sources.tempo.traceql import NEWEST
from aiops.testing import NoTelemetry

from .world import AT_ONCE, World


@dataclass
class OnTempo(World):
    """Gateway and payment, whose spans are kept for metrics here, and for traces in Tempo."""

    tempo: FakeTempo = field(default_factory=FakeTempo)

    def __post_init__(self) -> None:
        self.tracing = TempoSource(Endpoint(name="Tempo", url=self.tempo.url, timeout_seconds=60), seconds=math.inf)
        super().__post_init__()

    def started(self) -> Engine:
        return replace(super().started(), traces=self.tracing.traces)

    def send(self) -> None:
        export = self.requests()
        self.tempo.feed(export)
        self.keep(self.decoded(export))

    def close(self) -> None:
        super().close()
        self.tracing.close()
        self.tempo.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[OnTempo]:
    one = OnTempo(tmp_path)
    yield one
    one.close()


def test_a_slow_callee_is_one_incident_with_its_cause_for_few_questions(shop: OnTempo) -> None:
    shop.live(40, every=AT_ONCE)
    assert not shop.tempo.asked, "nobody asks while nothing is wrong"
    shop.slower = 2.0
    shop.live(40)
    [incident] = shop.incidents()
    assert incident.root_cause is not None
    assert (incident.root_cause.cause.service, str(incident.root_cause.cause.kind)) == ("payment", "latency")
    evidence = shop.store.evidence(incident)
    assert evidence is not None
    assert evidence.anatomy is not None
    assert max(evidence.anatomy.nodes, key=lambda one: one.share_of_excess).service == "payment"
    assert {one.query for one in evidence.questions} <= {one.removesuffix(NEWEST) for one in shop.tempo.asked}
    # Three findings (two services and the calls between them) of two minutes: each is read a few times.
    assert len(shop.tempo.asked) < 80
    assert len(shop.tempo.read) < 500
    assert len(shop.tempo.read) < 2 * len(set(shop.tempo.read)), "only those are read again that may have grown"
    before = len(shop.tempo.asked)
    shop.live(30)
    assert len(shop.tempo.asked) - before < 40, "in a minute and a half more"
    shop.slower = 0.0
    shop.live(30, every=3)
    [incident] = shop.incidents()
    assert incident.state == IncidentState.RESOLVED


def test_requests_of_a_time_and_given_traces_are_explained_for_few_questions(shop: OnTempo) -> None:
    began = shop.clock.now()
    shop.live(40, judge=False)
    since, shop.slower = shop.clock.now(), 0.3
    shop.live(30, judge=False)
    explained = shop.use_cases.explanation.of_window("gateway", "/pay", Window(since, shop.clock.now()))
    assert explained.cause == "Latency spike in payment POST /pay"
    assert explained.store == f"Tempo at {shop.tempo.url}"
    assert [one.query for one in explained.questions] == [
        '{ resource.service.name = "gateway" && kind = server && span.http.route = "/pay" }'
    ] * 2
    assert (explained.bad.requests, explained.good.requests) == (60, 60)
    assert len(shop.tempo.asked) <= 2 * 13
    assert len(shop.tempo.read) <= 2 * 80
    read = len(shop.tempo.read)
    ids = explained.candidates[0].traces[:3]
    explained = shop.use_cases.explanation.of_traces([*ids, "ab"], since)
    assert explained.cause == "Latency spike in payment POST /pay"
    assert explained.bad.requests == 3
    assert explained.notes == [f"there is no trace {'ab':0>32} in Tempo at {shop.tempo.url}, or not any more"]
    assert len(shop.tempo.read) - read <= 4 + 80
    assert explained.questions[0].since <= iso(began)
    shop.tempo.away = True
    with pytest.raises(SourceError, match="Tempo at"):
        shop.use_cases.explanation.of_window("gateway", "", Window(since, shop.clock.now()))


def test_traces_that_are_refused_are_said_to_be(shop: OnTempo) -> None:
    shop.live(40, every=AT_ONCE)
    shop.failing = 0.8
    shop.tempo.refuses = lambda _: True
    shop.live(10)
    [incident] = shop.incidents()
    assert incident.root_cause is not None
    assert (
        "from metrics alone: no trace was read, because the store of traces refused" in incident.root_cause.description
    )
    assert shop.engine.last is not None
    assert any("this question is refused" in gap for gap in shop.engine.last.gaps)
    assert "traces" not in shop.engine.last.failed, "Tempo answers, if not this question"
    shop.tempo.refuses = lambda _: False
    shop.live(3)
    [incident] = shop.incidents()
    assert incident.root_cause is not None
    assert incident.root_cause.cause.service == "payment"
    assert incident.root_cause.from_metrics == (), "traces are read now"


def test_one_refused_question_leaves_the_others_their_answers(shop: OnTempo) -> None:
    shop.live(40, every=AT_ONCE)
    shop.failing = 0.8
    shop.tempo.refuses = lambda query: 'service.name = "gateway"' in query
    shop.live(10)
    [incident] = shop.incidents()
    assert incident.root_cause is not None
    assert incident.root_cause.cause.service == "payment"


def test_a_tempo_that_is_away_leaves_what_metrics_alone_tell(shop: OnTempo) -> None:
    shop.live(40, every=AT_ONCE)
    shop.failing, shop.tempo.away = 0.8, True
    shop.live(8)
    [incident] = shop.incidents()
    assert incident.root_cause is not None
    assert "the store of traces did not answer" in incident.root_cause.description
    assert (incident.root_cause.cause.service, str(incident.root_cause.cause.kind)) == ("payment", "errors")
    assert [one.caller for one in incident.root_cause.from_metrics] == ["", "gateway", ""]
    before = incident.root_cause.confidence
    shop.tempo.away = False
    shop.live(3)
    [incident] = shop.incidents()
    assert incident.root_cause is not None
    assert (incident.root_cause.cause.service, incident.root_cause.from_metrics) == ("payment", ())
    assert incident.root_cause.confidence > before


def test_a_cause_that_traces_named_stays_when_they_are_away(shop: OnTempo) -> None:
    shop.live(40, every=AT_ONCE)
    shop.failing = 0.8
    shop.live(10)
    shop.tempo.away = True
    shop.live(10)
    [incident] = shop.incidents()
    assert incident.root_cause is not None
    assert (incident.root_cause.cause.service, incident.root_cause.from_metrics) == ("payment", ())
    shop.engine = shop.started()  # what a new process has not read, it cannot read now
    shop.live(10)
    [incident] = shop.incidents()
    assert incident.root_cause is not None
    assert (incident.root_cause.cause.service, incident.root_cause.from_metrics) == ("payment", ())


@dataclass
class WithoutTraces(World):
    """Gateway and payment, of which metrics are all that anybody keeps."""

    def started(self) -> Engine:
        return replace(super().started(), traces=NoTelemetry())


@pytest.mark.parametrize(("trouble", "kind"), [("failing", "errors"), ("slower", "latency")])
def test_metrics_alone_name_the_callee_once(tmp_path: Path, trouble: str, kind: str) -> None:
    shop = WithoutTraces(tmp_path)
    shop.live(40, every=AT_ONCE)
    setattr(shop, trouble, 0.8)
    shop.live(20)
    [incident] = shop.incidents()
    assert incident.root_cause is not None
    cause = incident.root_cause.cause
    assert (cause.service, str(cause.kind), cause.endpoint) == ("payment", kind, "/pay")
    text = fetch_page(incident_document(incident).model_dump())
    assert f"\nway       gateway → payment: {kind} " in text
    assert "100% of the one above" in text
    assert {one.what for one in incident.timeline} <= {"onset", "anomaly", "cause", "severity"}
    assert [one.what for one in incident.timeline].count("cause") == 1
    setattr(shop, trouble, 0.0)
    shop.live(30, every=3)
    [incident] = shop.incidents()
    assert incident.state == IncidentState.RESOLVED
    shop.close()
