"""A running engine with a file of channels: one that hangs delays no other, and all of it is shown without secrets."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from made_up.samples import sample

from aiops.bootstrap import CannotStart, embedded
from aiops.config import Settings
from aiops.model import IncidentEvent, Transition
from aiops.testing.waiting import until

from .sink import Sink, http_sink, valid

SECRET = "s3cret-0123456789-s3cret-0123456"
FILE = """
channels:
  slow: {{kind: webhook, url: "{slow}/{secret}"}}
  pager: {{kind: pagerduty, routing_key: {secret}, url: "{pager}"}}
  away: {{kind: webhook, url: "http://127.0.0.1:9/{secret}"}}
default: [slow, pager, away]
"""


@pytest.fixture
def slow() -> Iterator[Sink]:
    with http_sink() as one:
        one.goes_on.clear()
        yield one


@pytest.fixture
def pager() -> Iterator[Sink]:
    with http_sink() as one:
        yield one


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "notify.yaml"
    file.write_text(text)
    return str(file)


def test_each_channel_has_its_own_pace(
    tmp_path: Path, slow: Sink, pager: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    now = time.time()
    incident = replace(sample(), onset=now - 20, first_detected=now - 10, last_seen=now)
    file = written(tmp_path, FILE.format(slow=slow.url, pager=pager.url, secret=SECRET))
    settings = Settings(port=0, data_dir=tmp_path, notify_file=file, webhook_url=f"{pager.url}/hook/{SECRET}")
    engine = embedded(settings)
    engine.store.save_cycle(now, now, (), [IncidentEvent(Transition.OPENED, incident)])
    engine.runner.start()
    engine.serve()
    try:
        until(lambda: slow.got)
        (event,) = until(lambda: pager.bodies("/v2/enqueue"))
        (hook,) = until(lambda: pager.bodies(SECRET))
        host, port = "127.0.0.1", engine.server.port
        system = until(lambda: _failing(f"http://{host}:{port}/aiops/system"))
        page = requests.get(f"http://{host}:{port}/system", headers={"Accept": "text/html"}, timeout=10).text
        engine.notifications.expose()
        metrics = engine.use_cases.operation.exposition().decode()
        slow.goes_on.set()
        until(lambda: engine.notifications.outbox.backlog("slow").last_sent)
    finally:
        slow.goes_on.set()
        engine.stop()
    valid(event, "pagerduty-event")
    assert "See after the rollback" in event["payload"]["custom_details"]["What to do first"], "as on the page"
    assert (hook["transition"], hook["incident"]["id"]) == ("opened", incident.id)
    assert {one["channel"]: one["kind"] for one in system} == {
        "webhook": "webhook",
        "slow": "webhook",
        "pager": "pagerduty",
        "away": "webhook",
    }
    assert "127.0.0.1 cannot be reached: Connection refused" in page
    assert 'aiops_notifications_total{channel="pager",result="sent"} 1.0' in metrics
    assert 'aiops_notifications_total{channel="away",result="failed"}' in metrics
    assert 'aiops_notifications_waiting{channel="slow"} 1.0' in metrics
    for text in (page, str(system), metrics, caplog.text):
        assert SECRET not in text
    assert len(pager.bodies("/v2/enqueue")) == 1


def _failing(url: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = requests.get(url, timeout=10).json()["channels"]
    return found if any(one["channel"] == "away" and one["failing_since"] for one in found) else []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("channels: {}", "`channels`"),
        ("channels: {webhook: {kind: log}}\ndefault: webhook", "this name is taken by the setting webhook_url"),
        ("channels: {a: {kind: apprise, url: nope://x}}\ndefault: a", "no address that Apprise knows"),
    ],
)
def test_an_engine_does_not_start_with_a_file_that_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(CannotStart, match=said):
        embedded(Settings(port=0, data_dir=tmp_path, notify_file=file, webhook_url="http://127.0.0.1:9/"))
    embedded(Settings(port=0, data_dir=tmp_path)).stop()
