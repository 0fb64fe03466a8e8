"""What the running shop sends."""

import json
from typing import Any

import pytest

from aiops.testing.waiting import until
from shop import names
from shop.virtual.graph import shop as shop_graph
from shop.virtual.load import Load
from shop.virtual.stream import Model


@pytest.fixture
def checkout(shop: Any, sink: Any) -> list[Any]:
    """Give the spans of one checkout that went well."""
    for _ in range(3):
        if shop.call("POST", "/checkout").ok:
            break
    spans: list[Any] = until(lambda: spans if len(spans := sink.trace(shop.trace_id)) == 8 else [])
    return spans


def test_a_checkout_is_one_trace(checkout: list[Any]) -> None:
    assert len({span.trace_id for span in checkout}) == 1
    assert sorted((span.service, span.kind, span.name) for span in checkout) == [
        ("checkout", "client", "GET"),
        ("checkout", "client", "POST"),
        ("checkout", "server", "POST /checkout"),
        ("gateway", "client", "POST"),
        ("gateway", "server", "POST /checkout"),
        ("inventory", "server", "GET /inventory"),
        ("payment", "client", "POST"),
        ("payment", "server", "POST /payment"),
    ]


def test_spans_speak_the_current_conventions(checkout: list[Any]) -> None:
    for span in checkout:
        assert {"http.request.method", "http.response.status_code", "server.address"} <= set(span.attributes)
        assert not {"http.method", "http.status_code", "net.peer.name"} & set(span.attributes)
        if span.kind == "server":
            assert span.attributes["http.route"] == span.name.split()[1]
    peers = {(s.service, s.attributes["peer.service"]) for s in checkout if s.kind == "client"}
    assert peers == {
        ("gateway", "checkout"),
        ("checkout", "inventory"),
        ("checkout", "payment"),
        ("payment", "card-processor"),
    }


@pytest.mark.usefixtures("checkout")
def test_resources_name_the_service(sink: Any) -> None:
    for service in ("gateway", "checkout", "inventory", "payment"):
        assert (
            sink.resources[service].items()
            >= {
                "service.name": service,
                "service.namespace": "shop",
                "service.version": "1.4.2",
                "service.instance.id": f"{service}-0",
                "deployment.environment.name": "demo",
            }.items()
        )


def test_a_query_is_a_span_and_a_duration(shop: Any, sink: Any) -> None:
    shop.call("GET", "/products")
    span = until(lambda: next((span for span in sink.trace(shop.trace_id) if span.name == "SELECT products"), None))
    assert (span.service, span.kind) == ("catalog", "client")
    assert span.attributes["db.system.name"] == "sqlite"
    assert span.attributes["db.namespace"] == "products", "as in what the model generates"
    assert span.attributes["db.operation.name"] == "SELECT"
    assert span.attributes["db.query.text"].startswith("SELECT id, name")
    assert until(lambda: sink.metric("catalog", "db.client.operation.duration", db__system__name="sqlite"))


@pytest.mark.usefixtures("checkout")
def test_durations_carry_exemplars(sink: Any) -> None:
    def exemplars() -> set[str]:
        points = sink.metric("payment", "http.server.request.duration", http__route="/payment")
        return set().union(*(point.exemplar_trace_ids for point in points))

    assert all(len(trace_id) == 32 for trace_id in until(exemplars))
    assert until(lambda: sink.metric("checkout", "http.client.request.duration", http__response__status_code=200))


@pytest.mark.usefixtures("checkout")
def test_the_business_is_counted(sink: Any) -> None:
    assert until(lambda: sink.metric("payment", "shop.payments", shop__outcome="accepted"))[0].unit == "{payment}"
    assert until(lambda: sink.metric("payment", "shop.payment.amount"))[0].unit == "EUR"
    assert until(lambda: sink.metric("inventory", "shop.inventory.stock", shop__item="lamp"))[0].value > 0
    assert until(lambda: sink.metric("checkout", "shop.checkouts", shop__outcome="completed"))


def test_control_calls_leave_no_telemetry(shop: Any, sink: Any) -> None:
    def requests_counted() -> int:
        names = ("http.server.request.duration", "http.client.request.duration")
        return sum(point.count for point in list(sink.points.values()) if point.metric in names)

    quiet = {service: sink.metric_exports[service] for service in sink.resources}
    until(lambda: all(sink.metric_exports[service] >= count + 2 for service, count in quiet.items()))
    sink.spans.clear()
    before = requests_counted()
    for service in ("gateway", "payment"):
        for path in ("/health", "/ready", "/simulate/status", "/simulate/catalogue"):
            assert shop.call("GET", path, service).ok
    assert shop.fault(kind="latency", endpoint="/payment", strength=1).ok
    assert shop.call("POST", "/simulate/clear").ok
    quiet = {service: sink.metric_exports[service] for service in sink.resources}
    until(lambda: all(sink.metric_exports[service] >= count + 2 for service, count in quiet.items()))
    assert sink.spans == []
    assert requests_counted() == before


def test_an_unknown_path_is_a_json_404_without_a_route(shop: Any, sink: Any) -> None:
    answer = shop.call("GET", "/nope")
    assert answer.status_code == 404
    assert "error" in answer.json()
    span = until(lambda: next(iter(sink.trace(shop.trace_id)), None))
    assert "http.route" not in span.attributes


def test_an_idle_service_is_heard(start: Any, sink: Any, base: int) -> None:
    before = sink.metric_exports["checkout"]
    start("serve", "checkout", offset=base + 400)
    until(lambda: sink.metric_exports["checkout"] >= before + 3)
    assert sink.metric("checkout", "process.uptime")[0].unit == "s"


def test_the_model_sends_the_same_keys(shop: Any, sink: Any) -> None:
    """What is generated is compared with what is live: a key that only one of them has would tell them apart."""
    for method, path in (("POST", "/checkout"), ("GET", "/products")):
        shop.call(method, path)
        until(lambda: any(span.kind == "server" and span.service == "gateway" for span in sink.trace(shop.trace_id)))
    live = until(lambda: kept if (kept := _live_keys(sink)).keys() >= EVERY_KIND else {})
    start = 1_763_712_000.0
    (slice_,) = Model(shop_graph(), Load(8.0), seed=1).slices(start, start + 60, 60.0)
    resources = {row["id"]: row for row in slice_.resources.to_pylist()}
    generated: dict[tuple[str, str], set[str]] = {}
    for row in slice_.spans.to_pylist():
        service, kind = resources[row["resource"]]["service"], {2: "server", 3: "client"}[row["kind"]]
        if not row["failed"]:
            generated.setdefault((service, kind), set()).update(json.loads(row["attributes"]))
    for of in EVERY_KIND:
        customers = {names.TENANT, *({names.USER_AGENT} if of == ("gateway", "server") else ())}
        assert live[of] - customers == generated[of] - customers, of
    for row in resources.values():
        keys = {key for key in json.loads(row["attributes"]) if not key.startswith("telemetry.")}
        assert keys == {key for key in sink.resources[row["service"]] if not key.startswith("telemetry.")}


EVERY_KIND = {
    ("gateway", "server"), ("gateway", "client"), ("checkout", "server"), ("checkout", "client"), ("payment", "server"),
    ("payment", "client"), ("inventory", "server"), ("catalog", "server"), ("catalog", "client"),
}  # fmt: skip


def _live_keys(sink: Any) -> dict[tuple[str, str], set[str]]:
    """The keys of what went well, by service and kind; those of customers differ by what customers send."""
    keys: dict[tuple[str, str], set[str]] = {}
    for span in sink.spans:
        if span.status != "error" and "url.query" not in span.attributes:
            keys.setdefault((span.service, span.kind), set()).update(span.attributes)
    return keys
