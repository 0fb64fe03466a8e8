"""Slices come out of each format as they went in."""

import io
import json
import re
from itertools import groupby

import pyarrow as pa
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from shop.catalogue import Fault
from shop.virtual import arrow, openmetrics, otlp
from shop.virtual.graph import shop
from shop.virtual.history import increments
from shop.virtual.load import Load
from shop.virtual.stream import Model, Slice
from shop.virtual.trouble import Timed

START = 1_763_712_000.0
DURATION = "http_server_request_duration_seconds"


def read(text: str) -> dict[str, Metric]:
    """The families of a text, as Prometheus' own parser reads them."""
    return {one.name: one for one in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]


def at(sample: Sample) -> float:
    """When a sample was taken, Unix seconds."""
    assert sample.timestamp is not None
    return float(sample.timestamp)


@pytest.fixture(scope="module")
def drawn() -> list[Slice]:
    faults = [Timed(Fault("exception", "payment", "/payment", 0.5), START + 300, START + 600)]
    return list(increments(Model(shop(), Load(8.0), faults, seed=2), START, START + 900, 60.0, 1))


@pytest.fixture(scope="module")
def streamed() -> list[Slice]:
    faults = [Timed(Fault("exception", "payment", "/payment", 0.5), START, START + 60)]
    return list(Model(shop(), Load(8.0), faults, seed=2).slices(START, START + 60, 15.0))


def test_arrow_is_read_as_it_was_written(drawn: list[Slice], streamed: list[Slice]) -> None:
    for slices in (drawn, streamed):
        file = io.BytesIO(b"".join(arrow.pack(one) for one in slices))
        assert list(arrow.unpack(file)) == slices


@pytest.mark.parametrize("missing", [1, 10_000])
def test_a_file_cut_short_is_no_slice(drawn: list[Slice], missing: int) -> None:
    whole = arrow.pack(drawn[0])
    with pytest.raises(ValueError, match="ends within a slice"):
        list(arrow.unpack(io.BytesIO(whole[:-missing])))
    with pytest.raises(ValueError, match="head"):
        list(arrow.unpack(io.BytesIO(whole + b"x")))


def test_openmetrics_is_what_prometheus_reads(drawn: list[Slice]) -> None:
    """Export by export: its Python parser loses samples of histograms that have several points."""
    statuses = set()
    for one in drawn:
        families = read("".join(openmetrics.text([one])))
        assert {(name, family.type, family.unit) for name, family in families.items()} == {
            (DURATION, "histogram", "seconds"),
            ("process_uptime_seconds", "gauge", "seconds"),
        }
        assert {at(sample) for family in families.values() for sample in family.samples} == {one.end}
        counts = {}
        for sample in families[DURATION].samples:
            labels = sample.labels
            assert labels["job"] == labels["service_name"]
            assert labels["instance"] == f"{labels['job']}-0"
            if sample.name == f"{DURATION}_count":
                key = (labels["job"], labels["http_route"], int(labels["http_response_status_code"]))
                counts[key] = sample.value
        assert counts == expected(one)
        statuses |= {status for _, _, status in counts}
    assert statuses >= {200, 500, 502}


def expected(one: Slice) -> dict[tuple[str, str, int], int]:
    """What has been counted by service, route and status."""
    services = {row["id"]: row["service"] for row in one.resources.to_pylist()}
    series = {row["id"]: row for row in one.series.to_pylist() if row["kind"] == 3}
    mine = [(series[row["series"]], row) for row in one.points.to_pylist() if row["series"] in series]
    return {(services[of["resource"]], of["route"], of["http_status"]): row["count"] for of, row in mine}


def test_openmetrics_of_all_is_that_of_its_parts_in_order(drawn: list[Slice]) -> None:
    lines = "".join(openmetrics.text(drawn)).splitlines()
    parts = [line for one in drawn for line in "".join(openmetrics.text([one])).splitlines()]
    assert sorted(set(parts)) == sorted(set(lines))
    assert lines[-1] == "# EOF"
    samples = [line for line in lines if not line.startswith("#")]
    assert len(samples) == len(set(samples)) == sum(not line.startswith("#") for line in parts)
    # The samples of a family and of a label set are together, and their times rise.
    groups = [re.sub(r"(_bucket|_count|_sum)?\{|,le=.*?\}|\}", " ", line).split() for line in samples]
    keys = [key for key, _ in groupby((name, labels) for name, labels, *_ in groups)]
    assert len(keys) == len(set(keys)) > 20
    assert len([name for name, _ in groupby(name for name, *_ in groups)]) == 2
    for _, mine in groupby(groups, key=lambda parts: parts[:2]):
        times = [float(parts[-1]) for parts in mine]
        assert times == sorted(times)


def test_openmetrics_of_nothing_ends() -> None:
    assert "".join(openmetrics.text([])) == "# EOF\n"


def test_otlp_lines_are_json_with_hexadecimal_ids(streamed: list[Slice]) -> None:
    documents = [json.loads(line) for one in streamed for line in otlp.lines(one)]
    assert {key for one in documents for key in one} == {"resourceMetrics", "resourceSpans"}
    found = {
        (span["traceId"], span["spanId"], span.get("parentSpanId", ""))
        for one in documents
        for group in one.get("resourceSpans", ())
        for span in group["scopeSpans"][0]["spans"]
    }
    rows = pa.concat_tables([one.spans for one in streamed]).to_pylist()
    assert found == {
        (
            f"{row['trace_hi']:016x}{row['trace_lo']:016x}",
            f"{row['span_id']:016x}",
            f"{row['parent_id']:016x}" if row["parent_id"] else "",
        )
        for row in rows
    }


def test_an_otlp_export_is_no_longer_than_wanted(streamed: list[Slice]) -> None:
    (one, *_) = streamed
    parts = list(otlp.traces(one, 100))
    sizes = [sum(len(group.scope_spans[0].spans) for group in part.resource_spans) for part in parts]
    assert sum(sizes) == one.spans.num_rows
    assert sizes[:-1] == [100] * (len(sizes) - 1)
