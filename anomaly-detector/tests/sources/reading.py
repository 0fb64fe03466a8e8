"""Reading a block in tests."""

import math
from collections.abc import Sequence

from aiops.model import Selector, SeriesBlock, labels, names

NAN = math.nan
CALLS = (names.CALLER, names.CALLEE)
RED = tuple(Selector(name) for name in (names.REQUESTS, names.ERRORS, names.DURATION, names.BUCKET))


def row(block: SeriesBlock, name: str, **pairs: str) -> list[float]:
    """The values of one row; fails with the labels that there are."""
    wanted = labels(name=name, **pairs)
    assert wanted in block.labels, f"{wanted} is not among {block.labels}"
    return [float(value) for value in block.values[block.labels.index(wanted)]]


def served(block: SeriesBlock, name: str, route: str = "/", service: str = "api", **more: str) -> list[float]:
    return row(block, name, service=service, route=route, method=more.pop("method", "GET"), **more)


def same(got: Sequence[float], wanted: Sequence[float]) -> None:
    """Equal numbers, where NaN equals NaN."""
    assert [None if math.isnan(one) else round(one, 9) for one in got] == [
        None if math.isnan(one) else one for one in wanted
    ]
