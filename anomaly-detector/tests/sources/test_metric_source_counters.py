"""The contract of MetricSource on cumulative counters: what each sample adds, and where nothing is known."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from aiops.model import Selector, Window, names

from .conftest import T0, Adapter, Counting
from .otlp import Point, Value, http, points
from .reading import NAN, RED, same, served


def hits(at: float, count: int, start: float = 0.0, status: int = 200, instance: str = "api-0") -> Point:
    """A server histogram at T0 + at that has counted since T0 + start."""
    return Point(
        at=T0 + at,
        start=T0 + start,
        buckets=(count, 0, 0, 0),
        sum=count * 0.005,
        attributes=http("/", status),
        instance=instance,
    )


# name: samples in the order they arrive, requests and errors in the steps (60, 70], (70, 80], (80, 90]
CASES = {
    "grows": ([hits(58, 10), hits(68, 12), hits(78, 15), hits(88, 15)], [2, 3, 0], [0, 0, 0]),
    "on the border belongs to the earlier step": ([hits(60, 1), hits(70, 4), hits(80, 9)], [3, 5, NAN], [0, 0, NAN]),
    "several samples in a step": ([hits(60, 0), hits(62, 1), hits(65, 4), hits(70, 9)], [9, NAN, NAN], [0, NAN, NAN]),
    "born in the window": ([hits(75, 7, start=71)], [NAN, 7, NAN], [NAN, 0, NAN]),
    "born shortly before the window": ([hits(65, 7, start=-200)], [7, NAN, NAN], [0, NAN, NAN]),
    "old and not listened to": ([hits(65, 700, start=-9000), hits(75, 703, start=-9000)], [NAN, 3, NAN], [NAN, 0, NAN]),
    "value fell": ([hits(60, 100), hits(65, 104), hits(75, 6)], [4, 6, NAN], [0, 0, NAN]),
    "start moved, value did not fall": ([hits(65, 4), hits(75, 9, start=70)], [4, 9, NAN], [0, 0, NAN]),
    "start jitters": ([hits(60, 4, start=0), hits(65, 9, start=0.001)], [5, NAN, NAN], [0, NAN, NAN]),
    "gap": ([hits(59, 10), hits(89, 40)], [NAN, NAN, 30], [NAN, NAN, 0]),
    "gap longer than the lookback": (
        [hits(-900, 10, start=-9000), hits(65, 400, start=-9000), hits(75, 401, start=-9000)],
        [NAN, 1, NAN],
        [NAN, 0, NAN],
    ),
    "sent twice": ([hits(58, 10), hits(68, 12), hits(68, 12), hits(58, 10)], [2, NAN, NAN], [0, NAN, NAN]),
    "out of order": ([hits(58, 10), hits(88, 20), hits(68, 12), hits(78, 15)], [2, 3, 5], [0, 0, 0]),
    "two instances": (
        [hits(58, 10), hits(58, 50, instance="b"), hits(68, 12), hits(68, 55, instance="b"), hits(78, 13)],
        [7, 1, NAN],
        [0, 0, NAN],
    ),
    "two statuses": (
        [hits(58, 10), hits(58, 5, status=500), hits(68, 13), hits(68, 7, status=500), hits(78, 14)],
        [5, 1, NAN],
        [2, 0, NAN],
    ),
    "client errors are no errors": ([hits(58, 1, status=404), hits(68, 4, status=404)], [3, NAN, NAN], [0, NAN, NAN]),
    "errors born late": (
        [hits(58, 10), hits(68, 13), hits(68, 4, start=66, status=500)],
        [7, NAN, NAN],
        [4, NAN, NAN],
    ),
    "errors born late, dated back to an old process": (
        [
            hits(58, 10, start=-9000),
            hits(68, 13, start=-9000),
            hits(68, 4, start=-9000, status=500),
            hits(78, 13, start=-9000),
            hits(78, 6, start=-9000, status=500),
        ],
        [7, 2, NAN],
        [4, 2, NAN],
    ),
    "an old process heard for the first time is not late": (
        [hits(68, 13, start=-9000), replace(hits(68, 4, start=-9000, status=500), at=T0 + 68.00001)],
        [],
        [],
    ),
    "errors that come back after a long pause are not new": (
        [
            hits(-900, 40, start=-9000, status=500),
            hits(58, 10, start=-9000),
            hits(68, 13, start=-9000),
            hits(68, 44, start=-9000, status=500),
        ],
        [3, NAN, NAN],
        [0, NAN, NAN],
    ),
    "delta": (
        [replace(hits(65, 3, start=60), temporality=1), replace(hits(75, 2, start=65), temporality=1)],
        [3, 2, NAN],
        [0, 0, NAN],
    ),
}


def turns(*processes: Sequence[tuple[float, int, float]]) -> list[Point]:
    """What processes export that share one identity, each (at, count, start)."""
    return [hits(*one) for one in sorted(sample for process in processes for sample in process)]


def every(at: float, count: int, start: float, each: int = 10, until: float = 90.0) -> list[tuple[float, int, float]]:
    """A process that exports every 5 s, and serves `each` meanwhile."""
    return [(at + 5 * k, count + each * k, start) for k in range(int((until - at) // 5) + 1)]


# Starts tell processes apart in the embedded source; Prometheus keeps none of counters that are not born meanwhile.
APART = {
    "processes with a start each": (
        turns(every(-62, 100, -600), every(-61, 90, -601), every(-60, 95, -602)),
        [60, 60, 60],
    ),
    "starts that slide along": (
        turns(
            *(
                [(at, count, at - age) for at, count, _ in every(first, base, 0)]
                for first, base, age in ((-62, 100, 600), (-61, 90, 599), (-60, 95, 598))
            )
        ),
        [60, 60, 60],
    ),
    "one of them is started anew": (
        turns(every(-62, 1000, -600, until=71), every(-61, 900, -601), every(77, 4, 74)),
        [40, 24, 40],
    ),
    "one joins them": (turns(every(-62, 100, -600), every(66, 7, 62)), [27, 40, 40]),
    "at one time": (turns(every(-60, 100, -600), every(-60, 90, -601)), [40, 40, 40]),
}
# The most that three of which each serves 10 in 5 s can be told to serve without their starts, and the least.
LOST = {
    "one start for all": turns(every(-62, 100, -600), every(-61, 90, -600), every(-60, 95, -600)),
    "no start": turns(every(-62, 100, -T0), every(-61, 90, -T0), every(-60, 95, -T0)),
}


def _skip_deltas(counting: Counting, samples: list[Point]) -> None:
    if not counting.takes_delta and any(one.temporality == 1 for one in samples):
        pytest.skip("takes no deltas: the collector has to make them cumulative")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_counts_are_exact(counting: Counting, case: tuple[list[Point], list[float], list[float]]) -> None:
    samples, requests, errors = case
    _skip_deltas(counting, samples)
    for sample in samples:
        counting.feed(points(sample))
    block = counting.metrics.window(RED, Window(T0 + 60, T0 + 90), 10.0)
    if not requests:
        assert block.labels == ()
        return
    same(served(block, names.REQUESTS), requests)
    same(served(block, names.ERRORS), errors)
    same(served(block, names.BUCKET, le="+Inf"), requests)
    same(served(block, names.BUCKET, le="0.01"), requests)
    same(served(block, names.DURATION), [one * 0.005 for one in requests])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_long_window_is_its_short_ones(
    counting: Counting, case: tuple[list[Point], list[float], list[float]]
) -> None:
    _skip_deltas(counting, case[0])
    counting.feed(points(*case[0]))
    long = counting.metrics.window(RED, Window(T0 - 1000, T0 + 90), 10.0)
    for offset in (-910, -900, 50, 60, 70, 80):
        short = counting.metrics.window(RED, Window(T0 + offset, T0 + offset + 10), 10.0)
        column = (offset + 1000) // 10
        for labels, values in zip(long.labels, long.values, strict=True):
            got = short.values[short.labels.index(labels)].tolist() if labels in short.labels else [NAN]
            same(got, [round(float(values[column]), 9)])


@pytest.mark.parametrize("case", APART.values(), ids=APART.keys())
def test_processes_that_share_an_identity_are_told_apart_by_their_starts(
    adapter: Adapter, case: tuple[list[Point], list[float]]
) -> None:
    samples, requests = case
    adapter.feed(points(*samples))
    block = adapter.metrics.window(RED, Window(T0 + 60, T0 + 90), 10.0)
    same(served(block, names.REQUESTS), requests)
    same(served(block, names.BUCKET, le="0.01"), requests)
    same(served(block, names.DURATION), [one * 0.005 for one in requests])


@pytest.mark.parametrize("samples", LOST.values(), ids=LOST.keys())
def test_processes_that_nothing_tells_apart_are_not_taken_for_restarts(
    counting: Counting, samples: list[Point]
) -> None:
    for sample in samples:
        counting.feed(points(sample))
    block = counting.metrics.window(RED, Window(T0 + 60, T0 + 90), 10.0)
    for name, scale in ((names.REQUESTS, 1.0), (names.DURATION, 0.005)):
        row = served(block, name)
        assert all(15 * scale <= value <= 60 * scale for value in row), row
    long = counting.metrics.window(RED, Window(T0, T0 + 90), 10.0)
    same(served(long, names.REQUESTS)[6:], served(block, names.REQUESTS))


def test_ends_and_remainder(counting: Counting) -> None:
    counting.feed(points(hits(5, 1)))
    block = counting.metrics.window(RED, Window(T0, T0 + 25), 10.0)
    assert block.ends.tolist() == [T0 + 10, T0 + 20]
    assert block.step == 10.0


def test_milliseconds_of_the_old_convention(counting: Counting) -> None:
    old = Point(
        at=T0 + 5,
        start=T0 + 1,
        buckets=(1, 2, 0),
        bounds=(25.0, 1000.0),
        sum=420.0,
        metric="http.server.duration",
        unit="ms",
        attributes={"http.method": "POST", "http.route": "/pay", "http.status_code": 502},
    )
    counting.feed(points(old))
    block = counting.metrics.window(RED, Window(T0, T0 + 10), 10.0)
    same(served(block, names.DURATION, "/pay", method="POST"), [0.42])
    same(served(block, names.ERRORS, "/pay", method="POST"), [3])
    same(served(block, names.BUCKET, "/pay", method="POST", le="0.025"), [1])
    same(served(block, names.BUCKET, "/pay", method="POST", le="1"), [3])


def test_both_conventions_at_once_count_once(counting: Counting) -> None:
    counting.feed(points(hits(5, 3), replace(hits(5, 3), metric="http.server.duration", unit="ms")))
    block = counting.metrics.window(RED, Window(T0, T0 + 10), 10.0)
    same(served(block, names.REQUESTS), [3])


def test_buckets_that_instances_share(counting: Counting) -> None:
    other = replace(hits(5, 0, instance="b"), bounds=(0.1, 5.0), buckets=(4, 2, 1))
    counting.feed(points(replace(hits(5, 0), buckets=(1, 2, 3, 4)), other))
    block = counting.metrics.window([Selector(names.BUCKET)], Window(T0, T0 + 10), 10.0)
    got = {dict(labels)["le"]: value for labels, [value] in zip(block.labels, block.values.tolist(), strict=True)}
    assert got == {"0.1": 3 + 4, "+Inf": 10 + 7}


def test_rpc_faults_of_the_server(counting: Counting) -> None:
    def rpc(code: str, count: int) -> Point:
        of = {"rpc.system": "grpc", "rpc.service": "Pay", "rpc.method": "Charge", "rpc.response.status_code": code}
        return replace(hits(5, count), metric="rpc.server.call.duration", attributes=of)

    counting.feed(points(rpc("OK", 5), rpc("NOT_FOUND", 2), rpc("INTERNAL", 1)))
    block = counting.metrics.window(RED, Window(T0, T0 + 10), 10.0)
    same(served(block, names.REQUESTS, "Pay/Charge", method=""), [8])
    same(served(block, names.ERRORS, "Pay/Charge", method=""), [1])


def test_where_and_fewer_labels(counting: Counting) -> None:
    elsewhere = replace(hits(5, 4), attributes=http("/b"))
    counting.feed(points(hits(5, 3), elsewhere, replace(hits(5, 9), service="web")))
    of = Selector(names.REQUESTS, ("service",), ((names.SERVICE, "api"),))
    only = Selector(names.ERRORS, where=((names.ROUTE, "/b"),))
    block = counting.metrics.window([of, only], Window(T0, T0 + 10), 10.0)
    got = {labels: value for labels, [value] in zip(block.labels, block.values.tolist(), strict=True)}
    assert got == {
        (("__name__", "requests"), ("service", "api")): 7,
        (("__name__", "errors"), ("method", "GET"), ("route", "/b"), ("service", "api")): 0,
    }


def test_any_metric(counting: Counting) -> None:
    def number(at: float, value: float, color: str, metric: str, form: str, instance: str = "api-0") -> Point:
        return Point(
            T0 + at, T0, value, attributes={"color": color}, metric=metric, form=form, unit="1", instance=instance
        )

    counting.feed(
        points(
            number(5, 3, "red", "paid", "counter"),
            number(5, 4, "red", "paid", "counter", "b"),
            number(15, 5, "red", "paid", "counter"),
            number(5, 8, "blue", "paid", "counter"),
            number(4, 70, "red", "queue", "gauge"),
            number(5, 7, "red", "queue", "gauge"),
            number(5, 2, "red", "queue", "gauge", "b"),
            number(5, 6, "red", "inflight", "updown"),
            number(15, 2, "red", "inflight", "updown"),
        )
    )
    asked = [Selector(name, ("color",), ((("color", "red")),)) for name in ("paid", "queue", "inflight")]
    block = counting.metrics.window(asked, Window(T0, T0 + 20), 10.0)
    got = {dict(labels)["__name__"]: values for labels, values in zip(block.labels, block.values.tolist(), strict=True)}
    same(got["paid"], [7, 2])
    same(got["queue"], [9, NAN])
    same(got["inflight"], [6, 2])


def test_nothing_stored_is_an_empty_block(counting: Counting) -> None:
    block = counting.metrics.window([*RED, Selector("nope", ("a",))], Window(T0, T0 + 20), 10.0)
    assert block.labels == ()
    assert block.values.shape == (0, 2)
    assert counting.metrics.newest() is None
    assert counting.metrics.complete_until() is None


def exponential(at: float, *counts: int, status: int = 200, scale: int = 3, offset: int = -32, **more: object) -> Point:
    """An exponential histogram: at scale 3 eight buckets double, and the one of index -32 begins at 1/16 s."""
    point = Point(T0 + at, T0, buckets=counts, sum=sum(counts) * 0.07, form="exponential", scale=scale, offset=offset)
    return replace(point, attributes=http("/", status), **more)  # type: ignore[arg-type]


def test_exponential_histograms_are_counted(counting: Counting) -> None:
    for at, *counts in ((58, 8, 0), (68, 10, 0), (78, 13, 2), (88, 1, 0)):  # the last has started anew
        counting.feed(points(exponential(at, *counts), exponential(at, 2 * counts[0], 0, status=503)))
    block = counting.metrics.window(RED, Window(T0 + 60, T0 + 90), 10.0)
    same(served(block, names.REQUESTS), [6, 11, 3])
    same(served(block, names.ERRORS), [4, 6, 2])
    same(served(block, names.DURATION), [0.42, 0.77, 0.21])
    same(served(block, names.BUCKET, le="+Inf"), [6, 11, 3])
    # All lies between 62.5 and 74.4 ms.
    same(served(block, names.BUCKET, le="0.05"), [0, 0, 0])
    same(served(block, names.BUCKET, le="0.1"), [6, 11, 3])


def test_exponential_histograms_change_their_scale(counting: Counting) -> None:
    counting.feed(points(exponential(58, 5, 3)))
    counting.feed(points(exponential(68, 10, scale=2, offset=-16)))
    counting.feed(points(exponential(78, 12, 4, scale=2, offset=-16)))
    block = counting.metrics.window(RED, Window(T0 + 60, T0 + 80), 10.0)
    same(served(block, names.REQUESTS), [2, 6])
    same(served(block, names.BUCKET, le="0.1"), [2, 6])


def test_exponential_histograms_in_milliseconds(counting: Counting) -> None:
    # At scale 0 the bucket of index 6 ends at 128.
    of = {"http.method": "GET", "http.route": "/", "http.status_code": 200}
    old = exponential(5, 4, scale=0, offset=6, metric="http.server.duration", unit="ms")
    counting.feed(points(replace(old, attributes=of)))
    block = counting.metrics.window(RED, Window(T0, T0 + 10), 10.0)
    same(served(block, names.REQUESTS), [4])
    same(served(block, names.BUCKET, le="0.05"), [0])
    same(served(block, names.BUCKET, le="0.25"), [4])


def test_any_exponential_histogram(counting: Counting) -> None:
    counting.feed(points(*(exponential(at, at, metric="paid.amount", unit="1") for at in (5, 15))))
    block = counting.metrics.window([Selector("paid.amount", (names.SERVICE,))], Window(T0, T0 + 20), 10.0)
    assert block.values.tolist() == [[5, 10]]


def test_streams_are_counted_and_their_durations_are_not_known(counting: Counting) -> None:
    def socket(at: float, count: int) -> Point:
        return replace(hits(at, count, status=101), sum=count * 300.0, attributes=http("/live", 101))

    counting.feed(points(socket(58, 10)), points(socket(68, 12)))
    block = counting.metrics.window(RED, Window(T0 + 60, T0 + 70), 10.0)
    same(served(block, names.REQUESTS, "/live"), [2])
    same(served(block, names.ERRORS, "/live"), [0])
    timed = dict(zip(block.labels, block.values, strict=True))
    seconds = [row for of, row in timed.items() if dict(of)["__name__"] == names.DURATION]
    assert not any(np.isfinite(row).any() for row in seconds)


RPC = {
    "by name": ("rpc.server.call.duration", "s", "rpc.response.status_code", "NOT_FOUND", "INTERNAL"),
    "by number": ("rpc.server.duration", "ms", "rpc.grpc.status_code", 5, 13),
    "by a name in small letters": ("rpc.server.duration", "ms", "rpc.connect_rpc.error_code", "not_found", "internal"),
}


@pytest.mark.parametrize("said", RPC.values(), ids=RPC.keys())
def test_what_a_caller_asked_an_rpc_in_vain_is_no_error(
    counting: Counting, said: tuple[str, str, str, Value, Value]
) -> None:
    metric, unit, key, in_vain, broken = said

    def called(at: float, count: int, code: Value) -> Point:
        of = {"rpc.system": "grpc", "rpc.service": "a.B", "rpc.method": "C", key: code}
        return replace(hits(at, count), attributes=of, metric=metric, unit=unit)

    counting.feed(points(called(58, 10, in_vain), called(58, 5, broken)))
    counting.feed(points(called(68, 30, in_vain), called(68, 6, broken)))
    block = counting.metrics.window(RED, Window(T0 + 60, T0 + 70), 10.0)
    same(served(block, names.REQUESTS, "a.B/C", method=""), [21])
    same(served(block, names.ERRORS, "a.B/C", method=""), [1])


@pytest.mark.parametrize("service", ["api", "shop/api", "a.i", "other"])
def test_one_service_alone_is_what_it_is_among_all(counting: Counting, service: str) -> None:
    mine = [replace(hits(5, 3), service=service), replace(hits(25, 9), service=service)]
    counting.feed(points(*mine, replace(hits(5, 4), service="web"), replace(hits(5, 4), service="my-api")))
    window = Window(T0, T0 + 30)
    whole = counting.metrics.window(RED, window, 10.0)
    alone = [replace(one, where=((names.SERVICE, service),)) for one in RED]
    one = counting.metrics.window(alone, window, 10.0)
    kept = [row for row, of in enumerate(whole.labels) if (names.SERVICE, service) in of]
    assert kept
    assert [whole.labels[row] for row in kept] == list(one.labels)
    np.testing.assert_array_equal(whole.values[kept], one.values)
