"""Why a series alerts, or why it does not, in one sentence: now by where it stands, earlier by its verdicts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite, isnan

from aiops.model import ConfirmationRule, Family, SeriesState, Standing, Tier, Verdict
from aiops.presentation.numbers import duration, percent, span_of_time


def amount_of(family: str, value: float) -> str:
    """Write a value of a family with its unit: `4.1%`, `560 ms`, `0.3 req/s`, `45 s`."""
    if not isfinite(value):
        return "unknown"
    if family == Family.ERRORS:
        return percent(value)
    if family == Family.LATENCY:
        return duration(value)
    return f"{value:.3g} req/s" if family == Family.TRAFFIC else span_of_time(value)


def why_now(one: Standing, last: Verdict | None = None) -> str:
    """Say why a series alerts now, or why not. last: its last verdict, where verdicts of its family are stored."""
    if one.state == SeriesState.INCIDENT:
        return f"Alerted: abnormal since {_at(one.onset or one.at)}; {_since_onset(one)}."
    if one.state == SeriesState.RECOVERING:
        if one.calm < one.rule.calm:
            return f"Recovering: {_steps(one.calm)} calm; {one.rule.calm} calm steps in a row end the alert."
        return (
            f"Recovering: {_steps(one.calm)} calm; the alert ends as soon as they rule out that the trouble of "
            f"{_at(one.onset or one.at)} goes on."
        )
    if one.until - one.at > one.absent_seconds:
        return f"Not judged: nothing was heard of it since {_at(one.at)}."
    if one.state == SeriesState.SUSPECT:
        return f"Not alerted: {_suspicion(one)}."
    if isnan(one.score):
        return _unjudged(one)
    return f"Not alerted: {one.score:.1f} of the boundary{_needs(one, last)}."


def why_then(verdicts: Sequence[Verdict], rule: ConfirmationRule) -> str:
    """Say whether a series alerted in a time, and why not. verdicts: all of one series and family, by time."""
    judged = [one for one in verdicts if not isnan(one.score)]
    if not judged:
        return "Not judged in this time: it was still being learned, or nothing was heard of it."
    if on := [one for one in judged if one.state >= SeriesState.INCIDENT]:
        worst = max(on, key=lambda one: (one.score, one.observed))
        told = f"at its worst {amount_of(worst.family, worst.observed)} at {_at(worst.at)}"
        return f"Alerted in this time: in {len(on)} of {_steps(len(verdicts))}, first at {_at(on[0].at)}, {told}."
    peak = max(judged, key=lambda one: one.score)
    seen = f"{amount_of(peak.family, peak.observed)} at {_at(peak.at)}"
    if peak.score < 1:
        upper = f", usual up to {amount_of(peak.family, peak.upper)}" if isfinite(peak.upper) else ""
        return f"Not alerted in this time: at most {peak.score:.1f} of the boundary, {seen}{upper}."
    most = max(
        sum(one.score >= 1 for one in verdicts[max(0, at - rule.of + 1) : at + 1]) for at in range(len(verdicts))
    )
    if most >= rule.needed and peak.tier == Tier.DEFAULTS:
        return f"Not alerted in this time: {seen} is abnormal, but it was too young for anything but clear evidence."
    return f"Not alerted in this time: {seen} is abnormal, but {_confirms(rule)}; at most {_were(most, rule)}."


def _since_onset(one: Standing) -> str:
    seen, usual = amount_of(one.family, one.observed), amount_of(one.family, one.expected)
    match one.family:
        case Family.ERRORS:
            return f"{seen} of its requests failed since then, {usual} expected"
        case Family.LATENCY:
            return f"a request took {seen} on average since then, {usual} expected"
        case Family.TRAFFIC:
            return f"{seen} since then, {usual} expected"
        case Family.SILENCE:
            return "no telemetry came since then, although it is called"
    return f"{seen} since then, {usual} expected"


def _suspicion(one: Standing) -> str:
    if one.tier == Tier.DEFAULTS:
        return f"{_were(one.abnormal, one.rule)} abnormal; {_young(one)}"
    if one.abnormal >= one.rule.needed:
        return f"{_were(one.abnormal, one.rule)} abnormal, but the last one was not"
    return f"{_confirms(one.rule)}; {_were(one.abnormal, one.rule)}"


def _confirms(rule: ConfirmationRule) -> str:
    """Write the rule: `2 of the last 3 steps must be abnormal, or one by far`."""
    alone = ", or one by far" if rule.alone else ""
    together = ", or all of them together" if rule.together else ""
    return f"{rule.needed} of the last {rule.of} steps must be abnormal{alone}{together}"


def _were(count: int, rule: ConfirmationRule) -> str:
    return f"{count} of {rule.of} {'was' if count == 1 else 'were'}"


def _young(one: Standing) -> str:
    return (
        f"it is watched for {span_of_time(one.watched)}, and in its first {span_of_time(one.young_seconds)} only "
        "clear evidence counts"
    )


def _unjudged(one: Standing) -> str:
    rule = one.rule
    if one.watched < rule.seconds:
        return f"Learning: {span_of_time(one.watched)} of {span_of_time(rule.seconds)}; nothing is judged before."
    if one.points < rule.points:
        return f"Learning: {one.points} of {rule.points} steps; nothing is judged before."
    if one.family == Family.LATENCY:
        return "Not judged: its requests last as long as their clients listen, so their duration says nothing."
    if one.family == Family.SILENCE:
        return "Not judged: its telemetry comes too rarely to miss it."
    return "Not judged in the last step."


def _needs(one: Standing, last: Verdict | None) -> str:
    """Write what would be abnormal."""
    if one.tier == Tier.DEFAULTS:
        return f"; {_young(one)}"
    if one.family == Family.SILENCE and one.enough is not None:
        return f"; {span_of_time(one.enough)} without telemetry would be abnormal"
    if one.enough is not None and isnan(one.enough):
        return "; a step with so few requests cannot be abnormal by itself"
    if one.enough is not None:
        return f"; a step like the last one would need {amount_of(one.family, one.enough)} errors or more"
    if last is not None and isfinite(last.upper):
        return f"; the last step would have needed {amount_of(last.family, last.upper)} or more"
    return ""


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def _at(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")
