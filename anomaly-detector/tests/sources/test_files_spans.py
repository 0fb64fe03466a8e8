"""Spans of files of any kind: read as columns and as traces, and whatever is wrong with them told, never a crash."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from examples import share
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aiops.model import Span, SpanKind
from aiops.model.errors import AiopsError
from aiops.sources.common import otlp_writing
from aiops.sources.files import times
from aiops.sources.files.columns import BadColumns, fitted_columns, parse
from aiops.sources.files.opening import UnreadableFile
from aiops.sources.files.reading import read_spans
from aiops.sources.files.spans_table import NONE, SpanTable, table_of

from .otlp import Call, spans

T0 = 1_700_000_000
FUZZ = settings(share(0.5), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
HEADER = "TraceID,SpanID,ParentID,PodName,OperationName,StartTime,Duration,Status"
ROWS = (
    f"t1,a,root,web,GET /,{T0}000000,90000,200",
    f"t1,b,a,web,call pay,{T0}010000,50000,500",
    f"t1,c,b,pay,POST /pay,{T0}020000,30000,500",
    f"t2,d,,web,GET /,{T0}100000,1000,200",
)
MAPPED = "service=PodName,name=OperationName,start=StartTime,duration=Duration"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "spans.any"
    path.write_text("\n".join((HEADER, *ROWS)) + "\n")
    return path


def test_a_csv_is_linked_and_what_it_does_not_say_is_derived(file: Path) -> None:
    table = read_spans(file, parse(MAPPED))
    assert [table.span[row] for row in range(4)] == ["a", "b", "c", "d"]
    assert table.parent.tolist() == [NONE, 0, 1, NONE]
    assert table.kind.tolist() == [SpanKind.SERVER, SpanKind.CLIENT, SpanKind.SERVER, SpanKind.SERVER]
    assert table.failed.tolist() == [False, True, True, False]
    assert table.bounds.tolist() == [0, 3, 4]
    first, second = table.traces()
    assert [one.peer for one in first.spans] == ["", "pay", ""]
    assert first.spans[2].parent_id == "b"
    assert (first.spans[2].start, first.spans[2].duration) == (T0 + 0.02, 0.03)
    assert (second.trace_id, second.spans[0].http_status) == ("t2", 200)
    assert "'Duration' is taken for us" in table.notes[0]


def test_usual_names_need_no_mapping_and_the_form_is_recognised_by_the_content(file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "spans.json"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert read_spans(packed).span.values == read_spans(file).span.values
    semicolons = tmp_path / "spans.csv"
    semicolons.write_text(file.read_text().replace(",", ";"))
    assert len(read_spans(semicolons)) == 4


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("service=Pod", "column 'Pod' is not in the file; it has: TraceID, SpanID, ParentID, PodName, Op"),
        ("servce=PodName", "'servce' is not known; known: trace, span, parent, service"),
        ("service", "'service' is no key=Column"),
        ("service=", "'service=' names no column"),
        ("service=PodName:ms", "only start, end, duration have a unit"),
    ],
)
def test_wrong_columns_are_named_with_what_there_is(file: Path, columns: str, said: str) -> None:
    with pytest.raises(BadColumns, match=said):
        read_spans(file, parse(columns))


def test_a_missing_column_is_asked_for() -> None:
    with pytest.raises(BadColumns, match="which column is the service"):
        fitted_columns(None, ["traceId", "spanId", "startTime", "duration"])
    with pytest.raises(BadColumns, match="which column is the duration, or the end"):
        fitted_columns(None, ["traceId", "spanId", "service", "startTime"])


def test_relative_times_need_a_unit(file: Path) -> None:
    file.write_text(HEADER.replace("StartTime", "Start") + "\nt1,a,,web,GET /,12,90,200\n")
    with pytest.raises(BadColumns, match="no Unix times; say its unit"):
        read_spans(file)
    table = read_spans(file, parse("start:ms,duration:us"))
    assert (table.start[0], table.duration[0]) == (0.012, 90e-6)


@pytest.mark.parametrize(("unit", "factor"), [("ns", 10**9), ("us", 10**6), ("ms", 10**3), ("s", 1)])
def test_units_are_recognised_by_magnitude(file: Path, unit: str, factor: int) -> None:
    rows = [HEADER]
    for number in range(20):
        start = T0 + number
        rows += [
            f"t{number},a,,web,x,{start * factor},{2 * factor},0",
            f"t{number},b,a,web,y,{(start + 1) * factor},0,0",
        ]
    file.write_text("\n".join(rows))
    table = read_spans(file, parse(f"end=StartTime,start=StartTime,duration:{unit}"))
    assert table.start[0] == T0
    table = read_spans(file)
    assert set(table.start.tolist()) == {float(T0 + number) for number in range(21)}
    assert table.duration.max() == 2.0


def test_durations_of_another_unit_than_the_start_are_found_by_what_lies_within(file: Path) -> None:
    rows = [HEADER]
    for number in range(50):
        start = 1000 * (T0 + number)
        rows += [f"t{number},a,,web,x,{start},500000,0", f"t{number},b,a,web,y,{start + 300},100000,0"]
    file.write_text("\n".join(rows))
    assert read_spans(file).duration.max() == 0.5


def test_times_keep_their_nanoseconds_and_dates_are_read(file: Path) -> None:
    file.write_text(f"{HEADER}\nt,a,,web,x,{T0}123456789,1,0\nt,b,a,web,y,{T0}123456790,1,0\n")
    assert read_spans(file).start_ns.tolist() == [T0 * 10**9 + 123456789, T0 * 10**9 + 123456790]
    file.write_text(f"{HEADER}\nt,a,,web,x,2023-11-14T22:13:20.5Z,1,0\nt,b,,web,x,2023-11-14 22:13:21,1,0\n")
    assert read_spans(file, parse("duration:ms")).start.tolist() == [T0 + 0.5, T0 + 1.0]


def test_lines_that_cannot_be_read_are_counted_and_the_rest_is_kept(file: Path) -> None:
    file.write_text(file.read_text() + "t9,z\n,e,,web,x,1,1,0\nt9,f,,web,x,soon,1,0\n")
    table = read_spans(file)
    assert len(table) == 4
    assert any(":6: left out" in note for note in table.notes)
    assert "2 lines were left out, without an id or a time" in table.notes


def test_malformed_links_are_cut_and_counted(file: Path) -> None:
    rows = (
        f"t,a,c,web,x,{T0}000000,9,0",
        f"t,b,a,web,x,{T0}000001,9,0",
        f"t,c,b,web,x,{T0}000002,9,0",
        f"t,d,c,web,x,{T0}000003,-5,0",
        f"t,d,c,web,x,{T0}000003,5,0",
        f"t,e,gone,web,x,{T0}000004,5,0",
    )
    file.write_text("\n".join((HEADER, *rows)))
    table = read_spans(file)
    assert table.parent.tolist() == [NONE, NONE, NONE, 2, NONE]
    assert table.duration.min() == 0
    said = " ".join(table.notes)
    for what in ("its own ancestor", "negative duration", "comes twice", "not in its trace"):
        assert what in said


@pytest.mark.parametrize("text", ["", "\n\n", "   "])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, text: str) -> None:
    path = tmp_path / "none"
    path.write_text(text)
    with pytest.raises(UnreadableFile, match="is empty"):
        read_spans(path)


def test_jaeger_and_otlp_give_the_same_traces(tmp_path: Path) -> None:
    call = Call(1, 2, T0 + 1.0, 0.25, 0, "web", "GET /", attributes={"http.response.status_code": 503})
    inner = Call(1, 3, T0 + 0.9, 0.1, 2, "pay", "POST /pay", error=True, exception=("Refused", "no card"))
    otlp, framed, jaeger = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    export = spans(call, inner)
    otlp.write_bytes(export.SerializeToString())
    body = export.SerializeToString()
    framed.write_bytes(2 * (len(body).to_bytes(4, "big") + body))
    jaeger.write_text(json.dumps({"data": [jaeger_trace()]}))
    one, two, three = (read_spans(path) for path in (otlp, framed, jaeger))
    assert "comes twice" in " ".join(two.notes)
    for table in (one, two, three):
        [trace] = table.traces()
        assert [(span.service, span.name, span.failed, span.duration) for span in trace.spans] == [
            ("web", "GET /", True, 0.25),
            ("pay", "POST /pay", True, 0.1),
        ]
        assert trace.spans[1].parent_id == trace.spans[0].span_id
        assert trace.spans[1].exception_message == "no card"
        assert trace.spans[0].http_status == 503


def test_a_span_of_an_impossible_time_is_left_out(tmp_path: Path) -> None:
    """A number of 64 bits without a sign fits into OTLP's message, and into no time."""
    whole, far = jaeger_trace(), jaeger_trace()
    for one in far["spans"]:
        one["startTime"] = 2**63 // 1000 + 10**6
    (tmp_path / "far").write_text(json.dumps({"data": [whole, {**far, "spans": far["spans"][:1]}]}))
    table = read_spans(tmp_path / "far")
    assert len(table.models) == len(whole["spans"])
    assert "1 spans are left out: their times are no Unix times of this age" in table.notes


def jaeger_trace() -> dict[str, Any]:
    def tag(key: str, value: object) -> dict[str, object]:
        return {"key": key, "type": "string", "value": value}

    return {
        "traceID": "1",
        "spans": [
            {
                "traceID": "1",
                "spanID": "2",
                "operationName": "GET /",
                "references": [],
                "startTime": T0 * 10**6 + 750_000,
                "duration": 250_000,
                "tags": [tag("span.kind", "server"), tag("http.status_code", 503)],
                "processID": "p1",
            },
            {
                "traceID": "1",
                "spanID": "3",
                "operationName": "POST /pay",
                "references": [{"refType": "CHILD_OF", "traceID": "1", "spanID": "2"}],
                "startTime": T0 * 10**6 + 800_000,
                "duration": 100_000,
                "tags": [tag("span.kind", "server"), tag("error", True)],
                "logs": [{"timestamp": 1, "fields": [tag("event", "exception"), tag("exception.message", "no card")]}],
                "processID": "p2",
            },
        ],
        "processes": {"p1": {"serviceName": "web"}, "p2": {"serviceName": "pay"}},
    }


ids = st.sampled_from(["", "0", "a", "b", "c", "d", "root", "é"])
numbers = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.floats().map(str),
    st.sampled_from([str(T0), f"{T0}000", f"{T0}000000000", "", "-1", "+5", "1e400", ".5", "5.", "--1", "2026-01-01"]),
)
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@st.composite
def spans_of_any_form(draw: st.DrawFn) -> list[Span]:
    return [
        Span(
            trace_id=draw(st.sampled_from(["t", "u"])),
            span_id=draw(ids),
            parent_id=draw(ids),
            service=draw(st.sampled_from(["x", "y"])),
            name="n",
            kind=SpanKind(draw(st.integers(0, 5))),
            start=draw(st.floats(0, 4e9)),
            duration=draw(st.floats(-10, 1e6)),
        )
        for _ in range(draw(st.integers(0, 12)))
    ]


@given(spans_of_any_form())
@FUZZ
def test_whatever_the_links_are_every_span_has_a_root(made: list[Span]) -> None:
    table = table_of(made)
    holds(table)
    assert len(table) == len({(one.trace_id, one.span_id) for one in made})
    assert sum(len(trace.spans) for trace in table.traces()) == len(table)


@given(st.lists(st.tuples(ids, ids, ids, cells, cells, numbers, numbers, cells), max_size=12))
@FUZZ
@example([("t", "a", "a", "", "", f"{T0}", "1", "")])
def test_whatever_is_in_a_csv_it_is_read_or_refused_with_a_reason(
    tmp_path: Path, rows: Sequence[Sequence[str]]
) -> None:
    path = tmp_path / "any.csv"
    path.write_text("\n".join((HEADER, *(",".join(row) for row in rows))), encoding="utf-8")
    try:
        table = read_spans(path)
    except AiopsError:
        return
    holds(table)
    list(table.traces())


@given(st.binary(max_size=300))
@FUZZ
@example(b'{"data": [{"spans": 5}]}')
@example(b'{"data": [{"spans": [{"traceID": 1}]}]}')
@example(b'{"resourceSpans": [{"scopeSpans": 7}]}')
@example(b"[1, 2]")
@example(b"{\n" + b"[" * 100)
@example(b"\0\0\0\5hello")
def test_whatever_a_file_holds_it_is_read_or_refused_with_a_reason(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(held)
    with pytest.raises(AiopsError):
        read_spans(path)


@given(spans_of_any_form())
@FUZZ
def test_what_is_written_as_otlp_is_read_again(tmp_path: Path, made: list[Span]) -> None:
    hexadecimal = {one: f"{number + 1:016x}" for number, one in enumerate(["", "0", "a", "b", "c", "d", "root", "é"])}
    right = [
        Span(
            trace_id=f"{ord(one.trace_id):032x}",
            span_id=hexadecimal[one.span_id],
            parent_id="",
            service=one.service,
            name=one.name,
            kind=one.kind,
            start=round(one.start + 1e9),
            duration=round(abs(one.duration)),
            attributes={"k": "v"},
        )
        for one in {(one.trace_id, one.span_id): one for one in made}.values()
    ]
    if not right:
        return
    path = tmp_path / "any"
    path.write_text(json.dumps(otlp_writing.otlp_export(right)))
    found = {(one.trace_id, one.span_id): one for trace in read_spans(path).traces() for one in trace.spans}
    for one in right:
        again = found[one.trace_id, one.span_id]
        assert (again.start, again.duration, again.service, again.attributes) == (
            one.start,
            one.duration,
            one.service,
            one.attributes,
        )


@given(st.lists(numbers, min_size=1, max_size=8), st.sampled_from(["ns", "us", "ms", "s"]))
@FUZZ
def test_times_are_right_or_missing(texts: list[str], unit: str) -> None:
    column = pa.chunked_array([pa.array(texts)])
    found = times.scaled(column, times.lengths(column), unit)
    factor = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}[unit]
    for text, value in zip(texts, found.tolist(), strict=True):
        if text.removeprefix("-").isdigit() and abs(int(text) * factor) < 2**61:
            assert abs(value - int(text) * factor) <= abs(value) * 2e-16 * (factor > 10**3)


def holds(table: SpanTable) -> None:
    """The links of a table end, and stay within their traces."""
    assert (table.duration_ns >= 0).all()
    linked = table.parent != NONE
    assert (table.trace.codes[linked] == table.trace.codes[table.parent[linked]]).all()
    at = np.arange(len(table))
    for _ in range(len(table)):
        at = np.where(at != NONE, table.parent[at], NONE)
    assert (at == NONE).all()
