"""What an earlier release had not sent yet is sent by this one, and the other way round."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from made_up.notifying import Heard, to_all
from made_up.samples import simple

import aiops.store
from aiops.store import SqlIncidents, SqlOutbox, open_store
from aiops.store.transaction import INCIDENT

BEFORE = "0007"


def config_of(file: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(aiops.store.__file__).parent / "migrations"))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{file}")
    return config


def test_what_was_not_sent_is_sent_and_what_was_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "incidents.sqlite"
    command.upgrade(config_of(file), BEFORE)
    one = simple(1)
    document = INCIDENT.dump_json(one).decode()
    with closing(sqlite3.connect(file)) as old, old:
        row = "insert into outbox (incident, transition, at, document, sent_at, attempts, next_attempt)"
        old.execute(f"{row} values (?, 'opened', 5, ?, 6, 0, 5)", (one.key, document))
        old.execute(f"{row} values (?, 'changed', 7, ?, null, 9, 8)", (one.key, document))
    engine = open_store(f"sqlite:///{file}")
    heard, away = Heard(), Heard()
    away.send = _fail  # type: ignore[method-assign]
    to_all(SqlIncidents(engine), heard, away).round(10.0)
    assert heard.all == [(one.id, "changed")]
    engine.dispose()
    command.downgrade(config_of(file), BEFORE)
    with closing(sqlite3.connect(file)) as old:
        rows = old.execute("select transition, sent_at is null from outbox order by number").fetchall()
    assert rows == [("opened", 0), ("changed", 1)], "one channel has not got it"
    again = open_store(f"sqlite:///{file}")
    assert [each.transition for each in SqlOutbox(again).unplanned()] == ["changed"]
    again.dispose()


def _fail(_one: object) -> None:
    raise OSError("connection refused")
