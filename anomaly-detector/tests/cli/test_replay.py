"""`aiops replay` and `aiops incidents capture` as a user calls them."""

import gzip
import json
import math
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from made_up import telemetry
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops import bootstrap
from aiops.cli.main import main
from aiops.config import Settings
from aiops.sources.receiver import otlp_json
from aiops.sources.receiver.decode import Decoding
from aiops.testing.waiting import until

SMALL = 2000


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said of progress, however slow the machine is."""
    monkeypatch.setattr("aiops.cli.terminal.progress.PAUSE_SECONDS", math.inf)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What came of the telemetry, in two files and out of order, and the folder that was kept."""
    folder = tmp_path_factory.mktemp("replay")
    lines = telemetry.lines()
    random.Random(1).shuffle(lines)
    first, second = folder / "a.jsonl", folder / "b.any"
    first.write_text("\n".join(lines[: len(lines) // 2]))
    second.write_bytes(gzip.compress("\n".join(lines[len(lines) // 2 :]).encode()))
    objectives = folder / "objectives.yaml"
    objectives.write_text(OBJECTIVE)
    said = run("replay", first, second, "--json", "-q", "--folder", folder / "kept", "--objectives", objectives)
    assert (said.exit_code, said.stderr) == (0, "")
    return json.loads(said.stdout), folder / "kept"


OBJECTIVE = """
apiVersion: openslo/v1
kind: SLO
metadata: {name: payments-work}
spec:
  service: payments
  indicator:
    metadata: {name: paid}
    spec:
      ratioMetric:
        counter: true
        rawType: success
        raw: {metricSource: {type: otel.http.server, spec: {route: "/pay/{card}"}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
"""


def test_past_telemetry_gives_the_incident_with_its_cause(replayed: tuple[dict[str, Any], Path]) -> None:
    found, kept = replayed
    [incident] = found["incidents"]
    cause = incident["root_cause"]
    assert (cause["service"], cause["endpoint"], cause["kind"]) == ("payments", "/pay/{card}", "errors")
    assert incident["state"] == "resolved"
    assert incident["slo_impact"][0]["slo"] == "payments-work"
    anatomy = incident["evidence"]["anatomy"]
    origin = max(anatomy["nodes"], key=lambda one: one["share_of_failures"])
    assert (origin["service"], origin["share_of_failures"]) == ("payments", 1.0)
    assert {one["trace_id"] for one in anatomy["exemplars"]["bad"]} <= set(incident["trace_correlation"]["trace_ids"])
    assert found["spans"] == sum(1 for _ in telemetry.spans())
    assert (found["services"], found["points"], found["problems"]) == (2, 0, [])
    assert (kept / "incidents.sqlite").exists()
    assert not list(kept.glob("*partial*"))


@pytest.fixture(scope="module")
def engine(replayed: tuple[dict[str, Any], Path]) -> Iterator[str]:
    """A running engine over what the replay kept."""
    objectives = str(replayed[1].parent / "objectives.yaml")
    settings = Settings(data_dir=replayed[1], port=0, otlp_grpc_port=0, otlp_http_port=0, objectives=objectives)
    application = bootstrap.embedded(settings)
    application.start()
    yield f"http://127.0.0.1:{application.server.port}"
    application.stop()


def test_an_engine_explains_a_time_and_given_traces_from_its_own_store(
    engine: str, replayed: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    since, until = telemetry.T0 + telemetry.LEARNED, telemetry.T0 + telemetry.LEARNED + telemetry.TROUBLE
    asked = ["explain", "--url", engine, "--since", since]
    said = run(*asked, "--until", until, "--service", "storefront", "--route", "POST /buy", "--json")
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    first = found["candidates"][0]
    assert (first["service"], first["endpoint"], first["kind"]) == ("payments", "/pay/{card}", "errors")
    assert found["failing"]["good"] == 0
    assert found["failing"]["bad"] == pytest.approx(0.8, abs=0.15), "any requests, not the failed ones alone"
    assert (found["good"]["requests"], found["bad"]["requests"]) == (60, 60)
    assert found["store"] == "the engine's own store"
    assert [one["query"].split("?")[0] for one in found["questions"]] == ["GET /aiops/spans"] * 2
    assert found == json.loads(
        run(*asked, "--until", until, "--service", "storefront", "--route", "POST /buy", "--json").stdout
    )
    ids = first["traces"][:5]
    page = tmp_path / "traces.html"
    said = run(*asked, *(part for one in ids for part in ("--trace", one)), "--html", page)
    assert said.exit_code == 0, said.output
    assert "bad:  5 requests, with which these traces begin" in said.stdout
    assert "1. Error spike in payments /pay/{card}" in said.stdout.replace("POST ", "")
    assert "drawn from requests to storefront POST /buy that did not fail" in said.stdout
    assert ids[0] in page.read_text()
    said = run(*asked, "--until", until, "--service", "store", "--json")
    assert said.exit_code == 1
    assert "there is no service 'store'; there are: payments, storefront" in said.stderr


@pytest.fixture(scope="module")
def captured(
    engine: str, replayed: tuple[dict[str, Any], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Result]:
    file = tmp_path_factory.mktemp("capture") / "incident.jsonl.gz"
    name = replayed[0]["incidents"][0]["id"]
    said = run("incidents", "capture", name, "--url", engine, "-o", file, "--keep", "http.route")
    assert said.exit_code == 0, said.output
    return file, said


def test_a_capture_is_anonymous_and_says_what_was_replaced(captured: tuple[Path, Result]) -> None:
    file, said = captured
    text = gzip.decompress(file.read_bytes()).decode()
    for secret in telemetry.SECRET:
        assert secret not in text.replace("acme.tenant", "")  # a name of an attribute
    assert '"acme.tenant"' in text
    assert '"/pay/{card}"' in text  # kept, as asked
    assert "service.name" in said.stdout
    assert "aiops replay" in said.stdout
    first = json.loads(text.splitlines()[0])["aiopsCapture"]
    assert "payments" not in first["objectives"]
    assert "otel.http.server" in first["objectives"]
    assert first["incident"]["root_cause"]["kind"] == "errors"


def test_the_replay_of_a_capture_finds_the_same_kind_of_cause(
    captured: tuple[Path, Result], replayed: tuple[dict[str, Any], Path]
) -> None:
    file, _ = captured
    said = run("replay", file, "--json", "-q")
    assert said.exit_code == 0, said.output
    [incident], [before] = json.loads(said.stdout)["incidents"], replayed[0]["incidents"]
    about = json.loads(gzip.decompress(file.read_bytes()).split(b"\n")[0])["aiopsCapture"]["incident"]
    cause = incident["root_cause"]
    assert {key: cause[key] for key in about["root_cause"]} == about["root_cause"]
    assert cause["kind"] == before["root_cause"]["kind"]
    assert cause["endpoint"] == before["root_cause"]["endpoint"]
    assert incident["onset"] == before["onset"]
    assert incident["slo_impact"]


def test_a_capture_overwrites_nothing_and_leaves_nothing_behind(
    captured: tuple[Path, Result], engine: str, tmp_path: Path
) -> None:
    file, _ = captured
    before = file.read_bytes()
    said = run("incidents", "capture", "INC-1-1", "--url", engine, "-o", file)
    assert said.exit_code == 1
    assert "exists already, and is not overwritten" in said.stderr
    assert file.read_bytes() == before
    said = run("incidents", "capture", "INC-1-1", "--url", engine, "-o", tmp_path / "none.gz")
    assert said.exit_code == 1
    assert "no incident INC-1-1" in said.stderr
    assert not list(tmp_path.iterdir())


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A minute of telemetry, in lines."""
    path = tmp_path / "few.jsonl"
    every = [one for one in telemetry.spans() if one.end < telemetry.T0 + 60]
    path.write_text("\n".join(json.dumps(telemetry.otlp_writing.otlp_export(every[at::4])) for at in range(4)))
    return path


def counted(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    said = run("replay", *arguments, "--json", "-q")
    assert said.stdout, said.output
    return said.exit_code, json.loads(said.stdout)


def test_a_bad_line_is_named_and_loses_no_other(few: Path) -> None:
    _, right = counted(few)
    lines = few.read_text().splitlines()
    broken = json.loads(lines[0])
    broken["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = "no id"
    few.write_text("\n".join([lines[0][:SMALL], '{"hello": 1}', *lines, "7", json.dumps(broken)]))
    code, found = counted(few)
    assert code == 1
    assert found["spans"] >= right["spans"]
    said = [one.removeprefix(str(few)) for one in found["problems"]]
    assert [one.partition(" ")[0] for one in said] == [":1:", ":2:", ":7:", ":8:"]
    assert "is no JSON" in said[0]
    assert "it has hello, but an export has resourceSpans" in said[1]
    assert "1 left out: a trace id must be 16 bytes" in said[3]


def test_every_form_of_otlp_gives_the_same(few: Path, tmp_path: Path) -> None:
    _, right = counted(few)
    whole, document = ExportTraceServiceRequest(), {"resourceSpans": []}
    for line in few.read_text().splitlines():
        document["resourceSpans"] += json.loads(line)["resourceSpans"]
        for resource, found in otlp_json.spans(line.encode(), Decoding(0, 0, lambda _: False)):
            whole.resource_spans.add(resource=resource).scope_spans.add().spans.extend(found)
    single, framed, indented, zstd = (tmp_path / name for name in ("single", "framed", "indented", "zstd"))
    single.write_bytes(body := whole.SerializeToString())
    squeezed = pa.compress(body, "zstd", asbytes=True)
    framed.write_bytes(len(squeezed).to_bytes(4, "big") + squeezed)
    indented.write_text(json.dumps(document, indent=2))
    zstd.write_bytes(pa.compress(few.read_bytes(), "zstd", asbytes=True))
    for path in (single, framed, indented, zstd):
        assert counted(path) == (0, right), path


def test_only_the_wanted_time_is_replayed(few: Path) -> None:
    _, whole = counted(few)
    _, found = counted(few, "--since", str(telemetry.T0 + 15), "--until", str(telemetry.T0 + 45))
    assert 0 < found["spans"] < whole["spans"]
    assert found["since"] == "2025-11-21T08:00:15Z"
    said = run("replay", few, "--since", "2026-01-01T00:00:00Z")
    assert said.exit_code == 2
    assert "the telemetry goes from 2025-11-21 08:00:0" in said.stderr


def test_a_wrong_time_far_away_costs_no_time(few: Path) -> None:
    late = telemetry.request(1, telemetry.T0 + 30 * 86_400, False, 0.1)
    few.write_text(few.read_text() + "\n" + json.dumps(telemetry.otlp_writing.otlp_export(late)))
    _, found = counted(few, "--step", "1m")
    assert any("were skipped" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", 2, "is empty"),
        ("time,value\n1,2\n", 2, "is no OTLP: neither JSON nor protobuf"),
        ('{"resourceSpans": []}\n', 1, "there is no span and no point of metrics to judge"),
        ("{]\n", 1, "is no JSON"),
    ],
)
def test_what_is_no_telemetry_is_refused(tmp_path: Path, text: str, code: int, said: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    found = run("replay", path)
    assert (found.exit_code, said in found.stderr) == (code, True), found.output
    assert str(path) in found.stderr


def test_a_folder_that_holds_something_is_left_alone(few: Path, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "mine").write_text("x")
    said = run("replay", few, "--folder", folder)
    assert said.exit_code == 2
    assert "is not empty; choose a new folder" in said.stderr
    assert [one.name for one in folder.iterdir()] == ["mine"]


def test_an_interrupted_replay_leaves_nothing_behind(tmp_path: Path) -> None:
    file, scratch = tmp_path / "all.jsonl", tmp_path / "tmp"
    scratch.mkdir()
    file.write_text("\n".join(telemetry.lines()))
    for attempt in range(10):  # a replay may end before a busy machine interrupts it
        folder = tmp_path / f"kept-{attempt}"
        command = [sys.executable, "-m", "aiops", "replay", str(file), "--folder", str(folder)]
        env = {**os.environ, "TMPDIR": str(scratch)}
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            until(folder.exists)
            process.send_signal(signal.SIGTERM)
            out, error = process.communicate(timeout=60)
        if process.returncode != 0:
            break
    assert process.returncode == 1, error
    assert out == ""
    assert not folder.exists()
    assert not list(scratch.iterdir())
