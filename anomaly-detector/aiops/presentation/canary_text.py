"""How a new version does beside the old one, in one sentence and as a document."""

from datetime import UTC, datetime
from typing import Final

from aiops.presentation.documents.telemetry import VersionComparison
from aiops.presentation.numbers import duration, percent

ENDINGS: Final = {
    "worse": "worse",
    "no_worse": "no worse",
    "undecided": "no difference so far, but so few requests would hide one",
}


def canary_sentence(one: VersionComparison) -> str:
    """Write it: `1.5.0 beside 1.4.2 since 08:43 UTC: errors 12% vs 0.3%, p95 420 ms vs 180 ms: worse`."""
    since = datetime.fromisoformat(one.since).astimezone(UTC).strftime("%H:%M UTC")
    start = f"{one.version} beside {one.beside} since {since}"
    if one.outcome == "too_few":
        return f"{start}: not enough requests to compare ({one.requests} and {one.requests_beside})"
    parts = [f"errors {percent(one.errors)} vs {percent(one.errors_beside)}"]
    if one.p95_ms is not None and one.p95_ms_beside is not None:
        parts.append(f"p95 {duration(one.p95_ms / 1000)} vs {duration(one.p95_ms_beside / 1000)}")
    return f"{start}: {', '.join(parts)}: {ENDINGS[one.outcome]}"
