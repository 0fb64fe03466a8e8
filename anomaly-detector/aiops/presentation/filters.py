"""Numbers and words for people: filters of the templates."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiops.model import CauseKind, Labels, LogLevel, Mute, iso, judged_service
from aiops.model.change import KIND_WORDS
from aiops.presentation import numbers
from aiops.presentation.actions import action_state, action_title, blast_words
from aiops.presentation.headline import headline
from aiops.presentation.markdown import markdown
from aiops.presentation.numbers import percent, span_of_time
from aiops.presentation.objectives import good_share, period_words, promise, slices_words
from aiops.presentation.silences import MUTED, mute_sentence
from aiops.presentation.status import drill_style, slo_style, style
from aiops.presentation.words import again, place, sure, why_severe, written

KINDS = {
    CauseKind.ERRORS: "its requests fail",
    CauseKind.LATENCY: "it is slow by itself",
    CauseKind.TIMEOUT: "it does not answer",
    CauseKind.DOWN: "it is down",
    CauseKind.NETWORK: "time is lost on the way to it",
    CauseKind.DEPENDENCY: "calls to it fail",
    CauseKind.TRAFFIC: "fewer requests reach it",
    CauseKind.MACHINE: "all that runs on it is slow at once",
}
SOURCES = {"github": "GitHub", "argocd": "Argo CD", "flags": "feature flags", "kubernetes": "Kubernetes"}
"""Where changes are known from."""
FAMILIES = {
    "errors": "too many errors",
    "latency": "too slow",
    "silence": "silent",
    "traffic": "too few requests",
    "no_telemetry": "no telemetry",
}


def moment(at: float) -> str:
    """Write a time with its zone."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(at: float) -> str:
    """Write the time of day in UTC: `14:03:59`."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def day(at: float) -> str:
    """Write the date in UTC: `2026-01-31`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def machine(at: float) -> str:
    """Write a time as RFC 3339, for programs."""
    return iso(at)


def age(at: float, now: float) -> str:
    """Write how long ago a time was: `4 min 10 s ago`."""
    return "just now" if now - at < 1 else f"{span_of_time(now - at)} ago"


def muted_word(mute: Mute) -> str:
    """Write in a word why an incident is not announced."""
    return MUTED[mute.kind]


def duration(seconds: float) -> str:
    """Write seconds or milliseconds; number and unit stay on one line."""
    return numbers.duration(seconds).replace(" ", "\N{NO-BREAK SPACE}")


def rate(per_second: float) -> str:
    """Write a rate, given per second: `12 req/s`, `0.3 req/min`."""
    if per_second >= 1 or per_second == 0:
        return f"{per_second:.0f} req/s" if per_second >= 10 or per_second == 0 else f"{per_second:.1f} req/s"
    return f"{60 * per_second:.1f} req/min"


def change_kind(word: str) -> str:
    """Write the kind of a change: `deployment`, `out-of-memory kill`."""
    return KIND_WORDS.get(word, word)


def source_name(word: str) -> str:
    """Write where a change is known from: `Argo CD`."""
    return SOURCES.get(word, word)


def mark(word: str) -> str:
    """Return the character shown beside a severity or a health."""
    return style(word).mark


def kind(of: CauseKind) -> str:
    """Write the kind of a cause in words."""
    return KINDS.get(of, str(of))


def log_level(severity: int) -> str:
    """Return the level of a severity number of OpenTelemetry; "" where it is not known."""
    level = LogLevel.of(severity)
    return "" if level is None else level.name.lower()


def symptom(pair: tuple[Labels, str]) -> str:
    """Write one symptom: `payment POST /payment: too many errors`."""
    series, family = pair
    of = dict(series)
    parts = [of.get(key, "") for key in ("service", "method", "route")]
    where = " ".join(part for part in parts if part)
    if "caller" in of:
        where = f"{of['caller']} → {of.get('callee', '')}"
    if where in ("", "*"):
        where = "every service"
    return f"{where}: {FAMILIES.get(family, family)}"


def times(rate: float | None) -> str:
    """Write a burn rate: `14×`, `0.3×`."""
    if rate is None:
        return "–"
    return f"{rate:.0f}×" if rate >= 10 or rate == 0 else f"{rate:.1f}×" if rate >= 0.1 else "< 0.1×"


def signed_percent(ratio: float) -> str:
    """Write the share of a budget that is left: `62%`, `0.4%`, `−130%`."""
    return f"\N{MINUS SIGN}{percent(-ratio)}" if ratio < 0 else percent(ratio)


def span_or_less(seconds: float) -> str:
    """Write the time that may still be lost, or the time lost beyond the budget."""
    words = span_of_time(abs(seconds))
    return f"{words} may still be bad" if seconds >= 0 else f"{words} too much"


def ms(value: float) -> str:
    """Write a duration that is given in milliseconds."""
    return duration(value / 1000)


def minutes(value: float) -> str:
    """Write minutes of a budget: `1.7 min`, `216 min`."""
    return f"{value:.0f} min" if value >= 9.95 else f"{value:.1f} min" if value >= 0.1 else "< 0.1 min"


def percents(value: float) -> float:
    """Return a position on a drawing with a width of 100."""
    return round(100 * min(max(value, 0.0), 1.0), 2)


FILTERS: tuple[Callable[..., Any], ...] = (
    action_state,
    action_title,
    again,
    age,
    blast_words,
    change_kind,
    clock,
    day,
    drill_style,
    duration,
    good_share,
    headline,
    judged_service,
    kind,
    log_level,
    machine,
    mark,
    markdown,
    minutes,
    moment,
    ms,
    mute_sentence,
    muted_word,
    percent,
    percents,
    period_words,
    place,
    promise,
    rate,
    signed_percent,
    slices_words,
    slo_style,
    source_name,
    span_of_time,
    span_or_less,
    sure,
    symptom,
    times,
    why_severe,
    written,
)
