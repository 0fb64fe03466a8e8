"""Places where a test can kill this process, by name: a kill there must neither lose nor duplicate anything.

`AIOPS_TEST_CRASH_AT=save.written:2` kills it (SIGKILL) the second time `save.written` is reached. The variable is read
once, at import; without it, as always in production, a fault point is one comparison.
"""

import os
import signal
from enum import StrEnum


class FaultPoint(StrEnum):
    """A place, named after the stage that would come next, or after what has just been done."""

    COLLECT = "collect"
    DETECT = "detect"
    EXPLAIN = "explain"
    RECONCILE = "reconcile"
    SAVE = "save"
    SAVE_WRITTEN = "save.written"  # every row of the transaction is written, none is committed
    VERDICTS = "verdicts"  # the incidents are committed
    SNAPSHOT = "snapshot"
    SNAPSHOT_WRITTEN = "snapshot.written"  # beside the target, which is not replaced yet
    SNAPSHOT_REPLACED = "snapshot.replaced"
    NOTIFY_PLANNED = "notify.planned"  # its channels are chosen, none is told
    NOTIFY = "notify"
    NOTIFY_SENT = "notify.sent"  # not yet marked as sent
    NOTIFY_MARKED = "notify.marked"
    RECEIVE_COMMITTED = "receive.committed"  # telemetry is stored, its sender has not been told
    ACT_PROPOSED = "act.proposed"
    ACT_APPROVED = "act.approved"
    ACT_INTENT = "act.intent"  # the intent is stored, nothing was sent
    ACT_EXECUTED = "act.executed"  # the executor has done it, the outcome is not stored
    ACT_STORED = "act.stored"
    ACT_VERIFIED = "act.verified"  # the effect is known and not stored
    ACT_UNDO_INTENT = "act.undo_intent"
    ACT_UNDONE = "act.undone"


def reach(point: FaultPoint) -> None:
    """Kill the process here, if a test asks for it."""
    if _crash_at is not None:
        _count_down(point)


def _count_down(point: FaultPoint) -> None:
    global _visits
    if point == _crash_at:
        _visits -= 1
        if _visits == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _armed(setting: str) -> tuple[FaultPoint | None, int]:
    """Read `name` or `name:nth`; raises ValueError for an unknown name."""
    name, _, nth = setting.partition(":")
    return (FaultPoint(name), int(nth or 1)) if name else (None, 0)


_crash_at, _visits = _armed(os.environ.get("AIOPS_TEST_CRASH_AT", ""))
