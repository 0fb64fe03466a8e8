"""Work takes the time of its profile, and suffers as the faults say."""

import random
import statistics
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import baggage, context

from aiops.testing.waiting import until
from shop.board import Board
from shop.catalogue import Fault
from shop.failures import PaymentError, Unavailable
from shop.flags import Active, Flags
from shop.order import Order
from shop.profile import BAD_TENANT, NEW_VERSION, RAMP_SECONDS, WORK
from shop.work import Worker


def outcomes(board: Board, requests: int = 2000, version: str = "1") -> tuple[list[float], list[Exception]]:
    slept: list[float] = []
    worker = Worker(board, random.Random(7), version, sleep=slept.append)
    failed: list[Exception] = []
    for _ in range(requests):
        try:
            worker.perform("/payment")
        except (PaymentError, Unavailable) as error:
            failed.append(error)
    return slept, failed


def test_a_good_day() -> None:
    slept, failed = outcomes(Board("payment"))
    assert statistics.median(slept) == pytest.approx(WORK["/payment"].median_seconds, rel=0.05)
    assert len(failed) < 20


def test_the_same_seed_gives_the_same_day() -> None:
    assert outcomes(Board("payment"))[0] == outcomes(Board("payment"))[0]


def test_a_share_of_errors() -> None:
    board = Board("payment")
    board.start(Order(Fault("errors", "payment", "/payment", 0.8)))
    _, failed = outcomes(board)
    assert len(failed) / 2000 == pytest.approx(0.8, abs=0.03)
    assert {str(error) for error in failed} == {"card processor refused"}
    assert all(isinstance(error, Unavailable) for error in failed)


def test_an_exception_is_nobodys_to_handle() -> None:
    board = Board("payment")
    board.start(Order(Fault("exception", "payment", "/payment", 1.0)))
    _, failed = outcomes(board, 10)
    assert [type(error) for error in failed] == [PaymentError] * 10


class Still(Board):
    """A board whose faults hold nobody, and which keeps for how long they would have."""

    def __init__(self) -> None:
        super().__init__("payment")
        self.held: list[float] = []

    def hold(self, active: Active, seconds: float) -> None:
        self.held.append(seconds)


@pytest.mark.parametrize(("elapsed", "extra"), [(0.0, 0.0), (RAMP_SECONDS / 4, 0.1), (RAMP_SECONDS * 2, 0.4)])
def test_a_gradual_fault_grows_and_stays(elapsed: float, extra: float) -> None:
    board = Still()
    active = board.start(Order(Fault("gradual", "payment", "/payment", 400.0)))
    worker = Worker(board, random.Random(7), sleep=lambda _: None, clock=lambda: active.since + elapsed)
    worker.perform("/payment")
    assert board.held == [pytest.approx(extra)]


class Counted(Board):
    """A board that counts who is held."""

    holding = 0

    def hold(self, *arguments: Any) -> None:
        self.holding += 1
        super().hold(*arguments)


def test_a_pool_has_two_connections_and_patience_for_a_second() -> None:
    board = Counted("payment")
    board.start(Order(Fault("pool", "payment", "/payment", 30_000.0)))
    worker = Worker(board, random.Random(7), sleep=lambda _: None)
    holding = [threading.Thread(target=worker.perform, args=("/payment",)) for _ in range(3)]
    with pytest.raises(Unavailable, match="no free connection within 1 s") as unavailable:  # noqa: PT012
        for thread in holding[:2]:
            thread.start()
        until(lambda: board.holding == 2)
        worker.perform("/payment")
    assert isinstance(unavailable.value.error, PaymentError)
    holding[2].start()
    board.clear()
    for thread in holding:
        thread.join(10)  # of the 30 s for which they would be held
    assert not any(thread.is_alive() for thread in holding)


def test_some_failures_ask_to_be_called_again() -> None:
    board = Board("payment")
    board.start(Order(Fault("retries", "payment", "/payment", 0.6)))
    _, failed = outcomes(board)
    assert len(failed) / 2000 == pytest.approx(0.6, abs=0.03)
    asking = sum(isinstance(error, Unavailable) and error.headers == {"Retry-After": "0"} for error in failed)
    assert 0 < len(failed) - asking < 20  # the base rate does not ask


@pytest.fixture
def of_tenant(request: pytest.FixtureRequest) -> Iterator[str]:
    token = context.attach(baggage.set_baggage("tenant.id", request.param))
    yield request.param
    context.detach(token)


@pytest.mark.parametrize("of_tenant", ["acme", BAD_TENANT], indirect=True)
def test_one_tenant_fails(of_tenant: str) -> None:
    board = Board("payment")
    board.start(Order(Fault("tenant", "payment", "/payment", 1.0)))
    assert (len(outcomes(board, 20)[1]) > 10) == (of_tenant == BAD_TENANT)


@pytest.mark.parametrize(("version", "fails"), [("1.4.2", False), (NEW_VERSION, True)])
def test_only_the_new_version_fails(version: str, fails: bool, tmp_path: Path) -> None:
    board = Board("payment", Flags(tmp_path))
    board.start(Order(Fault("version", "payment", strength=1.0)))
    assert (len(outcomes(board, 20, version)[1]) > 10) == fails


def test_calls_and_queries_are_not_the_workers_time() -> None:
    board = Board("catalog")
    board.start(Order(Fault("query", "catalog", "/products", 30_000.0)))
    worker = Worker(board, random.Random(7), sleep=lambda _: None)
    worker.perform("/products")
    assert worker.stall("/products") is not None
    assert worker.stall("/payment") is None
    assert worker.called("/products") == {}
