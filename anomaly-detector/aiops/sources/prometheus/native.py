"""Native histograms, as the classic series that they would have been: count, sum, and buckets at the usual bounds.

Prometheus keeps exponential histograms that came over OTLP so, and explicit ones when told to. All else reads counters.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from aiops.model import names
from aiops.model.promql import quoted
from aiops.sources.common import buckets
from aiops.sources.common.grid import Floats
from aiops.sources.common.rows import le

MARK: Final = "__native__"
"""A label of the series made here, so that a classic one of the same name is another."""


def classic(data: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Put classic series in the place of native histograms in the result of a query for raw samples. A histogram that
    is there in both forms counts once. Raises KeyError, TypeError, ValueError or IndexError on nonsense."""
    if not any(one.get("histograms") for one in data):
        return list(data)
    there = {_key(one["metric"]) for one in data if one.get("values")}
    out = [one for one in data if one.get("values")]
    for one in data:
        of = dict(one["metric"])
        if one.get("histograms") and _key({**of, names.NAME: f"{of[names.NAME]}_count"}) not in there:
            out += _series(of, one["histograms"])
    return out


def counted(labels: Mapping[str, str], window: str) -> str:
    """PromQL for what a series made here had counted last within a window, labelled as `classic` does."""
    of = {name: value for name, value in labels.items() if name not in (MARK, names.NAME)}
    name = labels[names.NAME]
    which = ",".join(f"{one}={quoted(value)}" for one, value in {names.NAME: name.removesuffix("_count"), **of}.items())
    found = f"histogram_count(last_over_time({{{which}}}[{window}])) > 0"
    return f'label_replace(label_replace({found}, "{names.NAME}", {quoted(name)}, "", ""), "{MARK}", "1", "", "")'


def _series(of: dict[str, str], samples: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    family = of[names.NAME]
    at = np.array(buckets.bounds(0.001 if family.endswith("_milliseconds") else 1.0))
    below = [buckets.below(*_cut(found.get("buckets") or ()), at) for _, found in samples]

    def made(part: str, values: Sequence[Any], **more: str) -> Mapping[str, Any]:
        labels = {**of, names.NAME: f"{family}_{part}", MARK: "1", **more}
        times = (time for time, _ in samples)
        return {"metric": dict(sorted(labels.items())), "values": list(zip(times, values, strict=True))}

    yield made("count", [found["count"] for _, found in samples])
    yield made("sum", [found["sum"] for _, found in samples])
    for place, bound in enumerate(at.tolist()):
        yield made("bucket", [one[place] for one in below], le=le(bound))


def _cut(found: Sequence[Any]) -> tuple[Floats, Floats, Floats]:
    """Left and right bounds, and counts; each is `[rule, left, right, count]` there."""
    table = np.array([[float(part) for part in one[1:4]] for one in found], np.float64).reshape(len(found), 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
