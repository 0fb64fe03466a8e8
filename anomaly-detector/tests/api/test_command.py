"""`aiops incidents` against an engine that answers, and over the files of one that does not run."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made_up.fakes import NOW
from made_up.samples import sample, sample_evidence, simple
from made_up.world import World
from werkzeug.serving import make_server

from aiops.cli.main import main
from aiops.model import IncidentEvent, Transition

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
    assert ids(run("list", "--url", url, "--kind", "unknown", "--search", "spike (3)")) == [
        one for one in every if one.endswith("-3")
    ]
    assert "no active incidents" in run("list", "--url", url, "--kind", "timeout").stdout
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


def test_an_incident_is_shown_with_its_evidence_whether_its_engine_runs_or_not(
    world: World, url: str, tmp_path: Path
) -> None:
    one = replace(sample(), evidence_at=NOW - 285)
    world.store.save_cycle(NOW, NOW, (), [IncidentEvent(Transition.OPENED, one, sample_evidence())])
    shown = run("show", one.id, "--url", url)
    left = run("show", one.id, AIOPS_DATA_DIR=str(tmp_path), AIOPS_PORT="1")
    for said in (shown, left):
        assert said.exit_code == 0, said.output
        lines = said.stdout.splitlines()
        assert "votes     of 41 bad traces 38.5 for payment POST /payment (errors)" in lines
        assert "measured  41 bad spans there, 185 ms (median), 0 good spans there" in lines
        at = next(number for number, line in enumerate(lines) if line.startswith("tree "))
        assert " ".join(lines[at + 1].split()) == "0% 0% 50 ms 40 ms * checkout POST /checkout"
        assert lines[at + 2].split() == [
            "100%",
            "100%",
            "250",
            "ms",
            "0",
            "ms",
            "*",
            "checkout",
            "→",
            "payment",
            "POST",
        ]
        assert " ".join(lines[at + 3].split()) == "and 7 more places"
        assert lines[at + 4].startswith("added     checkout → payment POST: in 41 of 41 requests, 1.2 a visit")
        assert lines[at + 5].endswith("(310 ms, failed), beside " + "a" * 32 + " (40 ms)")
        assert any(line.startswith("asked     requests to checkout POST /checkout that took") for line in lines)
        assert "          { kind = server }" in lines
    assert (
        json.loads(run("show", one.id, "--url", url, "--json").stdout)["evidence"]
        == json.loads(run("show", one.id, "--json", AIOPS_DATA_DIR=str(tmp_path), AIOPS_PORT="1").stdout)["evidence"]
    )
