"""`aiops incidents` against an engine that answers, and over the files of one that does not run."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made_up.samples import sample, simple
from made_up.world import World
from werkzeug.serving import make_server

from aiops.cli.main import main

MANY = 450


@pytest.fixture
def url(world: World) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, world.client().application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(main, ["incidents", *arguments], env=env)


def ids(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return [line.split()[0] for line in result.stdout.splitlines()]


def test_a_list_reaches_every_incident(world: World, url: str) -> None:
    world.keep(*(simple(number) for number in range(1, MANY + 1)))
    every = [f"INC-1795253415-{number}" for number in range(MANY, 0, -1)]
    assert ids(run("list", "--url", url, "--all")) == every
    first = run("list", "--url", url, "--limit", "250")
    assert ids(first) == every[:250]
    cursor = first.stderr.partition("--cursor ")[2].split()[0]
    rest = run("list", "--url", url, "--all", "--cursor", cursor)
    assert (ids(rest), rest.stderr) == (every[250:], "")
    assert len(json.loads(run("list", "--url", url, "--json", "--limit", "300").stdout)) == 300
    assert ids(run("list", "--url", url, "--service", "payment", "--severity", "high", "--limit", "1")) == every[:1]
    assert run("list", "--url", url, "--since", "noon").exit_code == 2


def test_a_list_of_what_an_engine_left_reaches_every_incident(world: World, tmp_path: Path) -> None:
    world.keep(*(simple(number) for number in range(1, MANY + 1)))
    env = {"AIOPS_DATA_DIR": str(tmp_path), "AIOPS_PORT": "1"}
    assert len(ids(run("list", "--all", **env))) == MANY
    assert len(ids(run("list", "--limit", "210", **env))) == 210


def test_what_is_no_latency_or_traffic_is_not_taken_for_normal(world: World, url: str) -> None:
    world.keep(sample(), simple(2, symptoms=(((("service", "*"),), "no_telemetry"),)))
    said = run("normal", "INC-1795253415-2", "--url", url, "--reason", "it is", "--yes")
    assert said.exit_code == 1
    assert "that is never taken for normal; only latency and traffic are" in said.stderr
    said = run("normal", "INC-1795253415-1", "--url", url, "--undo")
    assert said.exit_code == 1
    assert "within the last hour" in said.stderr
