"""Processes to kill: `python -m act.victim` reads one JSON line for each, and writes how it ended.

Each is forked from one that has imported all of the engine, and runs it on the files of a folder: an incident, a policy
whose executor is a real webhook, and a person who approves what is proposed.
"""

import json
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

from made_up.fakes import NOW, FakeClock, FakeMetrics, FakeTopology, FakeTraces, FakeVerdicts, Route
from made_up.samples import sample

from aiops.model import Action, ActionState, Actor, Ending, IncidentEvent, IncidentState, Transition
from aiops.process import faultpoints
from aiops.service.actions import Remedies
from aiops.service.use_cases import UseCases
from aiops.testing import Sources, assemble, empty_store

from .policies import policy

STEP = 60.0
STEPS = 12
STEP_FILE = "step"
"""The step that the world outside is in; it does not stop when the engine does."""


def live(folder: Path, url: str, helps: bool, asked: bool) -> list[Action]:
    """Live from the step in which the last process ended, to the end. helps: the trouble ends once it was acted on;
    asked: the receiver can be asked what became of an attempt."""
    file = folder / STEP_FILE
    start = int(file.read_text()) if file.exists() else 0
    store, clock = empty_store(folder), FakeClock()
    metrics = FakeMetrics(clock, [Route("payment", "POST", "/payment")])
    engine = assemble(folder, Sources(metrics, FakeTraces(), FakeTopology(), FakeVerdicts()), clock, store)
    parameters = {"url": f"{url}/do", "undo_url": f"{url}/undo"} | ({"status_url": f"{url}/status"} if asked else {})
    rule = {"executor": "webhook", "parameters": parameters, "verify_minutes": 3, "rate": {"times": 1, "minutes": 600}}
    use_cases = UseCases(engine, store, NOW, remedies=Remedies(policy(rule)))
    for step in range(start, STEPS):
        file.write_text(str(step))
        clock.at = NOW + step * STEP
        found = use_cases.actions.page(None, None, None, 10)[0]
        done = any(one.attempt is not None and one.attempt.ended_at is not None for one in found)
        one = store.get(sample().id) or sample()
        if helps and done and one.state != IncidentState.RESOLVED:
            words = "its symptoms are back to normal"
            one = replace(one, state=IncidentState.RESOLVED, resolved_at=clock.at, ending=Ending.CALM, resolution=words)
        store.save_cycle(clock.at, clock.at, (), [IncidentEvent(Transition.UPDATED, one)])
        use_cases.operation.analyze()
        use_cases.actions.work()
        for each in use_cases.actions.page("proposed", None, None, 10)[0]:
            use_cases.actions.approve(each.id, each.digest, Actor("ben"))
        use_cases.actions.work()
    found = use_cases.actions.page(None, None, None, 10)[0]
    store.close()
    return [each for each in found if each.state != ActionState.REFUSED]


def main() -> None:
    assert threading.active_count() == 1, "a fork has no thread but its own"
    for line in sys.stdin:
        order = json.loads(line)
        victim = os.fork()
        if victim == 0:
            _live(order)
        _, status = os.waitpid(victim, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _live(order: dict[str, object]) -> None:
    code = 1
    try:
        # As the module does when it is imported.
        faultpoints._crash_at, faultpoints._visits = faultpoints._armed(str(order["crash_at"]))
        live(Path(str(order["folder"])), str(order["url"]), bool(order["helps"]), bool(order["asked"]))
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        os._exit(code)


if __name__ == "__main__":
    main()
