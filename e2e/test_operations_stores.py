"""What docs/operations.md has run in the containers of stores, run on real ones."""

import re
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import requests

from aiops.http import Endpoint
from aiops.sources.prometheus.client import PrometheusClient
from aiops.testing.waiting import until
from bench.cycle import Fleet
from tools.native.alone import LonePrometheus
from tools.native.build import ensure

from .conftest import answers
from .documented import of
from .test_operations import IN_STORES
from .test_start import free_port

pytestmark = [pytest.mark.stack, pytest.mark.timeout(3600)]
TAKE, FILL, QUERY, IMPORT = IN_STORES


def test_these_are_what_the_page_shows() -> None:
    assert {one.inside for one in of("kubectl")} >= set(IN_STORES)


def run(text: str, folder: Path) -> None:
    done = subprocess.run(["sh", "-c", text], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_volume_of_a_stopped_prometheus_is_copied(tmp_path: Path) -> None:
    program, at = ensure()["prometheus"], time.time()

    def count(server: LonePrometheus) -> float:
        return (
            PrometheusClient(Endpoint(name="Prometheus", url=server.url))
            .instant("count({__name__=~'http_.+'})", at)[0]
            .value
        )

    first = LonePrometheus(program, tmp_path / "first")
    api = PrometheusClient(Endpoint(name="Prometheus", url=first.url))
    for body in Fleet(10, at).exports(at):
        api.write_otlp(body)
    found = count(first)
    first.close()
    run(TAKE.replace("/volume", str(tmp_path / "first" / "data")), tmp_path)
    (tmp_path / "second" / "data").mkdir(parents=True)
    run(FILL.replace("/volume", str(tmp_path / "second" / "data")), tmp_path)
    second = LonePrometheus(program, tmp_path / "second")
    assert count(second) == found > 100
    second.close()


@pytest.fixture
def alertmanagers(tmp_path: Path) -> Iterator[list[str]]:
    """The addresses of two that know nothing."""
    (tmp_path / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    processes, urls = [], []
    for number in range(2):
        address = f"127.0.0.1:{free_port()}"
        command: list[str | Path] = [
            ensure()["alertmanager"],
            f"--config.file={tmp_path / 'alertmanager.yml'}",
            f"--storage.path={tmp_path / str(number)}",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
        ]
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        urls.append(f"http://{address}")
        until(partial(answers, f"{urls[-1]}/-/ready"), 30, "Alertmanager is ready")
    yield urls
    for process in processes:
        process.terminate()
        process.wait(10)


def test_silences_go_from_one_alertmanager_to_another(alertmanagers: list[str], tmp_path: Path) -> None:
    now = datetime.now(UTC)
    silence = {
        "matchers": [{"name": "alertname", "value": "AiopsIncident", "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "ops",
        "comment": "a night's rest",
    }
    requests.post(f"{alertmanagers[0]}/api/v2/silences", json=silence, timeout=10).raise_for_status()
    for text, url in ((QUERY, alertmanagers[0]), (IMPORT, alertmanagers[1])):
        program = re.sub(r"^amtool", str(ensure()["amtool"]), text)
        run(program.replace("http://127.0.0.1:9093", url), tmp_path)
    [found] = requests.get(f"{alertmanagers[1]}/api/v2/silences", timeout=10).json()
    assert (found["comment"], found["matchers"]) == (silence["comment"], silence["matchers"])
