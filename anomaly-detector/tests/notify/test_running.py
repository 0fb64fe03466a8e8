"""A running engine tells its Alertmanagers by itself, each of them, and keeps on when one is away."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_up.samples import sample

from aiops.bootstrap import embedded
from aiops.config import Settings
from aiops.model import IncidentEvent, Transition
from aiops.testing.waiting import until

from .fake import FakeAlertmanager, fake_alertmanager


@pytest.fixture
def there() -> Iterator[FakeAlertmanager]:
    with fake_alertmanager() as one:
        yield one


@pytest.fixture
def away() -> Iterator[str]:
    with socket.socket() as bound:  # bound and not listening: nobody answers there
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_incidents_reach_who_is_there(tmp_path: Path, there: FakeAlertmanager, away: str) -> None:
    now = time.time()
    incident = replace(sample(), onset=now - 20, first_detected=now - 10, last_seen=now)
    engine = embedded(Settings(port=0, data_dir=tmp_path, alertmanager_url=f"{away},{there.url}", cycle_seconds=600))
    engine.store.save_cycle(now, now, (), [IncidentEvent(Transition.OPENED, incident)])
    engine.runner.start()

    def exposed() -> str:
        found = engine.use_cases.operation.exposition().decode()
        return (
            found if there.posts and 'outcome="failed"' in found and f'outcome="sent",to="{there.url}"' in found else ""
        )

    try:
        text = until(exposed)
    finally:
        engine.stop()
    assert [one["labels"]["incident"] for one in there.last] == [incident.id]
    assert there.last[0]["generatorURL"] == f"{engine.url}/incidents/{incident.id}"
    assert f'aiops_alertmanager_posts_total{{outcome="sent",to="{there.url}"}} 1.0' in text
    assert 'outcome="failed"' in text
