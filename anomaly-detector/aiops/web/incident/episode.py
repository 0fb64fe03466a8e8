"""What happened during an incident: the states of its series, and alerts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiops.model import Alert, AlertState, SeriesState
from aiops.presentation.words import series_words
from aiops.service.picture import IncidentPicture
from aiops.web.chart import strip
from aiops.web.drawing import Shade

LIFE: Final = {
    SeriesState.NORMAL: "inactive",
    SeriesState.SUSPECT: "pending",
    SeriesState.INCIDENT: "firing",
    SeriesState.RECOVERING: "recovering",
}
"""The states of a series as those of an alert of Prometheus; a recovering one still fires, and is calm."""
RESOLVED: Final = "resolved"
STATES: Final = (*LIFE.values(), RESOLVED)
"""All states of an alert, in the order in which one goes through them."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of the episode: a strip over time, with its name."""

    name: str
    shades: tuple[Shade, ...]
    words: str


def lanes(picture: IncidentPicture, alerts: Sequence[Alert]) -> Iterator[Lane]:
    """Yield the states of the series and of alerts of other rules, on the axis of the charts.

    Alertmanager reports that an alert fires or is resolved; when it was pending is not known, and not drawn.
    """
    for each in (*([picture.cause] if picture.cause is not None else []), *picture.hit):
        kinds = list(_lived(each.states))
        shades = strip(picture.window, each.times, kinds, picture.step)
        yield Lane(series_words(each.series, each.family), shades, f"now {kinds[-1]}" if kinds else "")
    for alert in alerts:
        end = picture.window.end
        over = min(alert.ends_at if alert.ends_at is not None else end, end)
        start = max(alert.starts_at, picture.window.start)
        if start < over:
            shades = strip(picture.window, [over], [str(AlertState.FIRING)], over - start)
            if over < end:
                shades += strip(picture.window, [end], [RESOLVED], end - over)
            yield Lane(f"Alert {alert.name or 'without a name'}", shades, f"now {alert.state}")


def _lived(states: Sequence[SeriesState]) -> Iterator[str]:
    """Yield the states of an alert: what is normal again after it fired is resolved."""
    fired = False
    for state in states:
        fired |= state >= SeriesState.INCIDENT
        yield RESOLVED if fired and state == SeriesState.NORMAL else LIFE[state]
