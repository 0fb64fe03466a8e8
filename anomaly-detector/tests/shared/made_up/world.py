"""An engine over made-up sources and a real incident store, and HTTP clients of it."""

from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from aiops.api import create_app, refuse_unlisted
from aiops.config import Settings
from aiops.model import Incident, IncidentEvent, Transition
from aiops.service.use_cases import UseCases
from aiops.store import SqlIncidents
from aiops.testing import Sources, assemble
from aiops.web import add_pages
from made_up.fakes import NOW, FakeClock, FakeMetrics, FakeTopology, FakeTraces, FakeVerdicts


@dataclass
class World:
    """The engine's surroundings, and ways in."""

    use_cases: UseCases
    store: SqlIncidents
    clock: FakeClock
    metrics: FakeMetrics
    traces: FakeTraces
    topology: FakeTopology
    verdicts: FakeVerdicts

    def app(self, **settings: object) -> Flask:
        return self.app_of(Settings.model_validate(settings))

    def app_of(self, used: Settings) -> Flask:
        app = create_app(self.use_cases, used)
        add_pages(app, self.use_cases, used)
        refuse_unlisted(app)
        return app

    def client(self, **settings: object) -> FlaskClient:
        return self.app(**settings).test_client()

    def client_of(self, used: Settings) -> FlaskClient:
        return self.app_of(used).test_client()

    def keep(self, *incidents: Incident) -> None:
        events = [IncidentEvent(Transition.OPENED, one) for one in incidents]
        self.store.save_cycle(NOW, NOW, (), events)


def build(folder: Path, store: SqlIncidents) -> World:
    clock = FakeClock()
    metrics, traces, topology, verdicts = FakeMetrics(clock), FakeTraces(), FakeTopology(), FakeVerdicts()
    engine = assemble(folder, Sources(metrics, traces, topology, verdicts), clock, store)
    return World(UseCases(engine, store, clock.at), store, clock, metrics, traces, topology, verdicts)
