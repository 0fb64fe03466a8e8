"""Orders for a fault: what is taken, and what is refused with which parameter."""

import json

import pytest

from shop.catalogue import Fault
from shop.order import Order, Rejected, read_delay, read_error, read_fault

BAD_DELAY = {
    "no endpoint": ({"duration": "5"}, "endpoint"),
    "unknown endpoint": ({"endpoint": "/nope", "duration": "5"}, "endpoint"),
    "two slashes": ({"endpoint": "//payment", "duration": "5"}, "endpoint"),
    "no duration": ({"endpoint": "/payment"}, "duration"),
    "empty duration": ({"endpoint": "/payment", "duration": ""}, "duration"),
    "a word": ({"endpoint": "/payment", "duration": "soon"}, "duration"),
    "negative": ({"endpoint": "/payment", "duration": "-1"}, "duration"),
    "absurd": ({"endpoint": "/payment", "duration": "60001"}, "duration"),
    "infinite": ({"endpoint": "/payment", "duration": "inf"}, "duration"),
    "not a number": ({"endpoint": "/payment", "duration": "nan"}, "duration"),
    "for no time": ({"endpoint": "/payment", "duration": "5", "for_seconds": "0"}, "for_seconds"),
    "unknown parameter": ({"endpoint": "/payment", "duration": "5", "rate": "1"}, "rate"),
}
BAD_ERROR = {
    "no rate": ({"endpoint": "/payment"}, "rate"),
    "above one": ({"endpoint": "/payment", "rate": "1.01"}, "rate"),
    "below zero": ({"endpoint": "/payment", "rate": "-0.01"}, "rate"),
    "not a number": ({"endpoint": "/payment", "rate": "NaN"}, "rate"),
    "a word": ({"endpoint": "/payment", "rate": "often"}, "rate"),
}
BAD_FAULT = {
    "not JSON": ("{", "body"),
    "not an object": ("[1]", "body"),
    "not text": (b"\xff\xfe", "body"),
    "no kind": ('{"endpoint": "/payment"}', "kind"),
    "unknown kind": ('{"kind": "fire", "endpoint": "/payment"}', "kind"),
    "kind is a list": ('{"kind": ["latency"], "endpoint": "/payment"}', "kind"),
    "unknown field": ('{"kind": "gone", "service": "payment", "why": 1}', "why"),
    "no target": ('{"kind": "latency", "strength": 1}', "endpoint"),
    "endpoint is a number": ('{"kind": "latency", "endpoint": 3, "strength": 1}', "endpoint"),
    "unknown service": ('{"kind": "gone", "service": "moon"}', "service"),
    "the gateway": ('{"kind": "gone", "service": "gateway"}', "service"),
    "service is a list": ('{"kind": "gone", "service": []}', "service"),
    "they disagree": ('{"kind": "gone", "service": "payment", "endpoint": "/inventory"}', "endpoint"),
    "no strength": ('{"kind": "latency", "endpoint": "/payment"}', "strength"),
    "strength is text": ('{"kind": "latency", "endpoint": "/payment", "strength": "9"}', "strength"),
    "strength is true": ('{"kind": "errors", "endpoint": "/payment", "strength": true}', "strength"),
    "strength is NaN": ('{"kind": "errors", "endpoint": "/payment", "strength": NaN}', "strength"),
    "strength is huge": ('{"kind": "latency", "endpoint": "/payment", "strength": 1' + "0" * 400 + "}", "strength"),
    "share above one": ('{"kind": "timeout", "endpoint": "/payment", "strength": 2}', "strength"),
    "strength of none": ('{"kind": "gone", "service": "payment", "strength": 1}', "strength"),
    "for less than no time": ('{"kind": "gone", "service": "payment", "for_seconds": -1}', "for_seconds"),
    "for ever and a day": ('{"kind": "gone", "service": "payment", "for_seconds": 86401}', "for_seconds"),
    "query without a database": ('{"kind": "query", "endpoint": "/payment", "strength": 9}', "endpoint"),
    "a caller of errors": ('{"kind": "errors", "endpoint": "/payment", "strength": 1, "caller": "checkout"}', "caller"),
    "who does not call": ('{"kind": "network", "endpoint": "/products", "strength": 1, "caller": "payment"}', "caller"),
    "load of one service": ('{"kind": "drop", "service": "payment", "strength": 1}', "service"),
    "load of one endpoint": ('{"kind": "drop", "endpoint": "/payment", "strength": 1}', "endpoint"),
    "a thousand times": ('{"kind": "surge", "strength": 1000}', "strength"),
    "for text": ('{"kind": "gone", "service": "payment", "for_seconds": "9"}', "for_seconds"),
}
GOOD_FAULT = {
    "endpoint": (
        '{"kind": "latency", "endpoint": "/payment", "strength": 9}',
        Fault("latency", "payment", "/payment", 9),
    ),
    "no slash": (
        '{"kind": "latency", "endpoint": "payment", "strength": 9}',
        Fault("latency", "payment", "/payment", 9),
    ),
    "service": ('{"kind": "errors", "service": "catalog", "strength": 1}', Fault("errors", "catalog", "/products", 1)),
    "whole share": ('{"kind": "timeout", "endpoint": "/payment"}', Fault("timeout", "payment", "/payment", 1)),
    "load": ('{"kind": "surge", "strength": 3}', Fault("surge", "gateway", None, 3)),
    "one edge": (
        '{"kind": "network", "endpoint": "/payment", "strength": 9, "caller": "checkout"}',
        Fault("network", "payment", "/payment", 9, "checkout"),
    ),
    "process": ('{"kind": "gone", "endpoint": "/checkout"}', Fault("gone", "checkout")),
}


@pytest.mark.parametrize(("query", "parameter"), BAD_DELAY.values(), ids=BAD_DELAY)
def test_a_bad_delay_names_the_parameter(query: dict[str, str], parameter: str) -> None:
    with pytest.raises(Rejected) as rejected:
        read_delay(query)
    assert rejected.value.parameter == parameter


@pytest.mark.parametrize(("query", "parameter"), BAD_ERROR.values(), ids=BAD_ERROR)
def test_a_bad_error_names_the_parameter(query: dict[str, str], parameter: str) -> None:
    with pytest.raises(Rejected) as rejected:
        read_error(query)
    assert rejected.value.parameter == parameter


@pytest.mark.parametrize(("body", "parameter"), BAD_FAULT.values(), ids=BAD_FAULT)
def test_a_bad_fault_names_the_parameter_in_valid_json(body: str | bytes, parameter: str) -> None:
    with pytest.raises(Rejected) as rejected:
        read_fault(body if isinstance(body, bytes) else body.encode())
    assert rejected.value.parameter == parameter
    answer = json.loads(json.dumps(rejected.value.as_json(), allow_nan=False))
    assert set(answer) == {"error", "parameter", "value", "allowed"}
    assert answer["allowed"]


@pytest.mark.parametrize(("body", "fault"), GOOD_FAULT.values(), ids=GOOD_FAULT)
def test_a_good_fault_finds_its_owner(body: str, fault: Fault) -> None:
    assert read_fault(body.encode()) == Order(fault)


@pytest.mark.parametrize("endpoint", ["/payment", "payment"])
def test_queries_take_an_endpoint_with_and_without_its_slash(endpoint: str) -> None:
    query = {"endpoint": endpoint, "duration": "2000", "for_seconds": "30"}
    assert read_delay(query) == Order(Fault("latency", "payment", "/payment", 2000.0), 30.0)
    assert read_error({"endpoint": endpoint, "rate": "0.8"}) == Order(Fault("errors", "payment", "/payment", 0.8))
