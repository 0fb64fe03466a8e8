"""What the detector remembers: the state of each symptom family, advanced in place by `detect.step`."""

from dataclasses import dataclass, field
from typing import TypeVar, cast

from aiops.detect import families
from aiops.detect.families import SymptomFamily
from aiops.detect.tracked import Tracked
from aiops.model import Family

T = TypeVar("T", bound=Tracked)


def _empty() -> dict[Family, Tracked]:
    return {one.name: one.tracked() for one in families.FAMILIES}


@dataclass(slots=True)
class State:
    """The state of all families. `at` is the end of the last step judged; earlier points are never scored again."""

    at: float | None = None
    families: dict[Family, Tracked] = field(default_factory=_empty)

    def of(self, family: SymptomFamily[T]) -> T:
        """Return the state of one family."""
        return cast(T, self.families[family.name])

    def copy(self) -> "State":
        """Return a copy that later steps do not change."""
        return State(self.at, {name: tracked.copy() for name, tracked in self.families.items()})
