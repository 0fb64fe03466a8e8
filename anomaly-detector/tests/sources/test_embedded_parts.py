"""One part of an export is wrong: everything beside it is stored as if it were right."""

import base64
import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from examples import share
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from aiops.sources.common.attributes import MAX_ATTRIBUTES
from aiops.sources.duckdb import lost, schema
from aiops.sources.duckdb.lost import Loss, Told
from aiops.sources.receiver import otlp_json, otlp_proto, wire
from aiops.sources.receiver.decode import TRIMMED, Decoding
from aiops.sources.receiver.decode_metrics import MAX_BOUNDS, take_metrics
from aiops.sources.receiver.decode_spans import take_spans

from .conftest import T0
from .otlp import CLIENT, CONSUMER, INTERNAL, Call, Point, http, nano, pairs, points, spans

Export = ExportTraceServiceRequest | ExportMetricsServiceRequest
Step = tuple[str, int]
Path = tuple[Step, ...]
MANY = share(3)
ATTRIBUTES = schema.SPANS.names.index("attributes")
GIVEN = [
    KeyValue(key="text", value=AnyValue(string_value="gr\u00fcn")),
    KeyValue(key="whole", value=AnyValue(int_value=-7)),
    KeyValue(key="real", value=AnyValue(double_value=0.25)),
    KeyValue(key="yes", value=AnyValue(bool_value=True)),
    KeyValue(key="raw", value=AnyValue(bytes_value=b"\1\2")),
    KeyValue(key="list", value=AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="a")]))),
    KeyValue(
        key="map",
        value=AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=AnyValue(string_value="v"))])),
    ),
]


def full_spans() -> ExportTraceServiceRequest:
    """Two senders, two scopes each, two spans each, with every field that a span has."""
    export = ExportTraceServiceRequest()
    number = 0
    for service in ("api", "pay"):
        group = export.resource_spans.add(schema_url="https://example.org/1")
        group.resource.attributes.extend([*pairs({"service.name": service, "service.version": "7"}), *GIVEN])
        for scope_name in ("one", "two"):
            scope = group.scope_spans.add()
            scope.scope.name, scope.scope.version = scope_name, "1"
            for _ in range(2):
                number += 1
                call = Call(
                    number, number, T0 - 1, parent=9, name="GET /a", error=True, message="no", exception=("E", "m")
                )
                span = spans(call).resource_spans[0].scope_spans[0].spans[0]
                span.attributes.extend([*pairs({"http.route": "/a", "http.response.status_code": 503}), *GIVEN])
                span.trace_state, span.flags, span.dropped_attributes_count = "a=b", 257, 1
                span.events[0].time_unix_nano = nano(T0 - 1)
                link = span.links.add(trace_id=b"t" * 16, span_id=b"s" * 8, trace_state="c=d")
                link.attributes.extend(GIVEN)
                scope.spans.append(span)
    return export


def full_metrics() -> ExportMetricsServiceRequest:
    """Two senders, each with a metric of every form, two points each, with every field that a point has."""
    export = ExportMetricsServiceRequest()
    number = 0
    for service in ("api", "pay"):
        group = export.resource_metrics.add()
        group.resource.attributes.extend(pairs({"service.name": service}))
        scope = group.scope_metrics.add()
        for form in ("gauge", "sum", "histogram", "exponential_histogram", "summary"):
            metric = scope.metrics.add(name=f"m.{form}", unit="s", description="what it is")
            body = getattr(metric, form)
            if form in ("sum", "histogram", "exponential_histogram"):
                body.aggregation_temporality = 2
            if form == "sum":
                body.is_monotonic = True
            for place in ("a", "b"):
                number += 1
                point = body.data_points.add(
                    time_unix_nano=nano(T0 - number),
                    start_time_unix_nano=nano(T0 - 60),
                    attributes=[*pairs({"http.route": f"/{place}"}), *GIVEN],
                )
                match form:
                    case "gauge":
                        point.as_double = 2.5
                    case "sum":
                        point.as_int = 9
                    case "histogram":
                        point.bucket_counts.extend([1, 2, 3])
                        point.explicit_bounds.extend([0.1, 1.0])
                        point.min, point.max = 0.01, 3.0
                    case "exponential_histogram":
                        point.scale, point.zero_count = 3, 1
                        point.positive.bucket_counts.extend([2, 3])
                    case "summary":
                        point.quantile_values.add(quantile=0.5, value=0.2)
                if form in ("histogram", "exponential_histogram", "summary"):
                    point.count, point.sum = 6, 4.5
                if form in ("gauge", "sum", "histogram", "exponential_histogram"):
                    seen = point.exemplars.add(time_unix_nano=nano(T0 - 1), as_double=0.5, trace_id=b"t" * 16)
                    seen.filtered_attributes.extend(GIVEN)
    return export


def read(body: bytes, of: Export, as_json: bool = False) -> Decoding:
    into = Decoding(T0, 48 * 3600.0, lambda _: False)
    form = otlp_json if as_json else otlp_proto
    if isinstance(of, ExportTraceServiceRequest):
        for sender, found in form.spans(body, into):
            take_spans(sender, found, into)
    else:
        for sender, sent in form.metrics(body, into):
            take_metrics(sender, sent, into)
    return into


def elements(of: FieldDescriptor, value: Any) -> list[Any]:
    return list(value) if of.is_repeated else [value]


def leaves(message: Message, above: Path = ()) -> Iterator[Path]:
    """Every scalar of a message by the way to it: names of fields and places in them."""
    for field, value in message.ListFields():
        for at, one in enumerate(elements(field, value)):
            way = (*above, (field.name, at))
            if field.message_type is None:
                yield way
            else:
                yield from leaves(one, way)


def spoilt(message: Message, way: Path, bad: Callable[[FieldDescriptor, Any], bytes]) -> bytes:
    """Write a message, with other bytes in place of one scalar, and all else as it is and in its order."""
    (name, place), *rest = way
    out = []
    for field, value in message.ListFields():
        for at, one in enumerate(elements(field, value)):
            if (field.name, at) != (name, place):
                part = type(message)()
                if field.is_repeated:
                    getattr(part, field.name).append(one)
                elif field.message_type is None:
                    setattr(part, field.name, one)
                else:
                    getattr(part, field.name).CopyFrom(one)
                    getattr(part, field.name).SetInParent()
                out.append(part.SerializeToString())
            elif rest:
                out.append(wire.enclosed(field.number, spoilt(one, tuple(rest), bad)))
            else:
                out.append(bad(field, one))
    return b"".join(out)


WRONG_BYTES = (
    "text that is no UTF-8",
    "nothing",
    "of another length",
    "a number without end",
    "a large number",
    "not a number",
    "infinite",
    "all bits",
    "zero",
    "half as wide",
)


def bad_bytes(wrong: str, field: FieldDescriptor, value: Any) -> bytes:
    """What a field may hold instead: of its own wire type, so that only its value is wrong; or of another."""
    number = field.number << 3
    text = value if isinstance(value, bytes) else str(value).encode()
    match wrong:
        case "text that is no UTF-8":
            return wire.enclosed(field.number, text[:1] + b"\xc3\xff")
        case "nothing":
            return wire.enclosed(field.number, b"")
        case "of another length":
            return wire.enclosed(field.number, b"x" * 5)
        case "a number without end":
            return bytes(_tag(number)) + b"\xff" * 9 + b"\x02"
        case "a large number":
            return bytes(_tag(number)) + b"\xff" * 9 + b"\x01"
        case "half as wide":
            return bytes(_tag(number | 5)) + b"\xff" * 4
    eight = {"not a number": b"\0" * 6 + b"\xf8\x7f", "infinite": b"\0" * 6 + b"\xf0\xff", "all bits": b"\xff" * 8}
    return bytes(_tag(number | 1)) + eight.get(wrong, b"\0" * 8)


def _tag(value: int) -> list[int]:
    return [value] if value < 128 else [value & 127 | 128, value >> 7]


def reached(way: Path, export: Export) -> set[int]:
    """The items that what is wrong may change, by their order: an item itself, or all of a metric or of a sender."""
    out: set[int] = set()
    at = 0

    if isinstance(export, ExportTraceServiceRequest):
        for a, group in enumerate(export.resource_spans):
            for b, scope in enumerate(group.scope_spans):
                for c, _ in enumerate(scope.spans):
                    steps = (("resource_spans", a), ("scope_spans", b), ("spans", c))
                    if _on(way, steps):
                        out.add(at)
                    at += 1
        return out
    for a, sender in enumerate(export.resource_metrics):
        for b, of_scope in enumerate(sender.scope_metrics):
            for c, metric in enumerate(of_scope.metrics):
                form = metric.WhichOneof("data") or ""
                for d, _ in enumerate(getattr(metric, form).data_points):
                    steps = (
                        ("resource_metrics", a),
                        ("scope_metrics", b),
                        ("metrics", c),
                        (form, 0),
                        ("data_points", d),
                    )
                    if _on(way, steps):
                        out.add(at)
                    at += 1
    return out


ITEMS = {"resource_spans", "scope_spans", "spans", "resource_metrics", "scope_metrics", "metrics", "data_points"}


def _on(way: Path, item: Path) -> bool:
    """Whether an item is what the way leads into, or lies below the holder of what it leads to."""
    shared = 0
    for mine, its in zip(way, item, strict=False):
        if mine != its:
            break
        shared += 1
    # The first step that leaves the item's own way must not lead into a sibling.
    return shared == len(item) or (shared < len(way) and way[shared][0] not in ITEMS)


def rows_of(decoded: Decoding, export: Export) -> list[tuple[Any, ...]]:
    if isinstance(export, ExportTraceServiceRequest):
        return decoded.spans
    return [decoded.series[row[0]][2:] + row[1:] for row in decoded.points]


EXPORTS: dict[str, Export] = {"spans": full_spans(), "metrics": full_metrics()}


def unchanged_beside(export: Export, way: Path, found: Decoding) -> None:
    """Every row that the wrong part has nothing to do with is there, as it was, in order."""
    right = rows_of(read(export.SerializeToString(), export), export)
    may = reached(way, export)
    kept = [row for at, row in enumerate(right) if at not in may]
    now = rows_of(found, export)
    assert [row for row in now if row in kept] == kept
    assert len(now) + found.rejected.count == len(right)
    assert found.rejected.count <= len(may)


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_both_forms_are_read_alike(export: Export) -> None:
    proto = read(export.SerializeToString(), export)
    other = read(as_json(export), export, as_json=True)
    assert (proto.said(), other.said()) == ("", "")
    assert rows_of(proto, export) == rows_of(other, export)
    assert len(rows_of(proto, export)) == (8 if export is EXPORTS["spans"] else 20)


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
@given(data=st.data())
@MANY
def test_a_wrong_value_in_protobuf_costs_itself_alone(export: Export, data: st.DataObject) -> None:
    way = data.draw(st.sampled_from(list(leaves(export))), "where")
    wrong = data.draw(st.sampled_from(WRONG_BYTES), "in its place")
    body = spoilt(export, way, lambda field, value: bad_bytes(wrong, field, value))
    unchanged_beside(export, way, read(body, export))


def as_json(export: Export) -> bytes:
    return json.dumps(document(export)).encode()


def document(export: Export) -> dict[str, Any]:
    """OTLP's JSON: ids in hexadecimal."""

    def hexadecimal(node: Any) -> None:
        if isinstance(node, list):
            for one in node:
                hexadecimal(one)
        elif isinstance(node, dict):
            for key, value in node.items():
                if key in ("traceId", "spanId", "parentSpanId"):
                    node[key] = base64.b64decode(value).hex()
                else:
                    hexadecimal(value)

    out: dict[str, Any] = json_format.MessageToDict(export)
    hexadecimal(out)
    return out


WRONG: list[Any] = [
    "\ud800",
    "x",
    "NaN",
    -1,
    2**70,
    1e300,
    True,
    None,
    {},
    [],
    {"a": 1},
    [5],
    "SPAN_KIND_OF_THE_FUTURE",
]


def values(node: Any, above: Path = ()) -> Iterator[Path]:
    """Every scalar of a document by the way to it, in names of protobuf."""
    for key, value in node.items():
        name = "".join(f"_{one.lower()}" if one.isupper() else one for one in key)
        for at, one in enumerate(value if isinstance(value, list) else [value]):
            way = (*above, (name, at))
            if isinstance(one, dict):
                yield from values(one, way)
            else:
                yield way


def put(node: Any, way: Path, wrong: Any) -> None:
    (name, at), *rest = way
    first, *others = name.split("_")
    key = first + "".join(one.capitalize() for one in others)
    if rest:
        put(node[key][at] if isinstance(node[key], list) else node[key], tuple(rest), wrong)
    elif isinstance(node[key], list):
        node[key][at] = wrong
    else:
        node[key] = wrong


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
@given(data=st.data())
@MANY
def test_a_wrong_value_in_json_costs_itself_alone(export: Export, data: st.DataObject) -> None:
    sent = document(export)
    way = data.draw(st.sampled_from(list(values(sent))), "where")
    put(sent, way, data.draw(st.sampled_from(WRONG), "in its place"))
    unchanged_beside(export, way, read(json.dumps(sent).encode(), export, as_json=True))


def test_a_text_cut_within_a_character_is_repaired_and_said() -> None:
    right = [Call(number, 1, T0 - 1) for number in range(1, 51)]
    body = spans(*right, Call(51, 1, T0 - 1, attributes={"note": "Gr@@"})).SerializeToString()
    found = read(body.replace(b"Gr@@", b"Gr\xc3\xc3"), ExportTraceServiceRequest())
    assert len(found.spans) == 51
    assert '"note":"Gr\ufffd\ufffd"' in found.spans[-1][ATTRIBUTES]
    assert found.said() == "1 repaired or left out: a text that is not UTF-8, or a field that cannot be read"


@pytest.mark.parametrize("other", [{"asDouble": 0.5}, {"as_int": "6"}])
def test_of_two_values_where_one_may_be_the_first_is_read(other: dict[str, Any]) -> None:
    sent = document(points(Point(T0 - 1, T0 - 9, value=7.0, metric="jobs", form="sum")))
    [point] = sent["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"]
    value = next(one for one in ("asInt", "asDouble") if one in point)
    del point[value]
    point |= {"asInt": "5"} | other
    found = read(json.dumps(sent).encode(), ExportMetricsServiceRequest(), as_json=True)
    assert [row[schema.POINTS.get_field_index("value")] for row in found.points] == [5.0]
    assert found.repaired.count == 1


def test_json_with_broken_text_and_bare_nan_is_read() -> None:
    body = json.dumps(document(spans(Call(1, 1, T0 - 1, attributes={"note": "Gr@@", "half": 0.5})))).encode()
    body = body.replace(b"Gr@@", b"Gr\xc3").replace(b"0.5", b"NaN")
    found = read(body, ExportTraceServiceRequest(), as_json=True)
    assert [json.loads(row[ATTRIBUTES]) for row in found.spans] == [{"note": "Gr\ufffd", "half": "nan"}]
    assert found.repaired.count


GOOD: dict[str, Any] = {"count": 6, "sum": 3.0, "bucket_counts": [1, 2, 3], "explicit_bounds": [0.1, 1.0]}
ODD: dict[str, tuple[dict[str, Any], tuple[Any, ...], list[float], str]] = {
    "right": ({}, (6, 3.0, [1, 2, 3]), [0.1, 1.0], ""),
    "sum that is no number": ({"sum": math.nan}, (6, None, [1, 2, 3]), [0.1, 1.0], "sum is not a finite number"),
    "endless sum": ({"sum": math.inf}, (6, None, [1, 2, 3]), [0.1, 1.0], "sum is not a finite number"),
    "no sum": ({"sum": None}, (6, None, [1, 2, 3]), [0.1, 1.0], ""),
    "no count": ({"count": 0}, (6, 3.0, [1, 2, 3]), [0.1, 1.0], "has no count"),
    "another count": ({"count": 7}, (7, 3.0, None), [0.1, 1.0], "do not add up to its count"),
    "a bucket too few": ({"bucket_counts": [1, 5]}, (6, 3.0, None), [0.1, 1.0], "do not fit its bounds"),
    "bounds that fall": ({"explicit_bounds": [1.0, 0.1]}, (6, 3.0, None), [], "bounds do not rise"),
    "a bound twice": ({"explicit_bounds": [1.0, 1.0]}, (6, 3.0, None), [], "bounds do not rise"),
    "a bound that is no number": ({"explicit_bounds": [0.1, math.nan]}, (6, 3.0, None), [], "bounds do not rise"),
    "an endless bound": ({"explicit_bounds": [0.1, math.inf]}, (6, 3.0, [1, 5]), [0.1], ""),
    "an endless bound and its bucket": (
        {"explicit_bounds": [0.1, 1.0, math.inf], "bucket_counts": [1, 2, 3, 0]},
        (6, 3.0, [1, 2, 3]),
        [0.1, 1.0],
        "",
    ),
    "no buckets": ({"bucket_counts": [], "explicit_bounds": []}, (6, 3.0, None), [], ""),
}


@pytest.mark.parametrize("case", ODD.values(), ids=ODD)
def test_an_odd_field_leaves_the_count_of_a_histogram(
    case: tuple[dict[str, Any], tuple[Any, ...], list[float], str],
) -> None:
    change, expected, bounds, said = case
    export = points(Point(T0 - 1, T0 - 60, buckets=(1,)))
    point = export.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points[0]
    point.CopyFrom(
        HistogramDataPoint(time_unix_nano=point.time_unix_nano, start_time_unix_nano=1, **{**GOOD, **change})
    )
    found = read(export.SerializeToString(), export)
    assert not found.rejected.count
    [row] = found.points
    assert row[4:] == expected
    assert found.series[row[0]][7] == bounds
    assert said in found.said()
    assert bool(said) == bool(found.repaired.count)


def test_a_histogram_of_too_many_bounds_is_refused_alone() -> None:
    wide = Point(T0 - 1, T0 - 60, buckets=[0] * (MAX_BOUNDS + 2), bounds=[float(one) for one in range(MAX_BOUNDS + 1)])
    export = points(wide, Point(T0 - 1, T0 - 60, buckets=(1, 2, 3, 4)))
    found = read(export.SerializeToString(), export)
    assert len(found.points) == 1
    reason = f"a histogram has more than {MAX_BOUNDS} bounds"
    assert found.said() == f"1 rejected: {reason}"
    assert found.lost.counts == {Loss("api", Told.POINT, "http.server.request.duration", "", "", False, reason): 1}


def nested(*numbers: int, last: bytes) -> bytes:
    for number in reversed(numbers):
        last = wire.enclosed(number, last)
    return last


@pytest.mark.parametrize(
    ("path", "of"),
    [
        pytest.param((1, 2), ExportTraceServiceRequest(), id="spans"),
        pytest.param((1,), ExportTraceServiceRequest(), id="scopes"),
        pytest.param((), ExportTraceServiceRequest(), id="senders"),
        pytest.param((1, 2), ExportMetricsServiceRequest(), id="metrics"),
        pytest.param((1, 2, 2, 9), ExportMetricsServiceRequest(), id="points"),
    ],
)
def test_too_many_things_are_counted_before_one_is_built(path: tuple[int, ...], of: Export) -> None:
    many = b"\x12\0" if path in ((1, 2), (1,)) else b"\x0a\0"
    body = nested(*path, last=many * (wire.MAX_ITEMS + 1))
    with pytest.raises(wire.TooMany):
        read(body, of)


def test_an_item_of_too_many_parts_is_refused_alone() -> None:
    export = spans(Call(1, 1, T0 - 1), Call(2, 2, T0 - 1))
    span = export.resource_spans[0].scope_spans[0].spans[0]
    heavy = span.SerializeToString() + b"\x4a\0" * 40_000  # attributes without key or value
    whole = wire.enclosed(1, wire.enclosed(2, wire.enclosed(2, heavy))) + export.SerializeToString()
    found = read(whole, export)
    assert len(found.spans) == 2
    reason = f"a span holds more than {wire.MAX_ELEMENTS} attributes, events, links or bounds in one item"
    assert found.said() == f"1 rejected: {reason}"
    # What it told of, and of whom, stands in what was not read.
    assert set(found.lost.counts) == {
        Loss("unknown_service", told, "", "", "", True, reason) for told in (Told.SERVED, Told.CALLED)
    }


def test_losses_say_whose_requests_they_are_up_to_a_number() -> None:
    route = http("/a", method="POST")
    absurd = [
        Call(1, 1, 1.0, attributes=route),
        Call(2, 2, 1.0, kind=CLIENT),
        Call(3, 3, 1.0, kind=INTERNAL),
        Call(4, 4, 1.0, kind=CONSUMER, name="orders process"),
    ]
    found = read(spans(*absurd).SerializeToString(), spans())
    assert sorted((one.told, one.route, one.method, one.whole) for one in found.lost.counts) == [
        (Told.SERVED, "/a", "POST", False),
        (Told.SERVED, "orders process", "", False),
        (Told.CALLED, "", "", True),
    ]
    odd = [Point(1.0, 0.5, metric=f"m{number}", form="counter") for number in range(lost.MOST + 20)]
    odd += [Point(1.0, 0.5, metric="level", form="gauge")]
    found = read(points(*odd).SerializeToString(), points())
    assert found.rejected.count == len(odd)
    assert sum(found.lost.counts.values()) == len(odd) - 1
    (whole,) = [one for one in found.lost.counts if one.whole]
    assert (whole.metric, found.lost.counts[whole]) == ("", 20)


def test_a_span_of_too_many_events_counts_without_them() -> None:
    export = spans(Call(1, 1, T0 - 1, attributes={"note": "kept"}))
    span = export.resource_spans[0].scope_spans[0].spans[0]
    span.events.extend([Span.Event(name="tick")] * (wire.MAX_ELEMENTS + 1))
    found = read(export.SerializeToString(), export)
    assert [row[ATTRIBUTES] for row in found.spans] == ['{"note":"kept"}']
    assert found.said().startswith("1 repaired or left out: a span holds too many events")


def test_json_of_too_many_values_is_refused_before_it_is_built() -> None:
    with pytest.raises(wire.TooMany):
        read(b'{"resourceSpans":[' + b"{}," * otlp_json.MAX_MARKS + b"{}]}", ExportTraceServiceRequest(), as_json=True)


def test_attributes_beyond_the_first_are_counted() -> None:
    many = pairs({f"a{number:04}": "x" for number in range(MAX_ATTRIBUTES + 3)})
    traced, counted = (
        spans(Call(1, 1, T0 - 1), Call(2, 2, T0 - 1)),
        points(Point(T0 - 1, T0 - 60, buckets=(1, 2, 3, 4))),
    )
    traced.resource_spans[0].scope_spans[0].spans[0].attributes.extend(many)
    counted.resource_metrics[0].resource.attributes.extend(many)
    counted.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points[0].attributes.extend(many)
    for body, in_json in ((traced.SerializeToString(), False), (as_json(traced), True)):
        found = read(body, traced, in_json)
        assert [len(json.loads(str(one[ATTRIBUTES]))) for one in found.spans] == [MAX_ATTRIBUTES, 0]
        assert (found.rejected.count, found.repaired.reasons) == (0, {TRIMMED: 3})
        assert found.said() == f"3 repaired or left out: {TRIMMED}"
    found = read(counted.SerializeToString(), counted)
    assert (len(found.points), found.repaired.reasons) == (1, {TRIMMED: 3 + 2 + 3})
