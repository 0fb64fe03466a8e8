"""Which change a cause came with (docs/methods.md, Changes)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from aiops.explain.places import TOGETHER
from aiops.explain.versions import SameTime, VersionCounts, usual_version, versions
from aiops.model import Cause, CauseKind, Change, ChangeVerdict, ConsideredChange, Explained
from aiops.model.change import HAPPENED, KIND_WORDS, OOM_KILL, WARNING
from aiops.presentation.numbers import span_of_time

CHANGES_SECONDS: Final = 3600.0
"""Seconds before the onset from which changes are considered."""
MOST: Final = 10
"""Changes that are considered for one cause: those of its service first, what somebody did before what happened, then
the nearest to the onset."""
LEAST: Final = 5
"""Bad requests, and requests of either version, that make a comparison."""
SURE: Final = 0.01
"""The chance under which a version is worse."""
LIKELY: Final = 0.2
"""The chance from which a version is not, if there are `ENOUGH` bad requests to show it. With fewer, it must not have
more than its part of them."""
ENOUGH: Final = 20
SERVED_BEFORE: Final = 0.2
"""The part of the good requests from before the onset from which a version is not new to the trouble."""
DEPLOYMENT, FLAG, CONFIG = "deployment", "flag", "config"
_CODE: Final = frozenset({CauseKind.ERRORS, CauseKind.LATENCY, CauseKind.TIMEOUT, CauseKind.DOWN, CauseKind.DEPENDENCY})
FITS: Final[Mapping[str, frozenset[CauseKind]]] = {
    DEPLOYMENT: _CODE,
    FLAG: _CODE - {CauseKind.DOWN},
    CONFIG: _CODE | {CauseKind.NETWORK, CauseKind.TRAFFIC},
    OOM_KILL: _CODE,
    WARNING: _CODE | {CauseKind.TRAFFIC},
}
"""The causes that a change of a kind can have. New code does not lose time between two services, nor does it starve a
machine that others share. A pod that is killed or not ready takes no requests."""
UNREPORTED: Final = "nobody reported it: a version that its spans did not have before"


def touched(cause: Cause) -> frozenset[str]:
    """Return the services whose changes can have a cause: its own, and its caller."""
    return frozenset({cause.service, cause.caller}) - {""}


def lately(changes: Sequence[Change], onset: float, until: float) -> list[Change]:
    """Return the changes from so long before an onset until a time (Unix seconds) that they are considered."""
    return [one for one in changes if onset - CHANGES_SECONDS <= one.at <= until]


def considered(
    cause: Cause, onset: float, changes: Sequence[Change], seen: SameTime | None
) -> tuple[ConsideredChange, ...]:
    """Decide what each change has to do with a cause, accepted ones first.

    changes: reported ones of any service, not older than `lately`. seen: requests of both versions; None where none
    were read. New versions in them that nobody reported are changes, too.
    """
    mine = touched(cause)
    ordered = sorted(
        [*changes, *(_unreported(seen, changes) if seen is not None else ())],
        key=lambda one: (
            (one.service not in mine, one.kind in HAPPENED, abs(onset - one.at)),
            (one.service, one.kind, one.version, one.text),
        ),
    )
    return tuple(sorted((_considered(one, cause, onset, seen) for one in ordered[:MOST]), key=_order))


def with_changes(group: Explained, found: Sequence[ConsideredChange]) -> Explained:
    """Return a group whose cause names the change that it came with, and all that were considered."""
    if group.root_cause is None or not found:
        return group
    root = replace(group.root_cause, changes_considered=tuple(found))
    if found[0].verdict == ChangeVerdict.ACCEPTED:
        of, onset = found[0].change, min(one.onset for one in group.findings)
        text = f"{of.named}, {_when(of.at, onset)}"
        root = replace(root, change=text, description=f"{root.description}; it came with the {text}")
    return replace(group, root_cause=root)


def _considered(change: Change, cause: Cause, onset: float, seen: SameTime | None) -> ConsideredChange:
    def said(verdict: ChangeVerdict, why: str) -> ConsideredChange:
        return ConsideredChange(change=change, verdict=verdict, why=why)

    if change.service not in touched(cause):
        return said(ChangeVerdict.REJECTED, f"it changed {change.service}, and the trouble starts in {cause.service}")
    if cause.kind not in FITS.get(change.kind, frozenset()):
        return said(ChangeVerdict.REJECTED, f"{_a(change.kind)} does not lead to trouble of this kind ({cause.kind})")
    if change.kind in HAPPENED:
        if change.at > onset + TOGETHER:
            return said(ChangeVerdict.REJECTED, f"it came {span_of_time(change.at - onset)} after the onset")
        return said(ChangeVerdict.POSSIBLE, f"Kubernetes tells of it {_around(change.at, onset)}")
    spans = [one for one in seen.during if one.service == change.service] if seen is not None else []
    new = change.version or (next(iter(seen.fresh())) if seen is not None and len(seen.fresh()) == 1 else "")
    began = min([change.at, *(one.start for one in spans if new and one.version == new)])
    # The first of the requests that were read is not the first that a version served.
    from_spans = began < change.at or change.text == UNREPORTED
    if began > onset + (TOGETHER if from_spans else 0.0):
        return said(ChangeVerdict.REJECTED, f"it came {span_of_time(began - onset)} after the onset")
    came = f"it came {_when(began, onset)}"
    if seen is None or not versions(spans):
        return said(ChangeVerdict.POSSIBLE, f"{came}; no requests of an old and a new version were read to compare")
    if not new:
        return said(ChangeVerdict.POSSIBLE, f"{came}; it shows in no version of the requests that could be compared")
    counts = VersionCounts.of(new, seen.after(began))
    verdict, why, chance = _judged(counts, new, came)
    return ConsideredChange(
        change=change,
        verdict=verdict,
        why=why,
        new=(counts.new_bad, counts.new_good),
        old=(counts.bad - counts.new_bad, counts.good - counts.new_good),
        chance=chance,
        instead=usual_version(new, seen),
    )


def _judged(on: VersionCounts, new: str, came: str) -> tuple[ChangeVerdict, str, float | None]:
    """Judge a new version by the requests that it and all others served at the same time."""
    accepted, possible, rejected = ChangeVerdict.ACCEPTED, ChangeVerdict.POSSIBLE, ChangeVerdict.REJECTED
    numbers = (
        f"version {new} served {on.new_bad} of {on.bad} bad requests and {on.new_good} of {on.good} good ones of the "
        "same time"
    )
    if not on.new:
        return rejected, f"version {new} served none of the {on.old} requests that were read", None
    if not on.old and on.new_before >= max(LEAST, SERVED_BEFORE * on.before):
        served = f"{on.new_before} of {on.before} good requests from before the trouble"
        return rejected, f"version {new} served {served}, and is not new to it", None
    if on.old < LEAST:
        return possible, f"{came}; no old version served enough requests since then to compare with", None
    if on.bad < LEAST or on.new < LEAST:
        return possible, f"{came}; {numbers}: too few to compare", None
    chance = on.chance()
    if chance <= SURE and on.apart:
        alone = f"; it runs on {on.instance} alone, which may be at fault itself" if on.instance else ""
        return accepted, f"it is worse than what runs beside it: {numbers}{alone}", chance
    if chance >= LIKELY and (on.bad >= ENOUGH or on.new_bad * on.good <= on.new_good * on.bad):
        return rejected, f"it is no worse than what runs beside it: {numbers}", chance
    return possible, f"{came}; {numbers}, which chance may explain", chance


def _unreported(seen: SameTime, reported: Sequence[Change]) -> list[Change]:
    """Return versions that are new since the onset, as deployments. A reported deployment that names no version may be
    any of its service."""
    known = {(one.service, one.version) for one in reported if one.kind == DEPLOYMENT}
    out = []
    for version in sorted(seen.fresh()):
        first = min((one for one in seen.during if one.version == version), key=lambda one: (one.start, one.span_id))
        of = first.service
        if not known & {(of, version), (of, "")}:
            out.append(Change(at=first.start, who="", kind=DEPLOYMENT, service=of, version=version, text=UNREPORTED))
    return out


def _order(one: ConsideredChange) -> tuple[int, float, float, str, str]:
    rank = list(ChangeVerdict).index(one.verdict)
    return rank, 1.0 if one.chance is None else one.chance, -one.change.at, one.change.service, one.change.version


def _a(kind: str) -> str:
    words = KIND_WORDS.get(kind, kind)
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _around(at: float, onset: float) -> str:
    return f"{span_of_time(at - onset)} after the onset" if at - onset >= 1 else _when(at, onset)


def _when(at: float, onset: float) -> str:
    return f"{span_of_time(onset - at)} before the onset" if onset - at >= 1 else "at the onset"
