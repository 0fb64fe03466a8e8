"""What is said of a cause in words, alike in pages and notifications."""

from math import inf

from aiops.model.accepted import Expectation
from aiops.model.finding import Family
from aiops.model.incident import Cause, Incident

SURE = ((0.9, "almost certain"), (0.7, "likely"), (0.4, "possible"), (0.0, "a weak hint"))


def sure(confidence: float) -> str:
    """How sure, in words."""
    return next(words for bound, words in SURE if confidence >= bound)


def place(cause: Cause) -> str:
    """Where a cause is: `payment POST /payment`."""
    parts = (cause.service, cause.method, cause.endpoint)
    where = " ".join(part for part in parts if part)
    return f"{cause.caller} → {where}" if cause.caller else where


def again(incident: Incident) -> str:
    """How often it was there, when it was more than once: `5th time in 40 minutes`. The time goes from its first
    detection to that of the last episode."""
    if incident.occurrences < 2:
        return ""
    return f"{nth(incident.occurrences)} time in {spoken(incident.episode.detected - incident.first_detected)}"


def nth(number: int) -> str:
    """An ordinal: `1st`, `2nd`, `11th`, `23rd`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def spoken(seconds: float) -> str:
    """A length of time in the unit in which people would say it: `40 seconds`, `3 hours`."""
    units = (("second", 1, 90.0), ("minute", 60, 5400.0), ("hour", 3600, 129_600.0), ("day", 86_400, inf))
    unit, size, _ = next(one for one in units if seconds < one[2])
    count = max(0, round(seconds / size))
    return f"{count} {unit}{'' if count == 1 else 's'}"


def written(family: str, what: Expectation) -> str:
    """What is expected, with its unit."""
    if what.expected is None:
        return "nothing known"
    if family == Family.TRAFFIC:
        return f"{what.expected:.3g} requests a second"
    return f"{1000 * what.expected:.3g} ms" if what.expected < 1 else f"{what.expected:.3g} s"
