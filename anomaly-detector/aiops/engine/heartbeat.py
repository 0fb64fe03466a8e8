"""Whether telemetry arrives at all, and the finding when it has stopped."""

from dataclasses import dataclass

from aiops.model import Explained, Family, Finding, Incident, IncidentState, TraceCorrelation, labels

SILENT_SECONDS = 60.0
"""Seconds without any telemetry, at least, before it counts as stopped."""
PAUSE = 90.0
STEADY = 10


@dataclass(slots=True)
class Heartbeat:
    """Whether telemetry arrives steadily: only a steady stream can be missed when it stops.

    An application that is used by hand, or that sends spans only, may pause for a minute without a fault.
    """

    step: float
    beating: bool = False  # whether anything has arrived since this process started
    newest: float | None = None
    steady: int = 0  # advances of the newest point in a row, without a pause longer than `PAUSE`
    longest: float = 0.0  # gap between two of them, seconds
    waited: float = 0.0  # seconds since the last of them
    asked: float | None = None

    def quiet(self, newest: float, now: float) -> bool:
        """Take in the newest point; return whether a steady stream has stopped for 60 s and for four of its longest
        gaps. Call it in every step. A clock that jumps, or a machine that slept, is no silence: one call counts for a
        step and a half at most."""
        self.waited += 0.0 if self.asked is None else min(max(now - self.asked, 0.0), 1.5 * self.step)
        self.asked = now
        if self.newest is None:
            self.newest, self.waited = newest, max(now - newest, 0.0)
        elif newest != self.newest:
            gap = newest - self.newest
            self.steady, self.longest = (self.steady + 1, max(self.longest, gap)) if gap <= PAUSE else (0, 0.0)
            self.beating, self.newest, self.waited = True, newest, 0.0
        return self.steady >= STEADY and self.waited > max(SILENT_SECONDS, 4 * self.longest)

    def explained(self, newest: float, now: float, known: list[Incident]) -> list[Explained]:
        """Return the group of this cycle that reports that no telemetry arrives; none where it arrives. known: earlier
        incidents of this kind; one that was open before this process started stays open until something arrives."""
        open_already = any(one.state != IncidentState.RESOLVED for one in known)
        if not (self.quiet(newest, now) or (open_already and not self.beating)):
            return []
        finding = Finding(
            series=labels(service="*"),
            family=Family.NO_TELEMETRY,
            onset=min(newest, now),
            at=now,
            score=1.0,
            observed=0.0,
            expected=1.0,
            bad=0.0,
            total=0.0,
            confidence=1.0,
        )
        group = Explained(
            title="No telemetry arrives",
            findings=(finding,),
            texts=(f"no span or metric has arrived for {self.waited:.0f} s",),
            root_cause=None,
            no_cause="no cause found in telemetry: there is none",
            first_failing_span=None,
            correlation=TraceCorrelation(),
            affected_services=(),
            affected_endpoints=(),
        )
        return [group]


def is_of_heartbeat(incident: Incident) -> bool:
    """Whether an incident reports that no telemetry arrives."""
    return any(family == Family.NO_TELEMETRY for _, family in incident.symptoms)
