"""Customers arrive at random, the same for the same seed, and never wait for the shop."""

import random
import socket
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest

from shop import load
from shop.catalogue import Fault
from shop.flags import Active, Flags
from shop.load import Arrival, Crowd, Load, arrivals
from shop.profile import MIX, TENANTS

NOBODY_ELSE = Crowd(None, random.Random(1))


def first(count: int, seed: int) -> list[Arrival]:
    return list(islice(arrivals(random.Random(seed), 8.0), count))


def test_the_seed_decides() -> None:
    assert first(500, 1) == first(500, 1)
    assert first(500, 1) != first(500, 2)


def test_arrivals_are_a_poisson_process() -> None:
    times = [arrival.at_seconds for arrival in first(20_000, 1)]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert statistics.mean(gaps) == pytest.approx(1 / 8, rel=0.03)
    assert statistics.stdev(gaps) == pytest.approx(1 / 8, rel=0.03)


def test_the_mix_is_kept() -> None:
    counts = Counter(arrival.path for arrival in first(20_000, 1))
    assert {path: count / 20_000 for path, count in counts.items()} == pytest.approx(
        {share.path: share.share for share in MIX}, abs=0.015
    )


def test_tenants_have_their_shares() -> None:
    counts = Counter(arrival.tenant for arrival in first(20_000, 1))
    assert {tenant: count / 20_000 for tenant, count in counts.items()} == pytest.approx(TENANTS, abs=0.015)


def test_a_crowd_comes_and_stays_away_as_the_flags_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "POLL_SECONDS", 0.0)
    flags = Flags(tmp_path)
    crowd = Crowd(flags, random.Random(1))
    assert (crowd.times(), crowd.stays_away()) == (1.0, False)
    flags.raise_(Active(Fault("surge", "gateway", strength=3.0), 0.0, None))
    flags.raise_(Active(Fault("drop", "gateway", strength=0.85), 0.0, None))
    assert crowd.times() == 3.0
    assert sum(crowd.stays_away() for _ in range(2000)) / 2000 == pytest.approx(0.85, abs=0.03)
    flags.lower("gateway")
    assert (crowd.times(), crowd.stays_away()) == (1.0, False)


def test_a_surge_makes_time_pass_faster(silent_port: int, tmp_path: Path) -> None:
    flags = Flags(tmp_path)
    flags.raise_(Active(Fault("surge", "gateway", strength=50.0), 0.0, None))
    sending = Load(f"http://127.0.0.1:{silent_port}", Crowd(flags, random.Random(1)), timeout_seconds=0.1)
    start = time.monotonic()
    sending.run(iter([Arrival(20.0, "/payment", "acme")]), duration=None, progress=False)
    assert "sent 1," in sending.line()
    assert 0.4 < time.monotonic() - start < 15


@pytest.fixture
def silent_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def test_a_silent_shop_slows_no_arrival_and_drops_are_counted(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "MOST_IN_FLIGHT", 5)
    sending = Load(f"http://127.0.0.1:{silent_port}", NOBODY_ELSE, timeout_seconds=0.5)
    sending.run(iter([Arrival(0.0, "/payment", "acme")] * 8), duration=None, progress=False)
    assert "sent 5, answered 0 (0 of them 5xx), unanswered 5, in flight 0, dropped 3" in sending.line()


def test_duration_ends_it(silent_port: int) -> None:
    sending = Load(f"http://127.0.0.1:{silent_port}", NOBODY_ELSE, timeout_seconds=0.1)
    sending.run(
        iter([Arrival(0.0, "/payment", "acme"), Arrival(9.0, "/payment", "acme")]), duration=1.0, progress=False
    )
    assert "sent 1," in sending.line()
