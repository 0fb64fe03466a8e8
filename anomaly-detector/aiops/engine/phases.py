"""The phases of a cycle: each is measured, and is a place where a test may kill the process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar, cast

from aiops.model.errors import SourceError
from aiops.observability.telemetry import Telemetry
from aiops.process.faultpoints import FaultPoint, reach

P = ParamSpec("P")
R = TypeVar("R")


class HasTelemetry(Protocol):
    """An object whose phases are measured."""

    @property
    def telemetry(self) -> Telemetry:
        """The engine's own metrics and traces."""
        ...


S = TypeVar("S", bound=HasTelemetry)


def phase(
    name: str, point: FaultPoint | None = None
) -> Callable[[Callable[Concatenate[S, P], R]], Callable[Concatenate[S, P], R]]:
    """Make a method a phase of the cycle: a span of this name in the engine's own traces, after a fault point."""

    def measured(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
        @wraps(method)
        def run(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
            if point is not None:
                reach(point)
            with self.telemetry.phase(name):
                return method(self, *args, **kwargs)

        return cast(Callable[Concatenate[S, P], R], run)

    return measured


@dataclass(frozen=True, slots=True)
class Gaps:
    """Deviations in a part of a cycle, in words, and the sources that did not answer."""

    texts: list[str] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)

    def add(self, text: str) -> None:
        """Add a deviation."""
        self.texts.append(text)

    @contextmanager
    def noted(self, what: str, source: str = "") -> Iterator[None]:
        """Continue after an error of a source or the disk, and note what could not be done."""
        try:
            yield
        except (SourceError, OSError) as error:
            self.texts.append(f"{what}: {error}")
            if source:
                self.sources.add(source)
