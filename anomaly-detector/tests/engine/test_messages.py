"""Consumers that are no children of who sent them their messages: the whole engine in virtual time."""

from collections.abc import Iterator

from sources.otlp import CONSUMER, PRODUCER, Call, Value, http

from aiops.model import CauseKind, Window

from .world import AT_ONCE, Watched, causes, next_id, times


class Orders:
    """A shop that sends a message for every order, and a billing that takes it in a trace of its own."""

    def __init__(self, linked: bool) -> None:
        self.linked, self.failing = linked, False

    def __call__(self, at: float) -> Iterator[Call]:
        queue: dict[str, Value] = {"messaging.system": "kafka", "messaging.destination.name": "orders"}
        broker: dict[str, Value] = {"server.address": "kafka.example", "server.port": 9092}
        for end in times(at):
            ordering, order, send, billing, process = (next_id() for _ in range(5))
            yield from (
                Call(ordering, order, end, 0.03, 0, "shop", "POST /order", attributes=http("/order", method="POST")),
                Call(
                    ordering, send, end, 0.005, order, "shop", "send orders", PRODUCER, attributes={**queue, **broker}
                ),
                Call(
                    billing,
                    process,
                    end + 0.05,
                    0.04,
                    0,
                    "billing",
                    "process orders",
                    CONSUMER,
                    error=self.failing,
                    message="bad invoice" if self.failing else "",
                    attributes=queue,
                    links=[(ordering, send)] if self.linked else [],
                ),
            )


def test_a_consumer_that_links_to_its_producer_is_called_by_it(watched: Watched) -> None:
    orders = Orders(linked=True)
    watched.play(26, orders, every=AT_ONCE)
    orders.failing = True
    watched.play(10, orders)
    (incident,) = watched.incidents()
    assert causes(watched) == [("billing", CauseKind.ERRORS)]
    assert incident.affected_services == ("billing", "shop")
    assert "/order" in incident.affected_endpoints
    now = watched.clock.now()
    (edge,) = watched.source.topology.edges(Window(now - 60, now))
    assert (edge.caller, edge.callee, edge.connection) == ("shop", "billing", "")


def test_a_consumer_without_any_link_is_called_over_its_destination(watched: Watched) -> None:
    orders = Orders(linked=False)
    watched.play(26, orders, every=AT_ONCE)
    orders.failing = True
    watched.play(10, orders)
    assert causes(watched) == [("billing", CauseKind.ERRORS)]
    now = watched.clock.now()
    (edge,) = watched.source.topology.edges(Window(now - 60, now))
    assert (edge.caller, edge.callee, edge.connection) == ("shop", "billing", "")
