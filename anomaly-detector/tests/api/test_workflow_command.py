"""`aiops incidents assign` and `comment` against an engine that answers."""

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

ONE = "INC-1795253415-1"


@pytest.fixture
def url(world: World) -> Iterator[str]:
    world.keep(sample())
    server = make_server("127.0.0.1", 0, world.client().application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str, given: str = "", **env: str) -> Result:
    return CliRunner().invoke(main, arguments, env=env, input=given)


def test_an_incident_is_assigned_and_written_about(url: str, tmp_path: Path) -> None:
    assert ONE in run("incidents", "assign", ONE, "--url", url, "--to", "ana").stdout
    assert run("incidents", "comment", ONE, "--url", url, "it is the pool").exit_code == 0
    said = run("incidents", "comment", ONE, "-", "--url", url, "--json", given="two\nlines\n")
    assert [each["text"] for each in json.loads(said.stdout)["comments"]] == ["it is the pool", "two\nlines"]
    for shown in (
        run("incidents", "show", ONE, "--url", url),
        run("incidents", "show", ONE, AIOPS_DATA_DIR=str(tmp_path), AIOPS_PORT="1"),
    ):
        assert "assigned  to ana" in shown.stdout
        assert "comment       local: it is the pool" in shown.stdout
    assert run("incidents", "assign", ONE, "--url", url, "--nobody").exit_code == 0
    assert "assigned  to" not in run("incidents", "show", ONE, "--url", url).stdout


def test_the_severity_is_set_and_an_end_is_taken_back(url: str) -> None:
    said = run("incidents", "severity", ONE, "--url", url, "--set", "low", "--reason", "a test account")
    assert f"{ONE}  open  low" in said.stdout
    assert f"{ONE}  open  critical" in run("incidents", "severity", ONE, "--url", url, "--clear").stdout
    assert run("incidents", "resolve", ONE, "--url", url).exit_code == 0
    assert f"{ONE}  open" in run("incidents", "reopen", ONE, "--url", url).stdout


def test_incidents_are_merged_and_taken_apart(world: World, url: str) -> None:
    world.keep(simple(2))
    assert run("incidents", "merge", "INC-1795253415-2", "--url", url, "--into", ONE).stdout.startswith(ONE)
    assert "  open  " in run("incidents", "merge", "INC-1795253415-2", "--url", url, "--undo").stdout


def test_a_shift_is_written_in_markdown(url: str) -> None:
    assert run("incidents", "resolve", ONE, "--url", url, "--helped", "a restart").exit_code == 0
    text = run("incidents", "handover", "--url", url, "--since", "12h").stdout
    assert f"## Resolved\n\n- [{ONE}]({url}/incidents/{ONE}) **critical**" in text
    assert "What helped: a restart" in text
    assert json.loads(run("incidents", "handover", "--url", url, "--json").stdout)["resolved"][0]["id"] == ONE


def test_what_is_no_incident_is_said_listed_and_taken_back(world: World, url: str) -> None:
    world.keep(simple(2, fingerprint="f" * 16, worst=(("errors", 0.4),)))
    two = "INC-1795253415-2"
    assert "resolved" in run("incidents", "dismiss", two, "--url", url, "--reason", "a load test", "--days", "3").stdout
    listed = run("incidents", "dismissed", "--url", url).stdout
    assert "a load test (says local); opens again when 70% of requests fail" in listed
    assert "ended" in run("incidents", "dismissed", "--url", url, "--end", listed.split()[0]).stdout
    assert json.loads(run("incidents", "dismissed", "--url", url, "--json").stdout)[0]["ended_by"] == "local"


def test_incidents_are_silenced_and_snoozed(url: str) -> None:
    made = run("silences", "add", "--url", url, "--service", "payment", "--for", "2h", "--reason", "new disks")
    assert "silenced until 2026-11-21T11:35:00Z: service=payment" in made.stdout, made.output
    listed = run("silences", "list", "--url", url).stdout
    assert "new disks" in listed
    assert (
        "muted     silence of local until 2026-11-21T11:35:00Z: new disks"
        in run("incidents", "show", ONE, "--url", url).stdout
    )
    id_ = made.stdout.split()[0]
    assert run("silences", "end", id_, "--url", url).exit_code == 0
    assert json.loads(run("silences", "list", "--url", url, "--json").stdout)["silences"][0]["state"] == "ended"
    assert run("incidents", "snooze", ONE, "--url", url, "--for", "4h").exit_code == 0
    assert "muted     snooze of local" in run("incidents", "show", ONE, "--url", url).stdout
    assert run("incidents", "snooze", ONE, "--url", url, "--wake").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("add", "--for", "1h", "--reason", "we move"), 1, "everything"),
        (("add", "--reason", "we move", "--everything"), 2, "give either --for LENGTH or --until TIME"),
        (("add", "--for", "soon", "--reason", "we move", "--everything"), 2, "--for must be a length such as"),
        (("add", "--for", "31d", "--reason", "we move", "--everything"), 1, "next 30 days"),
        (("add", "--for", "1h", "--everything"), 2, "--reason"),
        (("end", "00000000"), 1, "there is no silence"),
    ],
)
def test_a_wrong_silence_says_what_is_wrong(url: str, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run("silences", *arguments, "--url", url)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("assign", ONE), 2, "give either --to NAME or --nobody"),
        (("assign", ONE, "--to", "a", "--nobody"), 2, "give either --to NAME or --nobody"),
        (("assign", "INC-9", "--to", "a"), 1, "there is no incident INC-9"),
        (("comment", ONE, " "), 1, "text"),
        (("handover", "--since", "noon"), 2, "--since must be a length"),
        (("handover", "--since", "30d"), 1, "hours"),
        (("merge", ONE), 2, "give either --into INCIDENT or --undo"),
        (("merge", ONE, "--into", ONE), 1, "into itself"),
        (("merge", ONE, "--undo"), 1, "was not merged"),
        (("dismiss", ONE), 2, "--reason"),
        (("dismiss", ONE, "--reason", "a test", "--days", "91"), 2, "--days"),
        (("dismissed", "--end", "00000000"), 1, "there is no dismissal"),
        (("reopen", ONE), 1, "is open, so that it cannot be opened again"),
        (("severity", ONE, "--set", "low"), 2, "give either --set SEVERITY with --reason, or --clear"),
        (("severity", ONE, "--set", "low", "--clear"), 2, "give either --set SEVERITY with --reason, or --clear"),
        (("severity", ONE, "--clear"), 1, "has the severity that the engine gives it"),
    ],
)
def test_wrong_use_says_what_is_wrong(url: str, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run("incidents", *arguments, "--url", url)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr
