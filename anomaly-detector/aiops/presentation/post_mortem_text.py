"""A post-mortem as Markdown."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from aiops.presentation.documents.post_mortem import PostMortem, PostMortemQuestions, SeriesOverTime
from aiops.presentation.filters import change_kind, minutes, moment
from aiops.presentation.markdown_writing import link, plain, table
from aiops.presentation.numbers import percent, span_of_time
from aiops.presentation.post_mortem_questions import ACTIONS
from aiops.presentation.why import amount_of
from aiops.presentation.words import sure

MOMENTS: Final = 12
"""Rows of the table of one series at most: from the first to the last, evenly."""
BLANK: Final = "…"


def post_mortem_markdown(of: PostMortem) -> str:
    """Return the post-mortem as Markdown. What comes from telemetry is escaped."""
    parts = (
        _head(of),
        _blanks(of, ("Authors",)),
        _summary(of),
        _impact(of),
        _cause(of),
        _blanks(of, ("Trigger", "Resolution", "Detection")),
        _timeline(of),
        _beside(of),
        _series(of),
        _blanks(of, ("What went well", "What went wrong", "Where we were lucky")),
        _actions(of),
    )
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def detected(after: float) -> str:
    """Write how long after the onset an incident was found."""
    return f"after {span_of_time(after)}" if after >= 1 else "with the first bad step"


def _head(of: PostMortem) -> Iterator[str]:
    yield f"# Post-mortem: {plain(of.headline)}"
    yield ""
    if not of.over:
        yield f"**This incident is not over.** What is written here was known at {_at(of.as_of)}, and will change."
        yield ""
    yield f"- Incident: {link(of.incident, of.page)}, severity {of.severity}, {of.state}"
    yield f"- Written: {_at(of.as_of)}, by the engine; the parts marked {BLANK} are for people"
    yield ""


def _summary(of: PostMortem) -> Iterator[str]:
    one = of.summary
    yield from ("## Summary", "")
    until = "it lasts" if one.until is None else f"until {_at(one.until)}"
    taken = one.acknowledged_after_seconds
    rows = [
        ("What", plain(one.what)),
        ("Since", f"{_at(one.since)}, {until}"),
        ("How long", span_of_time(one.lasted_seconds) + ("" if of.over else " until now")),
        ("Detected", detected(one.detected_after_seconds)),
        ("Acknowledged", "by nobody" if taken is None else f"after {span_of_time(taken)}"),
        ("Users", plain(one.users)),
        *([("Owner", plain(one.owner))] if one.owner else []),
        ("Services", plain(", ".join(one.services)) or "none known"),
        ("Endpoints", plain(", ".join(one.endpoints)) or "none known"),
        ("How it ended", plain(one.resolution or "it is not over")),
    ]
    yield from table(("", ""), rows)
    yield ""
    yield from (f"Not everything could be read: {plain(gap)}" for gap in of.gaps)
    if of.gaps:
        yield ""


def _impact(of: PostMortem) -> Iterator[str]:
    one = of.impact
    yield from ("## Impact", "", f"{plain(of.summary.users)}.", "")
    if one.endpoints:
        rows = [
            (
                plain(" ".join(filter(None, (each.service, each.method, each.route)))),
                f"{each.requests:,.0f}",
                f"{each.failed:,.0f}",
                "unknown" if each.mean_ms is None else f"{each.mean_ms:,.0f} ms",
            )
            for each in one.endpoints
        ]
        yield from table(("Endpoint of users", "Requests", "Failed", "Mean duration"), rows)
        yield ""
    if one.budgets:
        budgets = [
            (
                plain(" ".join((each.slo, *each.group.values()))),
                "unknown" if each.minutes is None else minutes(each.minutes),
                "unknown" if each.of_minutes is None else minutes(each.of_minutes),
                f"{each.burn_rate:.1f} times",
                percent(each.budget_left) if each.budget_left > 0 else "none",
            )
            for each in one.budgets
        ]
        yield from table(("Objective", "Budget lost", "Of the period", "As fast as allowed", "Left"), budgets)
    elif one.watched:
        yield f"No objective was hit. Watched: {plain(', '.join(one.watched))}."
    else:
        yield "No objective watches these services."
    yield ""


def _cause(of: PostMortem) -> Iterator[str]:
    one = of.cause
    yield from ("## Root cause", "")
    if one is None:
        yield from (f"No cause was found: {plain(of.no_cause or 'the evidence does not carry one')}.", "", BLANK, "")
        return
    low, high = one.interval
    yield f"{plain(one.text)}."
    yield ""
    yield f"- Confidence: {sure(one.confidence)}, {percent(one.confidence)}, between {percent(low)} and {percent(high)}"
    yield from (f"- {plain(each)}" for each in one.sentences)
    if one.change:
        yield f"- It came with the {plain(one.change)}"
    yield from (f"- Ruled out: {plain(each)}" for each in one.ruled_out)
    yield from (f"- It could also be: {plain(each)}" for each in one.alternatives)
    yield ""
    if one.evidence:
        yield from ("### Evidence", "", *(f"- {plain(each)}" for each in one.evidence), "")
    if one.traces:
        yield f"Bad traces: {', '.join(f'`{_code(each)}`' for each in one.traces)}"
        yield ""


def _timeline(of: PostMortem) -> Iterator[str]:
    yield from ("## Timeline", "", "All times are in UTC.", "")
    rows = [
        (_at(each.at), plain(each.what), "; ".join(plain(text) for text in (each.text, *each.more)))
        for each in of.timeline
    ]
    yield from table(("Time", "What", "In words"), rows)
    yield ""


def _beside(of: PostMortem) -> Iterator[str]:
    yield from ("## What people did", "")
    actions = [(_at(one.at), plain(one.who), plain(one.what), plain(one.text)) for one in of.actions]
    yield from table(("Time", "Who", "What", "In words"), actions) if actions else ("Nothing is recorded.",)
    yield from ("", "## Changes", "")
    changes = [
        (
            _at(one.at),
            plain(" ".join(filter(None, (change_kind(one.kind), "of", one.service, one.version)))),
            plain(one.text or ""),
            plain(": ".join(filter(None, (one.verdict or "not considered", one.why)))),
        )
        for one in of.changes
    ]
    heads = ("Time", "Change", "In words", "Origin of the trouble?")
    yield from table(heads, changes) if changes else ("No change of these services is known of the day before.",)
    yield from ("", "## Alerts of other rules", "")
    alerts = [
        (
            plain(one.name or "without a name"),
            plain(one.severity),
            _at(one.since),
            "it fires" if one.until is None else _at(one.until),
            plain(one.summary),
        )
        for one in of.alerts
    ]
    yield from table(("Alert", "Severity", "Since", "Until", "In words"), alerts) if alerts else ("None.",)
    yield from ("", "## The same before", "")
    for past in of.past:
        ended = f": {plain(past.resolution)}" if past.resolution else ""
        lasted = span_of_time(past.lasted_seconds)
        yield f"- {link(past.id, past.page)}, {_at(past.since)}, for {lasted}, {plain(past.headline)}{ended}"
    yield from ("",) if of.past else ("No incident is alike.", "")


def _series(of: PostMortem) -> Iterator[str]:
    if not of.series:
        return
    yield from ("## Over time", "")
    marks = "; ".join(f"{_at(one.at)} {plain(one.text)}" for one in of.moments)
    yield from (f"{marks}.", "")
    for one in of.series:
        yield from (f"### {plain(one.title)}", "")
        rows = [
            (moment(one.times[at]), _value(one, one.observed[at]), _value(one, one.expected[at])) for at in _some(one)
        ]
        yield from table(("Time", "Observed", "Expected"), rows) if rows else ("No data.",)
        yield ""


def _some(one: SeriesOverTime) -> Sequence[int]:
    count = len(one.times)
    if count <= MOMENTS:
        return range(count)
    return [round(at * (count - 1) / (MOMENTS - 1)) for at in range(MOMENTS)]


def _value(one: SeriesOverTime, value: float | None) -> str:
    return "unknown" if value is None else amount_of(one.family, value)


def _blanks(of: PostMortem, sections: Sequence[str]) -> Iterator[str]:
    for one in of.for_people:
        if one.section in sections:
            yield from _blank(one)


def _blank(one: PostMortemQuestions) -> Iterator[str]:
    yield from (f"## {one.section}", "")
    yield from (f"*{each}*" for each in one.questions)
    yield from ("", BLANK, "")


def _actions(of: PostMortem) -> Iterator[str]:
    asked = next((one.questions for one in of.for_people if one.section == ACTIONS), [])
    yield from (f"## {ACTIONS}", "")
    rows = [
        (kind, f"*{question}* {BLANK}", BLANK, BLANK) for kind, _, question in (one.partition(": ") for one in asked)
    ]
    yield from table(("Kind", "What to do", "Owner", "Until"), rows)


def _at(time: str) -> str:
    return moment(datetime.fromisoformat(time).timestamp())


def _code(text: str) -> str:
    return "".join(each for each in text if each.isalnum() or each in "-_.:")
