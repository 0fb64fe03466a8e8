"""What is wrong in one line: the number that matters, and who or what alone has it."""

from dataclasses import dataclass
from typing import Final

from aiops.model import names
from aiops.model.cause import Cause, CauseKind
from aiops.model.change import ChangeVerdict, ConsideredChange
from aiops.model.finding import Family
from aiops.model.incident import CauseMeasure, Dimension, Incident, RootCause
from aiops.presentation.numbers import duration, percent

ALONE: Final = 0.9
OTHERS: Final = 0.5
"""A value is named in the headline where so many bad requests have it, and no more of the good ones."""
RUNS_ON: Final = (names.SERVICE_INSTANCE, *names.LOCATIONS)
"""Attributes that say where a process runs: named only where nothing else is shared."""
ALL: Final = 0.995
"""Part of the bad requests from which they are called all."""
SEEN: Final = 0.02
"""Share of the failing requests up to which those of others are called none."""
SURPLUS: Final = 1.1
"""By how much an estimated share may exceed 1, because samples vary; more says that it cannot be estimated."""
LEAST_DELAY: Final = 0.0005
"""Seconds from which a delay is written as a number."""


def headline(incident: Incident) -> str:
    """Write what is wrong: `35% of requests to payment POST /payment fail (normally 0.2%)`, and where one version,
    tenant or host alone has the trouble, the share of its own requests: `About 67% of requests to payment 1.5.0 fail`.

    Without a cause, or where an earlier release found it, it is the title."""
    root = incident.root_cause
    if root is None:
        return incident.title
    what, alone = _what(root.cause, root.measured) or incident.title, blamed(root)
    if not alone:
        return what
    if (own := _own_share(root)) is not None:
        return own
    whose = "slow" if root.cause.kind in (CauseKind.LATENCY, CauseKind.NETWORK) else "failing"
    part = _part_of_bad(root)
    return f"{what} · {'all' if part >= ALL else f'{percent(part)} of the'} {whose} ones are of {alone}"


@dataclass(frozen=True, slots=True)
class GroupShares:
    """How many requests of one version, tenant or host fail, and of all others: estimates, from samples."""

    own: float
    others: float


def group_shares(root: RootCause) -> GroupShares | None:
    """Return the share of the failing requests of what alone is to blame, and of all others; None where these are not
    known.

    Bad and good requests are drawn apart, equally many of each, so that their counts are no shares of all: the group
    has the part b of the failing requests and g of the good ones, and of all requests e fail. So e b of all requests
    are its failing ones, and (1 - e) g its good ones. Where the good ones were drawn before the trouble, g is the
    group's part of all requests.
    """
    share = root.measured
    if share is None or share.family != Family.ERRORS or root.cause.kind != CauseKind.ERRORS:
        return None
    e = min(max(share.observed, 0.0), 1.0)
    change = _accepted_version(root)
    if change is not None:
        (bad, good), (other_bad, other_good) = change.new or (0, 0), change.old or (0, 0)
        if not bad + other_bad or not good + other_good:
            return None
        b, g = bad / (bad + other_bad), good / (good + other_good)
        failing, fine = (e * b, e * (1 - b)), ((1 - e) * g, (1 - e) * (1 - g))
        return GroupShares(*(bad / (bad + good) if bad else 0.0 for bad, good in zip(failing, fine, strict=True)))
    first = _first_shared(root)
    if first is None or first.attribute == names.SERVICE_VERSION or not 0 < first.share_of_good < 1:
        return None  # a version that was not there before the trouble has no part of the good requests of that time
    own = e * first.share_of_bad / first.share_of_good
    others = e * (1 - first.share_of_bad) / (1 - first.share_of_good)
    return GroupShares(min(own, 1.0), others) if own <= SURPLUS else None


def _part_of_bad(root: RootCause) -> float:
    """Return the part of the bad requests that what alone is to blame has."""
    change, first = _accepted_version(root), _first_shared(root)
    if change is not None and change.new is not None:
        bad, others = change.new[0], change.old[0] if change.old is not None else 0
        return bad / (bad + others) if bad else 0.0
    return first.share_of_bad if first is not None else 1.0


def _accepted_version(root: RootCause) -> ConsideredChange | None:
    found = (one for one in root.changes_considered if one.verdict == ChangeVerdict.ACCEPTED and one.change.version)
    return next(found, None)


def _own_share(root: RootCause) -> str | None:
    """Write the share of the requests of the group that alone has the trouble; None where it is not known."""
    found, share = group_shares(root), root.measured
    if found is None or share is None:
        return None
    cause, alone = root.cause, blamed(root)
    request = " ".join(filter(None, (cause.method, cause.endpoint)))
    if alone.startswith(f"{cause.service} "):
        where, others = f"{alone} {request}".rstrip(), "other versions"
    else:
        where, others = f"{place_written(cause)} with {alone}", "others"
    rest = (
        f"no failure of {others} seen"
        if found.others <= SEEN * share.observed
        else (f"about {percent(found.others)} of {others}")
    )
    whole = f"together {_fails(share)}, normally {percent(share.expected)}"
    return f"About {percent(found.own)} of requests to {where} fail, {rest} ({whole})"


def blamed(root: RootCause) -> str:
    """Write the version, tenant, host or other value that the trouble is limited to; "" where it has no such limit."""
    change = _accepted_version(root)
    version = next((one.value for one in _shared(root) if one.attribute == names.SERVICE_VERSION), "")
    version = version or (change.change.version if change is not None else "")
    if version:
        return f"{root.cause.service} {version}"
    first = _first_shared(root)
    return f"{first.attribute} {first.value}" if first is not None else ""


def _shared(root: RootCause) -> list[Dimension]:
    return [one for one in root.dimensions if one.share_of_bad >= ALONE and one.share_of_good <= OTHERS]


def _first_shared(root: RootCause) -> Dimension | None:
    """Return what tells most of the values that nearly all bad requests have: a version, else a tenant or the like,
    else where the process runs."""
    order = sorted(_shared(root), key=lambda one: (one.attribute != names.SERVICE_VERSION, one.attribute in RUNS_ON))
    return next(iter(order), None)


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
            return f"{whose} lose {lost} on the way there or back"
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
