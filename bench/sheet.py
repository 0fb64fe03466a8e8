"""The score sheet: what is counted of a case, how a row is summed up, and what counts as worse."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aiops.model import Incident, IncidentState
from shop.catalogue import Expected

SLOWER_STEPS = 2  # the median time to find may rise by so many
NOT_THERE = "not in the committed sheet; put it there with --save"


@dataclass(frozen=True, slots=True)
class Result:
    """One case. Of `expected` incidents: found, with the right place as first cause, the right kind, the right
    dimension (of those that have one: `dimensions`), resolved at the end. `false_incidents`: any others. Seconds to
    find, of those found."""

    name: str
    seed: int
    expected: int
    found: int
    right: int
    kind: int
    resolved: int
    false_incidents: int
    dimension: int
    seconds_to_find: list[float]
    wrong: list[str]
    took: float
    dimensions: int = 0
    commit: str = ""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "took": round(self.took, 1)}

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Result":
        return cls(**document)


def judge(
    name: str, seed: int, truth: Sequence[Expected], incidents: Sequence[Incident], fault: float, took: float
) -> Result:
    """Match incidents with the truth: those with the right cause first, then those that name a service it is about.

    An incident from before the fault is false, whatever it says.
    """
    left = sorted((one for one in incidents if one.first_detected > fault), key=lambda one: one.first_detected)
    early = [one for one in incidents if one.first_detected <= fault]
    matched: list[tuple[Expected, Incident]] = []
    for test in (_is_right, _is_about):
        for expected in truth:
            if all(one is not expected for one, _ in matched):
                found = next((one for one in left if test(one, expected)), None)
                if found is not None:
                    left.remove(found)
                    matched.append((expected, found))
    missing = [one for one in truth if all(one is not expected for expected, _ in matched)]
    wrong = [f"missing: {one.kind} in {one.service} {one.endpoint or ''}".rstrip() for one in missing]
    wrong += [f"expected {one.service}, named: {_said(found)}" for one, found in matched if not _is_right(found, one)]
    wrong += [f"false: {_said(one)}" for one in (*early, *left)]
    wrong += [f"not resolved: {_said(one)}" for _, one in matched if one.state != IncidentState.RESOLVED]
    return Result(
        name,
        seed,
        len(truth),
        len(matched),
        sum(_is_right(found, one) for one, found in matched),
        sum(found.root_cause is not None and found.root_cause.cause.kind == one.kind for one, found in matched),
        sum(found.state == IncidentState.RESOLVED for _, found in matched),
        len(left) + len(early),
        sum(_has_dimension(found, one) for one, found in matched),
        [round(found.first_detected - fault, 1) for _, found in matched],
        wrong,
        took,
        sum(one.dimension is not None for one in truth),
    )


def render(results: Sequence[Result]) -> str:
    """The sheet as a Markdown table, and under it what went wrong."""
    head = "| scenario | seeds | found | right cause | right kind | dimension | resolved | false | median to find |"
    lines = [head, "| --- |" + " ---: |" * 8]
    groups = _by_name(results)
    for name, rows in (*groups.items(), ("all", list(results))):
        times = [time for one in rows for time in one.seconds_to_find]
        expected, dimensions = sum(one.expected for one in rows), sum(one.dimensions for one in rows)
        lines.append(
            f"| {name} | {len(rows)} | {_of(sum(one.found for one in rows), expected)} "
            f"| {_of(sum(one.right for one in rows), expected)} | {_of(sum(one.kind for one in rows), expected)} "
            f"| {_of(sum(one.dimension for one in rows), dimensions)} "
            f"| {_of(sum(one.resolved for one in rows), expected)} | {sum(one.false_incidents for one in rows)} "
            f"| {f'{statistics.median(times):.0f} s' if times else ''} |"
        )
    lines += ["", *(f"{one.name}, seed {one.seed}: {text}" for one in results for text in one.wrong)]
    return "\n".join(lines)


def worse_sheet(committed: Sequence[Result], now: Sequence[Result], step: float) -> list[str]:
    """Where a row has become worse over the seeds that both have: found, right cause, right kind, dimension or resolved
    fell, false incidents rose, or the median time to find rose by more than two steps."""
    out = [f"{one.name}, seed {one.seed}: {NOT_THERE}" for one in now if not _before(committed, one)]
    for name, rows in _by_name([one for one in now if _before(committed, one)]).items():
        old = [before for one in rows if (before := _before(committed, one)) is not None]
        out += _fell(name, old, rows, ("found", "right", "kind", "dimension", "resolved"))
        times = [[time for one in group for time in one.seconds_to_find] for group in (old, rows)]
        if all(times) and statistics.median(times[1]) > statistics.median(times[0]) + SLOWER_STEPS * step:
            was, is_ = (f"{statistics.median(group):.0f} s" for group in times)
            out.append(f"{name}: the median time to find rose from {was} to {is_}")
    return out


def worse_case(committed: Sequence[Result], now: Sequence[Result]) -> list[str]:
    """Where a case has become worse than the same seed was: found, right cause, resolved, false incidents."""
    out = []
    for one in now:
        before = _before(committed, one)
        case = f"{one.name}, seed {one.seed}"
        out += (
            [f"{case}: {NOT_THERE}"] if before is None else _fell(case, [before], [one], ("found", "right", "resolved"))
        )
    return out


def _before(committed: Sequence[Result], one: Result) -> Result | None:
    return next((old for old in committed if (old.name, old.seed) == (one.name, one.seed)), None)


def _fell(name: str, old: Sequence[Result], now: Sequence[Result], what: Sequence[str]) -> list[str]:
    out = []
    for each in (*what, "false_incidents"):
        was, is_ = (sum(getattr(one, each) for one in group) for group in (old, now))
        if (is_ > was) if each == "false_incidents" else (is_ < was):
            out.append(f"{name}: {each.replace('_', ' ')} went from {was} to {is_}")
    return out


def _by_name(results: Sequence[Result]) -> dict[str, list[Result]]:
    groups: dict[str, list[Result]] = {}
    for one in results:
        groups.setdefault(one.name, []).append(one)
    return groups


def _of(count: int, total: int) -> str:
    return f"{count}/{total}" if total else ""


def _is_right(incident: Incident, expected: Expected) -> bool:
    """Whether the place is right: the service, and the caller where the trouble is on one edge."""
    if incident.root_cause is None:
        return False
    cause = incident.root_cause.cause
    return cause.service == expected.service and expected.caller in (None, cause.caller)


def _is_about(incident: Incident, expected: Expected) -> bool:
    services = set(incident.affected_services)
    return bool(services & {expected.service, *expected.affected})


def _has_dimension(incident: Incident, expected: Expected) -> bool:
    if expected.dimension is None or incident.root_cause is None:
        return False
    return expected.dimension in [(one.attribute, one.value) for one in incident.root_cause.dimensions]


def _said(incident: Incident) -> str:
    cause = incident.root_cause.cause if incident.root_cause else None
    return (
        f"{incident.title} ({cause.kind} in {cause.caller + ' → ' if cause.caller else ''}{cause.service})"
        if cause
        else incident.title
    )
