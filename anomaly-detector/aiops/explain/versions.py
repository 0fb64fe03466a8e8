"""Requests of an old and a new version at the same time, and which of them fails or takes longer.

See docs/methods.md, Changes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Final

from aiops.explain import wilson
from aiops.explain.places import is_at, is_outside
from aiops.explain.wanted import BAD_SECONDS, GOOD_SECONDS, LIMIT
from aiops.model import Cause, CauseKind, Population, PopulationKind, Span, Trace, Window

FAILING: Final = (CauseKind.ERRORS, CauseKind.TIMEOUT, CauseKind.DEPENDENCY)


@dataclass(frozen=True, slots=True, kw_only=True)
class SameTime:
    """Requests at the place of a cause: bad and good ones of one time since the onset, and good ones from before."""

    bad: tuple[Span, ...] = ()
    good: tuple[Span, ...] = ()
    before: tuple[Span, ...] = ()

    @property
    def during(self) -> tuple[Span, ...]:
        """Those since the onset."""
        return (*self.bad, *self.good)

    def after(self, began: float) -> "SameTime":
        """Return only what ended since a version is there: the time in which both versions may have served."""
        bad, good = (tuple(one for one in side if one.end >= began) for side in (self.bad, self.good))
        return replace(self, bad=bad, good=good)

    def fresh(self) -> set[str]:
        """Return the versions that served since the onset and not before it. Where no request from before has a
        version, nothing is known to be new."""
        known = versions(self.before)
        return versions(self.during) - known if known else set()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionCounts:
    """How many of the bad and of the good requests of one time a new version served, and of the good ones from before.

    instance: the only instance that the new version runs on, where others run the old ones; "" elsewhere.
    """

    new_bad: int
    bad: int
    new_good: int
    good: int
    new_before: int
    before: int
    instance: str

    @classmethod
    def of(cls, version: str, seen: SameTime) -> "VersionCounts":
        """Count the requests of a version."""
        of_new = [sum(one.version == version for one in side) for side in (seen.bad, seen.good, seen.before)]
        return cls(
            new_bad=of_new[0],
            bad=len(seen.bad),
            new_good=of_new[1],
            good=len(seen.good),
            new_before=of_new[2],
            before=len(seen.before),
            instance=_only_instance(version, seen),
        )

    @property
    def new(self) -> int:
        """Requests of the new version since the onset."""
        return self.new_bad + self.new_good

    @property
    def old(self) -> int:
        """Requests of other versions since the onset."""
        return self.bad + self.good - self.new

    @property
    def apart(self) -> bool:
        """Whether the new version has a larger part of the bad requests than of the good ones, by the Wilson bounds."""
        return wilson.interval(self.new_bad, self.bad)[0] > wilson.interval(self.new_good, self.good)[1]

    def chance(self) -> float:
        """Return the probability of at least so many bad requests of the new version if both versions were alike.

        The one-sided exact test of a table of two by two: Fisher, "The logic of inductive inference", JRSS 98, 1935. It
        holds although bad and good requests are chosen apart.
        """
        total = self.bad + self.good
        hits = range(self.new_bad, min(self.new, self.bad) + 1)
        ways = sum(comb(self.new, one) * comb(total - self.new, self.bad - one) for one in hits)
        return ways / comb(total, self.bad)


def to_compare(
    cause: Cause,
    onset: float,
    pace: tuple[float, float] | None,
    at: float,
    step: float,
    limit: int = LIMIT,
) -> tuple[Population, Population, Population] | None:
    """Return the bad and good requests since the onset and the good ones from before that `SameTime` needs; None where
    spans cannot tell one version from another. pace: median seconds of bad and good requests at the cause.

    Bad requests are chosen because they are bad: only good ones of the same time say how much a version serves.
    """
    kind, threshold = PopulationKind.FAILED, 0.0
    if cause.kind == CauseKind.LATENCY and pace is not None:
        kind, threshold = PopulationKind.SLOW, (pace[0] * pace[1]) ** 0.5
    elif cause.kind not in FAILING:
        return None
    outside, since = is_outside(cause), onset - step
    bad = Population(
        service=cause.caller if outside else cause.service,
        callee=cause.service if outside else "",
        route="" if outside else cause.endpoint,
        method="" if outside else cause.method,
        window=Window(since, max(since, min(at, since + BAD_SECONDS))),
        kind=kind,
        threshold=threshold,
        limit=limit,
    )
    good = replace(bad, kind=PopulationKind.GOOD)
    return bad, good, replace(good, window=Window(since - 2 * step - GOOD_SECONDS, since - 2 * step))


def requests_of(cause: Cause, wanted: Population, traces: Sequence[Trace]) -> tuple[Span, ...]:
    """Return the requests at the place of a cause by which a population was drawn, each once."""
    is_bad = wanted.kind != PopulationKind.GOOD
    found = {
        span.span_id: span
        for trace in traces
        for span in trace.spans
        if is_at(cause, span)
        and wanted.window.start < span.end <= wanted.window.end
        and (span.failed or 0 < wanted.threshold < span.duration) == is_bad
    }
    return tuple(sorted(found.values(), key=lambda one: (one.start, one.span_id)))


def _only_instance(version: str, seen: SameTime) -> str:
    new, old = ({one.instance for one in seen.during if (one.version == version) is it} for it in (True, False))
    return next(iter(new)) if len(new) == 1 and old - new else ""


def usual_version(new: str, seen: SameTime) -> str:
    """Return the version, other than a new one, that served most of the requests; "" where none is known."""
    others = Counter(one.version for one in (*seen.before, *seen.during) if one.version not in ("", new))
    return min(others, key=lambda one: (-others[one], one), default="")


def versions(spans: Iterable[Span]) -> set[str]:
    """Return the versions that spans name."""
    return {one.version for one in spans} - {""}
