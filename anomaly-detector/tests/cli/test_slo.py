"""`aiops slo` as a user calls it: what it says, what it writes, how it ends."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from aiops.cli.main import main
from aiops.model import Slo

from ..slo.documents import CHECKOUT, changed
from ..slo.test_openslo import QUERIES, RAW
from ..sources.test_prometheus_broken import Broken


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "checkout.yaml").write_text(CHECKOUT)
    (tmp_path / "deep" / "other.yml").write_text(changed(CHECKOUT, ("checkout-availability", "other")))
    (tmp_path / "notes.txt").write_text("not yaml: [")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["slo", *map(str, arguments)])


def test_a_folder_is_checked(folder: Path) -> None:
    done = run("validate", folder, "--retention", 31)
    assert done.exit_code == 0
    assert (done.stdout, done.stderr) == ("", "2 objectives, 0 wrong, 0 to note\n")
    done = run("validate", folder, "--json")
    found = json.loads(done.stdout)
    assert (found["objectives"], found["problems"]) == (["checkout-availability", "other"], [])
    assert len(found["notes"]) == 2


def test_what_is_wrong_ends_with_one(folder: Path) -> None:
    (folder / "bad.yaml").write_text(changed(CHECKOUT, ("0.9990", "1.5")))
    done = run("validate", folder)
    assert done.exit_code == 1
    assert f"{folder}/bad.yaml:26:15: spec.objectives[0].target: is 1.5" in done.stdout
    done = run("rules", folder / "bad.yaml", "-o", folder / "rules.out")
    assert done.exit_code == 1
    assert "1 objective is wrong, so nothing was made" in done.stderr
    assert not (folder / "rules.out").exists()


def test_one_that_is_wrong_does_not_cost_the_file(folder: Path) -> None:
    output = folder / "rules.out"
    assert run("rules", folder, "-o", output).exit_code == 0
    whole = output.read_text()
    (folder / "bad.yaml").write_text(changed(CHECKOUT, ("0.9990", "1.5"), ("checkout-availability", "bad")))
    done = run("rules", folder, "-o", output)
    assert (done.exit_code, output.read_text()) == (1, whole)
    assert "bad.yaml:26:15: spec.objectives[0].target: is 1.5" in done.stderr
    assert done.stderr.endswith("1 objective is wrong, and left out\n")


def test_rules_that_cannot_be_read_are_not_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def total(slo: Slo, window: int) -> str:
        return "sum(" if slo.name == "other" else "sum(up)"

    monkeypatch.setattr("aiops.slo.rules.promql.total", total)
    done = run("rules", folder, "-o", folder / "rules.out")
    assert done.exit_code == 1
    assert "other: makes rules that are no PromQL: " in done.stderr
    groups = yaml.safe_load((folder / "rules.out").read_text())["groups"]
    assert [group["name"] for group in groups] == ["slo-checkout-availability"]


def test_rules_are_the_same_each_time_and_can_be_checked(folder: Path) -> None:
    output = folder / "rules.out"
    assert run("rules", folder, "-o", output, "--check").exit_code == 1
    assert run("rules", folder, "-o", output).exit_code == 0
    assert run("rules", folder, "-o", output, "--check").exit_code == 0
    assert run("rules", folder).stdout == output.read_text()
    assert [group["name"] for group in yaml.safe_load(output.read_text())["groups"]] == [
        "slo-checkout-availability",
        "slo-other",
    ]
    output.write_text(output.read_text().replace("14.4", "14.5"))
    done = run("rules", folder, "-o", output, "--check")
    assert (done.exit_code, "is not what the objectives say" in done.stderr) == (1, True)


def test_rules_for_kubernetes(folder: Path) -> None:
    done = run("rules", folder / "checkout.yaml", "--format", "kubernetes", "--name", "shop", "--label", "release=prom")
    made = yaml.safe_load(done.stdout)
    assert (made["apiVersion"], made["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert made["metadata"] == {"name": "shop", "labels": {"release": "prom"}}
    assert made["spec"] == yaml.safe_load(run("rules", folder / "checkout.yaml").stdout)


def grafana(folder: Path, *more: str) -> Result:
    files = ("-o", folder / "grafana.out", "--lock", folder / "rules.lock")
    return run("rules", folder, "--format", "grafana", *files, *more)


def test_rules_for_grafana_are_made_with_their_lock_and_checked_with_it(folder: Path) -> None:
    output, lock = folder / "grafana.out", folder / "rules.lock"
    assert grafana(folder, "--check").exit_code == 1
    assert grafana(folder).exit_code == 0
    assert grafana(folder, "--check").exit_code == 0
    first = output.read_text(), lock.read_text()
    assert grafana(folder).exit_code == 0
    assert (output.read_text(), lock.read_text()) == first
    uids = {rule["uid"] for group in yaml.safe_load(first[0])["groups"] for rule in group["rules"]}
    assert json.loads(first[1]).keys() == uids

    (folder / "deep" / "other.yml").unlink()
    done = grafana(folder, "--check")
    assert (done.exit_code, "grafana.out is not what the objectives say" in done.stderr) == (1, True)
    assert grafana(folder).exit_code == 0
    deleted = {one["uid"] for one in yaml.safe_load(output.read_text())["deleteRules"]}
    assert {json.loads(first[1])[uid].split()[1] for uid in deleted} == {"other"}
    assert lock.read_text() == first[1]

    lock.unlink()
    done = grafana(folder, "--check")
    assert (done.exit_code, "rules.lock is not what the objectives say" in done.stderr) == (1, True)


def test_a_lock_that_cannot_be_read_ends_it_before_anything_is_written(folder: Path) -> None:
    lock = folder / "rules.lock"
    for content in (b"{", b"\xff"):
        lock.write_bytes(content)
        done = grafana(folder)
        assert (done.exit_code, done.stderr.startswith(f"aiops: {lock} ")) == (1, True), done.output
        assert lock.read_bytes() == content
        assert not (folder / "grafana.out").exists()


def test_rules_for_a_grafana_with_other_datasources(folder: Path) -> None:
    assert grafana(folder, "--prometheus-uid", "mine", "--tempo-uid", "").exit_code == 0
    text = (folder / "grafana.out").read_text()
    assert "datasourceUid: mine" in text
    assert "tempo" not in text
    links = ("--grafana-url", "http://grafana", "--tempo-uid")
    assert "%22spans%22" in run("rules", folder, *links, "spans").stdout
    assert "traces_url" not in run("rules", folder, *links, "").stdout


def test_labels_and_links_of_alerts(folder: Path) -> None:
    done = run("rules", folder / "checkout.yaml", "--label", "team=shop", "--engine-url", "http://engine/")
    [alert, *_] = [one for one in yaml.safe_load(done.stdout)["groups"][0]["rules"] if "alert" in one]
    assert alert["labels"]["team"] == "shop"
    assert alert["annotations"]["incidents_url"] == "http://engine/incidents"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("validate",), "Missing argument 'PATH...'"),
        (("validate", "/no/such/place"), "does not exist"),
        (("rules", "{folder}", "--check"), "--check needs --output"),
        (("rules", "{folder}", "--format", "grafana"), "--format grafana and --lock FILE go together"),
        (("rules", "{folder}", "--lock", "{folder}/lock"), "--format grafana and --lock FILE go together"),
        (
            ("rules", "{folder}", "--format", "grafana", "--lock", "l", "--prometheus-uid", "", "--tempo-uid", ""),
            "Grafana has nothing to ask",
        ),
        (("rules", "{folder}", "--label", "team"), "--label 'team' must be KEY=VALUE"),
        (("test", "{folder}", "--promtool", "no-such-program"), "there is no no-such-program on PATH"),
        (("test", "{folder}", "--only", "nothing"), "there is no objective nothing"),
        (("validate", "{folder}/empty"), "there is no objective in"),
    ],
)
def test_wrong_use_is_one_clear_sentence(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    (folder / "empty").mkdir()
    done = run(*(one.format(folder=folder) for one in arguments))
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_file_that_cannot_be_written_is_one_sentence(folder: Path) -> None:
    for arguments in (("rules", folder, "-o", folder / "no" / "rules.yml"), ("test", folder, "--write", "/proc/no")):
        done = run(*arguments)
        assert (done.exit_code, done.stderr.startswith("aiops: cannot ")) == (1, True), done.output
    (folder / "sloth.yml").write_bytes(b"\xff\xfe")
    done = run("import", folder / "sloth.yml")
    assert (done.exit_code, "cannot read" in done.stderr) == (2, True)


def test_to_prove_nothing_is_no_success(folder: Path) -> None:
    path = folder / "query.yaml"
    path.write_text(changed(CHECKOUT, (RAW, QUERIES)))
    done = run("test", path)
    assert done.exit_code == 1
    assert "checkout-availability: left out" in done.stderr
    assert "nothing was proven" in done.stderr


ODD = "a\x1b[2J\x9b31m\u202e"
SEEN = r"a\x1b[2J\x9b31m\u202e"


def test_what_promtool_says_speaks_to_no_terminal(folder: Path) -> None:
    program = folder / "promtool"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n\\t%s' '{ODD}' 'laid out'\nexit 1\n")
    program.chmod(0o700)
    done = run("test", folder / "checkout.yaml", "--promtool", program)
    assert done.exit_code == 1
    assert done.stdout == f"checkout-availability: FAILED\n{SEEN}\n\tlaid out\n"


def test_what_is_wrong_with_a_file_speaks_to_no_terminal(folder: Path) -> None:
    text = changed(CHECKOUT, ("kind: SLO", '"a\\e[2J\\x9b31m\\u202E": 1\nkind: SLO'))
    (folder / "odd.yaml").write_text(text)
    for arguments in (("validate", folder), ("rules", folder)):
        done = run(*arguments)
        assert (done.exit_code, SEEN in done.output) == (1, True), done.output
        assert "\x1b" not in done.output


def test_what_prometheus_answers_speaks_to_no_terminal(folder: Path) -> None:
    broken = Broken()
    broken.status, broken.body = 400, json.dumps({"status": "error", "error": f"no {ODD}"}).encode()
    done = run("validate", folder, "--prometheus-url", broken.url)
    broken.server.shutdown()
    broken.server.server_close()
    assert (done.exit_code, SEEN in done.stderr) == (2, True), done.output
    assert "\x1b" not in done.output
