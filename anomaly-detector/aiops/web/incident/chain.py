"""The chain of calls from users to the cause of an incident: what each arrow says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from aiops.model import Cause, CauseKind, Hop
from aiops.presentation.cause_kinds import SLOW_KINDS
from aiops.presentation.filters import duration
from aiops.presentation.numbers import percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One step of the chain: what the arrow from `caller` says, and who is called; `loud`: it is worse than usual."""

    caller: str
    callee: str
    text: str
    loud: bool
    way_is_cause: bool
    is_cause: bool


@dataclass(frozen=True, slots=True)
class OtherCalls:
    """Calls of another caller to the cause, and what they do; `hit`: they suffer, too."""

    caller: str
    callee: str
    text: str
    hit: bool


def other_calls(cause: Cause, others: Sequence[Hop]) -> Iterator[OtherCalls]:
    """Yield what the calls of other callers to the cause do."""
    for hop in others:
        text, loud = _slower(hop) if cause.kind in SLOW_KINDS else _failing(hop)
        if text:
            yield OtherCalls(hop.caller, hop.callee, text, loud)


def arrows(cause: Cause, hops: Sequence[Hop]) -> Iterator[Arrow]:
    slow = cause.kind in SLOW_KINDS
    for hop in hops:
        text, loud = _slower(hop) if slow else _failing(hop)
        yield Arrow(
            caller=hop.caller or "users",
            callee=hop.callee,
            text=text,
            loud=loud,
            way_is_cause=hop.cause,
            is_cause=hop.callee == cause.service and cause.kind != CauseKind.NETWORK,
        )


def _failing(hop: Hop) -> tuple[str, bool]:
    if hop.failing is None:
        return "", False
    usual = hop.usual[0] or 0.0
    return f"{percent(hop.failing)} fail", hop.failing > max(2 * usual, 0.01)


def _slower(hop: Hop) -> tuple[str, bool]:
    if hop.seconds is None:
        return "", False
    usual = hop.usual[1]
    if usual is None or not isfinite(usual):
        return duration(hop.seconds), False
    more = hop.seconds - usual
    return (f"+{duration(more)}", True) if more > 0.1 * usual else (duration(hop.seconds), False)


def chain_words(arrows: Sequence[Arrow]) -> str:
    said = [f"{one.caller} to {one.callee}{f': {one.text}' if one.text else ''}" for one in arrows]
    cause = next((f"the way from {one.caller} to {one.callee}" for one in arrows if one.way_is_cause), "") or next(
        (one.callee for one in arrows if one.is_cause), ""
    )
    return f"Calls from {'; '.join(said)}." + (f" The cause is {cause}." if cause else "") if said else ""
