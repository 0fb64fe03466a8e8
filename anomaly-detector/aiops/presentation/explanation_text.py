"""Compared requests in lines of text, for terminals."""

from collections.abc import Iterator
from typing import Final

from aiops.presentation.documents.base import Json
from aiops.presentation.evidence_text import anatomy_rows
from aiops.presentation.numbers import duration, percent

TRACES: Final = 3
"""Trace ids that are shown for a candidate."""


def explanation_lines(found: Json, top: int) -> Iterator[str]:
    """Yield a comparison in lines, with so many candidates. Raises KeyError or TypeError where the document is not of
    this release."""
    good, bad = found["good"], found["bad"]
    failing, slow, median = found["failing"], found["slow"], found["median_seconds"]
    yield f"good: {good['requests']:,} requests, {good['which']}"
    yield f"bad:  {bad['requests']:,} requests, {bad['which']}"
    yield f"      {percent(failing['bad'])} fail (good: {percent(failing['good'])})"
    longer = duration(slow["longer_than_seconds"])
    yield f"      {percent(slow['bad'])} take longer than {longer} (good: {percent(slow['good'])})"
    yield f"      {duration(median['bad'])} is their median (good: {duration(median['good'])})"
    yield ""
    if found["no_cause"]:
        yield found["no_cause"]
    for number, one in enumerate(found["candidates"][:top], 1):
        yield f"{number}. {one['title']}" + ("" if one["named"] else " (suspected)")
        yield from (f"   {text}" for text in one["evidence"])
        if one["traces"]:
            yield f"   traces: {', '.join(one['traces'][:TRACES])}"
    yield ""
    yield from (f"{label:<10}{text}" for label, text in anatomy_rows(found["anatomy"]))
    if found["store"]:
        yield f"{'store':<10}{found['store']}"
    for one in found["questions"]:
        yield f"{'asked':<10}{one['text']}: {one['traces']} traces came, {one['limit']} at most"
        yield f"{'':<10}{one['query']}"
