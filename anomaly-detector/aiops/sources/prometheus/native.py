"""Native histograms converted to classic series: count, sum, and buckets at the usual bounds.

Prometheus stores exponential histograms received over OTLP in this form, and explicit ones when configured to. All
other code reads counters.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from aiops.model import names
from aiops.model.arrays import Floats
from aiops.model.promql import quoted
from aiops.sources.common import buckets
from aiops.sources.common.rows import le

MARK: Final = "__native__"
"""A label of the converted series, so that a classic series with the same name is a different one."""


def classic(data: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Replace native histograms by classic series in the result of a query for raw samples. A histogram that exists in
    both forms counts once. Raises KeyError, TypeError, ValueError or IndexError on malformed data."""
    if not any(one.get("histograms") for one in data):
        return list(data)
    there = {_key(one["metric"]) for one in data if one.get("values")}
    out = [one for one in data if one.get("values")]
    for one in data:
        of = dict(one["metric"])
        if one.get("histograms") and _key({**of, names.NAME: f"{of[names.NAME]}_count"}) not in there:
            out += _series(of, one["histograms"])
    return out


def native_counts(labels: Mapping[str, str], window: str) -> str:
    """Return PromQL for the last count, within a window, of a series converted by `classic`, with its labels."""
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
    """Return left and right bounds, and counts; the data have `[rule, left, right, count]` each."""
    table = np.array([[float(part) for part in one[1:4]] for one in found], np.float64).reshape(len(found), 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
