"""What a deployment says and does of what Helm and the cluster answer, and how make hands it its words."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from k8s.__main__ import main
from k8s.deploying import Deployment, Failed, Plan
from k8s.explaining import event_lines, pod_lines
from k8s.release import Release, Revision, how_it_stands, under_way, working
from native.command import Refused

ROOT = Path(__file__).parents[2]
BEGAN = 1_795_000_000.0


class Helm:
    """Helm that answers as it is told, and notes what it was asked."""

    def __init__(self, revisions: list[dict[str, Any]], **refused: str) -> None:
        self.revisions, self.refused, self.asked = revisions, refused, list[str]()

    def __call__(self, *arguments: str | Path, given: str | None = None) -> str:
        what = str(arguments[0])
        self.asked.append(what)
        if what == "history":
            if "history" in self.refused and "upgrade" in self.asked:
                raise Refused(self.refused["history"])
            return json.dumps(self.revisions)
        if what == "upgrade":
            self.revisions.append({"revision": len(self.revisions) + 1, "status": "failed"})
        if what in self.refused:
            raise Refused(self.refused[what])
        return ""


def deployment(helm: Helm, said: list[str]) -> Deployment:
    return Deployment(Release("aiops", "prod", "10m", helm), Plan(), "/nowhere/kubectl", said.append)


def revisions(*statuses: str) -> list[Revision]:
    return [Revision(number, status) for number, status in enumerate(statuses, 1)]


@pytest.fixture
def no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """kubectl is not asked."""

    def refuse(*_: object, **__: object) -> str:
        raise Refused("no cluster")

    monkeypatch.setattr("k8s.deploying.runner", lambda *_, **__: refuse)


@pytest.mark.usefixtures("no_cluster")
def test_what_cannot_be_taken_back_is_said_with_the_command_that_would() -> None:
    helm = Helm([{"revision": 1, "status": "deployed"}], upgrade="no room", rollback="no answer")
    said: list[str] = []
    with pytest.raises(Failed) as error:
        deployment(helm, said).run()
    assert helm.asked == ["history", "upgrade", "history", "rollback"]
    assert str(error.value) == (
        "helm upgrade failed, and taking it back did too: no answer\n"
        "aiops in namespace prod is left at revision 2 (failed), untried; "
        "`helm rollback aiops 1 -n prod --wait` takes it back"
    )
    assert "  no room" in said


@pytest.mark.usefixtures("no_cluster")
def test_a_cluster_that_is_lost_meanwhile_is_said_and_nothing_else_is_tried() -> None:
    helm = Helm([{"revision": 1, "status": "deployed"}], upgrade="EOF", history="unreachable")
    with pytest.raises(Failed, match="how aiops in namespace prod stands cannot be asked: unreachable"):
        deployment(helm, []).run()
    assert helm.asked == ["history", "upgrade", "history"]


def test_what_was_deployed_is_gone_back_to_whatever_came_after() -> None:
    assert working(revisions("superseded", "deployed", "failed", "failed")) == Revision(2, "deployed")
    assert working(revisions("failed")) is None
    assert under_way(revisions("deployed", "pending-upgrade")) == Revision(2, "pending-upgrade")
    assert under_way(revisions("pending-install", "deployed")) is None


@pytest.mark.parametrize(
    ("statuses", "before", "said"),
    [
        ((), None, "aiops in namespace prod is not installed"),
        (("deployed",), Revision(1, "deployed"), "aiops in namespace prod is as it was: revision 1 (deployed)"),
        (
            ("failed",),
            None,
            "left at revision 1 (failed), untried; `helm uninstall aiops -n prod --wait` takes it back",
        ),
        (("superseded", "deployed"), Revision(1, "deployed"), "`helm rollback aiops 1 -n prod --wait` takes it back"),
    ],
)
def test_it_is_said_how_a_release_stands(statuses: tuple[str, ...], before: Revision | None, said: str) -> None:
    release = Release("aiops", "prod", "10m", Helm([]))
    assert how_it_stands(release, revisions(*statuses), before).endswith(said)


def pod(name: str, phase: str, ready: str, *containers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready, **more}]
    return {
        "metadata": {"name": name},
        "status": {"phase": phase, "conditions": conditions, "containerStatuses": list(containers)},
    }


def test_pods_say_why_they_are_not_ready() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
    crashed = {"waiting": {"reason": "CrashLoopBackOff"}}
    pods = [
        pod("a", "Running", "True", {"name": "engine", "state": {"running": {}}}),
        pod("b", "Pending", "False", {"name": "engine", "state": waiting}),
        pod("c", "Running", "False", {"name": "engine", "state": crashed, "restartCount": 4}),
        pod("d", "Pending", "False", message="0/2 nodes are available"),
        pod("e", "Failed", "False", {"name": "test", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}),
        pod("f", "Succeeded", "False"),
    ]
    assert list(pod_lines(pods)) == [
        "2 of 6 pods are ready",
        "pod b: Pending; engine ImagePullBackOff no such image",
        "pod c: Running; engine CrashLoopBackOff, 4 restarts",
        "pod d: Pending; 0/2 nodes are available",
        "pod e: Failed; test Error (1)",
    ]


def test_warnings_are_those_of_the_release_since_it_began_the_newest_of_each() -> None:
    def event(name: str, minute: int, message: str, reason: str = "Unhealthy") -> dict[str, Any]:
        at = f"2026-11-18T12:{minute:02d}:00Z"
        return {
            "involvedObject": {"kind": "Pod", "name": name},
            "metadata": {},
            "lastTimestamp": at,
            "reason": reason,
            "message": message,
        }

    events = [
        event("aiops-engine-0", 30, "second"),
        event("aiops-engine-0", 31, "third\n  line"),
        event("aiops-engine-0", 20, "before"),
        event("other-0", 31, "of another release"),
        event("aiops-tempo-0", 29, "first", "BackOff"),
    ]
    since = 1_795_004_700.0  # 12:25
    assert list(event_lines(events, "aiops", since)) == [
        "warning BackOff pod/aiops-tempo-0: first",
        "warning Unhealthy pod/aiops-engine-0: third line",
    ]


@pytest.mark.parametrize("lacking", ["helm", "kubectl"])
def test_a_program_that_is_not_there_is_named(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in {"helm", "kubectl"} - {lacking}:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["deploy", "--namespace", "prod"]) == 2
    assert capsys.readouterr().err == f"k8s: {lacking} is not on the PATH; install it, or name its folder there\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--namespace", "a", "--timeout", "soon"),
        ("--namespace", "a", "--smoke-timeout", "1h30m"),
        ("--namespace", "a", "--smoke-url", "127.0.0.1:8000"),
        ("--namespace", "a", "--values", "/nowhere.yaml"),
    ],
)
def test_wrong_use_is_told_before_anything_is_done(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["deploy", *arguments])
    assert ended.value.code == 2


@pytest.mark.parametrize("target", ["deploy", "smoke"])
def test_make_hands_over_words_as_they_are(target: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("python", "aiops"):
        script = tmp_path / "bin" / name
        script.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
        script.chmod(0o755)
    (tmp_path / ".demo").touch()
    words = "--set a=$(id) --set b=$HOME;id --set c=`id` --set d[0]='x' * --values|cat"
    environment = {**os.environ, f"{target.upper()}_ARGS": words}
    done = subprocess.run(
        ["make", "--no-print-directory", "-o", str(tmp_path / ".demo"), f"VENV={tmp_path}", target],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    before = ["-m", "k8s", "deploy"] if target == "deploy" else ["smoke"]
    assert json.loads(done.stdout) == [*before, *words.split(" ")]
