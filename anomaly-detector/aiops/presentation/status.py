"""How each status is shown: a mark beside each colour, for people who cannot tell the colours apart, and words."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class StatusStyle:
    """mark: one character. words: the text for people. rank: the severity whose colour it has on pages, "" for none.
    colour: on a terminal."""

    mark: str
    words: str
    rank: str = ""
    colour: str = ""


SEVERITIES: Final = {
    "critical": StatusStyle("⬣", "critical", "critical", "red"),
    "high": StatusStyle("▲", "high", "high", "red"),
    "medium": StatusStyle("◆", "medium", "medium", "yellow"),
    "low": StatusStyle("●", "low", "low", "yellow"),
}
HEALTH: Final = {
    "healthy": StatusStyle("✓", "healthy"),
    "degraded": StatusStyle("▲", "degraded"),
    "unhealthy": StatusStyle("✕", "unhealthy"),
    "unknown": StatusStyle("?", "unknown"),
}
SLO_STATES: Final = {
    "exhausted": StatusStyle("▲", "budget spent", "high", "red"),
    "burns_fast": StatusStyle("⬣", "burning fast", "critical", "red"),
    "burns_slowly": StatusStyle("◆", "burning slowly", "medium", "yellow"),
    "no_data": StatusStyle("?", "no data", "", "yellow"),
    "ok": StatusStyle("✓", "on target", "resolved", "green"),
}
"""The states of objectives, in the order in which a report lists them."""
BELOW_TARGET: Final = StatusStyle("◇", "below target so far", "medium", "yellow")
"""Shown where budget is left only because of time without data."""
DRILLS: Final = {
    "running": StatusStyle("…", "running"),
    "found": StatusStyle("✓", "found", "resolved", "green"),
    "late": StatusStyle("◆", "late", "medium", "yellow"),
    "missed": StatusStyle("▲", "missed", "high", "red"),
    "failed": StatusStyle("✕", "failed", "high", "red"),
    "skipped": StatusStyle("●", "skipped"),
}
UNKNOWN: Final = StatusStyle("●", "")


def slo_style(state: str, short: bool = False) -> StatusStyle:
    """Return the style of the state of an objective. short: its ratio is below its target, although budget is left."""
    if state == "ok" and short:
        return BELOW_TARGET
    return SLO_STATES.get(str(state), UNKNOWN)


def drill_style(result: str) -> StatusStyle:
    """Return the style of the result of a drill."""
    return DRILLS.get(str(result), UNKNOWN)


def style(word: str) -> StatusStyle:
    """Return the style of a severity or a health."""
    return SEVERITIES.get(str(word)) or HEALTH.get(str(word)) or UNKNOWN
