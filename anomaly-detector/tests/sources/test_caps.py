"""Names beyond the limits are counted under `other`; sums stay exact, and what is kept stays bounded."""

from collections.abc import Sequence

import numpy as np

from aiops.model import Selector, SeriesBlock, Window, names, value_of
from aiops.sources.common.caps import LATELY, SAID, Limits, Overflow, Roll
from aiops.sources.duckdb import heard, schema
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.prometheus.client import Point as Element
from aiops.sources.prometheus.client import Raw
from aiops.sources.prometheus.metrics import RENEWED, PrometheusMetrics
from aiops.sources.receiver.batch import Batch, merge, pack, unpack
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_metrics import decode_metrics
from aiops.sources.receiver.decode_spans import decode_spans

from .conftest import T0, GivenClock
from .otlp import CLIENT, Call, Export, Point, http, points, spans

ASKED = tuple(Selector(name) for name in (names.REQUESTS, names.ERRORS))
EDGES = (Selector(names.REQUESTS, (names.CALLER, names.CALLEE)),)
WINDOW = Window(T0, T0 + 60)


class Engine:
    """The embedded source, what the receiver makes of exports before it, and the names it tells apart."""

    def __init__(self, limits: Limits) -> None:
        self.clock = GivenClock(T0 + 60)
        self.source = EmbeddedSource(EmbeddedSettings(), self.clock)
        self.roll = Roll(limits, now=self.clock.now)
        self.rejected = 0

    def feed(self, *exports: Export) -> None:
        for export in exports:
            rows = Decoding(self.clock.now(), 48 * 3600.0, lambda _: False, self.roll)
            (decode_metrics if hasattr(export, "resource_metrics") else decode_spans)(export, rows)  # type: ignore[operator]
            self.rejected += rows.rejected.count
            self.source.store.append(
                resources=schema.arrow_table(schema.RESOURCES, list(rows.resources.values())),
                series=schema.arrow_table(schema.SERIES, list(rows.series.values())),
                points=schema.arrow_table(schema.POINTS, rows.points),
                spans=schema.arrow_table(schema.SPANS, rows.spans),
            )

    def asked(self, selectors: Sequence[Selector] = ASKED) -> SeriesBlock:
        return self.source.metrics.window(selectors, WINDOW, 60.0)

    def rows(self, table: str) -> int:
        found = self.source.store.query(lambda _: f"SELECT count(*) AS count FROM {table}")
        return int(found.column("count")[0].as_py())

    def close(self) -> None:
        self.source.close()


def sums(block: SeriesBlock, name: str, *by: str) -> dict[tuple[str, ...], float]:
    out: dict[tuple[str, ...], float] = {}
    for series, values in zip(block.labels, block.values, strict=True):
        if value_of(series, names.NAME) == name and not np.isnan(values).all():
            key = tuple(value_of(series, one) for one in by)
            out[key] = out.get(key, 0.0) + float(np.nansum(values))
    return out


def hit(number: int, service: str = "shop", route: str = "/", status: int = 200, method: str = "GET") -> Call:
    return Call(number + 1, number + 1, T0 + 30, service=service, attributes=http(route, status, method))


def test_routes_beyond_the_limit_are_counted_as_other() -> None:
    engine = Engine(Limits(routes=3))
    engine.feed(spans(*(hit(at, route=f"/item/{at}", status=500 if at % 2 else 200) for at in range(100))))
    engine.feed(spans(*(hit(1000 + at, route="/item/0") for at in range(5))))
    block = engine.asked()
    assert sums(block, names.REQUESTS, "route") == {("/item/0",): 6, ("/item/1",): 1, ("/item/2",): 1, ("other",): 97}
    assert sums(block, names.ERRORS, "route")["other",] == 49
    assert engine.roll.folded() == {"routes": 97}
    assert engine.roll.folded() == {}
    engine.close()


def test_the_method_stays_and_invented_ones_are_other() -> None:
    engine = Engine(Limits(routes=1))
    calls = [hit(at, route=f"/{at}", method=method) for at, method in enumerate(["GET", "GET", "POST"])]
    engine.feed(spans(*calls, *(hit(100 + at, route="/x", method=f"M{at}") for at in range(40))))
    found = sums(engine.asked(), names.REQUESTS, "route", "method")
    assert (found["other", "GET"], found["other", "POST"]) == (1, 1)
    assert sum(found.values()) == 43
    assert found["other", "other"] >= 20
    engine.close()


def test_services_beyond_the_limit_are_one_service() -> None:
    engine = Engine(Limits(services=2))
    engine.feed(spans(*(hit(at, service=f"job-{at}") for at in range(50))))
    assert sums(engine.asked(), names.REQUESTS, "service") == {("job-0",): 1, ("job-1",): 1, ("other",): 48}
    telemetry = engine.asked([Selector(names.TELEMETRY, (names.SERVICE,))])
    assert sums(telemetry, names.TELEMETRY, "service")["other",] == 48
    engine.close()


def test_whom_a_service_calls_is_bounded_too() -> None:
    engine = Engine(Limits(callees=2))
    calls = [
        Call(at + 1, at + 1, T0 + 30, service="shop", kind=CLIENT, attributes={"server.address": f"10-0-0-{at}.pod"})
        for at in range(20)
    ]
    engine.feed(spans(*calls))
    assert sums(engine.asked(EDGES), names.REQUESTS, "callee")["other",] == 18
    engine.close()


def test_processes_beyond_the_limit_are_one_and_their_counters_are_refused_whole() -> None:
    engine = Engine(Limits(processes=3))
    engine.feed(spans(*(Call(at + 1, at + 1, T0 + 30, resource={"process.pid": at}) for at in range(30))))
    assert engine.rows("resources") == 4
    assert sums(engine.asked(), names.REQUESTS, "service") == {("api",): 30}
    engine.feed(points(*(counted(30, 5, at, instance=f"new-{at}") for at in (200, 500))))
    assert (engine.rejected, engine.rows("series")) == (2, 0)
    engine.close()


def counted(at: float, count: int, status: int = 200, route: str = "/", **more: str) -> Point:
    return Point(T0 + at, T0, buckets=(count, 0, 0, 0), sum=0.01 * count, attributes=http(route, status), **more)  # type: ignore[arg-type]


def test_counters_of_routes_beyond_the_limit_add_up() -> None:
    engine = Engine(Limits(routes=2))
    for at, count in ((10, 10), (40, 25)):
        routes = [counted(at, count, route=f"/{one}") for one in range(8)]
        engine.feed(points(*routes, *(counted(at, count, 500, f"/{one}") for one in range(8))))
    found = sums(engine.asked(), names.REQUESTS, "route")
    assert found == {("/0",): 50, ("/1",): 50, ("other",): 300}
    assert sums(engine.asked(), names.ERRORS, "route")["other",] == 150
    engine.close()


def test_series_beyond_the_limit_are_summed_up_and_fail_as_they_did() -> None:
    engine = Engine(Limits(series=40, routes=1000))
    for at, count in ((10, 10), (40, 25)):
        good = [counted(at, count, route=f"/{one}") for one in range(100)]
        engine.feed(points(*good, *(counted(at, count, 503, f"/{one}") for one in range(100))))
    found = engine.asked()
    assert sum(sums(found, names.REQUESTS, "service").values()) == 200 * 25
    assert sums(found, names.ERRORS, "service") == {("api",): 100 * 25}
    assert sums(found, names.REQUESTS, "route")["other",] == (200 - 4) * 25
    assert engine.rows("series") == 4 + 2
    engine.close()


def test_a_counter_that_joins_the_sum_is_no_reset() -> None:
    engine = Engine(Limits(series=10, routes=1000))
    engine.feed(points(*(counted(5, 10, route=f"/{one}") for one in range(5))))
    engine.feed(points(*(counted(20, 12, route=f"/{one}") for one in range(9))))
    engine.feed(points(*(counted(50, 13, route=f"/{one}") for one in range(9))))
    assert sum(sums(engine.asked(), names.REQUESTS, "service").values()) == 9 * 13
    engine.close()


def test_levels_are_refused_where_counters_are_summed_up() -> None:
    engine = Engine(Limits(series=20))
    made = [
        Point(T0 + 5, T0, value=one, attributes={"queue": str(one)}, metric="depth", form=form)
        for form in ("gauge", "counter")
        for one in range(6)
    ]
    engine.feed(points(*made))
    assert engine.rejected == 4
    engine.close()


def test_who_has_a_place_keeps_it_when_the_receiver_starts_again() -> None:
    engine = Engine(Limits(routes=2, series=20))
    engine.feed(spans(*(hit(at, route=f"/{at}") for at in range(9)), *(hit(50 + at, route="/1") for at in range(9))))
    engine.feed(points(*(counted(10, 10, route=f"/{one}", service="pay") for one in range(9))))
    roll = Roll(engine.roll.limits, now=engine.clock.now)
    heard.place_heard(heard.read_heard(engine.source.store, 100), roll)
    assert roll.folded() == {}
    assert [roll.route("shop", f"/{at}", "GET")[0] for at in (5, 1, 0)] == ["other", "/1", "/0"]
    engine.roll = roll
    engine.feed(points(*(counted(40, 25, route=f"/{one}", service="pay") for one in range(9))))
    assert sum(sums(engine.asked(), names.REQUESTS, "service").values()) == 18 + 9 * 25
    engine.close()


def test_a_name_that_was_not_met_for_a_period_leaves_its_place() -> None:
    clock = GivenClock(T0)
    roll = Roll(Limits(services=1), 100.0, clock.now)
    for passed, name, goes_by in ((0, "old", "old"), (0, "new", "other"), (101, "new", "other"), (202, "new", "new")):
        clock.time = T0 + passed
        roll.turn()
        assert roll.service(name) == goes_by


def test_what_is_remembered_of_endless_names_is_bounded() -> None:
    roll = Roll(Limits(services=10, routes=10, callees=10, processes=10, series=10))
    for at in range(2000):
        service = roll.service(f"s{at}")
        roll.route(service, f"/{at}", f"M{at}")
        roll.callee(service, f"c{at}")
        roll.process(at)
        roll.series(at % 7, "metric", at)
    rooms = [roll._services, roll._processes]
    for one in (roll._routes, roll._methods, roll._callees, roll._series):
        rooms += one.values()  # type: ignore[attr-defined]
    assert max(map(len, rooms)) <= 16
    assert len(rooms) <= 2 + 3 * 11 + 7


def test_what_was_folded_reaches_the_process_that_owns_the_store() -> None:
    sent = [unpack(pack(at, Batch(folded=folded)))[1] for at, folded in enumerate(({"routes": 2}, {}, {"routes": 3}))]
    assert merge(sent).folded == {"routes": 5}
    overflow = Overflow()
    overflow.add("routes", 5, T0)
    assert overflow.lately(T0 + LATELY - 1) == [SAID["routes"]]
    assert overflow.lately(T0 + LATELY) == []


class Stored:
    """What a Prometheus has: cumulative counts, `(labels, values at 15 s, 30 s, …)`."""

    def __init__(self, series: list[tuple[dict[str, str], list[float]]]) -> None:
        self.series = [(dict(sorted(labels.items())), values) for labels, values in series]

    def samples(self, selector: str, start_ns: int, end_ns: int) -> Raw:
        wanted = "target_info" if "target_info" in selector else "http_server"
        mine = [(of, values) for of, values in self.series if of[names.NAME].startswith(wanted)]
        rows = [
            (row, round((T0 + 15 * (at + 1)) * 1e9), value)
            for row, (_, values) in enumerate(mine)
            for at, value in enumerate(values)
        ]
        rows = [one for one in rows if start_ns < one[1] <= end_ns]
        row, times, found = (np.array([one[at] for one in rows]) for at in range(3))
        return Raw([of for of, _ in mine], row.astype(np.int64), times.astype(np.int64), found.astype(np.float64))

    def instant(self, expression: str, at: float) -> list[Element]:
        return []


def test_what_is_rejected_takes_no_place() -> None:
    roll = Roll(Limits(routes=2))
    junk = [Call(at, at, 1.0, attributes=http(f"/junk/{at}")) for at in range(1, 9)]
    rows = Decoding(T0, 48 * 3600.0, lambda _: False, roll)
    decode_spans(spans(*junk), rows)
    assert len(rows.lost.counts) == 8
    rows = Decoding(T0, 48 * 3600.0, lambda _: False, roll)
    decode_spans(spans(*(Call(at, at, T0 - 1, attributes=http(f"/{at}")) for at in (1, 2, 3)), *junk), rows)
    assert [one[schema.SPANS.names.index("route")] for one in rows.spans] == ["/1", "/2", names.OTHER]
    # Where there are no places left, what is rejected would have been counted as the rest, too.
    assert {one.route for one in rows.lost.counts} == {names.OTHER}


def series(service: str, route: str, status: int) -> tuple[dict[str, str], list[float]]:
    """A counter of requests, and its first two samples."""
    of = {
        names.NAME: "http_server_request_duration_seconds_count",
        "job": service,
        "instance": service,
        "http_route": route,
        "http_request_method": "GET",
        "http_response_status_code": str(status),
    }
    return of, [5.0, 12.0]


def test_reading_prometheus_tells_as_many_apart() -> None:
    stored = Stored(
        [series("shop", f"/{at}", status) for at in range(20) for status in (200, 500)]
        + [series(f"job-{at}", "/", 200) for at in range(20)]
        + [({names.NAME: "target_info", "job": f"job-{at}"}, [1.0, 1.0]) for at in range(20)]
    )
    roll = Roll(Limits(services=5, routes=3))
    metrics = PrometheusMetrics(stored, GivenClock(T0 + 60), 10.0, roll)  # type: ignore[arg-type]
    block = metrics.window((*ASKED, Selector(names.TELEMETRY, (names.SERVICE,))), Window(T0 + 15, T0 + 30), 15.0)
    shop = {key[1]: value for key, value in sums(block, names.REQUESTS, "service", "route").items() if key[0] == "shop"}
    assert shop == {"/0": 14, "/1": 14, "/2": 14, "other": 17 * 14}
    assert sums(block, names.ERRORS, "service", "route")["shop", "other"] == 17 * 7
    assert sums(block, names.REQUESTS, "service")["other",] == 16 * 7
    assert len(sums(block, names.TELEMETRY, "service")) == 5
    assert roll.folded()["services"] > 0


def test_series_of_prometheus_beyond_the_limit_cost_their_services_and_no_memory() -> None:
    stored = Stored(
        [series(f"job-{at}", "/", status) for at in range(5) for status in (200, 500)]
        + [series("shop", f"/{at}", status) for status in (200, 500) for at in range(20)]
        + [series("late", "/", 200)]
    )
    clock = GivenClock(T0 + 60)
    metrics = PrometheusMetrics(stored, clock, 10.0, Roll(Limits(series=30), now=clock.now))  # type: ignore[arg-type]
    window = Window(T0 + 15, T0 + 30)
    block = metrics.window(ASKED, window, 15.0)
    # Of the shop 20 series of successes would have had room, and none of the failures.
    assert sums(block, names.REQUESTS, "service") == {(f"job-{at}",): 14 for at in range(5)}
    assert [(one.service, str(one.kind)) for one in metrics.oddities()] == [
        ("late", "too_many_series"),
        ("shop", "too_many_series"),
    ]
    (question,) = metrics._questions.values()
    assert len(question.served.counters.catalogue) == 30
    # What has ended gives its room to others, in time.
    stored.series = [one for one in stored.series if one[0]["job"] != "shop"]
    assert sums(metrics.window(ASKED, window, 15.0), names.REQUESTS, "service").get(("late",)) is None
    clock.time += RENEWED
    assert sums(metrics.window(ASKED, window, 15.0), names.REQUESTS, "service")["late",] == 7
    assert metrics.oddities() == []
