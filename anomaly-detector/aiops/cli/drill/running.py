"""Run one drill: cause its fault, wait for the incident, take the fault back, and report the result."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiops.cli.drill.causing import NotDone, cause, take_back
from aiops.cli.drill.plan import DrillPlan
from aiops.cli.remote import NotAnswered, Remote
from aiops.presentation.documents.base import Json

POLL_SECONDS: Final = 2.0
RUNNING: Final = "running"


@dataclass(frozen=True, slots=True)
class DrillRunner:
    """Runs drills against one engine. say: called with a line of progress."""

    engine: Remote
    say: Callable[[str], object]
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self, plan: DrillPlan, anyway: bool = False) -> Json:
        """Run a drill; returns it as the engine has it afterwards. anyway: also while an incident is open.

        Whatever happens, the fault is taken back: when the engine does not answer, and when this process is asked to
        end. Raises NotAnswered, and NotDone where the fault could not be taken back.
        """
        self._clean(plan)
        why = "" if anyway else self._hindrance()
        begun = self._begin(plan, why)
        if why:
            self.say(f"{plan.name}: skipped: {why}")
            return begun
        failed = "interrupted"
        try:
            self.say(f"{plan.name}: the fault is caused now; an incident of {plan.service} must follow")
            cause(plan)
            self._wait(begun["id"], plan.lasts)
            failed = ""
        except NotDone as error:
            failed = str(error)
            self.say(f"{plan.name}: {error}")
        except NotAnswered as error:
            failed = str(error)
            raise
        finally:
            self._end(plan, begun["id"], failed)
        return begun if failed else self._wait(begun["id"], plan.within + POLL_SECONDS)

    def _clean(self, plan: DrillPlan) -> None:
        """Take back what an earlier run of this drill left, because it was killed."""
        for one in self.engine.answer("/aiops/drills")["drills"]:
            if one["name"] == plan.name and one["ended_at"] is None:
                self.say(f"{plan.name}: {one['id']} did not end; its fault is taken back first")
                take_back(plan)
                self._report(one["id"], "it was killed before its fault was taken back")

    def _hindrance(self) -> str:
        found = self.engine.answer("/aiops/incidents", {"state": "active", "limit": "1"})["active_incidents"]
        return f"{found[0]['id']} is {found[0]['state']}; no fault is added to it" if found else ""

    def _begin(self, plan: DrillPlan, why: str) -> Json:
        body = {"name": plan.name, "service": plan.service, "kind": plan.kind}
        times = {"within_seconds": plan.within, "lasts_seconds": plan.lasts}
        return self.engine.change("/aiops/drills", {**body, **times, "skipped": why or None})

    def _wait(self, id_: str, seconds: float) -> Json:
        """Wait until there is a result, at most so long; returns the drill."""
        until = self.clock() + seconds
        while True:
            found = self.engine.answer(f"/aiops/drills/{id_}")
            if found["result"] != RUNNING or self.clock() >= until:
                return found
            self.sleep(min(POLL_SECONDS, max(0.0, until - self.clock())))

    def _end(self, plan: DrillPlan, id_: str, failed: str) -> None:
        try:
            take_back(plan)
        except NotDone as error:
            self._report(id_, f"the fault could not be taken back: {error}")
            raise NotDone(f"the fault of {plan.name} is still there: {error}") from None
        self.say(f"{plan.name}: the fault is taken back")
        self._report(id_, failed)

    def _report(self, id_: str, failed: str) -> None:
        try:
            self.engine.change(f"/aiops/drills/{id_}/end", {"failed": failed[:500] or None})
        except NotAnswered as error:  # the next run of this drill reports it
            self.say(f"{id_}: its end could not be reported: {error}")
