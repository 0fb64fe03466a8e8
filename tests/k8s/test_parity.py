"""The chart beside the compose stack: the same files, images, memory, addresses and settings. What is read here are the
committed renders of the chart's examples; `make test-k8s` holds them to the chart."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops.config import Settings, load_settings
from k8s.files import CHART, FILES, ROOT, copies, stale
from tools.native.addresses import PORTS

COMPOSE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
CASES = sorted(one.parent.name for one in CHART.glob("examples/*/rendered.yaml"))
SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
# How a service of compose is called in a release by the name of `aiops`.
CALLED = {"aiops": "aiops-engine", "otel-collector": "aiops-collector"}
# What differs because a chart is not one machine: what is seen from outside, and what is made of the limits.
ELSEWHERE = {
    "AIOPS_PUBLIC_URL", "AIOPS_GRAFANA_URL", "AIOPS_OBJECTIVES", "AIOPS_TOKEN_FILE", "ENGINE_TOKEN_FILE",
    "GF_SECURITY_ADMIN_PASSWORD", "GF_AUTH_ANONYMOUS_ENABLED", "GOMEMLIMIT", "SHOP_SERVICE",
}  # fmt: skip


def rendered(case: str) -> list[dict[str, Any]]:
    text = (CHART / "examples" / case / "rendered.yaml").read_text(encoding="utf-8")
    return [one for one in yaml.safe_load_all(text) if one]


SHOP = rendered("shop")
WORKLOADS = [one for one in SHOP if one["kind"] in ("Deployment", "StatefulSet")]
CONTAINERS: dict[str, dict[str, Any]] = {
    one["metadata"]["name"]: one["spec"]["template"]["spec"]["containers"][0] for one in WORKLOADS
}
SERVICES = {one["metadata"]["name"]: one["spec"]["ports"] for one in SHOP if one["kind"] == "Service"}


def called(name: str) -> str:
    return CALLED.get(name, f"aiops-{name}")


def environment(name: str) -> dict[str, str]:
    """What a container of the chart is given, with the addresses written as compose writes them."""
    given = {one["name"]: one.get("value", "") for one in CONTAINERS[called(name)]["env"]}
    back = {called(other): other for other in COMPOSE}
    pattern = re.compile(rf"(?<![\w-])({'|'.join(sorted(back, key=len, reverse=True))})(?=:\d)")
    return {key: pattern.sub(lambda found: back[found[1]], value) for key, value in given.items()}


def pods(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = [one["spec"]["template"]["spec"] for one in documents if one["kind"] in ("Deployment", "StatefulSet")]
    return [*made, *(one["spec"] for one in documents if one["kind"] == "Pod")]


def test_the_chart_has_the_stacks_files_as_they_are() -> None:
    for copy, body in copies().items():
        assert copy.read_bytes() == body, f"{copy} is not what it is made of; `make k8s` puts it right"
    assert not list(stale(FILES))


def test_every_service_of_compose_is_in_the_chart() -> None:
    assert set(CONTAINERS) == {called(name) for name in COMPOSE}


@pytest.mark.parametrize("name", COMPOSE)
def test_a_container_is_the_image_of_compose_with_its_memory(name: str) -> None:
    mine, theirs = CONTAINERS[called(name)], COMPOSE[name]
    image = re.sub(r"\$\{.*\}", yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"], theirs["image"])
    assert mine["image"] == image
    wanted = "104Mi" if name == "load" else theirs["mem_limit"].replace("m", "Mi")
    assert mine["resources"]["limits"]["memory"] == mine["resources"]["requests"]["memory"] == wanted


@pytest.mark.parametrize("name", COMPOSE)
def test_a_container_is_given_what_compose_gives_it(name: str) -> None:
    mine = environment(name)
    theirs = {key: str(value) for key, value in COMPOSE[name].get("environment", {}).items() if value is not None}
    for key, value in theirs.items():
        if key not in ELSEWHERE:
            assert mine.get(key) == value, key
    assert ELSEWHERE.isdisjoint(set(theirs) - set(mine) - {"AIOPS_PUBLIC_URL", "AIOPS_GRAFANA_URL"})


@pytest.mark.parametrize("name", ["prometheus", "tempo", "alertmanager"])
def test_a_program_is_started_as_compose_starts_it(name: str) -> None:
    def flags(command: list[str]) -> set[str]:
        return {one for one in " ".join(command).split() if not one.startswith("--web.external-url")}

    assert flags(CONTAINERS[called(name)]["args"]) == flags(COMPOSE[name]["command"])


@pytest.mark.parametrize("name", [one for one in COMPOSE if one != "load"])
def test_a_service_listens_where_it_is_promised(name: str) -> None:
    published = {int(text.split(":")[1]) for text in COMPOSE[name]["ports"]}
    assert {one["port"] for one in SERVICES[called(name)]} == published
    assert published <= {*PORTS.values(), 3001}
    inside = {int(text.rsplit(":", 1)[1]) for text in COMPOSE[name]["ports"]}
    assert {one["containerPort"] for one in CONTAINERS[called(name)]["ports"]} == inside


def config_map(name: str, documents: list[dict[str, Any]] = SHOP) -> dict[str, str]:
    [found] = [one["data"] for one in documents if one["kind"] == "ConfigMap" and one["metadata"]["name"] == name]
    return dict(found)


def test_prometheus_reads_the_stacks_file_but_for_where_the_collectors_are_and_the_size_of_its_volume() -> None:
    mine = yaml.safe_load(config_map("aiops-prometheus")["prometheus.yml"])
    theirs = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    for job in theirs["scrape_configs"]:
        if job["job_name"] == "otel-collector":
            del job["file_sd_configs"]
            job["dns_sd_configs"] = [{"names": ["aiops-collector-each"], "type": "A", "port": PORTS["otel-collector"]}]
    theirs["storage"]["tsdb"]["retention"]["size"] = "17408MB"  # 85 % of 20Gi
    assert mine == theirs
    targets = config_map("aiops-prometheus-targets")
    assert {*targets, "otel-collector.yml"} == {f"{job['job_name']}.yml" for job in theirs["scrape_configs"]}
    for text in targets.values():
        [name, port] = yaml.safe_load(text)[0]["targets"][0].split(":")
        assert int(port) in {one["port"] for one in SERVICES[name]}


def test_a_collector_that_is_not_ready_is_asked_too() -> None:
    each = [one["spec"] for one in SHOP if one["kind"] == "Service" and one["spec"].get("clusterIP") == "None"]
    assert each
    assert all(one["publishNotReadyAddresses"] for one in each), "it would be no target, and not one that is down"


def test_alerts_and_dashboards_are_all_there() -> None:
    """A golden names the file whose text a ConfigMap has, word for word."""
    told = {text.strip() for one in SHOP if one["kind"] == "ConfigMap" for text in one["data"].values()}
    shared = [*ROOT.glob("prometheus/rules/*.yml"), *ROOT.glob("grafana/**/*.json"), *ROOT.glob("grafana/**/*.yaml")]
    assert {f"<{one.relative_to(ROOT)}>" for one in shared} <= told


def test_the_operators_objects_have_the_same_rules_and_jobs() -> None:
    documents = rendered("external")
    groups = [group for one in documents if one["kind"] == "PrometheusRule" for group in one["spec"]["groups"]]
    files = [ROOT / "prometheus" / "rules" / name for name in ("platform.yml", "red.yml")]
    theirs = [group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    assert sorted(groups, key=lambda one: one["name"]) == sorted(theirs, key=lambda one: one["name"])
    dashboards = [one for one in documents if one["metadata"]["labels"].get("grafana_dashboard") == "1"]
    assert len(dashboards) == len(list(ROOT.glob("grafana/dashboards/*.json")))


def test_in_a_grafana_that_has_others_datasources_are_called_after_the_chart() -> None:
    """Names and uids that it has already are a conflict, and with two defaults it does not start."""
    made = yaml.safe_load(config_map("aiops-datasources", rendered("external"))["aiops.yaml"])["datasources"]
    assert [one["uid"] for one in made] == [one["name"] for one in made]
    assert {one["uid"] for one in made} == {"aiops-prometheus", "aiops-tempo", "aiops-alertmanager"}
    assert not any("isDefault" in one for one in made)
    assert set(re.findall(r'Uid": "([\w-]+)"', json.dumps(made))) == {one["uid"] for one in made}
    for one in made[:2]:
        assert one["jsonData"]["httpHeaderName1"] == "X-Scope-OrgID"
        assert one["secureJsonData"] == {"httpHeaderValue1": "acme"}
    shown = [one for one in rendered("external") if one["metadata"]["labels"].get("grafana_dashboard") == "1"]
    assert all("with the chart's datasources chosen" in text for one in shown for text in one["data"].values())
    theirs = yaml.safe_load((ROOT / "grafana/provisioning/datasources/aiops.yaml").read_text(encoding="utf-8"))
    for mine, other in zip(made, theirs["datasources"], strict=True):
        assert {*mine["jsonData"]} - {"httpHeaderName1"} == {*other["jsonData"]}


@pytest.mark.parametrize("case", CASES)
def test_the_engine_takes_its_settings(case: str, tmp_path: Path) -> None:
    [engine] = [one for pod in pods(rendered(case)) for one in pod["containers"] if one["name"] == "engine"]
    tokens = tmp_path / "tokens"
    tokens.write_text("operator: 0123456789abcdef0123456789abcdef\n")
    given = {one["name"]: one["value"] for one in engine["env"]}
    image = re.findall(r"(AIOPS_\w+)=(\S+)", (ROOT / "anomaly-detector" / "Dockerfile").read_text(encoding="utf-8"))
    settings = load_settings({**dict(image), **given, "AIOPS_TOKEN_FILE": str(tokens)})
    assert settings.host == "0.0.0.0"
    assert settings.prometheus.url
    assert settings.tempo.url
    assert bool(settings.prometheus.otlp_url) == (case == "external"), "who has no path of Prometheus' own is told"


def test_the_schema_knows_the_engines_settings() -> None:
    known = set(SCHEMA["properties"]["engine"]["properties"]["settings"]["properties"])
    [engine] = [one for pod in pods(rendered("external")) for one in pod["containers"] if one["name"] == "engine"]
    image = re.findall(r"AIOPS_(\w+)=", (ROOT / "anomaly-detector" / "Dockerfile").read_text(encoding="utf-8"))
    made = {one["name"].removeprefix("AIOPS_") for one in engine["env"]} | set(image)
    made |= {
        "ACTIONS_FILE",
        "KUBERNETES_NAMESPACES",
        "PUBLIC_URL",
        "PORT",
        "OTLP_GRPC_PORT",
        "OTLP_HTTP_PORT",
        "TOKENS",
        "TOKEN_ROLES",
    }
    made |= {"OIDC_CLIENT_SECRET"}  # values are no place for it: oidc_client_secret_file
    every = set(Settings.keys())
    made |= {name.upper() for name in every if name.startswith("tls_")}  # TLS ends at the Ingress
    assert known == every - {one.lower() for one in made} | {"prometheus_secret_file"}


@pytest.mark.parametrize("case", CASES)
def test_every_pod_is_confined(case: str) -> None:
    for pod in pods(rendered(case)):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False, "a Service `aiops` makes AIOPS_… that the engine refuses"
        for one in pod["containers"]:
            assert one["securityContext"]["readOnlyRootFilesystem"] is True
            assert one["securityContext"]["allowPrivilegeEscalation"] is False
            assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert one["resources"]["limits"]["memory"] == one["resources"]["requests"]["memory"]


@pytest.mark.parametrize("case", CASES)
def test_no_secret_stands_in_a_render(case: str) -> None:
    for one in rendered(case):
        if one["kind"] == "Secret":
            assert set(one["data"].values()) == {"<generated>"}
            assert one["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}, "as the volumes are"
    if case in ("external", "production"):
        assert ("Secret" in {one["kind"] for one in rendered(case)}) == (case == "external")


@pytest.mark.parametrize("case", CASES)
def test_a_network_policy_lets_through_what_a_container_asks(case: str) -> None:
    """Each address in a container's environment that is this release's own is let out of it and into the other."""
    documents = rendered(case)
    policies = {
        one["spec"]["podSelector"]["matchLabels"].get("app.kubernetes.io/component"): one["spec"]
        for one in documents
        if one["kind"] == "NetworkPolicy" and one["metadata"]["name"].startswith("aiops-network-")
    }
    services = {one["metadata"]["name"]: one for one in documents if one["kind"] == "Service"}
    followed = 0
    for one in documents:
        if one["kind"] not in ("Deployment", "StatefulSet"):
            continue
        asker = one["metadata"]["labels"]["app.kubernetes.io/component"]
        text = json.dumps(one["spec"]["template"]["spec"]["containers"])
        for name, port in set(re.findall(r"(aiops-[a-z]+):(\d+)", text)) & {
            (service, str(each["port"])) for service, found in services.items() for each in found["spec"]["ports"]
        }:
            asked = services[name]["metadata"]["labels"]["app.kubernetes.io/component"]
            inside = 3000 if name == "aiops-grafana" else int(port)
            if asker == asked and asker != "shop":
                continue  # its own address, for links
            out = policies[asker]["egress"]
            into = policies[asked]["ingress"]
            assert allowed(out, "to", asked, inside), f"{asker} may not leave for {asked}:{inside}"
            assert allowed(into, "from", asker, inside), f"{asked} does not let {asker} in on {inside}"
            followed += 1
    assert followed


@pytest.mark.parametrize("case", CASES)
def test_names_are_asked_of_the_cluster_and_of_the_node(case: str) -> None:
    """NodeLocal DNSCache and the servers of clouds have link-local addresses, which are no namespace's."""
    [names] = [one for one in rendered(case) if one["metadata"]["name"] == "aiops-names"]
    [rule] = names["spec"]["egress"]
    assert {"ipBlock": {"cidr": "169.254.0.0/16"}} in rule["to"]
    assert {one["port"] for one in rule["ports"]} == {53}


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_an_overlay_says_where_images_are_and_the_base_which(overlay: str) -> None:
    """So that a release changes the chart's version, and nothing here."""
    kustomize = ROOT / "k8s" / "kustomize"
    made = yaml.safe_load((kustomize / "overlays" / overlay / "kustomization.yaml").read_text(encoding="utf-8"))
    assert all(set(one) == {"name", "newName"} for one in made["images"])
    version = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    base = "".join(file.read_text(encoding="utf-8") for file in sorted((kustomize / "base").glob("*.yaml")))
    for one in made["images"]:
        assert set(re.findall(rf"image: {one['name']}:(\S+)$", base, re.MULTILINE)) == {version}


def allowed(rules: list[dict[str, Any]], side: str, component: str, port: int) -> bool:
    return any(
        {"port": port} in rule.get("ports", ())
        and any(
            peer.get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/component") == component
            for peer in rule.get(side, ())
        )
        for rule in rules
    )
