"""The shop starts, stops and fails to start as a program should."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from aiops.testing.waiting import until

PROJECT = Path(__file__).parents[1]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def children(pid: int) -> set[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return {int(line) for line in listed.stdout.split()}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_no_process_outlives_the_shop(start: Any, base: int, number: int, status: int) -> None:
    shop = start("up", "--rate", "30", offset=base + 100)
    until(lambda: "shop: ready" in shop.said(), 60)
    processes = children(shop.process.pid)
    assert len(processes) == 6
    assert shop.pids() < processes
    begun = time.monotonic()
    shop.process.send_signal(number)
    assert shop.process.wait(20) == status
    until(lambda: not any(alive(pid) for pid in processes), 20)
    assert time.monotonic() - begun < 20
    assert "Traceback" not in shop.said()


def test_load_reaches_every_service_and_counts(shop: Any, sink: Any, start: Any) -> None:
    def begun() -> set[str]:
        """Return the traces that began at a gateway without the tests' own client."""
        roots = (s for s in list(sink.spans) if s.service == "gateway" and s.kind == "server")
        return {span.trace_id for span in roots if "user_agent.original" not in span.attributes}

    before = begun()  # of shops that other tests ran with load
    load = start("load", "--rate", "40", "--seed", "3", "--duration", "2", offset=shop.offset)
    assert load.process.wait(20) == 0
    sent = int(load.said().removeprefix("shop: load: sent ").split(",")[0])
    assert 50 < sent < 110
    assert f"answered {sent} " in load.said()
    assert "in flight 0, dropped 0" in load.said()
    until(lambda: len(begun() - before) >= sent)
    ours = begun() - before
    assert len(ours) == sent
    services = {"gateway", "checkout", "payment", "inventory", "catalog"}
    until(lambda: {span.service for span in list(sink.spans) if span.trace_id in ours} == services)


def test_the_last_spans_are_sent_before_a_service_ends(start: Any, sink: Any, base: int) -> None:
    shop = start("serve", "inventory", offset=base + 200)
    until(lambda: shop.up("inventory"))
    shop.call("GET", "/inventory", "inventory")
    shop.process.send_signal(signal.SIGTERM)
    assert shop.process.wait(5) == 0
    assert [span.name for span in sink.trace(shop.trace_id)] == ["GET /inventory"]


def test_a_port_in_use_stops_everything_with_one_sentence(start: Any, running: Any) -> None:
    shop = start("up", "--rate", "0", offset=running.offset + 1)  # its payment is where the other's checkout is not
    other = start("serve", "payment", offset=running.offset)
    assert other.process.wait(15) == 2
    assert other.said() == (
        f"shop: payment cannot listen on 127.0.0.1:{3012 + running.offset}: the port is in use; "
        "stop what listens there, or move the whole shop with --port-offset\n"
    )
    assert shop.process.wait(15) == 2
    assert "the port is in use" in shop.said()
    assert "Traceback" not in shop.said()
    assert children(shop.process.pid) == set()


def test_a_receiver_that_is_away_is_said_once(start: Any, base: int) -> None:
    shop = start("up", "--rate", "20", "--otlp-endpoint", "http://127.0.0.1:9", offset=base + 300)
    said = "warning: the OTLP receiver does not take telemetry"
    until(lambda: shop.said().count(said) == 5, 30)
    until(lambda: shop.call("GET", "/inventory").ok)
    shop.process.send_signal(signal.SIGINT)
    assert shop.process.wait(5) == 0
    assert shop.said().count(said) == 5
    assert "Traceback" not in shop.said()


def test_scenarios_are_printed_for_programs() -> None:
    command = [sys.executable, "-m", "shop", "scenarios"]
    printed = subprocess.run([*command, "--json"], cwd=PROJECT, capture_output=True, check=True).stdout
    assert "payment-errors" in {scenario["name"] for scenario in json.loads(printed)["scenarios"]}
    text = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True, text=True).stdout
    assert "incident: errors at payment /payment; affected: checkout, gateway" in text


@pytest.mark.parametrize(
    "arguments",
    [["serve"], ["serve", "moon"], ["up", "--rate", "-1"], ["load", "--rate", "0"], ["up", "--port-offset", "70000"]],
    ids=" ".join,
)
def test_wrong_use_is_one_sentence_and_status_2(arguments: list[str]) -> None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SHOP_")}
    done = subprocess.run(
        [sys.executable, "-m", "shop", *arguments],
        cwd=PROJECT,
        env=environ,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_nothing_imports_grpc_or_the_engine() -> None:
    program = (
        "import sys, os; from shop.settings import Settings; from shop.telemetry import Telemetry\n"
        "from shop.app import build; from shop.board import Board\n"
        "settings = Settings.read({}, 'payment'); Telemetry(settings); build(settings, Board('payment'))\n"
        "print([name for name in ('grpc', 'aiops', 'numpy', 'pandas') if name in sys.modules]); os._exit(0)"
    )
    done = subprocess.run(
        [sys.executable, "-u", "-c", program], cwd=PROJECT, capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"
