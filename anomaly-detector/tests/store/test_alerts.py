"""Alerts survive, with what they are linked to, and what was stored before there were alerts."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import event

import aiops.store
from aiops.model import Alert, AlertLink, AlertState
from aiops.model.errors import StoreError
from aiops.store import SqlAlerts, SqlIncidents, open_store

from .test_store import incident, opened

LABELS = (("alertname", "Burn"), ("service", "payment"))
ONE = Alert(
    fingerprint="f1",
    starts_at=100.5,
    state=AlertState.FIRING,
    ends_at=None,
    heard_at=101.0,
    labels=LABELS,
    annotations=(("summary", "s"),),
    services=("payment",),
    url="http://p/graph",
)
OVER = replace(ONE, fingerprint="f2", state=AlertState.RESOLVED, ends_at=200.0)


@pytest.fixture
def incidents(tmp_path: Path) -> Iterator[SqlIncidents]:
    one = SqlIncidents(open_store(f"sqlite:///{tmp_path / 'incidents.sqlite'}"))
    yield one
    one.close()


@pytest.fixture
def alerts(incidents: SqlIncidents) -> SqlAlerts:
    return SqlAlerts(incidents.database)


def test_an_alert_comes_back_as_it_was(alerts: SqlAlerts) -> None:
    for _ in range(2):
        alerts.keep([ONE, OVER], (), ())
    assert alerts.page(None, None, 10) == [ONE, OVER]
    assert alerts.page("resolved", "payment", 10) == [OVER]
    assert alerts.page(None, "pay", 10) == []


def test_episodes_and_what_lasts_are_found(alerts: SqlAlerts) -> None:
    later = replace(OVER, starts_at=300.0, ends_at=400.0)
    nameless = replace(ONE, fingerprint="f3", services=())
    alerts.keep([ONE, OVER, later, nameless], (), ())
    assert alerts.episodes(["f1", "f2", "none"], 250.0) == [ONE, later]
    assert {one.identity for one in alerts.lasting(350.0)} == {ONE.identity, later.identity}
    many = [replace(ONE, fingerprint=f"m{number}") for number in range(1500)]
    alerts.keep(many, (), ())
    assert len(alerts.episodes([one.fingerprint for one in many], 0.0)) == 1500


def test_links_lead_both_ways_and_go_with_their_alerts(incidents: SqlIncidents, alerts: SqlAlerts) -> None:
    incidents.save_cycle(100.0, 101.0, (), [opened(incident(1)), opened(incident(2))])
    first, second = incident(1), incident(2)
    links = [AlertLink(one.key, *ONE.identity, AlertState.FIRING) for one in (first, second)]
    links.append(AlertLink(first.key, *OVER.identity, AlertState.RESOLVED))
    alerts.keep([ONE, OVER], links, [replace(first, title="told")])
    assert alerts.of(first.key, 10) == [ONE, OVER]
    assert alerts.of(first.key, 1) == [ONE]
    assert alerts.names([ONE, OVER]) == {ONE.identity: [first.id, second.id], OVER.identity: [first.id]}
    assert set(alerts.links(incidents=[second.key])) == {links[1]}
    assert set(alerts.links(fingerprints=["f1", "f2"])) == set(links)
    found = incidents.get(first.key)
    assert found is not None
    assert found.title == "told"
    assert alerts.purge(150.0) == 1, "firing, and not heard of"
    assert alerts.links(fingerprints=["f1"]) == []
    assert alerts.purge(250.0) == 1
    assert alerts.page(None, None, 10) == []


def test_all_of_it_is_kept_or_nothing(incidents: SqlIncidents, alerts: SqlAlerts) -> None:
    incidents.save_cycle(100.0, 101.0, (), [opened(incident(1))])
    clash = replace(incident(2), id=incident(1).id)
    with pytest.raises(StoreError, match="does not answer"):
        alerts.keep([ONE], [AlertLink(clash.key, *ONE.identity, AlertState.FIRING)], [clash])
    assert alerts.page(None, None, 10) == []
    assert alerts.links(fingerprints=["f1"]) == []


def test_a_post_is_one_transaction(incidents: SqlIncidents, alerts: SqlAlerts) -> None:
    incidents.save_cycle(100.0, 101.0, (), [opened(incident(1))])
    commits: list[object] = []
    event.listen(incidents.database, "commit", commits.append)
    link = AlertLink(incident(1).key, *ONE.identity, AlertState.FIRING)
    alerts.keep([ONE, OVER], [link], [incident(1)])
    assert len(commits) == 1


def test_a_store_from_before_alerts_keeps_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "incidents.sqlite"
    config = Config()
    config.set_main_option("script_location", str(Path(aiops.store.__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{file}")
    command.upgrade(config, "0001")
    with sqlite3.connect(file) as before:
        tables = {name for (name,) in before.execute("select name from sqlite_master where type = 'table'")}
        assert "alerts" not in tables
        before.execute("insert into progress values ('watermark', 42.0)")
    before.close()
    store = SqlIncidents(open_store(f"sqlite:///{file}"))
    assert store.watermark() == 42.0
    SqlAlerts(store.database).keep([ONE], (), ())
    assert SqlAlerts(store.database).page(None, None, 10) == [ONE]
    store.close()
