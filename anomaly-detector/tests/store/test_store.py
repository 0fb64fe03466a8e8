"""What survives, and that it is never lost or doubled."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

import aiops.store
from aiops import detect
from aiops.detect import State
from aiops.incidents import acknowledge, resolve
from aiops.model import (
    Actor,
    AuditEntry,
    Cause,
    CauseKind,
    Change,
    Dimension,
    FirstFailingSpan,
    Incident,
    IncidentEvent,
    IncidentEvidence,
    IncidentFilter,
    IncidentState,
    RootCause,
    Severity,
    SignIn,
    TimelineEntry,
    TraceCorrelation,
    Transition,
    labels,
)
from aiops.model.errors import StoreError
from aiops.store import Snapshots, SqlAudit, SqlIncidents, SqlOutbox, open_store, tables

from ..detect.traffic import Fault, blocks, only, play

PAYMENT = labels(service="payment", route="/payment", method="POST")
CAUSE = Cause("payment", CauseKind.ERRORS, "/payment", "POST")


def incident(number: int = 1, at: float = 100.0) -> Incident:
    return Incident(
        id=f"INC-{int(at)}-{number}",
        key=f"{number:016x}",
        state=IncidentState.OPEN,
        severity=Severity.HIGH,
        title="Error spike",
        first_detected=at,
        onset=at - 3,
        last_seen=at,
        symptoms=((PAYMENT, "errors"),),
        root_cause=RootCause(
            cause=CAUSE,
            description="80% fail",
            confidence=0.93,
            interval=(0.71, 0.99),
            dimensions=(Dimension("service.version", "1.5", 1.0, 0.04),),
            alternatives=((replace(CAUSE, service="checkout"), 0.2),),
        ),
        first_failing_span=FirstFailingSpan(
            trace_id="t",
            span_id="s",
            service="payment",
            name="POST /payment",
            status="refused",
            exception="PaymentError",
            share_of_traces=0.93,
        ),
        affected_services=("payment", "checkout"),
        affected_endpoints=("/payment",),
        trace_correlation=TraceCorrelation("t", ("t", "u"), 2, ("payment_errors",)),
        timeline=(TimelineEntry(at, "cause", "why"),),
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlIncidents]:
    one = SqlIncidents(open_store(f"sqlite:///{tmp_path / 'incidents.sqlite'}"))
    yield one
    one.close()


def opened(one: Incident) -> IncidentEvent:
    return IncidentEvent(Transition.OPENED, one)


def test_an_incident_comes_back_as_it_was(store: SqlIncidents) -> None:
    one = incident()
    store.save_cycle(100.0, 101.0, (), [opened(one)])
    assert store.active() == [one]
    assert store.get(one.id) == store.get(one.key) == one
    assert (store.watermark(), store.count()) == (100.0, 1)
    assert store.get("INC-0-0") is None


def test_evidence_is_kept_beside_its_incident_and_replaced(store: SqlIncidents) -> None:
    one, other = incident(1), incident(2)
    first, second = IncidentEvidence(at=100.0, read="gateway POST /buy"), IncidentEvidence(at=106.0, spans=(3, 4))
    store.save_cycle(100.0, 101.0, (), [IncidentEvent(Transition.OPENED, one, first), opened(other)])
    assert (store.evidence(one), store.evidence(other)) == (first, None)
    store.save_cycle(103.0, 104.0, (), [IncidentEvent(Transition.UPDATED, one)])
    assert store.evidence(one) == first
    store.save_cycle(106.0, 107.0, (), [IncidentEvent(Transition.UPDATED, one, second)])
    assert store.evidence(one) == second


def test_saving_a_cycle_again_changes_nothing(store: SqlIncidents) -> None:
    finding = only(play(blocks(40, Fault(30, 40, fails=1.0)))[-1])
    for _ in range(3):
        store.save_cycle(100.0, 101.0, [finding], [opened(incident())])
    assert len(store.active()) == 1
    assert [one.transition for one in SqlOutbox(store.database).unplanned()] == ["opened"]


def test_a_cycle_that_fails_half_way_leaves_nothing(store: SqlIncidents) -> None:
    store.save_cycle(100.0, 101.0, (), [opened(incident(1))])
    clash = replace(incident(2), id=incident(1).id)  # ids are unique: the second row cannot be written
    with pytest.raises(StoreError, match="does not answer"):
        store.save_cycle(103.0, 104.0, (), [opened(incident(3)), opened(clash)])
    assert [one.key for one in store.active()] == [incident(1).key]
    assert store.watermark() == 100.0
    assert len(SqlOutbox(store.database).unplanned()) == 1


def test_people_s_actions_are_audited_and_announced(store: SqlIncidents, tmp_path: Path) -> None:
    one = incident()
    store.save_cycle(100.0, 101.0, (), [opened(one)])
    taken = acknowledge(one, 105.0, "ada")
    entry = AuditEntry(at=105.0, by=Actor("ada"), what="acknowledge", subject=one.id, text="acknowledged by ada")
    store.act(IncidentEvent(Transition.ACKNOWLEDGED, taken), entry)
    assert store.active() == [taken]
    assert [one.transition for one in SqlOutbox(store.database).unplanned()] == ["opened", "acknowledged"]
    with sqlite3.connect(tmp_path / "incidents.sqlite") as file:
        assert file.execute("select who, what, subject from audit").fetchall() == [("ada", "acknowledge", one.id)]
    file.close()


def test_pages_filters_and_their_cursor(store: SqlIncidents) -> None:
    events = [opened(incident(number, 100.0 + number)) for number in range(1, 8)]
    store.save_cycle(100.0, 101.0, (), events)
    over = resolve(incident(3, 103.0), 200.0, "done")
    store.save_cycle(103.0, 104.0, (), [IncidentEvent(Transition.RESOLVED, over)])
    first, cursor = store.page(limit=4)
    assert [int(one.key, 16) for one in first] == [7, 6, 5, 4]
    second, end = store.page(limit=4, before=cursor)
    assert ([int(one.key, 16) for one in second], end) == ([3, 2, 1], None)
    assert len(store.page(IncidentFilter(state="active"))[0]) == 6
    assert [one.key for one in store.page(IncidentFilter(state="resolved"))[0]] == [over.key]
    assert store.page(IncidentFilter(service="pay"))[0] == []
    assert len(store.page(IncidentFilter(service="checkout", since=105.0, until=106.0))[0]) == 2
    assert store.resolved_since(199.0) == [over]


def test_changes_are_kept(store: SqlIncidents) -> None:
    change = Change(at=100.0, who="ci", kind="deployment", service="payment", version="1.5.0", text="")
    store.record_change(change)
    assert store.changes(99.0, 101.0) == [change]
    assert store.changes(101.0, 102.0) == []


def test_the_migrations_make_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    migrated = open_store(f"sqlite:///{tmp_path / 'migrated.sqlite'}")
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.sqlite'}")
    tables.metadata.create_all(declared)
    ours, theirs = inspect(migrated), inspect(declared)
    assert set(ours.get_table_names()) - {"alembic_version"} == set(theirs.get_table_names())
    for name in theirs.get_table_names():
        left = {one["name"]: (str(one["type"]), one["nullable"]) for one in ours.get_columns(name)}
        right = {one["name"]: (str(one["type"]), one["nullable"]) for one in theirs.get_columns(name)}
        assert left == right, name
    migrated.dispose()
    declared.dispose()


def test_the_audit_of_an_earlier_release_begins_the_chain(tmp_path: Path) -> None:
    file = tmp_path / "incidents.sqlite"
    config = Config()
    config.set_main_option("script_location", str(Path(aiops.store.__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{file}")
    command.upgrade(config, "0006")
    with sqlite3.connect(file) as old:
        row = "insert into audit (at, who, what, incident, text) values (?, ?, ?, ?, ?)"
        old.executemany(row, [(number / 7, "äda", "resolve", f"INC-{number}", "it\nis over") for number in range(1200)])
        old.execute("delete from audit where number = 600")  # a gap, as a rolled back transaction may leave one
    old.close()
    engine = open_store(f"sqlite:///{file}")
    audit = SqlAudit(engine)
    rows = list(audit.every())
    assert (len(rows), audit.problems(), audit.head()) == (1199, [], (1199, rows[-1].hash))
    assert rows[3].entry == AuditEntry(
        at=3 / 7, by=Actor("äda", SignIn.UNKNOWN), what="resolve", subject="INC-3", text="it\nis over"
    )
    one = incident()
    store = SqlIncidents(engine)
    entry = AuditEntry(at=105.0, by=Actor("ada"), what="resolve", subject=one.id, text="", after={"state": "resolved"})
    store.act(IncidentEvent(Transition.RESOLVED, resolve(one, 105.0, "resolved by ada")), entry)
    assert (audit.problems(), audit.head()[0]) == ([], 1200)
    store.close()


def test_the_code_knows_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(Path(aiops.store.__file__).parent / "migrations"))
    assert scripts.get_current_head() == tables.HEAD


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_broken_file_is_kept_aside(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "incidents.sqlite"
    file.write_bytes(content)
    open_store(f"sqlite:///{file}").dispose()
    (aside,) = tmp_path.glob("incidents.sqlite.corrupt-*")
    assert aside.read_bytes() == content
    assert "is kept as" in caplog.text


def test_a_store_from_the_future_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "incidents.sqlite"
    open_store(f"sqlite:///{file}").dispose()
    with sqlite3.connect(file) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError):
        open_store(f"sqlite:///{file}")


def test_learned_state_comes_back_bit_for_bit(tmp_path: Path) -> None:
    stream = list(blocks(60, Fault(40, 60, fails=0.8)))
    state = State()
    play(iter(stream[:50]), state)
    snapshots = Snapshots(tmp_path / "learned.npz", "f")
    snapshots.save(state)
    loaded = snapshots.load()
    assert loaded is not None
    assert play(iter(stream[50:]), loaded)[-1].findings == play(iter(stream[50:]), state)[-1].findings
    assert np.array_equal(loaded.of(detect.LATENCY).level[:1], state.of(detect.LATENCY).level[:1])


def test_learned_state_of_other_settings_is_not_used(tmp_path: Path) -> None:
    Snapshots(tmp_path / "learned.npz", "one").save(State(at=3.0))
    assert Snapshots(tmp_path / "learned.npz", "other").load() is None


@pytest.mark.parametrize("keep", [0, 10, 300], ids=["empty", "cut", "half"])
def test_damaged_learned_state_is_kept_aside(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "learned.npz"
    state = State()
    play(blocks(5), state)
    Snapshots(path, "f").save(state)
    path.write_bytes(path.read_bytes()[:keep])
    assert Snapshots(path, "f").load() is None
    assert list(tmp_path.glob("learned.npz.corrupt-*"))
