"""The configuration files agree with each other; what only the programs can tell is in e2e/test_configurations.py."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops import config
from tools.native.addresses import PORTS, Addresses, BadAddress
from tools.native.build import Programs
from tools.native.components import Options, components

ROOT = Path(__file__).parents[2]
SMTP = {"SMTP_SMARTHOST": "mail.example.org:587", "SMTP_FROM": "aiops@example.org", "SMTP_TO": "people@example.org"}
LOGIN = {"SMTP_USERNAME": "aiops", "SMTP_PASSWORD_FILE": "/run/secrets/smtp"}
SLACK = {"SLACK_URL_FILE": "/run/secrets/slack"}
ENGINE = {"ENGINE_ALERTS_URL": "http://aiops:8000/aiops/alerts"}


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


def render(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(
        ["/bin/sh", ROOT / "alertmanager/render.sh"], env=env, capture_output=True, text=True, check=False
    )


def routes(tree: dict[str, Any]) -> list[str]:
    return [tree["receiver"], *(name for one in tree.get("routes", ()) for name in routes(one))]


@pytest.mark.parametrize(
    ("environment", "receivers"),
    [
        ({}, ["nobody"]),
        (ENGINE, ["nobody", "engine"]),
        ({**ENGINE, **SLACK}, ["nobody", "engine", "slack"]),
        ({**SMTP, "SMTP_TO": "", **SLACK}, ["nobody", "slack"]),
        ({**ENGINE, "ENGINE_TOKEN_FILE": "/t", **SMTP, **LOGIN, **SLACK}, ["nobody", "engine", "email", "slack"]),
    ],
    ids=["nothing", "engine", "slack", "half-email", "all"],
)
def test_alertmanager_has_the_receivers_that_have_an_address(environment: dict[str, str], receivers: list[str]) -> None:
    done = render(environment)
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load(done.stdout)
    assert [one["name"] for one in config["receivers"]] == receivers
    assert set(routes(config["route"])) == set(receivers)
    assert "${" not in done.stdout


def test_secrets_and_optional_parts_are_where_they_belong() -> None:
    config = yaml.safe_load(render({**ENGINE, "ENGINE_TOKEN_FILE": "/t", **SMTP, **LOGIN}).stdout)
    by_name = {one["name"]: one for one in config["receivers"]}
    webhook = by_name["engine"]["webhook_configs"][0]
    assert webhook["http_config"] == {"authorization": {"credentials_file": "/t"}}
    email = by_name["email"]["email_configs"][0]
    assert (email["to"], email["require_tls"]) == ("people@example.org", True)
    assert (email["auth_username"], email["auth_password_file"]) == ("aiops", "/run/secrets/smtp")
    bare = yaml.safe_load(render({**ENGINE, **SMTP}).stdout)
    assert "auth_username" not in str(bare)
    assert "http_config" not in str(bare)


def test_an_address_cannot_break_out_of_its_place() -> None:
    done = render({**SMTP, "SMTP_TO": 'a@example.org"\n  - evil: yes', **ENGINE})
    assert done.returncode == 1
    assert done.stderr == "render.sh: SMTP_TO holds a quote, a backslash or a line break, which an address never has\n"


HEADINGS = ("**Who is hit.**", "**Look first.**", "**Fix.**")


def alerts(of: str = "platform") -> list[dict[str, Any]]:
    rules = [rule for group in read(f"prometheus/rules/{of}.yml")["groups"] for rule in group["rules"]]
    return [rule for rule in rules if "alert" in rule]


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_whose_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert alert["labels"]["team"] == "platform"
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["runbook_url"] == f"docs/runbooks/{alert['alert']}.md"
    runbook = (ROOT / alert["annotations"]["runbook_url"]).read_text()
    for heading in (f"# {alert['alert']}\n", *HEADINGS):
        assert heading in runbook
    assert alert["alert"] in (ROOT / "prometheus/tests/platform.yml").read_text(), "an alert has a unit test"


def test_a_burn_alert_says_whose_it_is_and_what_to_do() -> None:
    for alert in alerts("slo"):
        assert {"slo", "service_name", "severity"} <= alert["labels"].keys()
        runbook = (ROOT / alert["annotations"]["runbook_url"]).read_text()
        assert all(heading in runbook for heading in (f"# {alert['alert']}\n", *HEADINGS))


GRAFANA = read("grafana/provisioning/alerting/slo.yaml")
TOLD_BY_GRAFANA = [rule for group in GRAFANA["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", TOLD_BY_GRAFANA, ids=lambda rule: rule["title"])
def test_a_rule_of_grafana_finds_its_data_its_way_and_its_runbook(rule: dict[str, Any]) -> None:
    sources = {one["uid"] for one in read("grafana/provisioning/datasources/aiops.yaml")["datasources"]}
    assert {query["datasourceUid"] for query in rule["data"]} <= {*sources, "__expr__"}
    assert rule["notification_settings"]["receiver"] in {point["name"] for point in GRAFANA["contactPoints"]}
    # Routes go by severity, and by whose it is: a service's objective, or the platform.
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert {"slo", "service_name"} <= rule["labels"].keys() or rule["labels"]["team"] == "platform"
    name = rule["title"].split()[0]
    runbook = (ROOT / rule["annotations"]["runbook_url"]).read_text()
    assert all(heading in runbook for heading in (f"# {name}\n", *HEADINGS))


def test_grafana_is_given_every_address_that_its_files_ask_for() -> None:
    given = read("docker-compose.yml")["services"]["grafana"]["environment"]
    files = [path.read_text() for path in (ROOT / "grafana/provisioning").glob("**/*.yaml")]
    lines = [line for text in files for line in text.splitlines() if not line.startswith("#")]
    asked = set(re.findall(r"(?<!\$)\$\{?([A-Z_]+)", "\n".join(lines)))
    assert asked == {"PROMETHEUS_URL", "TEMPO_URL", "ALERTMANAGER_URL", "DASHBOARDS"}
    assert asked <= given.keys()


def test_no_runbook_is_left_over() -> None:
    named = {one["alert"] for one in (*alerts(), *alerts("slo"))} | {one["title"].split()[0] for one in TOLD_BY_GRAFANA}
    assert {one.stem for one in (ROOT / "docs/runbooks").glob("*.md")} == named


def test_every_job_has_its_targets_in_compose_and_native() -> None:
    jobs = {one["job_name"] for one in read("prometheus/prometheus.yml")["scrape_configs"]}
    for variant in ("compose", "native"):
        assert {one.stem for one in (ROOT / "prometheus/targets" / variant).glob("*.yml")} == jobs
    for job in jobs - {"grafana"}:
        [group] = read(f"prometheus/targets/native/{job}.yml")
        assert group["targets"] == [f"127.0.0.1:{PORTS[job]}"]


def test_targets_move_with_the_offset_and_only_for_what_runs(tmp_path: Path) -> None:
    (tmp_path / "tempo.yml").write_text("- targets: [127.0.0.1:3200]\n")
    Addresses(20000).write_targets(tmp_path, ["prometheus", "shop"])
    assert [one.name for one in tmp_path.iterdir()] == ["prometheus.yml"]
    assert yaml.safe_load((tmp_path / "prometheus.yml").read_text()) == [{"targets": ["127.0.0.1:29090"]}]


def test_ports_are_distinct_and_an_impossible_offset_is_one_sentence() -> None:
    assert len(set(PORTS.values())) == len(PORTS)
    with pytest.raises(BadAddress, match=r"--port-offset 60000 puts ports outside 1\.\.65535; give -2999 to 41217"):
        Addresses(60000)


@pytest.mark.parametrize(
    "path", ["tempo/tempo.yaml", *(str(p.relative_to(ROOT)) for p in ROOT.glob("grafana/**/*.yaml"))]
)
def test_files_of_programs_that_are_not_built_here_are_yaml(path: str) -> None:
    assert isinstance(read(path), dict)


def test_grafana_links_exemplars_to_traces_and_back() -> None:
    sources = {
        one["uid"]: one["jsonData"] for one in read("grafana/provisioning/datasources/aiops.yaml")["datasources"]
    }
    generator = read("tempo/tempo.yaml")["overrides"]["defaults"]["metrics_generator"]
    [destination] = sources["prometheus"]["exemplarTraceIdDestinations"]
    assert destination["name"] == generator["trace_id_label_name"]
    for uid in (destination["datasourceUid"], sources["tempo"]["tracesToMetrics"]["datasourceUid"]):
        assert uid in sources


@pytest.mark.parametrize("tempo", [True, False])
def test_the_engine_knows_every_setting_that_the_stack_gives_it(tmp_path: Path, tempo: bool) -> None:
    planned = {one.name: one for one in components(Options(Programs(tmp_path), tmp_path, tempo=tempo), Addresses())}
    settings = config.load_settings(planned["aiops"].environment)
    assert settings.prometheus.url == "http://127.0.0.1:9090"
    assert settings.tempo.url == ("http://127.0.0.1:3200" if tempo else "")
    assert (settings.port, settings.otlp_grpc_port, settings.otlp_http_port) == (8000, 14317, 14318)
