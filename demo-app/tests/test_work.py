"""Work takes the time of its profile, and suffers as the faults say."""

import random
import statistics

import pytest

from shop.board import Board
from shop.catalogue import Fault
from shop.failures import PaymentError, Unavailable
from shop.order import Order
from shop.profile import WORK
from shop.work import Worker


def outcomes(board: Board, requests: int = 2000) -> tuple[list[float], list[Exception]]:
    slept: list[float] = []
    worker = Worker(board, random.Random(7), sleep=slept.append)
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
