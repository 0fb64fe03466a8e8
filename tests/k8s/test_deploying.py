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
from k8s.release import Before, Release, Revision, found_before, how_it_stands, under_way
from tools.native.command import UsageError

ROOT = Path(__file__).parents[2]
BEGAN = 1_795_000_000.0


class Helm:
    """Helm that answers as it is told, and notes what it was asked."""

    def __init__(self, *statuses: str, first: int = 1, **refused: str) -> None:
        self.revisions = revisions(*statuses, first=first)
        self.refused, self.asked, self.labels = refused, list[str](), ""

    def __call__(self, *arguments: str | Path, given: str | None = None) -> str:
        what = str(arguments[0])
        self.asked.append(f"rollback {arguments[2]}" if what == "rollback" else what)
        if what == "history":
            if "history" in self.refused and "upgrade" in self.asked:
                raise UsageError(self.refused["history"])
            return json.dumps([{"revision": one.number, "status": one.status} for one in self.revisions])
        if what == "upgrade":
            self.labels = next(str(one) for one in arguments if str(one).startswith("--labels="))
        if what == "uninstall":
            self.revisions.clear()
        elif what != "test":
            self.add("failed" if what in self.refused else "deployed")
        if self.refused.get(what) == "Ctrl-C":
            raise KeyboardInterrupt
        if what in self.refused:
            raise UsageError(self.refused[what])
        return f"REVISION: {self.revisions[-1].number}\n" if what == "upgrade" else ""

    def add(self, status: str) -> None:
        number = self.revisions[-1].number + 1 if self.revisions else 1
        self.revisions.append(Revision(number, status))


class Kubectl:
    """kubectl that tells marks and the pod of a test that failed, and notes what it changed."""

    def __init__(self, marks: str = "") -> None:
        self.marks, self.changed = marks, list[str]()

    def __call__(self, *arguments: str | Path, given: str | None = None) -> str:
        words = [str(one) for one in arguments]
        match words[:2]:
            case ["get", "secret"]:
                return self.marks
            case ["get", "pods"]:
                ready = [pod(f"aiops-{name}", "Pending", "False") for name in ("collector", "engine-0", "grafana")]
                return json.dumps({"items": [*ready, pod("aiops-test", "Failed", "False")]})
            case ["logs", "aiops-test"]:
                return "http://aiops-engine/ready does not answer: refused\n"
            case ["label" | "delete", _]:
                self.changed.append(" ".join(words))
                return ""
        raise UsageError("no cluster")


def deployment(helm: Helm, said: list[str], marks: str = "") -> Deployment:
    release = Release("aiops", "prod", "10m", helm, Kubectl(marks))
    return Deployment(release, Plan(smoke_url="http://engine"), "/nowhere/kubectl", said.append)


def changed(of: Deployment) -> list[str]:
    """What kubectl was told to."""
    kubectl = of.release.kubectl
    assert isinstance(kubectl, Kubectl)
    return kubectl.changed


def marked(number: int) -> str:
    return f"label secret sh.helm.release.v1.aiops.v{number} --namespace prod aiops-works={number} --overwrite"


def revisions(*statuses: str, first: int = 1) -> list[Revision]:
    return [Revision(number, status) for number, status in enumerate(statuses, first)]


@pytest.fixture
def smoke(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What `aiops smoke` fails with; it passes while this is empty."""
    why: list[str] = []

    def program(*_: object, **__: object) -> str:
        if why:
            raise UsageError(why[0])
        return "it works\n"

    monkeypatch.setattr("k8s.deploying.runner", lambda *_, **__: program)
    return why


def test_what_cannot_be_taken_back_is_said_with_the_command_that_would() -> None:
    helm, said = Helm("deployed", upgrade="no room", rollback="no answer"), list[str]()
    with pytest.raises(Failed) as error:
        deployment(helm, said).run()
    assert helm.asked == ["history", "upgrade", "history", "rollback 1", "history"]
    assert str(error.value) == (
        "helm upgrade failed, and taking it back did too: no answer\n"
        "aiops in namespace prod is left at revision 3 (failed), untried; "
        "`helm rollback aiops 1 -n prod --wait` takes it back"
    )
    assert "  no room" in said


def test_a_cluster_that_is_lost_meanwhile_is_said_and_nothing_else_is_tried() -> None:
    helm = Helm("deployed", upgrade="EOF", history="unreachable")
    with pytest.raises(Failed, match="how aiops in namespace prod stands cannot be asked: unreachable"):
        deployment(helm, []).run()
    assert helm.asked == ["history", "upgrade", "history"]


@pytest.mark.parametrize("marks", ["", "0", "0 0 7"])
def test_where_no_revision_is_known_to_work_nothing_is_taken_back(marks: str) -> None:
    helm, said = Helm("superseded", "superseded", "failed", upgrade="no room"), list[str]()
    one = deployment(helm, said, marks)
    with pytest.raises(Failed) as error:
        one.run()
    assert helm.asked == ["history", "upgrade", "history"]
    assert helm.labels == "--labels=aiops-works=0"
    assert not changed(one)
    assert said[0].endswith("revision 3 (failed); no revision is known to work, so what fails is left as it is")
    assert str(error.value) == (
        "helm upgrade failed, and nothing was taken back, as no revision is known to work: aiops in namespace prod is "
        "left at revision 4 (failed), untried; `helm rollback aiops REVISION -n prod --wait`, with one of "
        "`helm history aiops -n prod`, takes it back"
    )


def test_a_revision_that_was_not_tried_is_not_gone_back_to_though_it_is_deployed(smoke: list[str]) -> None:
    smoke.append("no service is seen")
    helm, said = Helm("superseded", "deployed", "failed"), list[str]()
    one = deployment(helm, said, "1 1 1")
    with pytest.raises(Failed, match="aiops smoke failed; aiops in namespace prod was taken back to revision 1"):
        one.run()
    assert said[0].endswith(
        "revision 2 (deployed); what fails is taken back to revision 1, the newest that is known to work"
    )
    assert helm.asked == ["history", "upgrade", "test", "history", "rollback 1", "history"]
    assert helm.labels == "--labels=aiops-works=1"
    assert changed(one) == [marked(5)], "what it was taken back to"


@pytest.mark.usefixtures("smoke")
def test_what_was_tried_is_marked_for_the_next_deployment() -> None:
    helm, said = Helm("deployed"), list[str]()
    one = deployment(helm, said)
    one.run()
    assert said[0].endswith(
        "revision 1 (deployed); not tried by a deployment, and taken to work as it is the one deployed"
    )
    assert said[-1] == "aiops in namespace prod works"
    assert helm.labels == "--labels=aiops-works=1", "should this be killed, it is known what was there before"
    assert changed(one) == [marked(2)]


def test_the_test_that_failed_is_told_and_goes_with_a_first_install() -> None:
    helm, said = Helm(test="aiops-test failed"), list[str]()
    one = deployment(helm, said)
    with pytest.raises(Failed, match="helm test failed; aiops in namespace prod was uninstalled again"):
        one.run()
    assert helm.asked == ["history", "upgrade", "test", "history", "uninstall"]
    assert "  log of aiops-test: http://aiops-engine/ready does not answer: refused" in said
    assert changed(one) == ["delete pod aiops-test --namespace prod --ignore-not-found"]


def test_what_somebody_else_installed_meanwhile_stays() -> None:
    class Busy(Helm):
        def add(self, status: str) -> None:
            super().add("deployed")

    helm = Busy(upgrade="cannot re-use a name that is still in use")
    with pytest.raises(Failed, match=r"somebody else deployed meanwhile: aiops .* is at revision 1 \(deployed\)"):
        deployment(helm, []).run()
    assert helm.asked == ["history", "upgrade", "history"]


def test_ctrl_c_while_it_is_taken_back_leaves_it_said_how_things_stand() -> None:
    one = deployment(Helm("deployed", upgrade="no room", rollback="Ctrl-C"), [])
    with pytest.raises(KeyboardInterrupt):
        one.run()
    assert one.left() == (
        "interrupted during taking back; aiops in namespace prod is left at revision 3 (failed), untried; "
        "`helm rollback aiops 1 -n prod --wait` takes it back"
    )


@pytest.mark.parametrize(
    ("history", "marks", "before"),
    [
        (revisions(), (), Before(fresh=True)),
        (revisions("failed", "failed"), (0,), Before(fresh=True)),
        (revisions("failed", "failed", first=5), (), Before()),  # those that Helm forgot may have worked
        (revisions("superseded", "deployed", "failed", "failed"), (), Before(Revision(2, "deployed"))),
        (revisions("superseded", "superseded", "failed"), (), Before()),
        (revisions("superseded", "deployed", "failed"), (0, 1), Before(Revision(1, "superseded"), marked=True)),
        (revisions("superseded", "superseded", "failed"), (1,), Before(Revision(1, "superseded"), marked=True)),
        (revisions("superseded", "deployed"), (1, 2), Before(Revision(2, "deployed"), marked=True)),
        (revisions("deployed"), (0,), Before()),  # cancelled before it was tried
        (revisions("superseded", "deployed", first=5), (3,), Before()),
        (revisions("superseded", "uninstalled"), (1, 2), Before()),
    ],
)
def test_what_is_marked_is_gone_back_to_and_what_was_never_installed_removed(
    history: list[Revision], marks: tuple[int, ...], before: Before
) -> None:
    assert found_before(history, marks) == before


def test_what_did_not_end_is_under_way() -> None:
    assert under_way(revisions("deployed", "pending-upgrade")) == Revision(2, "pending-upgrade")
    assert under_way(revisions("pending-install", "deployed")) is None


@pytest.mark.parametrize(
    ("statuses", "before", "said"),
    [
        ((), Before(fresh=True), "aiops in namespace prod is not installed"),
        (("deployed",), Before(Revision(1, "deployed")), "aiops in namespace prod is as it was: revision 1 (deployed)"),
        (
            ("failed", "failed"),
            Before(fresh=True),
            "left at revision 2 (failed), untried; `helm uninstall aiops -n prod --wait` takes it back",
        ),
        (
            ("superseded", "deployed"),
            Before(Revision(1, "deployed")),
            "`helm rollback aiops 1 -n prod --wait` takes it back",
        ),
    ],
)
def test_it_is_said_how_a_release_stands(statuses: tuple[str, ...], before: Before, said: str) -> None:
    release = Release("aiops", "prod", "10m", Helm(), Kubectl())
    assert how_it_stands(release, revisions(*statuses), 1, before).endswith(said)


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
