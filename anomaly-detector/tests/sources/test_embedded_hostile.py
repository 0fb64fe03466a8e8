"""Whatever a sender makes up: it is stored or refused with a reason, and nothing falls over."""

from typing import Any

import pytest
from examples import share
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from aiops.explain.tree import Tree
from aiops.model import Population, PopulationKind, Trace, Window
from aiops.sources.common import attributes
from aiops.sources.duckdb import schema
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_metrics import decode_metrics
from aiops.sources.receiver.decode_spans import decode_spans

from .conftest import T0, GivenClock

NOW = int(T0 * 1e9)
FUZZ = settings(share(0.8), suppress_health_check=[HealthCheck.too_slow])

times = st.one_of(
    st.integers(NOW - 10**11, NOW), st.sampled_from([0, 1, NOW, 2**63 - 1, 2**63, 2**64 - 1]), st.integers(0, 2**64 - 1)
)
words = st.one_of(st.sampled_from(["", "http.route", "service.name", "http.response.status_code", "\0"]), st.text())
values = st.recursive(
    st.one_of(
        st.builds(AnyValue, string_value=st.text()),
        st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
        st.builds(AnyValue, double_value=st.floats()),
        st.builds(AnyValue, bool_value=st.booleans()),
        st.builds(AnyValue, bytes_value=st.binary()),
        st.just(AnyValue()),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda found: AnyValue(array_value=ArrayValue(values=found))),
        st.lists(inner, max_size=3).map(
            lambda found: AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=one) for one in found]))
        ),
    ),
    max_leaves=8,
)
pairs = st.lists(st.builds(KeyValue, key=words, value=values), max_size=5)
ids = st.sampled_from([b"", b"\0" * 8, b"a" * 8, b"b" * 8, b"c" * 8, b"short", b"x" * 40])
trace_ids = st.sampled_from([b"", b"\0" * 16, b"t" * 16, b"u" * 16, b"short", b"x" * 40])


@st.composite
def span_exports(draw: st.DrawFn) -> ExportTraceServiceRequest:
    export = ExportTraceServiceRequest()
    for _ in range(draw(st.integers(1, 2))):
        group = export.resource_spans.add()
        group.resource.attributes.extend(draw(pairs))
        scope = group.scope_spans.add()
        for _ in range(draw(st.integers(0, 6))):
            span = scope.spans.add(
                trace_id=draw(trace_ids),
                span_id=draw(ids),
                parent_span_id=draw(ids),
                name=draw(words),
                kind=draw(st.integers(-1, 9)),  # type: ignore[arg-type]
                start_time_unix_nano=draw(times),
                end_time_unix_nano=draw(times),
            )
            span.attributes.extend(draw(pairs))
            span.status.code = draw(st.integers(-1, 9))  # type: ignore[assignment]
            span.status.message = draw(words)
            if draw(st.booleans()):
                span.events.add(name="exception").attributes.extend(draw(pairs))
    return export


@st.composite
def metric_exports(draw: st.DrawFn) -> ExportMetricsServiceRequest:
    export = ExportMetricsServiceRequest()
    group = export.resource_metrics.add()
    group.resource.attributes.extend(draw(pairs))
    scope = group.scope_metrics.add()
    for _ in range(draw(st.integers(0, 4))):
        metric = scope.metrics.add(
            name=draw(st.sampled_from(["", "x", "http.server.request.duration"])), unit=draw(words)
        )
        shape = draw(st.sampled_from(["gauge", "sum", "histogram", "exponential_histogram", "summary", "none"]))
        stamp: dict[str, Any] = {"time_unix_nano": draw(times), "start_time_unix_nano": draw(times)}
        if shape in ("gauge", "sum"):
            getattr(metric, shape).data_points.add(as_double=draw(st.floats()), attributes=draw(pairs), **stamp)
        elif shape == "histogram":
            metric.histogram.data_points.add(
                count=draw(st.integers(0, 2**64 - 1)),
                sum=draw(st.floats()),
                bucket_counts=draw(st.lists(st.integers(0, 2**64 - 1), max_size=4)),
                explicit_bounds=draw(st.lists(st.floats(), max_size=4)),
                attributes=draw(pairs),
                **stamp,
            )
        elif shape != "none":
            getattr(metric, shape).data_points.add(count=draw(st.integers(0, 2**64 - 1)), **stamp)
        if shape in ("sum", "histogram", "exponential_histogram"):
            getattr(metric, shape).aggregation_temporality = draw(st.integers(0, 3))
    return export


@pytest.fixture(scope="module")
def source() -> Any:
    one = EmbeddedSource(EmbeddedSettings(), GivenClock(T0))
    yield one
    one.close()


def taken(source: EmbeddedSource, rows: Decoding) -> None:
    source.store.append(
        resources=schema.arrow_table(schema.RESOURCES, list(rows.resources.values())),
        series=schema.arrow_table(schema.SERIES, list(rows.series.values())),
        points=schema.arrow_table(schema.POINTS, rows.points),
        spans=schema.arrow_table(schema.SPANS, rows.spans),
    )


@given(export=span_exports())
@FUZZ
def test_spans_are_stored_or_refused(source: EmbeddedSource, export: ExportTraceServiceRequest) -> None:
    rows = Decoding(T0, 48 * 3600.0, lambda _: False)
    decode_spans(export, rows)
    sent = sum(len(scope.spans) for group in export.resource_spans for scope in group.scope_spans)
    assert len(rows.spans) + rows.rejected.count == sent
    assert bool(rows.rejected.message()) == bool(rows.rejected.count)
    taken(source, rows)
    window = Window(T0 - 100, T0)
    source.topology.edges(window)
    for kind in PopulationKind:
        for trace in source.traces.populations([Population(service="", window=window, kind=kind)])[0]:
            walked(trace)
    for trace in source.traces.traces(["74" * 16, "75" * 16]):
        walked(trace)


def walked(trace: Trace) -> None:
    """Parents may be missing, repeated or cyclic."""
    tree = Tree.of(trace)
    for span in trace.spans:
        assert len(list(tree.below(span))) <= len(trace.spans)
        assert tree.self_time(span) >= 0


@given(export=metric_exports())
@FUZZ
def test_points_are_stored_or_refused(source: EmbeddedSource, export: ExportMetricsServiceRequest) -> None:
    rows = Decoding(T0, 48 * 3600.0, lambda _: False)
    decode_metrics(export, rows)
    taken(source, rows)
    assert source.metrics.newest() is None or source.metrics.newest() <= T0 + 5


@given(data=st.binary(max_size=200), export=span_exports(), cut=st.integers(0, 400))
@FUZZ
def test_truncated_and_random_bytes_are_no_surprise(data: bytes, export: ExportTraceServiceRequest, cut: int) -> None:
    for raw in (data, export.SerializeToString()[:cut]):
        try:
            parsed = ExportTraceServiceRequest.FromString(raw)
        except DecodeError:
            continue
        decode_spans(parsed, Decoding(T0, 48 * 3600.0, lambda _: False))


def test_deep_nesting_and_huge_attributes_stay_small() -> None:
    value = AnyValue(string_value='"\\' * 100_000)
    for _ in range(40):
        value = AnyValue(array_value=ArrayValue(values=[value]))
    assert len(attributes.text(value)) <= attributes.MAX_TEXT
