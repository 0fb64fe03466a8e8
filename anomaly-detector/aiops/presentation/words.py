"""A cause in words, the same in pages and notifications."""

from aiops.model import names
from aiops.model.accepted import Expectation
from aiops.model.cause import Cause
from aiops.model.finding import Family
from aiops.model.incident import Incident
from aiops.model.series import Labels, value_of
from aiops.model.severity import Severity
from aiops.model.slo import Urgency
from aiops.presentation.numbers import spoken

SURE = ((0.9, "almost certain"), (0.7, "likely"), (0.4, "possible"), (0.0, "a weak hint"))


def sure(confidence: float) -> str:
    """Write a confidence in words."""
    return next(words for bound, words in SURE if confidence >= bound)


def place(cause: Cause) -> str:
    """Write the place of a cause: `payment POST /payment`."""
    parts = (cause.service, cause.method, cause.endpoint)
    where = " ".join(part for part in parts if part)
    return f"{cause.caller} → {where}" if cause.caller else where


def why_severe(incident: Incident) -> str:
    """Write why an incident has its severity, by the rule that gave it: `failures reach users`."""
    families = {family for _, family in incident.symptoms}
    match incident.severity:
        case Severity.CRITICAL:
            if Family.NO_TELEMETRY in families:
                return "no telemetry arrives from any service"
            paged = next((one.slo for one in incident.slo_impact if one.urgency == Urgency.PAGE), "")
            if paged:
                return f"{paged} burns so fast that it pages"
            return "what users call fails for all of them"
        case Severity.HIGH:
            return "users stay away" if families == {Family.TRAFFIC} else "failures reach users"
        case Severity.MEDIUM:
            return "users wait longer, and get their answers" if families == {Family.LATENCY} else "users feel it"
        case Severity.LOW:
            return "no user notices it"


def again(incident: Incident) -> str:
    """Write how often the trouble was there, if more than once: `5th time in 40 minutes`, from the first detection to
    the detection of the last episode."""
    if incident.occurrences < 2:
        return ""
    return f"{nth(incident.occurrences)} time in {spoken(incident.episode.detected - incident.first_detected)}"


def nth(number: int) -> str:
    """Write an ordinal: `1st`, `2nd`, `11th`, `23rd`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def written(family: str, what: Expectation) -> str:
    """Write an expectation with its unit."""
    if what.expected is None:
        return "nothing known"
    if family == Family.TRAFFIC:
        return f"{what.expected:.3g} requests a second"
    return f"{1000 * what.expected:.3g} ms" if what.expected < 1 else f"{what.expected:.3g} s"


def series_words(series: Labels, family: str) -> str:
    """Write what a series counts: `Failing requests of payment POST /payment`."""
    caller = value_of(series, names.CALLER)
    parts = (value_of(series, key) for key in (names.SERVICE, names.METHOD, names.ROUTE))
    where = f"{caller} → {value_of(series, names.CALLEE)}" if caller else " ".join(filter(None, parts))
    what = "calls" if caller else "requests"
    return {
        Family.ERRORS: f"{where}: failing {what}",
        Family.LATENCY: f"{where}: duration",
        Family.TRAFFIC: f"{where}: requests",
        Family.SILENCE: f"{where}: telemetry",
    }.get(Family(family), f"{where}: {family}")
