"""Numbers and words as people read them: filters of the templates."""

from collections.abc import Callable
from datetime import UTC, datetime
from math import floor
from typing import Any

from aiops.model import CauseKind, Labels, Severity, Slo, iso
from aiops.presentation.words import again, place, sure, written

RANK = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2, Severity.CRITICAL: 3}
# A shape beside each colour, for those who do not tell colours apart.
MARKS = {
    "critical": "⬣",
    "high": "▲",
    "medium": "◆",
    "low": "●",
    "healthy": "✓",
    "degraded": "▲",
    "unhealthy": "✕",
    "unknown": "?",
    "burns_fast": "⬣",
    "exhausted": "▲",
    "burns_slowly": "◆",
    "ok": "✓",
    "no_data": "?",
}
SLO_RANKS = {"burns_fast": "critical", "exhausted": "high", "burns_slowly": "medium", "ok": "resolved", "no_data": ""}
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
FAMILIES = {
    "errors": "too many errors",
    "latency": "too slow",
    "silence": "silent",
    "traffic": "too few requests",
    "no_telemetry": "no telemetry",
}


def moment(at: float) -> str:
    """A time with its zone."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def machine(at: float) -> str:
    return iso(at)


def span_of_time(seconds: float) -> str:
    """A length of time to two units: `4 min 10 s`, `2 h 5 min`, `3 d 4 h`."""
    left = max(0, round(seconds))
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for rank, (name, size) in enumerate(units):
        if left >= size:
            below, smaller = units[min(rank + 1, 3)]
            rest = left % size // smaller if rank < 3 else 0
            return f"{left // size} {name}" + (f" {rest} {below}" if rest else "")
    return "0 s"


def age(at: float, now: float) -> str:
    return "just now" if now - at < 1 else f"{span_of_time(now - at)} ago"


def percent(ratio: float) -> str:
    """As many digits as it takes to tell rare from never and from always."""
    value = 100 * ratio
    if value == 0 or 10 <= value <= 99 or value >= 100:
        return f"{value:.0f}%"
    if value > 99:
        return f"{min(value, 99.9):.1f}%"
    return f"{value:.2g}%" if value >= 0.1 else "< 0.1%"


def duration(seconds: float) -> str:
    """Seconds or milliseconds; number and unit stay on one line."""
    if seconds >= 1:
        return f"{seconds:.2f}\N{NO-BREAK SPACE}s"
    spec = ".0f" if seconds >= 0.01 else ".2g"
    return f"{1000 * seconds:{spec}}\N{NO-BREAK SPACE}ms"


def rate(per_second: float) -> str:
    if per_second >= 1 or per_second == 0:
        return f"{per_second:.0f} req/s" if per_second >= 10 or per_second == 0 else f"{per_second:.1f} req/s"
    return f"{60 * per_second:.1f} req/min"


def mark(word: str) -> str:
    return MARKS.get(str(word), "●")


def kind(of: CauseKind) -> str:
    return KINDS.get(of, str(of))


def symptom(pair: tuple[Labels, str]) -> str:
    """One symptom: `payment POST /payment: too many errors`."""
    series, family = pair
    of = dict(series)
    parts = [of.get(key, "") for key in ("service", "method", "route")]
    where = " ".join(part for part in parts if part)
    if "caller" in of:
        where = f"{of['caller']} → {of.get('callee', '')}"
    if where in ("", "*"):
        where = "every service"
    return f"{where}: {FAMILIES.get(family, family)}"


def slo_rank(state: str) -> str:
    """The colour of an objective's state."""
    return SLO_RANKS.get(str(state), "")


def times(rate: float | None) -> str:
    """A burn rate: `14×`, `0.3×`."""
    if rate is None:
        return "–"
    return f"{rate:.0f}×" if rate >= 10 or rate == 0 else f"{rate:.1f}×" if rate >= 0.1 else "< 0.1×"


def signed_percent(ratio: float) -> str:
    """What is left of a budget: `62%`, `0.4%`, `−130%`."""
    return f"\N{MINUS SIGN}{percent(-ratio)}" if ratio < 0 else percent(ratio)


def exact_percent(ratio: float) -> str:
    """A share that is close to all: three digits, never rounded up to all."""
    return "100%" if ratio >= 1 else f"{floor(100_000 * ratio) / 1000:.3f}%"


def span_or_less(seconds: float) -> str:
    """Time that may still be lost, or that was lost too much."""
    words = span_of_time(abs(seconds))
    return f"{words} may still be bad" if seconds >= 0 else f"{words} too much"


def promise(slo: Slo) -> str:
    """What was promised: `99.5% over 30d`."""
    what = f"{(100 * slo.target).normalize():f}%"
    if slo.slices is not None:
        what += f" of slices of {span_of_time(slo.slices.seconds)}"
    return f"{what} over {slo.period.text}"


def percents(value: float) -> float:
    """A place on a drawing that is 100 wide."""
    return round(100 * min(max(value, 0.0), 1.0), 2)


FILTERS: tuple[Callable[..., Any], ...] = (
    again,
    age,
    clock,
    day,
    duration,
    exact_percent,
    kind,
    machine,
    mark,
    moment,
    percent,
    percents,
    place,
    promise,
    rate,
    signed_percent,
    slo_rank,
    span_of_time,
    span_or_less,
    sure,
    symptom,
    times,
    written,
)
