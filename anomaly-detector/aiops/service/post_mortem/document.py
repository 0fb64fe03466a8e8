"""The record of an incident as the document of a post-mortem."""

from collections.abc import Iterator
from math import isfinite
from typing import Final

from aiops.model import Change, Family, iso, names
from aiops.presentation.cause_kinds import is_slow
from aiops.presentation.confidence import confidence_of
from aiops.presentation.documents import post_mortem as documents
from aiops.presentation.filters import kind
from aiops.presentation.headline import headline
from aiops.presentation.numbers import duration, percent
from aiops.presentation.post_mortem_questions import questions
from aiops.presentation.reasons import reasons
from aiops.presentation.timeline import bursts
from aiops.presentation.words import place, series_words
from aiops.service.picture import JudgedHistory
from aiops.service.post_mortem.actions import marked_moments, people_did
from aiops.service.post_mortem.record import IncidentRecord

UNITS: Final = {Family.ERRORS: "ratio", Family.LATENCY: "seconds"}
DIGITS: Final = 4
"""Significant digits of values over time."""
LINES: Final = ("observed", "expected", "lower", "upper")
TRACES: Final = 5


def post_mortem_document(of: IncidentRecord, base_url: str) -> documents.PostMortem:
    """Return the document. Links begin with `base_url`."""
    one = of.incident
    history = [*([of.picture.cause] if of.picture.cause is not None else []), *of.picture.hit]
    return documents.PostMortem(
        incident=one.id,
        headline=headline(one),
        severity=one.severity.value,
        state=one.state.value,
        over=one.resolved_at is not None,
        as_of=iso(of.now),
        page=f"{base_url}/incidents/{one.id}",
        summary=_summary(of),
        timeline=[
            documents.PostMortemEvent(
                at=iso(row.at),
                what=row.what if len(row.entries) == 1 else f"{len(row.entries)} symptoms at once",
                text=row.entries[0].text,
                more=[each.text for each in row.entries[1:]],
            )
            for row in reversed(list(bursts(one.timeline)))
        ],
        cause=_cause(of),
        no_cause=one.no_cause or None,
        impact=_impact(of),
        alerts=[
            documents.PostMortemAlert(
                name=each.name,
                state=str(each.state),
                severity=each.severity,
                since=iso(each.starts_at),
                until=None if each.ends_at is None else iso(each.ends_at),
                summary=each.summary,
            )
            for each in sorted(of.alerts, key=lambda each: each.starts_at)
        ],
        changes=list(_changes(of)),
        actions=list(people_did(of)),
        past=[
            documents.PostMortemPast(
                id=each.id,
                headline=headline(each),
                since=iso(each.onset),
                lasted_seconds=round((each.resolved_at or of.now) - each.onset, 3),
                resolution=each.resolution or None,
                page=f"{base_url}/incidents/{each.id}",
            )
            for each in of.alike
        ],
        series=[_series(each, of.picture.step) for each in history],
        moments=list(marked_moments(of)),
        gaps=list(of.picture.gaps),
        for_people=questions(),
    )


def _summary(of: IncidentRecord) -> documents.PostMortemSummary:
    one = of.incident
    end = of.now if one.resolved_at is None else one.resolved_at
    taken = next(
        (row.entry.at for row in of.actions if row.entry.what == "acknowledge" and row.entry.at >= one.onset), None
    )
    return documents.PostMortemSummary(
        what=headline(one),
        since=iso(one.onset),
        until=None if one.resolved_at is None else iso(one.resolved_at),
        lasted_seconds=round(max(0.0, end - one.onset), 3),
        detected_after_seconds=round(max(0.0, one.episode.detected - one.onset), 3),
        acknowledged_after_seconds=None if taken is None else round(taken - one.onset, 3),
        users=_users(of),
        owner=of.responsible.entry.owner or None if of.responsible is not None else None,
        services=list(one.affected_services),
        endpoints=list(one.affected_endpoints),
        resolution=one.resolution or None,
    )


def _users(of: IncidentRecord) -> str:
    users = of.picture.users
    if users is None:
        return "It is not known which requests of users were hit"
    if not users.hit:
        return "No request of users shows it"
    if users.failed >= 1 and not is_slow(of.incident):
        return f"{users.failed:,.0f} requests of users failed, {percent(users.failed / users.every)} of all requests"
    took = f", {duration(users.seconds)} each" if users.seconds is not None else ""
    return f"{users.requests:,.0f} requests of users were slow, {percent(users.requests / users.every)} of all{took}"


def _cause(of: IncidentRecord) -> documents.PostMortemCause | None:
    one, root = of.incident, of.incident.root_cause
    if root is None:
        return None
    told = confidence_of(one, of.evidence, of.picture.others)
    sentences = [] if told is None else [told.place, told.kind]
    if told is not None and told.alike:
        sentences.append(f"What looks the same in telemetry: {told.alike}")
    shared = [
        f"{each.attribute} = {each.value} in {percent(each.share_of_bad)} of the bad requests and "
        f"{percent(each.share_of_good)} of the good ones"
        for each in root.dimensions
    ]
    return documents.PostMortemCause(
        place=place(root.cause),
        text=f"{place(root.cause)}: {kind(root.cause.kind)}. {root.description}",
        confidence=root.confidence,
        interval=root.interval,
        sentences=sentences,
        ruled_out=list(told.excluded) if told is not None else [],
        alternatives=[f"{place(other)}: {kind(other.kind)} ({percent(rate)})" for other, rate in root.alternatives],
        evidence=list(dict.fromkeys([*(each.text for each in reasons(one, of.evidence)), *shared])),
        change=root.change,
        traces=list(one.trace_correlation.trace_ids[:TRACES]),
    )


def _impact(of: IncidentRecord) -> documents.PostMortemImpact:
    users = of.picture.users
    return documents.PostMortemImpact(
        failed=None if users is None else round(users.failed, 1),
        requests=None if users is None else round(users.requests, 1),
        every=None if users is None else round(users.every, 1),
        since=None if users is None else iso(users.window.start),
        endpoints=[
            documents.PostMortemEndpoint(
                service=each.service,
                method=each.method,
                route=each.route,
                requests=round(each.requests, 1),
                failed=round(each.failed, 1),
                mean_ms=round(1000 * each.seconds / each.requests, 1) if each.requests else None,
            )
            for each in (users.hit if users is not None else ())
        ],
        budgets=[
            documents.PostMortemBudget(
                slo=each.impact.slo,
                group={key: value for key, value in each.impact.group if key != names.NAME},
                minutes=None if each.minutes is None else round(each.minutes, 2),
                of_minutes=None if each.whole is None else round(each.whole, 2),
                burn_rate=each.impact.burn_rate,
                budget_left=each.impact.budget_left,
            )
            for each in of.picture.budgets
        ],
        watched=[each.name for each in of.picture.watched],
    )


def _changes(of: IncidentRecord) -> Iterator[documents.PostMortemChange]:
    """Yield the changes that were considered, and others of the services it hits, oldest first."""
    root = of.incident.root_cause
    considered = {each.change: each for each in (root.changes_considered if root is not None else ())}
    listed: dict[Change, None] = dict.fromkeys([*considered, *of.changes])
    for change in sorted(listed, key=lambda each: each.at):
        told = considered.get(change)
        yield documents.PostMortemChange(
            at=iso(change.at),
            kind=change.kind,
            service=change.service,
            version=change.version or None,
            who=change.who or None,
            text=change.text or None,
            source=change.source or None,
            verdict=None if told is None else str(told.verdict),
            why=None if told is None else told.why or None,
        )


def _series(of: JudgedHistory, step: float) -> documents.SeriesOverTime:
    return documents.SeriesOverTime.model_validate(
        {
            "title": series_words(of.series, of.family),
            "family": str(of.family),
            "unit": UNITS.get(of.family, "requests_per_second"),
            "step_seconds": step,
            "times": [round(at, 3) for at in of.times],
            **{
                name: [_short(each) for each in getattr(of, name)]
                for name in ("observed", "expected", "lower", "upper")
            },
        }
    )


def _short(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if isfinite(value) else None
