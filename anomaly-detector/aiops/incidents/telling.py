"""When people are notified of trouble that comes and goes.

The first episode is announced. A later episode is announced by itself when the last notification was long enough ago (a
wait that doubles with each notification), when it is worse than people know, or when it lasts for longer than the
earlier ones. The other episodes are entries of the timeline and are not announced: neither their beginning nor their
end.
"""

from typing import Final

from aiops.model import Incident, Notice, Severity

WAIT: Final = 900.0
LONGEST_WAIT: Final = 7200.0
"""Seconds between two notifications: at first, and at most."""
STAYS: Final = (60.0, 300.0)
"""Seconds after which an episode that does not end is announced: at twice the longest earlier one, but not before the
first value and not after the second."""


def is_news(incident: Incident, severity: Severity, at: float) -> bool:
    """Whether people are to be notified that the trouble is back."""
    last = incident.notice
    if last is None or severity.rank > last.severity.rank:
        return True
    return at - last.at >= min(LONGEST_WAIT, WAIT * 2.0 ** min(last.times - 1, 10))


def stays(incident: Incident, at: float) -> bool:
    """Whether the present episode lasts for longer than one that people would expect."""
    longest = max((one.ended - one.onset for one in incident.episodes[:-1] if one.ended is not None), default=0.0)
    least, most = STAYS
    return at - incident.episode.detected >= min(most, max(least, 2.0 * longest))


def noticed(incident: Incident, at: float) -> Notice:
    """Return what people know after this notification."""
    last = incident.notice
    worst = incident.severity if last is None else max(last.severity, incident.severity, key=lambda one: one.rank)
    return Notice(at, 1 if last is None else last.times + 1, worst)
