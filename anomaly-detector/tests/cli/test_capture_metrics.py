"""Requests of services whose traces are a sample are captured as metrics, and counted again by a replay."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from aiops.cli.capture.metrics import request_metrics
from aiops.cli.remote import Remote
from aiops.model import Window, iso
from aiops.sources.files.batches import FileReader

T0 = 1_763_712_000.0
ROWS = {"200": (30.0, None), "500": (10.0, 4.0)}


class Engine(Remote):
    """Answers two steps of one route, with and without failures."""

    def __init__(self, service: str = "pay", coded: bool = True) -> None:
        super().__init__("http://127.0.0.1:1")
        self.service, self.coded = service, coded

    def series(self, metric: str, by: Sequence[str], window: Window, step: float) -> dict[str, Any]:
        found = []
        for status, values in ROWS.items():
            of = {
                "service": self.service,
                "route": "/pay",
                "method": "POST",
                "http_status": status if self.coded else "",
            }
            rows: list[tuple[dict[str, str], Sequence[float | None]]] = [(of, values)]
            if metric == "errors":
                rows = [(of, values if status == "500" else (0.0, 0.0))]
            elif metric == "duration_seconds":
                rows = [(of, [None if one is None else one / 10 for one in values])]
            elif metric == "duration_bucket":
                half = [None if one is None else one / 2 for one in values]
                rows = [({**of, "le": "0.1"}, half), ({**of, "le": "1.0"}, values), ({**of, "le": "inf"}, values)]
            found += [{"labels": labels, "values": list(row)} for labels, row in rows]
        return {"ends": [iso(window.start + step), iso(window.start + 2 * step)], "series": found}


@pytest.mark.parametrize(("spans", "wanted"), [(43, False), (30, True), (0, True)])
def test_what_spans_do_not_tell_is_captured_as_metrics(tmp_path: Path, spans: int, wanted: bool) -> None:
    exports = list(request_metrics(Engine(), Window(T0, T0 + 30), {"pay": spans}))
    assert bool(exports) == wanted
    if not wanted:
        return
    file = tmp_path / "capture.jsonl"
    file.write_text("\n".join(map(json.dumps, exports)))
    reader = FileReader()
    [batch] = reader.batches([file])
    assert batch.series is not None
    assert batch.points is not None
    series = {row["id"]: row for row in batch.series.to_pylist()}
    told = {}
    for row in batch.points.to_pylist():
        at = round(row["time_ns"] / 1e9 - T0)
        told[series[row["series"]]["http_status"], at] = (row["count"], row["sum"], row["buckets"])
    assert told == {
        (200, 15): (30, 3.0, [15, 15, 0]),
        (200, 30): (0, 0.0, [0, 0, 0]),
        (500, 15): (10, 1.0, [5, 5, 0]),
        (500, 30): (4, 0.4, [2, 2, 0]),
    }
    assert {(row["route"], row["method"]) for row in series.values()} == {("/pay", "POST")}
    assert not reader.found.problems


def test_failures_without_a_status_are_left_to_the_spans() -> None:
    assert not list(request_metrics(Engine(coded=False), Window(T0, T0 + 30), {"pay": 1}))
