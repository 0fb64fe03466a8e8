"""A process that is killed while it stores what a person did has done all of it, or nothing."""

import os
import subprocess
import sys
from pathlib import Path

from made_up.samples import sample

from aiops.model import IncidentEvent, Transition
from aiops.store import SqlAudit, SqlIncidents, open_store
from aiops.store.comments import SqlComments

ACT = """
import sys
from aiops.model import Actor, AuditEntry, Comment, IncidentEvent, Transition
from aiops.incidents.life import assign
from aiops.store import SqlIncidents, open_store
from aiops.store.comments import SqlComments
store = SqlIncidents(open_store(sys.argv[1]))
before = store.active()[0]
entry = AuditEntry(at=9.0, by=Actor("ana"), what="comment", subject=before.id, text="hm")
after = assign(before, 9.0, "ana", "bob")
event = IncidentEvent(Transition.CHANGED, after)
store.act_on([event], entry, SqlComments.added(before, Comment(9.0, "ana", "hm")))
"""


def test_a_kill_before_the_commit_leaves_nothing_and_again_does_all(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'incidents.sqlite'}"
    store = SqlIncidents(open_store(url))
    store.save_cycle(1.0, 1.0, (), [IncidentEvent(Transition.OPENED, sample())])
    for point, code, count in (("save.written", -9, 0), ("", 0, 1)):
        env = {**os.environ, "AIOPS_TEST_CRASH_AT": point}
        done = subprocess.run([sys.executable, "-c", ACT, url], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        one = store.active()[0]
        assert one.assignee == ("ana" if count else "")
        assert len(SqlComments(store.database).of(one)) == count
        assert len(SqlAudit(store.database).page(None, None, None, 9)) == count
        assert SqlAudit(store.database).problems() == []
        with store.database.connect() as connection:
            queued = connection.exec_driver_sql("select count(*) from outbox where transition = 'changed'").scalar()
        assert queued == count
    store.close()
