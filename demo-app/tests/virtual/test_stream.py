"""The same seed gives the same tables, and the metrics are those of the spans."""

from collections import Counter
from collections.abc import Callable

import pyarrow as pa
import pytest

from shop.virtual.cases import on_graph
from shop.virtual.graph import shop
from shop.virtual.history import increments
from shop.virtual.load import Load
from shop.virtual.stream import Model, Slice

START = 1_763_712_000.0


def model(seed: int, rate: float = 8.0) -> Model:
    return Model(shop(), Load(rate, noise=0.05, seed=seed), seed=seed)


def streamed(seed: int) -> list[Slice]:
    return list(model(seed).slices(START, START + 60, 15.0))


def drawn(seed: int) -> list[Slice]:
    return list(increments(model(seed), START, START + 600, 15.0, 10))


@pytest.mark.parametrize("make", [streamed, drawn])
def test_the_seed_decides(make: Callable[[int], list[Slice]]) -> None:
    one, again, other = make(1), make(1), make(2)
    assert one == again
    assert one != other


def test_a_generated_case_is_the_same_again() -> None:
    one = on_graph("latency-spike", 4, 12)
    assert one == on_graph("latency-spike", 4, 12)
    slices = [list(case.model(START, START + 30).slices(START, START + 30, 15.0)) for case in (one, one)]
    assert slices[0] == slices[1]


def test_spans_come_in_the_slice_they_end_in() -> None:
    for one in streamed(1):
        for span in one.spans.to_pylist():
            assert one.end - 15.0 < span["end_ns"] / 1e9 <= one.end


def test_every_call_has_its_two_sides() -> None:
    spans = pa.concat_tables([one.spans for one in streamed(1)]).to_pylist()
    known = {span["span_id"]: span for span in spans}
    assert len(known) == len(spans)
    inner = [span for span in spans if span["kind"] == 2 and span["parent_id"] in known]
    assert len(inner) > 500
    for span in inner:
        parent = known[span["parent_id"]]
        assert (parent["trace_hi"], parent["trace_lo"]) == (span["trace_hi"], span["trace_lo"])
        assert parent["start_ns"] < span["start_ns"] <= span["end_ns"] < parent["end_ns"]
        assert parent["peer"] + " " + parent["method"] == _service(span) + " " + span["method"]


def _service(span: dict[str, str]) -> str:
    return {"/payment": "payment", "/inventory": "inventory", "/products": "catalog", "/checkout": "checkout"}[
        span["route"]
    ]


def test_the_counters_of_the_last_slice_are_the_spans_so_far() -> None:
    slices = streamed(1)
    spans = pa.concat_tables([one.spans for one in slices]).to_pylist()
    served = [span for span in spans if span["kind"] == 2]
    expected = Counter((span["resource"], span["route"], span["http_status"]) for span in served)
    seconds = dict.fromkeys(expected, 0.0)
    for span in served:
        seconds[span["resource"], span["route"], span["http_status"]] += (span["end_ns"] - span["start_ns"]) / 1e9
    series = {row["id"]: row for row in slices[-1].series.to_pylist()}
    points = [(series[row["series"]], row) for row in slices[-1].points.to_pylist()]
    histograms = [(of, row) for of, row in points if row["count"] is not None]
    assert {(of["resource"], of["route"], of["http_status"]): row["count"] for of, row in histograms} == expected
    for of, row in histograms:
        assert sum(row["buckets"]) == row["count"]
        assert row["sum"] == pytest.approx(seconds[of["resource"], of["route"], of["http_status"]])
        assert row["start_ns"] == START * 1e9
    uptimes = [row["value"] for of, row in points if of["metric"] == "process.uptime"]
    assert uptimes == [60.0] * 5


def test_services_that_do_not_report_send_spans_alone() -> None:
    quiet = Model(shop(), Load(8.0), seed=1, reporting=frozenset(["payment"]))
    (one,) = quiet.slices(START, START + 15, 15.0)
    ids = {row["id"]: row["service"] for row in one.resources.to_pylist()}
    assert {ids[row["resource"]] for row in one.series.to_pylist()} == {"payment"}
    assert {ids[row] for row in one.spans.column("resource").to_pylist()} == set(shop().services())
