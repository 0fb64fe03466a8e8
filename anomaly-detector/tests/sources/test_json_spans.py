"""A span that is built directly from JSON is the one that protobuf's own reader builds."""

import base64
from typing import Any

from examples import share
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from aiops.sources.receiver.json_spans import built

IDS = ("traceId", "spanId", "parentSpanId")
numbers = st.one_of(
    st.integers(0, 2**64), st.integers(0, 2**64).map(str), st.sampled_from(["", "-1", "1.5", 1.5, None])
)
floats = st.floats(allow_nan=False, allow_infinity=False)
texts = st.one_of(st.text(max_size=5), st.sampled_from([None, 7]))
hexadecimal = st.one_of(st.binary(max_size=16).map(bytes.hex), st.sampled_from(["0g", " 00", "ABCD", "abc"]))
values = st.one_of(
    st.builds(lambda value: {"stringValue": value}, texts),
    st.builds(lambda value: {"intValue": value}, st.one_of(st.integers(-(2**63), 2**63), numbers)),
    st.builds(lambda value: {"doubleValue": value}, st.one_of(floats, numbers)),
    st.builds(lambda value: {"boolValue": value}, st.one_of(st.booleans(), st.sampled_from(["true", 1]))),
    st.just({"arrayValue": {"values": [{"stringValue": "a"}]}}),
    st.just({}),
)
pairs = st.lists(st.fixed_dictionaries({"key": texts}, optional={"value": values}), max_size=3)
events = st.fixed_dictionaries({}, optional={"name": texts, "timeUnixNano": numbers, "attributes": pairs})
documents = st.fixed_dictionaries(
    {},
    optional={
        "traceId": hexadecimal,
        "spanId": hexadecimal,
        "parentSpanId": hexadecimal,
        "name": texts,
        "kind": st.one_of(st.integers(-1, 9), st.sampled_from(["SPAN_KIND_SERVER", "2"])),
        "startTimeUnixNano": numbers,
        "endTimeUnixNano": numbers,
        "attributes": pairs,
        "status": st.fixed_dictionaries({}, optional={"code": st.integers(-1, 6), "message": texts}),
        "events": st.lists(events),
        "links": st.lists(st.fixed_dictionaries({}, optional={"traceId": hexadecimal, "spanId": hexadecimal})),
        "flags": st.integers(0, 300),
        "trace_state": texts,
    },
)


def usual(document: dict[str, Any]) -> dict[str, Any]:
    """The same with ids as protobuf's JSON has them."""
    out = dict(document)
    for key in document.keys() & set(IDS):
        out[key] = base64.b64encode(bytes.fromhex(document[key])).decode()
    return {**out, "links": [usual(one) for one in out["links"]]} if "links" in out else out


@given(documents)
@share(4)
def test_it_is_the_same_or_left_to_the_other_reader(document: dict[str, Any]) -> None:
    found = built(document)
    if found is not None:
        expected = json_format.ParseDict(usual(document), Span(), ignore_unknown_fields=True)
        expected.ClearField("flags")  # nobody reads them
        assert found == expected
