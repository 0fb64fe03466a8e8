"""`aiops mcp`: the SDK's own client asks the tools, in memory, over standard input and output, and over HTTP."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from click.testing import CliRunner
from made_up.samples import TRACE_ID, sample, sample_trace
from made_up.world import World, build
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from werkzeug.serving import make_server

from aiops.cli.main import main
from aiops.cli.mcp import tools
from aiops.cli.mcp.command import ACKNOWLEDGE, COMMENT
from aiops.cli.remote import Remote
from aiops.store import SqlIncidents, open_store
from aiops.testing.waiting import until

TOKEN = "a-token-of-sixteen-or-more"
READS = {
    "explain",
    "get_evidence",
    "get_incident",
    "get_objective",
    "get_series",
    "get_topology",
    "get_trace",
    "list_alerts",
    "list_changes",
    "list_incidents",
    "list_objectives",
    "list_services",
    "search_logs",
    "search_traces",
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    store = SqlIncidents(open_store(f"sqlite:///{tmp_path / 'incidents.sqlite'}"))
    made = build(tmp_path, store)
    made.keep(sample())
    made.traces.known = {TRACE_ID: sample_trace()}
    yield made
    store.close()


@contextmanager
def engine(world: World, **settings: object) -> Iterator[str]:
    """The address of the engine's API, served."""
    server = make_server("127.0.0.1", 0, world.app(**settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked(server: Any, talk: Callable[[Client], Awaitable[Any]]) -> Any:
    """Open a client of a server or a transport, and let it talk."""

    async def run() -> Any:
        async with Client(server) as client:
            return await talk(client)

    return alone(run)


def alone(run: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    """Run a coroutine in a thread of its own: a browser that other tests opened has an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, run, *arguments).result()


def called(url: str, tool: str, arguments: dict[str, Any] | None = None, scopes: frozenset[str] = frozenset()) -> Any:
    server = tools.server_of(lambda _: Remote(url), scopes)
    return asked(server, lambda client: client.call_tool(tool, arguments or {}))


def names(listed: Any) -> set[str]:
    return {one.name for one in listed.tools}


def test_every_tool_only_reads_unless_more_is_allowed(world: World) -> None:
    with engine(world) as url:
        closed, opened = (
            asked(tools.server_of(lambda _: Remote(url), scopes), lambda client: client.list_tools())
            for scopes in (frozenset[str](), frozenset([ACKNOWLEDGE]))
        )
        assert names(closed) == READS
        assert all(one.annotations.read_only_hint and one.description for one in closed.tools)
        assert names(opened) == {*READS, "acknowledge_incident"}
        refused = called(url, "acknowledge_incident", {"incident": sample().id})
        assert refused.is_error
        taken = called(url, "acknowledge_incident", {"incident": sample().id}, frozenset([ACKNOWLEDGE]))
        assert taken.structured_content["state"] == "acknowledged"


def test_a_comment_is_written_only_where_that_is_allowed(world: World) -> None:
    said = {"incident": sample().id, "text": "the card processor refuses **all** cards"}
    with engine(world) as url:
        assert called(url, "comment_incident", said, frozenset([ACKNOWLEDGE])).is_error
        assert not called(url, "comment_incident", said, frozenset([COMMENT])).is_error
        empty = called(url, "comment_incident", {**said, "text": ""}, frozenset([COMMENT]))
        assert empty.is_error
    [one] = world.use_cases.workflow.comments(world.use_cases.incidents.get(sample().id))
    assert one.text == said["text"]


def test_without_a_store_of_logs_a_search_says_so(world: World) -> None:
    with engine(world) as url:
        refused = called(url, "search_logs", {"service": "payment"})
    assert "keeps no logs" in refused.content[0].text


def test_an_incident_is_read_from_the_list_to_its_traces(world: World) -> None:
    with engine(world) as url:
        [brief] = called(url, "list_incidents").structured_content["incidents"]
        assert brief["root_cause"]["service"] == "payment"
        whole = called(url, "get_incident", {"incident": brief["id"]}).structured_content
        assert whole["timeline"]
        trace = called(url, "get_trace", {"trace": TRACE_ID}).structured_content
        assert {one["service"] for one in trace["spans"]} >= {"payment"}
        failed = called(url, "get_trace", {"trace": TRACE_ID, "failed_only": True}).structured_content
        assert all(one["failed"] for one in failed["spans"])
        assert called(url, "list_services").structured_content["services"] is not None


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_incident", {"incident": "INC-0"}, "there is no incident INC-0"),
        ("get_evidence", {"incident": "INC-0"}, "there is no incident INC-0"),
        ("get_trace", {"trace": "f" * 32}, "there is no trace"),
        ("get_objective", {"name": "none"}, "there is no objective 'none'"),
        ("list_incidents", {"limit": 1000}, "less than or equal to 50"),
        ("list_incidents", {"since": "yesterday"}, "since"),
        ("search_traces", {"min_duration": "long"}, "min"),
        ("list_incidents", {"state": "broken"}, "state"),
    ],
)
def test_wrong_questions_are_told_in_a_sentence(world: World, tool: str, arguments: dict[str, Any], said: str) -> None:
    with engine(world) as url:
        answer = called(url, tool, arguments)
        assert answer.is_error
        assert said in answer.content[0].text


def test_an_answer_that_no_model_can_read_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "LONGEST", 100)
    with engine(world) as url:
        answer = called(url, "list_incidents")
        assert answer.is_error
        assert "at most 100 are given; ask for a smaller limit" in answer.content[0].text


def test_no_engine_is_told(world: World) -> None:
    answer = called("http://127.0.0.1:9", "list_incidents")
    assert answer.is_error
    assert "no engine answers" in answer.content[0].text


def test_an_agent_that_starts_the_command_reads_with_its_token(world: World) -> None:
    with engine(world, tokens={"robot": TOKEN}) as url:
        started = StdioServerParameters(
            command=sys.executable,
            args=["-m", "aiops", "mcp", "--url", url, "--allow", ACKNOWLEDGE],
            env={**os.environ, "AIOPS_TOKEN": TOKEN},
        )
        answer = asked(
            stdio_client(started), lambda client: client.call_tool("acknowledge_incident", {"incident": sample().id})
        )
        assert not answer.is_error
        assert world.use_cases.incidents.get(sample().id).timeline[-1].text == "acknowledged by robot"


@contextmanager
def over_http(url: str, host: str = "127.0.0.1", *more: str) -> Iterator[str]:
    """`aiops mcp --http` as a process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "aiops", "mcp", "--url", url, "--http", f"{host}:{port}", *more]
    process = subprocess.Popen(command, env={k: v for k, v in os.environ.items() if not k.startswith("AIOPS_")})
    address = f"http://127.0.0.1:{port}/mcp"

    def listens() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens, 60)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def test_over_http_each_caller_uses_its_own_token(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"other: {TOKEN}-of-the-file\n")
    monkeypatch.setenv("AIOPS_TOKEN_FILE", str(file))  # every command takes its first one, this one none

    async def acknowledged(address: str, token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            return await client.call_tool("acknowledge_incident", {"incident": sample().id})

    with (
        engine(world, tokens={"robot": TOKEN}) as url,
        over_http(url, "0.0.0.0", "--allow", ACKNOWLEDGE, "--name", "127.0.0.1") as address,
    ):
        assert httpx2.post(address, json={}).status_code == 401
        refused = alone(acknowledged, address, "another-token-of-sixteen")
        assert "the token is not one that this engine knows" in refused.content[0].text
        assert not alone(acknowledged, address, TOKEN).is_error
    assert world.use_cases.incidents.get(sample().id).timeline[-1].text == "acknowledged by robot"


def test_a_web_page_cannot_use_the_tools(world: World) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    with engine(world) as url, over_http(url) as address:
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            assert httpx2.post(address, json=body, headers={**accept, **headers}).status_code in (403, 421)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--http", "8010"], "an address is like 127.0.0.1:8010"),
        (["--http", "127.0.0.1:0"], "an address is like 127.0.0.1:8010"),
        (["--http", "127.0.0.1:8010", "--token", TOKEN], "each caller sends its own token"),
        (["--allow", "everything"], "'everything' is not one of 'acknowledge', 'comment'"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(main, ["mcp", *arguments])
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_the_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['mcp'] = None; from aiops.cli.main import main; main(['mcp'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'aiops[mcp]'" in done.stderr
