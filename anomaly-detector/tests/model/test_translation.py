"""Names are those that Prometheus' own translator gives: the tables are its answers.

Each line is what github.com/prometheus/otlptranslator v1.0.0 made of a name, unit and kind of metric, or of an
attribute; null where it refused to.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from aiops.model.promql import label
from aiops.model.translation import PER, UNITS, MetricType, any_unit, metric_name

TABLES = Path(__file__).parents[1] / "shared"


def table(name: str) -> list[Any]:
    return [json.loads(line) for line in (TABLES / name).read_text(encoding="utf-8").splitlines()]


def answer(make: Any, *arguments: Any) -> str | None:
    try:
        return str(make(*arguments))
    except ValueError:
        return None


def test_metrics_are_named_as_by_the_translator() -> None:
    rows = table("metric_names.jsonl")
    wrong = [row for row in rows if answer(metric_name, row[0], row[1], MetricType(row[2])) != row[3]]
    assert (len(rows), wrong) == (1173, [])


def test_attributes_are_named_as_by_the_translator() -> None:
    rows = table("label_names.jsonl")
    assert [row for row in rows if answer(label, row[0]) != row[1]] == []


def test_a_metric_is_found_whatever_its_unit_is() -> None:
    known = {"", *UNITS, *(f"{one}/{each}" for one in ("", *UNITS) for each in PER)}
    rows = [row for row in table("metric_names.jsonl") if row[1] in known and row[0].strip("._") not in ("", "total")]
    assert len(rows) > 500
    for name, unit, kind, made in rows:
        assert re.fullmatch(any_unit(name, MetricType(kind)), made), (name, unit, kind)


@pytest.mark.parametrize("other", ["orders_failed_total", "orders_kilos_total", "all_orders_total"])
def test_another_metric_is_not_taken_for_it(other: str) -> None:
    assert not re.fullmatch(any_unit("orders", MetricType.COUNTER), other)
