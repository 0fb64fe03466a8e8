"""Executors against real servers and real programs: what is sent, once, and what is known afterwards."""

import hmac
import socket
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from made_up.fakes import NOW

from aiops.act.executor import ExecutionResult
from aiops.act.executors import executor_of
from aiops.act.executors.command import CommandExecutor
from aiops.act.executors.webhook import WebhookExecutor
from aiops.act.proposals import Proposer, drafted, grounds_of
from aiops.model import Action, BlastRadius, Origin

from .policies import bad_version, policy
from .sink import Sink


def action(executor: str, parameters: dict[str, Any], **entry: Any) -> Action:
    of = policy({"executor": executor, "parameters": parameters, **entry})
    who = Proposer(origin=Origin.CAUSE, by="engine", at=NOW, number=1)
    made, problem = drafted(of.actions[0], of, grounds_of(bad_version()), BlastRadius(("payment",)), who, "key")
    assert problem == ""
    return made


def test_a_webhook_is_signed_over_its_time_and_body(sink: Sink, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("a secret of the receiver\n")
    one = action("webhook", {"url": f"{sink.url}/back/{{version}}", "secret_file": str(key)})
    report = WebhookExecutor(lambda: NOW).execute(one, "attempt-1")
    assert (report.result, report.text) == (ExecutionResult.DONE, "the receiver answers 200 {}")
    [got] = sink.got
    assert got.path == "/back/1.5.0"
    at, _, given = got.headers["X-Aiops-Signature"].removeprefix("t=").partition(",v1=")
    wanted = hmac.new(b"a secret of the receiver", f"{at}.".encode() + got.body, sha256).hexdigest()
    assert (int(at), given) == (int(NOW), wanted)
    assert got.json["action"]["digest"] == one.digest
    assert (got.json["attempt"], got.json["version"]) == ("attempt-1", 1)


def test_a_key_that_is_missing_or_empty_sends_nothing(sink: Sink, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for file, said in ((tmp_path / "none", "cannot be read"), (empty, "is empty")):
        one = action("webhook", {"url": sink.url, "secret_file": str(file)})
        report = WebhookExecutor(lambda: NOW).execute(one, "a")
        assert (report.result, said in report.text) == (ExecutionResult.NOT_DONE, True)
    assert sink.got == []


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (202, ExecutionResult.DONE),
        (302, ExecutionResult.UNKNOWN),
        (409, ExecutionResult.NOT_DONE),
        (500, ExecutionResult.UNKNOWN),
        (503, ExecutionResult.UNKNOWN),
    ],
)
def test_a_webhook_is_sent_once_whatever_is_answered(sink: Sink, status: int, result: ExecutionResult) -> None:
    sink.answer = lambda _: (status, {"why": "so"})
    assert WebhookExecutor(lambda: NOW).execute(action("webhook", {"url": sink.url}), "a").result == result
    assert len(sink.got) == 1


def test_a_webhook_that_was_not_sent_is_told_from_one_that_was_not_answered(sink: Sink) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        report = WebhookExecutor(lambda: NOW).execute(action("webhook", {"url": nowhere}), "a")
    assert (report.result, "could not be sent" in report.text) == (ExecutionResult.NOT_DONE, True)
    sink.answer = lambda _: (0, None)
    report = WebhookExecutor(lambda: NOW).execute(action("webhook", {"url": sink.url}), "a")
    assert (report.result, "not answered" in report.text) == (ExecutionResult.UNKNOWN, True)


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ((200, {"state": "done"}), ExecutionResult.DONE),
        ((200, {"state": "failed"}), ExecutionResult.NOT_DONE),
        ((404, {}), ExecutionResult.NOT_DONE),
        ((200, {"state": "running"}), ExecutionResult.UNKNOWN),
        ((200, []), ExecutionResult.UNKNOWN),
        ((500, {"state": "done"}), ExecutionResult.UNKNOWN),
    ],
)
def test_a_receiver_is_asked_for_an_attempt(sink: Sink, answer: tuple[int, Any], result: ExecutionResult) -> None:
    sink.answer = lambda _: answer
    one = action("webhook", {"url": sink.url, "status_url": f"{sink.url}/status"})
    assert WebhookExecutor(lambda: NOW).ask(one, "a").result == result
    assert [got.method for got in sink.got] == ["GET"]


def test_a_program_gets_its_arguments_as_they_are_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOPS_TOKEN", "a-secret-token-0123456789")
    out = tmp_path / "out"
    script = f'printf "%s|" "$@" > {out}; env >> {out}'
    one = action("command", {"argv": ["/bin/sh", "-c", script, "sh", "{version}", "a; b $(c)"]})
    assert CommandExecutor().execute(one, "attempt-1").result == ExecutionResult.DONE
    written = out.read_text()
    assert written.startswith("1.5.0|a; b $(c)|")
    assert "AIOPS_ATTEMPT=attempt-1" in written
    assert "secret" not in written


def test_a_program_that_fails_hangs_or_is_not_there(tmp_path: Path) -> None:
    executor = CommandExecutor()
    failed = executor.execute(action("command", {"argv": ["/bin/sh", "-c", "echo no; exit 3"]}), "a")
    assert (failed.result, failed.text) == (ExecutionResult.UNKNOWN, "/bin/sh ended with 3: no")
    hangs = executor.execute(action("command", {"argv": ["/bin/sleep", "60"], "timeout_seconds": 0.2}), "a")
    assert (hangs.result, "did not end within 0.2 s" in hangs.text) == (ExecutionResult.UNKNOWN, True)
    missing = executor.execute(action("command", {"argv": [str(tmp_path / "none")]}), "a")
    assert (missing.result, "No such file" in missing.text) == (ExecutionResult.NOT_DONE, True)
    assert executor.ask(action("command", {"argv": ["/bin/true"]}), "a").result == ExecutionResult.UNKNOWN


def test_a_simulation_changes_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    one, executor = action("simulated", {}), executor_of("simulated", lambda: NOW)
    hostile = replace(one, target="pay\n2026-01-01 ERROR forged")
    assert executor.execute(hostile, "a").result == ExecutionResult.DONE
    assert executor.undo(one, "a", {}).result == ExecutionResult.DONE
    assert executor.ask(one, "a").result == ExecutionResult.NOT_DONE
    assert "simulated clear_fault of pay\\n2026" in caplog.text


def test_kubernetes_without_a_token_or_an_api_changes_nothing(sink: Sink, tmp_path: Path) -> None:
    token = tmp_path / "token"
    given = {"namespace": "shop", "token_file": str(token), "ca_file": "", "api_url": sink.url}
    one = action("kubernetes", given, action="rollback")
    executor = executor_of("kubernetes", lambda: NOW)
    report = executor.execute(one, "a")
    assert (report.result, "the token cannot be read" in report.text) == (ExecutionResult.NOT_DONE, True)
    token.write_text("t")
    sink.answer = lambda _: (403, {"message": "deployments.apps is forbidden"})
    report = executor.execute(one, "a")
    assert (report.result, report.text) == (
        ExecutionResult.NOT_DONE,
        "the API answers 403: deployments.apps is forbidden",
    )
    assert executor.ask(one, "a").result == ExecutionResult.UNKNOWN
