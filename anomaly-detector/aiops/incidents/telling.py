"""When people are told of trouble that comes and goes.

The first episode is told. A later one is told by itself when the last time that people were told is long enough ago, a
wait that doubles with each telling; when it is worse than they know; or when it stays for longer than those before it.
The others stand in the timeline, and are not announced: neither their beginning nor their end.
"""

from typing import Final

from aiops.model import Incident, Notice, Severity

RANK: Final = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2, Severity.CRITICAL: 3}
WAIT: Final = 900.0
LONGEST_WAIT: Final = 7200.0
"""Seconds between two tellings: at first, and at most."""
STAYS: Final = (60.0, 300.0)
"""Seconds within which an episode is told that does not end: at twice the longest before it, but not sooner than the
first, and not later than the second."""


def is_news(incident: Incident, severity: Severity, at: float) -> bool:
    """Whether people are to be told that the trouble is there again."""
    last = incident.notice
    if last is None or RANK[severity] > RANK[last.severity]:
        return True
    return at - last.at >= min(LONGEST_WAIT, WAIT * 2.0 ** min(last.times - 1, 10))


def stays(incident: Incident, at: float) -> bool:
    """Whether the present episode lasts for longer than people would take for one more of the same."""
    longest = max((one.ended - one.onset for one in incident.episodes[:-1] if one.ended is not None), default=0.0)
    least, most = STAYS
    return at - incident.episode.detected >= min(most, max(least, 2.0 * longest))


def noticed(incident: Incident, at: float) -> Notice:
    """What people know, now that they are told."""
    last = incident.notice
    worst = incident.severity if last is None else max(last.severity, incident.severity, key=RANK.__getitem__)
    return Notice(at, 1 if last is None else last.times + 1, worst)
