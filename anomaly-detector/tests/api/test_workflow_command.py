"""`aiops incidents assign` and `comment` against an engine that answers."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made_up.samples import sample
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


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("assign", ONE), 2, "give either --to NAME or --nobody"),
        (("assign", ONE, "--to", "a", "--nobody"), 2, "give either --to NAME or --nobody"),
        (("assign", "INC-9", "--to", "a"), 1, "there is no incident INC-9"),
        (("comment", ONE, " "), 1, "text"),
    ],
)
def test_wrong_use_says_what_is_wrong(url: str, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run("incidents", *arguments, "--url", url)
    assert (result.exit_code, said in result.stderr) == (code, True), result.stderr
