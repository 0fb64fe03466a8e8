"""Compared requests as one self-contained page: no scripts, nothing to download."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from aiops.presentation.documents.base import Json
from aiops.presentation.evidence_text import exemplar_pairs, is_call
from aiops.presentation.numbers import duration, percent

DEEPEST: Final = 12
"""Levels by which a row is indented at most."""
CANDIDATES: Final = 10
"""The most candidates that are shown."""
TRACES: Final = 5
"""Trace ids that are shown for a candidate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A place of the tree in words. `bar` is its part of the excess in percent; `quiet`: it tells nothing."""

    depth: int
    where: str
    operation: str
    critical: bool
    longer: str
    bar: float
    fails: str
    itself: str
    usual: str
    calls: str
    quiet: bool


def explanation_page(found: Json) -> str:
    """Return the page of a comparison. Raises KeyError or TypeError where the document is not of this release."""
    environment = Environment(
        loader=PackageLoader("aiops", "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "duration": duration, "milliseconds": _milliseconds}
    anatomy = found["anatomy"]
    return environment.get_template("explanation.html").render(
        found=found,
        facts=list(_facts(found)),
        candidates=found["candidates"][:CANDIDATES],
        more=max(0, len(found["candidates"]) - CANDIDATES),
        most_traces=TRACES,
        rows=list(_rows(anatomy["nodes"])),
        left_out=anatomy["left_out"],
        left_out_share=percent(anatomy["left_out_share"]),
        changes=anatomy["changed_calls"],
        pairs=list(exemplar_pairs(anatomy["exemplars"])),
    )


def _facts(found: Json) -> Iterator[tuple[str, str, str]]:
    """The populations in words: what is measured, of the bad and of the good ones."""
    failing, slow, median = found["failing"], found["slow"], found["median_seconds"]
    yield "requests", f"{found['bad']['requests']:,}", f"{found['good']['requests']:,}"
    yield "fail", percent(failing["bad"]), percent(failing["good"])
    longer = f"take longer than {duration(slow['longer_than_seconds'])}"
    yield longer, percent(slow["bad"]), percent(slow["good"])
    yield "median duration", duration(median["bad"]), duration(median["good"])
    bad, good = (_milliseconds(found["anatomy"][side]["mean_ms"]) for side in ("bad", "good"))
    yield "mean duration, good ones weighed as bad ones", bad, good


def _rows(nodes: Sequence[Json]) -> Iterator[Row]:
    depths: list[int] = []
    for one in nodes:
        depths.append(0 if one["parent"] is None else depths[one["parent"]] + 1)
        bad, good = one["bad"], one["good"]
        callee = one["callee"] or "?"
        yield Row(
            depth=min(depths[-1], DEEPEST),
            where=f"{one['service']} → {callee}" if is_call(one) else one["service"],
            operation=one["operation"],
            critical=one["critical"],
            longer=percent(one["share_of_excess"]),
            bar=round(100 * min(max(one["share_of_excess"], 0.0), 1.0), 1),
            fails=percent(one["share_of_failures"]),
            itself=_milliseconds(bad["time_ms"]),
            usual=_milliseconds(good["time_ms"]),
            calls=_calls(bad["calls"], good["calls"]),
            quiet=not one["critical"] and not one["share_of_excess"] and not one["share_of_failures"],
        )


def _calls(bad: float, good: float) -> str:
    now, usual = f"{bad:.3g}", f"{good:.3g}"
    return now if now == usual else f"{now} (usually {usual})"


def _milliseconds(value: float) -> str:
    return duration(value / 1000)
