"""Ratios and durations in words, the same in incidents, pages, notifications and on terminals."""

from math import inf


def percent(ratio: float) -> str:
    """Write a ratio with as many digits as are needed to tell rare from never and from always."""
    value = 100 * ratio
    if value == 0 or 10 <= value <= 99 or value >= 100:
        return f"{value:.0f}%"
    if value > 99:
        return f"{min(value, 99.9):.1f}%"
    return f"{value:.2g}%" if value >= 0.1 else "< 0.1%"


def duration(seconds: float) -> str:
    """Write the duration of a request in seconds or milliseconds: `1.23 s`, `42 ms`, `0.4 ms`."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{1000 * seconds:{'.0f' if seconds >= 0.01 or seconds == 0 else '.2g'}} ms"


def span_of_time(seconds: float) -> str:
    """Write a length of time in two units: `4 min 10 s`, `2 h 5 min`, `3 d 4 h`."""
    left = max(0, round(seconds))
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for rank, (name, size) in enumerate(units):
        if left >= size:
            below, smaller = units[min(rank + 1, 3)]
            rest = left % size // smaller if rank < 3 else 0
            return f"{left // size} {name}" + (f" {rest} {below}" if rest else "")
    return "0 s"


def spoken(seconds: float) -> str:
    """Write a length of time in one unit, as people say it: `40 seconds`, `3 hours`."""
    units = (("second", 1, 90.0), ("minute", 60, 5400.0), ("hour", 3600, 129_600.0), ("day", 86_400, inf))
    unit, size, _ = next(one for one in units if seconds < one[2])
    count = max(0, round(seconds / size))
    return f"{count} {unit}{'' if count == 1 else 's'}"


def size(count: float) -> str:
    """Write a number of bytes in decimal units: `812 B`, `4.2 MB`, `31 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 9.95 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
