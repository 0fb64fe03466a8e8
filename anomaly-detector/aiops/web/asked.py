"""What the query string of a page asks for. What is wrong there is refused with a sentence that names the parameter."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from flask import abort, request

from aiops.model import Window
from aiops.presentation.numbers import span_of_time
from aiops.presentation.times import unix_seconds

RANGES: Final = {"15m": 900.0, "1h": 3600.0, "6h": 21_600.0, "1d": 86_400.0}
LONGEST: Final = 31 * 86_400.0
SHORTEST: Final = 60.0
MOST_CHARACTERS: Final = 1024


@dataclass(frozen=True, slots=True)
class AskedWindow:
    """A time that a page shows. `name` is the one of RANGES that was chosen, and ends now; "" where both ends are
    given."""

    window: Window
    name: str


def asked_window(now: float, default: str = "1h") -> AskedWindow:
    """Return the time that `range`, or `since` and `until`, ask for."""
    since, until = asked_time("since"), asked_time("until")
    name = asked_choice("range", tuple(RANGES), "")
    if since is None and until is None:
        name = name or default
        return AskedWindow(Window(now - RANGES[name], now), name)
    if name:
        abort(400, "`range` ends now, so it cannot be given with `since` or `until`")
    end = now if until is None else min(until, now)
    start = end - RANGES[default] if since is None else since
    if start > end:
        abort(400, "`since` must be earlier than `until`, and not in the future")
    if not SHORTEST <= end - start <= LONGEST:
        abort(400, f"`since` and `until` must be {span_of_time(SHORTEST)} to {span_of_time(LONGEST)} apart")
    return AskedWindow(Window(start, end), "")


def asked_time(name: str) -> float | None:
    """Return a time of the query string; None without one."""
    text = asked_text(name)
    if not text:
        return None
    try:
        return unix_seconds(text)
    except ValueError as error:
        abort(400, f"`{name}` {error}")


def asked_choice(name: str, allowed: Collection[str], default: str) -> str:
    """Return one of the allowed words."""
    text = asked_text(name)
    if text and text not in allowed:
        abort(400, f"`{name}` must be one of {', '.join(allowed)}, not {text[:80]!r}")
    return text or default


def asked_text(name: str) -> str:
    """Return a text without blanks around it; "" without one."""
    text = request.args.get(name, "").strip()
    if len(text) > MOST_CHARACTERS:
        abort(400, f"`{name}` must not be longer than {MOST_CHARACTERS} characters")
    return text
