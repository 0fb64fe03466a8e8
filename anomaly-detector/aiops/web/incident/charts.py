"""The charts of an incident: its series over time, with the moments that are marked in all of them."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from aiops.model import ChangeVerdict, Incident
from aiops.presentation.filters import rate
from aiops.presentation.trend import trend
from aiops.presentation.why import amount_of
from aiops.presentation.words import series_words
from aiops.service.picture import IncidentPicture, JudgedHistory
from aiops.web.chart import Chart, Curves, Flag, chart

ACTION: Final = "acknowledged"
"""What the timeline calls something that somebody did."""
MOST_CHANGES: Final = 6
"""Changes that are marked in charts at most."""


def drawn(of: JudgedHistory, picture: IncidentPicture, marks: Sequence[Flag]) -> Chart:
    return chart(
        Curves(
            title=series_words(of.series, of.family),
            window=picture.window,
            step=picture.step,
            times=of.times,
            lines={"observed": of.observed, "expected": of.expected},
            amount=partial(amount_of, of.family),
            lower=of.lower,
            upper=of.upper,
            flags=marks,
        )
    )


def course(picture: IncidentPicture, marks: Sequence[Flag]) -> Iterator[Chart]:
    """Draw the requests of users and the score of the cause's series."""
    if picture.traffic:
        times = [at for at, _ in picture.traffic]
        yield chart(
            Curves(
                title="requests of users",
                window=picture.window,
                step=times[1] - times[0] if len(times) > 1 else picture.step,
                times=times,
                lines={"observed": [value for _, value in picture.traffic]},
                amount=rate,
                flags=marks,
            )
        )
    cause = picture.cause
    if cause is not None:
        yield chart(
            Curves(
                title="score of the cause's series, above 1 is unusual",
                window=picture.window,
                step=picture.step,
                times=cause.times,
                lines={"observed": cause.score},
                amount=lambda value: f"{value:.2g}",
                lower=[0.0] * len(cause.times),
                upper=[1.0] * len(cause.times),
                flags=marks,
            )
        )


def flags(one: Incident) -> Iterator[Flag]:
    yield Flag(one.onset, "onset", "the trouble begins")
    detected = one.episode.detected
    if detected > one.onset:
        yield Flag(detected, "detected", "it is found")
    considered = one.root_cause.changes_considered if one.root_cause is not None else ()
    for each in [one for one in considered if one.verdict != ChangeVerdict.REJECTED][:MOST_CHANGES]:
        change = each.change
        yield Flag(change.at, "change", change.named)
    for entry in [entry for entry in one.timeline if entry.what == ACTION][-MOST_CHANGES:]:
        yield Flag(entry.at, "action", entry.text)
    if one.resolved_at is not None:
        yield Flag(one.resolved_at, "over", "it is over")


def course_of(cause: JudgedHistory | None, one: Incident, step: float) -> str | None:
    """Write whether the trouble grows, stays or recedes; None where it is over, or cannot be told."""
    if cause is None or one.resolved_at is not None:
        return None
    since = [at for at, time in enumerate(cause.times) if time > one.onset - step]
    observed, expected = ([values[at] for at in since] for values in (cause.observed, cause.expected))
    return trend(observed, expected, step, partial(amount_of, cause.family))
