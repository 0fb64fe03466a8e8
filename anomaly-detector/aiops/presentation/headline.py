"""What is wrong in one line: the number that matters, and who or what alone has it."""

from typing import Final

from aiops.model import names
from aiops.model.cause import Cause, CauseKind
from aiops.model.change import ChangeVerdict
from aiops.model.finding import Family
from aiops.model.incident import CauseMeasure, Incident, RootCause
from aiops.presentation.numbers import duration, percent

ALONE: Final = 0.9
OTHERS: Final = 0.5
"""A value is named in the headline where so many bad requests have it, and no more of the good ones."""
RUNS_ON: Final = (names.SERVICE_INSTANCE, *names.LOCATIONS)
"""Attributes that say where a process runs: named only where nothing else is shared."""
LEAST_DELAY: Final = 0.0005
"""Seconds from which a delay is written as a number."""


def headline(incident: Incident) -> str:
    """Write what is wrong: `35% of requests to payment POST /payment fail (normally 0.2%) · only payment 1.5.0`.

    Without a cause, or where an earlier release found it, it is the title."""
    root = incident.root_cause
    if root is None:
        return incident.title
    what = _what(root.cause, root.measured) or incident.title
    alone = blamed(root)
    return f"{what} · only {alone}" if alone else what


def blamed(root: RootCause) -> str:
    """Write the version, tenant, host or other value that the trouble is limited to; "" where it has no such limit."""
    shared = [one for one in root.dimensions if one.share_of_bad >= ALONE and one.share_of_good <= OTHERS]
    version = next((one.value for one in shared if one.attribute == names.SERVICE_VERSION), "") or next(
        (one.change.version for one in root.changes_considered if one.verdict == ChangeVerdict.ACCEPTED), ""
    )
    if version:
        return f"{root.cause.service} {version}"
    first = next(iter(sorted(shared, key=lambda one: one.attribute in RUNS_ON)), None)
    return f"{first.attribute} {first.value}" if first is not None else ""


def place_written(cause: Cause) -> str:
    """Write the service with the request: `payment POST /payment`."""
    return " ".join(part for part in (cause.service, cause.method, cause.endpoint) if part)


def _what(cause: Cause, measured: CauseMeasure | None) -> str:
    """Write what is wrong at a place; "" for a kind without such words."""
    share = measured if measured is not None and measured.family == Family.ERRORS else None
    pace = measured if measured is not None and measured.family == Family.LATENCY else None
    calls = f"calls from {cause.caller}" if cause.caller else "calls to it"
    match cause.kind:
        case CauseKind.ERRORS:
            place = place_written(cause)
            return f"{_fails(share)} of requests to {place} fail {_usual(share)}" if share else f"{place} fails"
        case CauseKind.LATENCY if cause.caller:
            what = f"{cause.caller}'s calls to {cause.service}"
            statement = f": {cause.endpoint}" if cause.endpoint else ""
            return f"{what} {_takes(pace)}{statement}" if pace else f"{what} are slow{statement}"
        case CauseKind.LATENCY:
            place = place_written(cause)
            return f"Requests to {place} {_takes(pace)}" if pace else f"{place} is slow"
        case CauseKind.TIMEOUT:
            after = f"{calls} time out" + (f" after {_plainly(pace.observed)}" if pace else "")
            return f"{cause.service} does not respond: {f'{_fails(share)} of {calls} time out' if share else after}"
        case CauseKind.DOWN:
            return (
                f"{cause.service} is down: {f'{_fails(share)} of {calls} fail' if share else 'nothing comes from it'}"
            )
        case CauseKind.NETWORK:
            whose = f"Calls from {cause.caller} to {cause.service}" if cause.caller else f"Requests to {cause.service}"
            delay = pace.observed - pace.expected if pace else 0.0
            lost = duration(delay) if delay > LEAST_DELAY else "time"
            return f"{whose} lose {lost} on the way, before {cause.service} begins"
        case CauseKind.DEPENDENCY:
            what = f"{cause.caller}'s calls to {cause.service}" if cause.caller else f"Calls to {cause.service}"
            return f"{_fails(share)} of {what} fail {_usual(share)}" if share else f"{what} fail"
        case CauseKind.TRAFFIC:
            return _fewer(cause, measured)
        case CauseKind.MACHINE:
            times = f": {pace.observed:.1f} times as slow as usual" if pace else " is slow"
            return f"Everything that runs on {cause.service}{times}"


def _plainly(seconds: float) -> str:
    """Write a time that a person has set: `5 s`, `2.5 s`, `800 ms`."""
    return f"{seconds:.3g} s" if seconds >= 1 else duration(seconds)


def _fails(share: CauseMeasure) -> str:
    return percent(share.observed)


def _usual(share: CauseMeasure) -> str:
    return f"(normally {percent(share.expected)})"


def _takes(pace: CauseMeasure) -> str:
    return f"take {duration(pace.observed)} (normally {duration(pace.expected)})"


def _fewer(cause: Cause, measured: CauseMeasure | None) -> str:
    place = place_written(cause)
    if measured is None or measured.expected <= 0:
        return f"Fewer requests reach {place}"
    less = 1 - measured.observed / measured.expected
    return (
        f"{percent(less)} fewer requests reach {place}: "
        f"{measured.observed:.2g} per second (normally {measured.expected:.2g})"
    )
