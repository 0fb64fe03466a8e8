"""Lists of incidents use indexes, and an older store can be searched."""

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from made_up.fakes import NOW
from made_up.samples import sample, simple
from sqlalchemy import text

import aiops.store
from aiops.model import IncidentEvent, IncidentFilter, Transition
from aiops.store import SqlIncidents, open_store
from aiops.store.listing import page_query


def kept(folder: Path) -> SqlIncidents:
    store = SqlIncidents(open_store(f"sqlite:///{folder / 'incidents.sqlite'}"))
    events = [IncidentEvent(Transition.OPENED, one) for one in (sample(), simple(2, fingerprint="a" * 16))]
    store.save_cycle(NOW, NOW, (), events)
    return store


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (IncidentFilter(), ""),
        (IncidentFilter(latest=True), "incidents_by_fingerprint"),
        (IncidentFilter(fingerprint="a" * 16), "incidents_by_fingerprint"),
        (IncidentFilter(kind="errors"), "incidents_by_kind"),
        (IncidentFilter(state="resolved"), "incidents_by_state"),
    ],
)
def test_no_list_sorts_the_whole_table(tmp_path: Path, wanted: IncidentFilter, index: str) -> None:
    store = kept(tmp_path)
    query = page_query(wanted, None, 50).compile(store.database, compile_kwargs={"literal_binds": True})
    with store.database.connect() as connection:
        plan = [row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()]
    store.close()
    assert not [step for step in plan if "TEMP B-TREE" in step], plan
    assert any(index in step for step in plan), plan


def test_incidents_of_an_earlier_release_are_found_too(tmp_path: Path) -> None:
    store = kept(tmp_path)
    store.close()
    file = tmp_path / "incidents.sqlite"
    url = f"sqlite:///{file}"
    config = Config()
    config.set_main_option("script_location", str(Path(aiops.store.__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", url)
    command.downgrade(config, "0006")
    with sqlite3.connect(file) as old:
        before = old.execute("SELECT key, kind, words FROM incidents ORDER BY key").fetchall()
        old.execute("DROP INDEX incidents_by_kind")
        old.execute("ALTER TABLE incidents DROP COLUMN kind")
        old.execute("ALTER TABLE incidents DROP COLUMN words")
        old.execute("UPDATE alembic_version SET version_num = '0005'")
    old.close()
    subprocess.run([sys.executable, "-m", "aiops.store.migrate", url], check=True)
    with sqlite3.connect(file) as new:
        assert new.execute("SELECT key, kind, words FROM incidents ORDER BY key").fetchall() == before
    new.close()
    opened = SqlIncidents(open_store(url))
    assert [one.id for one in opened.page(IncidentFilter(search="payment spike", kind="errors"))[0]] == [sample().id]
    opened.close()


def test_a_search_finds_what_changed(tmp_path: Path) -> None:
    store = kept(tmp_path)
    renamed = replace(sample(), title="Something else")
    store.save_cycle(NOW, NOW, (), [IncidentEvent(Transition.CHANGED, renamed)])
    assert [one.title for one in store.page(IncidentFilter(search="ELSE"))[0]] == ["Something else"]
    store.close()
