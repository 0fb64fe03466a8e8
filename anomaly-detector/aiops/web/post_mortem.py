"""A post-mortem as a page of the engine, and as one file that needs no other."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from math import inf, nan
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from aiops.model import Window
from aiops.model.safe import visible_in
from aiops.presentation import filters
from aiops.presentation.documents.post_mortem import PostMortem, SeriesOverTime
from aiops.presentation.post_mortem_questions import ACTIONS
from aiops.presentation.post_mortem_text import detected
from aiops.presentation.why import amount_of
from aiops.web.chart import Chart, Curves, Flag, chart

AT: Final = 0.5
"""Steps of a window beyond the first and the last value."""


def post_mortem_page(of: PostMortem) -> str:
    """Return one HTML file without scripts or anything to download."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("aiops", folder) for folder in ("web/templates", "web/static")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {function.__name__: function for function in filters.FILTERS}
    return environment.get_template("post_mortem_file.html").render(**post_mortem_view(of))


def post_mortem_view(of: PostMortem) -> dict[str, Any]:
    """Return what the templates of a post-mortem show: the document, its charts, and its times as numbers."""
    safe = PostMortem.model_validate(visible_in(of.model_dump()))
    drawn = list(_charts(safe))
    return {
        "it": safe,
        "charts_drawn": drawn,
        "kinds": list(dict.fromkeys(one.kind for one in safe.moments)) if drawn else [],
        "seconds": _seconds,
        "detected": detected,
        "ACTIONS": ACTIONS,
    }


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _charts(of: PostMortem) -> Iterator[Chart]:
    flags = [Flag(_seconds(one.at), one.kind, one.text) for one in of.moments]
    for one in of.series:
        if one.times:
            yield _drawn(one, flags)


def _drawn(one: SeriesOverTime, flags: list[Flag]) -> Chart:
    return chart(
        Curves(
            title=one.title,
            window=Window(one.times[0] - AT * one.step_seconds, one.times[-1] + AT * one.step_seconds),
            step=one.step_seconds,
            times=one.times,
            lines={"observed": _known(one.observed, nan), "expected": _known(one.expected, nan)},
            amount=partial(amount_of, one.family),
            lower=_known(one.lower, nan),
            upper=_known(one.upper, inf),
            flags=flags,
        )
    )


def _known(values: list[float | None], otherwise: float) -> list[float]:
    return [otherwise if each is None else each for each in values]
