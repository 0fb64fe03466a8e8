"""What metrics alone show: which places are in trouble, by how much, and who calls whom."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aiops.explain.places import Place
from aiops.explain.world import KnownServices
from aiops.model import VIRTUAL, Edge, Family, Finding, Labels, names, value_of

JUDGED = (Family.LATENCY, Family.ERRORS)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsAlone:
    """What is known beside the findings: services, the step in seconds, and the series that look unusual but are not
    judged to be in trouble yet (`suspect`)."""

    world: KnownServices
    step: float
    suspect: frozenset[Labels] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The trouble of one place in one family.

    excess: what is above the usual in each second: seconds of waiting for latency, failed requests for errors.
    each: the same for one request. `observed` and `expected` are means over its requests.
    """

    place: Place
    family: Family
    excess: float
    observed: float
    expected: float
    onset: float
    findings: tuple[Finding, ...]

    @property
    def each(self) -> float:
        """The excess of one request."""
        return self.observed - self.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleMap:
    """All troubles by place and family, and the calls between services.

    dark: callees that send no telemetry. silent: services that sent some and send none now. suspect: places that are
    not judged yet.
    """

    troubles: Mapping[tuple[Place, Family], Trouble]
    callees: Mapping[str, frozenset[str]]
    callers: Mapping[str, frozenset[str]]
    dark: frozenset[str]
    silent: frozenset[str]
    answering: frozenset[str]
    suspect: frozenset[Place] = field(default=frozenset())

    @classmethod
    def of(cls, findings: Iterable[Finding], edges: Sequence[Edge], metrics: MetricsAlone) -> "TroubleMap":
        """Put findings in the places where they are; their order does not matter."""
        ordered = sorted(findings, key=lambda one: (one.series, one.family, one.onset))
        world = metrics.world
        calls = {(edge.caller, edge.callee) for edge in edges}
        calls |= {(caller, callee) for caller, found in world.called.items() for callee in found}
        calls |= {(caller, service) for service, caller in map(_place, (one.series for one in ordered)) if caller}
        silent = {_place(one.series)[0] for one in ordered if one.family == Family.SILENCE}
        return cls(
            troubles=_troubles(ordered, metrics.step),
            callees=_related(calls),
            callers=_related((callee, caller) for caller, callee in calls),
            dark=frozenset(edge.callee for edge in edges if edge.connection == VIRTUAL) - world.known,
            silent=world.silent | silent,
            answering=world.answering,
            suspect=frozenset(map(_place, metrics.suspect)),
        )

    def at(self, place: Place, family: Family, by: float) -> Trouble | None:
        """Return the trouble of a place that began by a time (Unix seconds); None where there is none."""
        found = self.troubles.get((place, family))
        return found if found is not None and found.onset <= by else None

    def below(self, service: str, family: Family, by: float) -> list[Trouble]:
        """Return the troubles of the calls that a service makes, those that began by a time. Where the calls to a
        callee are in none, because few of them are slow or fail, that of all requests to the callee."""
        found = (
            self.at((callee, service), family, by) or self.at((callee, ""), family, by)
            for callee in sorted(self.callees.get(service, ()))
        )
        return [one for one in found if one is not None]


def _place(series: Labels) -> Place:
    callee = value_of(series, names.CALLEE)
    return (callee, value_of(series, names.CALLER)) if callee else (value_of(series, names.SERVICE), "")


def _troubles(findings: Sequence[Finding], step: float) -> dict[tuple[Place, Family], Trouble]:
    found: dict[tuple[Place, Family], list[Finding]] = defaultdict(list)
    for one in findings:
        if one.family in JUDGED:
            found[_place(one.series), one.family].append(one)
    return {(place, family): _trouble(place, family, mine, step) for (place, family), mine in found.items()}


def _trouble(place: Place, family: Family, mine: Sequence[Finding], step: float) -> Trouble:
    requests = max(sum(one.total for one in mine), 1.0)
    return Trouble(
        place=place,
        family=family,
        excess=sum((one.observed - one.expected) * one.total / (one.at - one.onset + step) for one in mine),
        observed=sum(one.observed * one.total for one in mine) / requests,
        expected=sum(one.expected * one.total for one in mine) / requests,
        onset=min(one.onset for one in mine),
        findings=tuple(mine),
    )


def _related(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        found[one].add(other)
    return {one: frozenset(others) for one, others in found.items()}
