"""Faults begin, replace one another, expire and end."""

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shop.board import Board
from shop.catalogue import Fault
from shop.flags import Flags
from shop.kinds import Acts
from shop.order import Order, Rejected

SLOW = Fault("latency", "payment", "/payment", 2000.0)
SILENT = Fault("timeout", "payment", "/payment", 1.0)
GONE = Fault("gone", "payment")


@dataclass
class Clock:
    """A clock that is set."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def faults(board: Board) -> list[Fault]:
    return [active.fault for active in board.active("payment")]


def test_a_fault_acts_at_its_place_and_endpoint_only() -> None:
    board = Board("payment")
    board.start(Order(SLOW))
    assert [active.fault for active in board.at(Acts.WORK, "/payment")] == [SLOW]
    assert board.at(Acts.OUTCOME, "/payment") == board.at(Acts.WORK, "/inventory") == ()


def test_a_fault_replaces_one_of_its_kind_and_joins_others() -> None:
    board = Board("payment", clock=Clock())
    board.start(Order(SLOW))
    board.start(Order(Fault("errors", "payment", "/payment", 0.5)))
    slower = Fault("latency", "payment", "/payment", 3000.0)
    board.start(Order(slower))
    assert {fault.kind: fault.strength for fault in faults(board)} == {"errors": 0.5, "latency": 3000.0}


def test_no_strength_ends_a_fault() -> None:
    board = Board("payment")
    board.start(Order(SLOW))
    board.start(Order(Fault("latency", "payment", "/payment", 0.0)))
    assert faults(board) == []


def test_a_fault_expires() -> None:
    board = Board("payment", clock=(clock := Clock()))
    active = board.start(Order(SLOW, for_seconds=30.0))
    assert active.as_json() | {"since": None} == SLOW.as_json() | {"since": None, "until": "1970-01-01T00:17:10.000Z"}
    clock.now += 29.9
    assert faults(board) == [SLOW]
    clock.now += 0.1
    assert faults(board) == []
    assert board.at(Acts.WORK, "/payment") == ()


def test_clearing_wakes_what_waits() -> None:
    board = Board("payment")
    active = board.start(Order(SILENT))
    waiting = threading.Thread(target=board.hold, args=(active, 60.0))
    waiting.start()
    board.clear("payment")
    waiting.join(5)
    assert not waiting.is_alive()


def test_expiry_wakes_what_waits() -> None:
    board = Board("payment")
    start = time.monotonic()
    board.hold(board.start(Order(SILENT, for_seconds=0.05)), 60.0)
    assert time.monotonic() - start < 5


def test_faults_of_the_process_stand_in_files_that_others_can_take_away(tmp_path: Path) -> None:
    board, elsewhere = Board("payment", Flags(tmp_path)), Board("payment", Flags(tmp_path))
    board.start(Order(GONE))
    assert faults(elsewhere) == [GONE]
    assert elsewhere.active("checkout") == ()
    elsewhere.clear("payment")
    assert faults(board) == []


def test_flags_expire(tmp_path: Path) -> None:
    board = Board("payment", Flags(tmp_path), clock=(clock := Clock()))
    board.start(Order(GONE, for_seconds=2.0))
    assert Flags(tmp_path).stands("payment", "gone", clock.now)
    clock.now += 2.0
    assert faults(board) == []


def test_without_files_a_fault_of_the_process_must_say_when_it_ends() -> None:
    board = Board("payment", clock=(clock := Clock()))
    with pytest.raises(Rejected, match="SHOP_RUN_DIR") as rejected:
        board.start(Order(GONE))
    assert rejected.value.parameter == "for_seconds"
    refused = Fault("refused", "payment")
    board.start(Order(refused, for_seconds=2.0))
    assert faults(board) == [refused]
    clock.now += 2.0
    assert faults(board) == []


@pytest.mark.parametrize(
    "fault", [SLOW, Fault("version", "payment", strength=0.7), Fault("surge", "gateway", None, 3.0)]
)
def test_flags_carry_the_whole_fault_to_every_process(tmp_path: Path, fault: Fault) -> None:
    board, elsewhere = Board(fault.service, Flags(tmp_path)), Board(fault.service, Flags(tmp_path))
    active = board.start(Order(fault, for_seconds=60.0))
    assert elsewhere.active() == (active,)
    board.start(Order(replace(fault, strength=0.0)))
    assert elsewhere.active() == ()


def test_clearing_elsewhere_wakes_what_waits(tmp_path: Path) -> None:
    board, elsewhere = Board("payment", Flags(tmp_path)), Board("gateway", Flags(tmp_path))
    active = board.start(Order(SILENT))
    waiting = threading.Thread(target=board.hold, args=(active, 60.0))
    waiting.start()
    elsewhere.clear("payment")
    waiting.join(5)
    assert not waiting.is_alive()


def test_a_service_suffers_its_own_faults_only(tmp_path: Path) -> None:
    Board("payment", Flags(tmp_path)).start(Order(SILENT))
    assert Board("gateway", Flags(tmp_path)).at(Acts.DOOR, "/payment") == ()


@pytest.mark.parametrize("kind", ["version", "deploy", "surge", "drop"])
def test_without_files_nobody_could_make_some_faults(kind: str) -> None:
    with pytest.raises(Rejected, match="SHOP_RUN_DIR") as rejected:
        Board("payment").start(Order(Fault(kind, "payment"), for_seconds=2.0))
    assert rejected.value.parameter == "kind"
