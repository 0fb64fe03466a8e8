"""Compared requests as one self-contained page: no scripts, nothing to download."""

from collections.abc import Iterator
from typing import Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from aiops.presentation.documents.base import Json
from aiops.presentation.evidence_text import exemplar_pairs
from aiops.presentation.filters import ms
from aiops.presentation.numbers import duration, percent
from aiops.web.tree import tree_rows

CANDIDATES: Final = 10
"""The most candidates that are shown."""
TRACES: Final = 5
"""Trace ids that are shown for a candidate."""


def explanation_page(found: Json) -> str:
    """Return the page of a comparison. Raises KeyError or TypeError where the document is not of this release."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("aiops", folder) for folder in ("web/templates", "web/static")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "duration": duration, "milliseconds": ms}
    anatomy = found["anatomy"]
    return environment.get_template("explanation.html").render(
        found=found,
        facts=list(_facts(found)),
        candidates=found["candidates"][:CANDIDATES],
        more=max(0, len(found["candidates"]) - CANDIDATES),
        most_traces=TRACES,
        rows=list(tree_rows(anatomy["nodes"])),
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
    bad, good = (ms(found["anatomy"][side]["mean_ms"]) for side in ("bad", "good"))
    yield "mean duration, good ones weighed as bad ones", bad, good
