"""What happens to requests before telemetry sees them."""

import random
import time
from typing import Any

import pytest

from shop.board import Board
from shop.catalogue import Fault
from shop.door import Door
from shop.order import Order


def knock(board: Board, path: str, **environ: str) -> tuple[str, float]:
    """Call a door, and return who answered and how many seconds it took."""
    answered: list[str] = []

    def control(_environ: Any, _start_response: Any) -> list[bytes]:
        answered.append("control")
        return []

    def business(_environ: Any, _start_response: Any) -> list[bytes]:
        answered.append("business")
        return []

    start = time.monotonic()
    Door(board, random.Random(1), control, business)({"PATH_INFO": path, **environ}, lambda *_: answered.append("door"))
    return answered[0], time.monotonic() - start


@pytest.mark.parametrize("path", ["/health", "/ready", "/simulate/status"])
def test_control_calls_go_round_everything(path: str) -> None:
    board = Board("payment")
    board.start(Order(Fault("timeout", "payment", "/payment", 1.0)))
    assert knock(board, path)[0] == "control"


@pytest.mark.parametrize(
    ("caller", "agent", "late"),
    [
        (None, None, True),
        (None, "shop-gateway", True),
        ("checkout", "shop-checkout", True),
        ("checkout", "shop-gateway", False),
        ("checkout", None, False),
    ],
)
def test_the_network_delays_whom_it_should(caller: str | None, agent: str | None, late: bool) -> None:
    board = Board("payment")
    board.start(Order(Fault("network", "payment", "/payment", 1000.0, caller)))
    who, seconds = knock(board, "/payment", **({"HTTP_USER_AGENT": agent} if agent else {}))
    assert who == "business"
    assert (seconds >= 1.0) == late


def test_what_is_never_answered_is_let_go_when_the_fault_ends() -> None:
    board = Board("payment")
    board.start(Order(Fault("timeout", "payment", "/payment", 1.0), for_seconds=0.1))
    who, seconds = knock(board, "/payment")
    assert who == "door"
    assert seconds < 20
