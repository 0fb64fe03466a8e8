"""Every configuration file, read by the program it is for."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tools.native.build import Programs, ensure
from tools.native.components import CannotRender, render_alertmanager

pytestmark = [pytest.mark.stack, pytest.mark.timeout(3600)]  # the first time the programs are built
ROOT = Path(__file__).parents[1]
EVERYONE = {
    "ENGINE_ALERTS_URL": "http://aiops:8000/aiops/alerts",
    "ENGINE_TOKEN_FILE": "/run/secrets/engine",
    "SLACK_URL_FILE": "/run/secrets/slack",
    "SMTP_SMARTHOST": "mail.example.org:587",
    "SMTP_FROM": "aiops@example.org",
    "SMTP_TO": "people@example.org",
    "SMTP_USERNAME": "aiops",
    "SMTP_PASSWORD_FILE": "/run/secrets/smtp",
}


@pytest.fixture(scope="module")
def programs() -> Programs:
    return ensure()


def run(*command: str | Path, env: Mapping[str, str] | None = None) -> str:
    """Run a check; what it says is the failure's message."""
    done = subprocess.run(
        command, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False, timeout=120
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def test_prometheus_takes_its_configuration(programs: Programs, tmp_path: Path) -> None:
    for variant in ("native", "compose"):
        folder = tmp_path / variant
        folder.mkdir()
        for name in ("prometheus.yml", "rules"):
            (folder / name).symlink_to(ROOT / "prometheus" / name)
        (folder / "targets").symlink_to(ROOT / "prometheus" / "targets" / variant)
        said = run(programs["promtool"], "check", "config", folder / "prometheus.yml")
        assert "WARNING" not in said
        assert "FAILED" not in said


def config_map(example: str, name: str) -> dict[str, str]:
    """What a committed render of the chart has in a ConfigMap."""
    text = (ROOT / "k8s" / "helm" / "aiops" / "examples" / example / "rendered.yaml").read_text(encoding="utf-8")
    documents = [one for one in yaml.safe_load_all(text) if one and one["kind"] == "ConfigMap"]
    [data] = [one["data"] for one in documents if one["metadata"]["name"] == name]
    return dict(data)


def test_prometheus_takes_what_the_chart_makes_of_its_configuration(programs: Programs, tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    (tmp_path / "rules").symlink_to(ROOT / "prometheus" / "rules")
    (tmp_path / "prometheus.yml").write_text(config_map("shop", "aiops-prometheus")["prometheus.yml"])
    for name, text in config_map("shop", "aiops-prometheus-targets").items():
        (tmp_path / "targets" / name).write_text(text)
    said = run(programs["promtool"], "check", "config", tmp_path / "prometheus.yml")
    assert "WARNING" not in said
    assert "FAILED" not in said


def test_the_collector_takes_what_the_chart_adds_for_stores_elsewhere(programs: Programs, tmp_path: Path) -> None:
    layer = tmp_path / "external.yaml"
    layer.write_text(config_map("external", "aiops-collector")["external.yaml"])
    run(programs["otelcol"], "validate", f"--config={ROOT / 'otel-collector' / 'config.yaml'}", f"--config={layer}")


def test_rules_are_rules_and_do_what_their_tests_say(programs: Programs) -> None:
    run(programs["promtool"], "check", "rules", *sorted((ROOT / "prometheus/rules").glob("*.yml")))
    said = run(programs["promtool"], "test", "rules", *sorted((ROOT / "prometheus/tests").glob("*.yml")))
    assert "SUCCESS" in said


@pytest.mark.parametrize("environment", [{}, EVERYONE], ids=["nobody", "everybody"])
def test_alertmanager_takes_what_is_rendered(
    programs: Programs, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in EVERYONE:
        monkeypatch.delenv(name, raising=False)
    render_alertmanager(tmp_path / "alertmanager.yml", environment)
    said = run(programs["amtool"], "check-config", tmp_path / "alertmanager.yml")
    assert f"{(len(environment) and 4) or 1} receivers" in said
    assert "1 templates" in said


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (["alertname=TargetDown", "severity=critical", "team=platform"], "engine,email,slack"),
        (["alertname=GrafanaDown", "severity=warning", "team=platform"], "engine,slack"),
        (['alertname="SloBudgetSpent a"', "severity=warning", "slo=a", "service_name=gateway"], "engine,slack"),
        (['alertname="GrafanaDatasourceFailing Tempo"', "severity=critical", "team=platform"], "engine,email,slack"),
        (["alertname=Incident", "source=aiops", "severity=high"], "email,slack"),
        (["alertname=Incident", "source=aiops", "severity=low"], "slack"),
        (["alertname=IncidentImpact", "source=aiops", "slo=checkout-availability"], "nobody"),
    ],
    ids=["critical", "warning", "budget", "datasource", "incident", "small-incident", "impact"],
)
def test_who_hears_what(programs: Programs, labels: list[str], receivers: str, tmp_path: Path) -> None:
    config = tmp_path / "alertmanager.yml"
    render_alertmanager(config, EVERYONE)
    said = run(programs["amtool"], "config", "routes", "test", f"--config.file={config}", *labels)
    assert said.strip() == receivers


def test_messages_are_rendered_from_the_templates(programs: Programs) -> None:
    folder = ROOT / "alertmanager/templates"
    for name in ("title", "text", "slack.title", "slack.text"):
        options = (f"--template.glob={folder}/*.tmpl", f'--template.text={{{{ template "aiops.{name}" . }}}}')
        assert run(programs["amtool"], "template", "render", *options).strip()


def test_names_in_messages_are_no_markup_and_end_no_line(programs: Programs, tmp_path: Path) -> None:
    told = {"summary": "Errors in <!channel> & <@U1>\nRunbook: http://not.ours", "description": "slow\x1b[2J"}
    alert = {"status": "firing", "labels": {}, "annotations": told, "startsAt": "2026-11-29T10:00:00Z"}
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"status": "firing", "alerts": [alert], "commonAnnotations": told}))

    def rendered(name: str) -> str:
        options = (f"--template.glob={ROOT}/alertmanager/templates/*.tmpl", f"--template.data={data}")
        text = f'{{{{ template "aiops.{name}" . }}}}'
        return run(programs["amtool"], "template", "render", *options, f"--template.text={text}")

    for name in ("slack.title", "slack.text"):
        assert "Errors in &lt;!channel&gt; &amp; &lt;@U1&gt;\ufffdRunbook" in rendered(name)
    for name in ("title", "text"):
        assert "Errors in <!channel> & <@U1>\ufffdRunbook" in rendered(name)
    assert "slow\ufffd[2J" in rendered("text")
    assert [line for line in rendered("slack.text").splitlines() if line.startswith("Runbook")] == []


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotRender, match=r"configuration: render\.sh: ENGINE_ALERTS_URL holds a quote"):
        render_alertmanager(tmp_path / "alertmanager.yml", {"ENGINE_ALERTS_URL": 'http://"'})


@pytest.mark.parametrize("layers", [(), ("engine-traces.yaml",)], ids=["config", "engine-traces"])
def test_the_collector_takes_its_layers(programs: Programs, layers: tuple[str, ...]) -> None:
    files = [f"--config={ROOT / 'otel-collector' / name}" for name in ("config.yaml", *layers)]
    run(programs["otelcol"], "validate", *files)


def test_the_disk_queue_layer_is_right_but_for_the_extension_this_build_has_not(programs: Programs) -> None:
    files = [f"--config={ROOT / 'otel-collector' / name}" for name in ("config.yaml", "persistent-queue.yaml")]
    done = subprocess.run([programs["otelcol"], "validate", *files], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    wrong = [line for line in done.stderr.splitlines() if "unknown type" in line]
    assert len(wrong) == 1
    assert 'unknown type: "file_storage"' in wrong[0]
