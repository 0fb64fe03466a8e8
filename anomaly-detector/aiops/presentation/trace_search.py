"""A search for traces as it is written in a query string: the same on the page and in the API."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from aiops.model import TraceQuery, TraceSummary, Window
from aiops.model.errors import InvalidInput
from aiops.presentation.times import ago, took, unix_seconds

STATUSES: Final = {"any": None, "failed": True, "fine": False}
DEFAULT_SINCE: Final = "15m"
LONGEST_SECONDS: Final = 7 * 86_400.0
MOST_ATTRIBUTES: Final = 8
_LONGEST: Final = {"service": 256, "route": 1024, "text": 200, "attribute": 1300}
SELECTING: Final = ("from", "to", "over", "under", "only")
"""Parameters that select some of the found traces."""
NAMES: Final = (
    *("service", "route", "status", "min", "max", "attribute", "text"),
    *("since", "until"),
    *SELECTING,
)


class BadParameter(InvalidInput):
    """A parameter of a query string cannot be used; `parameter` is its name."""

    def __init__(self, parameter: str, why: str) -> None:
        super().__init__(f"`{parameter}` {why}")
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class SelectedBox:
    """A box in a drawing of durations over time: from when to when (Unix seconds), and how long (s); `failed`: only
    those that failed, or only the others."""

    start: float = -inf
    end: float = inf
    over: float = 0.0
    under: float = inf
    failed: bool | None = None

    def holds(self, one: TraceSummary) -> bool:
        """Whether the span by which a trace was found lies in the box."""
        inside = self.start <= one.found.end <= self.end and self.over <= one.found.duration <= self.under
        return inside and self.failed in (None, one.found.failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSearch:
    """What is searched, in which time, and what is selected of it; `given` are the parameters as they were written,
    without empty ones."""

    query: TraceQuery
    window: Window
    box: SelectedBox | None
    given: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """Return a parameter as it was written, "" where it was not."""
        return next(iter(self.given.get(name, ())), "")

    def but(self, **changed: str | Sequence[str] | None) -> dict[str, list[str]]:
        """Return the parameters with others in place of some; None leaves one out. `from_` stands for `from`."""
        new = {name.rstrip("_"): [value] if isinstance(value, str) else value for name, value in changed.items()}
        both = {**self.given, **new}
        return {name: list(both[name] or ()) for name in NAMES if both.get(name)}


def read_trace_search(given: Mapping[str, Sequence[str]], now: float) -> TraceSearch:
    """Read the parameters of a search; empty ones count as missing. Raises BadParameter."""
    for name in given:
        if name not in NAMES:
            raise BadParameter(name, f"is not known here; known: {', '.join(NAMES)}")
    kept = {name: tuple(one.strip() for one in given.get(name, ()) if one.strip()) for name in NAMES}
    kept = {name: values for name, values in kept.items() if values}
    for name, values in kept.items():
        if name != "attribute" and len(values) > 1:
            raise BadParameter(name, f"is given {len(values)} times; give it once")
        if any(len(one) > _LONGEST.get(name, 64) for one in values):
            raise BadParameter(name, f"is too long: at most {_LONGEST.get(name, 64)} characters")
    one = {name: values[0] for name, values in kept.items()}
    least, most = (_took(name, one.get(name)) for name in ("min", "max"))
    if least and most and most < least:
        raise BadParameter("max", "must not be less than `min`")
    query = TraceQuery(
        service=one.get("service", ""),
        route=one.get("route", ""),
        failed=_status("status", one.get("status", "any")),
        min_duration=least or 0.0,
        max_duration=most or 0.0,
        attributes=tuple(_attributes(kept.get("attribute", ()))),
        text=one.get("text", ""),
    )
    return TraceSearch(query=query, window=_window(one, now), box=_box(one), given=kept)


def _status(name: str, said: str) -> bool | None:
    if said not in STATUSES:
        raise BadParameter(name, f"must be {', '.join(STATUSES)}, not {said!r}")
    return STATUSES[said]


def _took(name: str, said: str | None) -> float | None:
    try:
        return None if said is None else took(said)
    except ValueError as wrong:
        raise BadParameter(name, str(wrong)) from None


def _moment(name: str, said: str, hint: str = "") -> float:
    try:
        return unix_seconds(said)
    except ValueError as wrong:
        raise BadParameter(name, f"{wrong}{hint}") from None


def _attributes(said: Sequence[str]) -> Iterator[tuple[str, str]]:
    if len(said) > MOST_ATTRIBUTES:
        raise BadParameter("attribute", f"is given {len(said)} times, at most {MOST_ATTRIBUTES}")
    for one in said:
        key, equals, value = one.partition("=")
        if not key or not equals:
            raise BadParameter("attribute", f"must be name=value, such as service.version=1.5.0, not {one!r}")
        yield key.strip(), value.strip()


def _window(one: Mapping[str, str], now: float) -> Window:
    end = _moment("until", one["until"]) if "until" in one else now
    since = one.get("since", DEFAULT_SINCE)
    back = ago(since)
    start = end - back if back is not None else _moment("since", since, "; or how long before `until`: 15m, 1h, 6h, 1d")
    if start >= end:
        raise BadParameter("since", "must lie before `until` (default now)")
    if end - start > LONGEST_SECONDS:
        raise BadParameter("since", "must lie at most 7 days before `until`")
    return Window(max(start, 0.0), end)


def _box(one: Mapping[str, str]) -> SelectedBox | None:
    if not any(name in one for name in SELECTING):
        return None
    start, end = (_moment(name, one[name]) if name in one else None for name in ("from", "to"))
    over, under = (_took(name, one.get(name)) for name in ("over", "under"))
    box = SelectedBox(
        -inf if start is None else start,
        inf if end is None else end,
        over or 0.0,
        inf if under is None else under,
        _status("only", one.get("only", "any")),
    )
    if box.end < box.start:
        raise BadParameter("to", "must not be earlier than `from`")
    if box.under < box.over:
        raise BadParameter("under", "must not be less than `over`")
    return box
