"""The detector as a part of the engine: its state between cycles, and its part in a cycle."""

from collections.abc import Container
from dataclasses import dataclass, field

from aiops import detect
from aiops.detect import Calendar, Outcome, State, Tuning
from aiops.model import Family, Labels, SeriesBlock, Sight


@dataclass(slots=True)
class Detector:
    """The learned state and its settings. If a cycle fails, its step is taken back, see `CycleTransaction`."""

    tuning: Tuning = field(default_factory=Tuning)
    calendar: Calendar = field(default_factory=Calendar)
    state: State = field(default_factory=State)
    _before: State | None = None

    @property
    def at(self) -> float | None:
        """The end of the last step judged, Unix seconds; None before the first."""
        return self.state.at

    def step(self, block: SeriesBlock, burning: Container[str]) -> Outcome:
        """Judge a block. burning: services whose objectives burn."""
        return detect.step(self.state, block, self.tuning, self.calendar, burning)

    def sight(self, series: Labels, family: Family, since: float, at: float) -> Sight:
        """Return what is known of a series that is in no trouble now and was last in trouble at `since`."""
        return detect.sight(self.state, series, family, since, at, self.tuning)

    def rewind(self, at: float) -> None:
        """Go back with clocks that were set back."""
        detect.rewind(self.state, at)

    def expire(self) -> None:
        """Forget series that have been silent for long."""
        if self.state.at is not None:
            detect.expire(self.state, self.state.at, self.tuning)

    def begin(self) -> None:
        """Keep a copy of the state for `rollback`."""
        self._before = self.state.copy()

    def commit(self) -> None:
        """Drop the copy: the changes are saved."""
        self._before = None

    def rollback(self) -> None:
        """Restore the state as it was at `begin`."""
        if self._before is not None:
            self.state, self._before = self._before, None
