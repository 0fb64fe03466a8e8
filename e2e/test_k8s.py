"""Chart and overlays on a real control plane. No container runs there: what is tested is what the API server,
admission, the controllers, the scheduler and Helm do with them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops.testing.waiting import until
from k8s.files import CHART, ROOT
from k8s.rendering import EXAMPLES, KUSTOMIZE
from tools.native.cluster import Cluster
from tools.native.command import UsageError
from tools.native.kits import KUBERNETES

from .k8s_cluster import change, copied

pytestmark = [pytest.mark.k8s, pytest.mark.timeout(3600)]  # the first time the programs are built
OVERLAYS = {"dev": "aiops-dev", "staging": "aiops-staging", "production": "aiops"}
CASES = sorted(one.parent.name for one in EXAMPLES.glob("*/values.yaml"))
LEFT_IN_EVERY_NAMESPACE = {"configmap/kube-root-ca.crt", "serviceaccount/default"}
KINDS = (
    "all,configmap,secret,serviceaccount,persistentvolumeclaim,networkpolicy,ingress,poddisruptionbudget,"
    "role,rolebinding,prometheusrule,servicemonitor"
)


def objects(cluster: Cluster, namespace: str) -> set[str]:
    """What is in a namespace but for what every one has, Helm's own records and what goes with its owner."""
    said = cluster.kubectl("get", KINDS, "-n", namespace, "-o", "json")
    found = set()
    for one in json.loads(said)["items"]:
        name = f"{one['kind'].lower()}/{one['metadata']['name']}"
        helms = one["kind"] == "Secret" and one.get("type") == "helm.sh/release.v1"
        if name not in LEFT_IN_EVERY_NAMESPACE and not helms:
            found.add(name)
    return found


def settled(cluster: Cluster, namespace: str, wanted: set[str]) -> None:
    """Wait until a namespace has just this: pods go a moment after what they belonged to."""
    until(lambda: objects(cluster, namespace) == wanted, 60, f"it has just {sorted(wanted)}")


def install(cluster: Cluster, namespace: str, *more: str, release: str = "aiops", chart: Path = CHART) -> str:
    return cluster.helm("upgrade", "--install", release, chart, "-n", namespace, "--wait", "--timeout", "60s", *more)


def test_it_is_the_version_that_was_asked_for(cluster: Cluster) -> None:
    said = json.loads(cluster.kubectl("version", "-o", "json"))
    assert said["serverVersion"]["gitVersion"] == said["clientVersion"]["gitVersion"] == "v{}.{}.{}".format(*KUBERNETES)


def test_helm_finds_nothing_to_say_about_the_chart(cluster: Cluster) -> None:
    said = cluster.helm("lint", "--strict", CHART, *(f"--values={EXAMPLES / case / 'values.yaml'}" for case in CASES))
    assert "0 chart(s) failed" in said
    assert "[WARNING]" not in said


@pytest.mark.parametrize("case", CASES)
def test_the_server_takes_every_field_of_an_example(cluster: Cluster, namespace: str, case: str) -> None:
    cluster.kubectl("create", "serviceaccount", "aiops", "-n", namespace)  # else a pod by itself is refused
    before = objects(cluster, namespace)
    values = EXAMPLES / case / "values.yaml"
    text = cluster.helm("template", "aiops", CHART, "-n", namespace, "--values", values)
    said = cluster.kubectl(
        "apply", "-n", namespace, "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", given=text
    )
    assert said.count("serverside-applied") == sum(one is not None for one in yaml.safe_load_all(text))
    assert objects(cluster, namespace) == before


def test_a_release_lives_and_leaves_nothing(cluster: Cluster, namespace: str) -> None:
    install(cluster, namespace, "--set=shop.enabled=true")
    pods = json.loads(cluster.kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
    assert {one["status"]["phase"] for one in pods} == {"Running"}
    assert len(pods) == 12, "six parts, five services and their load"

    secret = cluster.kubectl("get", "secret", "aiops-secrets", "-n", namespace, "-o", "jsonpath={.data}")
    install(cluster, namespace, "--reset-then-reuse-values", "--set=engine.settings.cycle_seconds=30")
    assert cluster.kubectl("get", "secret", "aiops-secrets", "-n", namespace, "-o", "jsonpath={.data}") == secret
    path = "jsonpath={.spec.template.spec.containers[0].env}"
    asked = ("get", "statefulset", "aiops-engine", "-n", namespace, "-o", path)
    assert {"name": "AIOPS_CYCLE_SECONDS", "value": "30"} in json.loads(cluster.kubectl(*asked))

    cluster.helm("rollback", "aiops", "-n", namespace, "--wait", "--timeout", "60s")
    assert "AIOPS_CYCLE_SECONDS" not in cluster.kubectl(*asked)
    assert "Phase:          Succeeded" in cluster.helm("test", "aiops", "-n", namespace, "--timeout", "60s")

    stores = ("engine", "prometheus", "tempo", "alertmanager", "grafana")
    kept = {"secret/aiops-secrets", *(f"persistentvolumeclaim/aiops-{one}" for one in stores)}
    cluster.helm("uninstall", "aiops", "-n", namespace, "--wait", "--timeout", "60s")
    settled(cluster, namespace, kept)
    install(cluster, namespace, "--set=storage.keep=false")
    assert kept < objects(cluster, namespace), "an install under the same name takes volumes and secret again"
    assert cluster.kubectl("get", "secret", "aiops-secrets", "-n", namespace, "-o", "jsonpath={.data}") == secret
    cluster.helm("uninstall", "aiops", "-n", namespace, "--wait", "--timeout", "60s")
    settled(cluster, namespace, set())


def test_a_test_that_fails_is_told(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    chart = copied(tmp_path)
    hook = chart / "templates" / "tests" / "answers.yaml"
    change(hook, "helm.sh/hook: test", 'helm.sh/hook: test\n    fake.local/exit: "1"')
    install(cluster, namespace, chart=chart)
    with pytest.raises(UsageError, match="aiops-test failed"):
        cluster.helm("test", "aiops", "-n", namespace, "--timeout", "60s")


def test_the_chart_as_it_was_before_its_last_change_is_upgraded(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    chart = CHART.relative_to(ROOT)
    log = subprocess.run(
        ["git", "log", "-2", "--format=%H", "--", chart], cwd=ROOT, capture_output=True, text=True, check=True
    )
    changes = log.stdout.split()
    assert len(changes) == 2, "the whole history is needed: git fetch --unshallow"
    before = subprocess.run(["git", "archive", changes[1], chart], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", tmp_path], input=before.stdout, check=True)
    install(cluster, namespace, "--set=shop.enabled=true", chart=tmp_path / chart)
    install(cluster, namespace, "--set=shop.enabled=true")


def test_two_releases_stand_in_one_namespace(cluster: Cluster, namespace: str) -> None:
    install(cluster, namespace)
    install(cluster, namespace, release="second")
    assert {"service/aiops-engine", "service/second-engine"} <= objects(cluster, namespace)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("engine.replicas=2", r"'?/engine/replicas'?.*value must be 1"),
        ("engine.settings.cycle_second=3", "cycle_second' not allowed"),
        ("engine.memoryMi=448Mi", r"/engine/memoryMi.*got string, want integer"),
        ("promtheus.enabled=false", "'promtheus' not allowed"),
        ("storage.className=Fast SSD", r"/storage/className.*does not match pattern"),
        ("engine.publicUrl=incidents.example.org", r"/engine/publicUrl.*does not match pattern"),
        (
            "prometheus.enabled=false",
            r"external\.prometheus\.(url|otlpUrl|remoteWriteUrl) is empty and prometheus\.enabled is false",
        ),
        ("tempo.enabled=false", r"external\.tempo\.url is empty and tempo\.enabled is false"),
        ("alertmanager.slack=true", r"alertmanager\.secret is empty, and alertmanager\.slack"),
        ("alertmanager.email.smarthost=mail:25", r"alertmanager\.email\.from and alertmanager\.email\.to are needed"),
        ("ingress.enabled=true", r"no host is named: set ingress\.engineHost"),
        ("ingress.enabled=true,ingress.engineHost=a.example.org", r"networkPolicy\.pagesFrom is empty"),
        ("operator.monitors=true", r"networkPolicy\.metricsFrom is empty"),
        ("grafana.enabled=false,external.grafana.sidecar=true", r"networkPolicy\.grafanaFrom is empty"),
        (r"objectives.prometheusRules.red\.yaml=groups: []", r"/objectives/prometheusRules/red\.yaml.*false schema"),
        (
            r"objectives.prometheusRules.platform\.yml=groups: []",
            r"/objectives/prometheusRules/platform\.yml.*false schema",
        ),
        (
            r"objectives.grafanaAlerting.policies\.yaml=groups: []",
            r"/objectives/grafanaAlerting/policies\.yaml.*false schema",
        ),
        (
            r"extraLabels.app\.kubernetes\.io/component=mine",
            r"/extraLabels/app\.kubernetes\.io~1component.*false schema",
        ),
        (r"extraLabels.helm\.sh/chart=mine", r"/extraLabels/helm\.sh~1chart.*false schema"),
        ("external.tempo.tenant=a b", r"/external/tempo/tenant.*does not match pattern"),
        ("prometheus.retention=15 days", r"/prometheus/retention.*does not match pattern"),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(cluster: Cluster, values: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        cluster.helm("template", "aiops", CHART, "--set", values)


MONITORING = "[0].namespaceSelector.matchLabels.name=monitoring"


def made(cluster: Cluster, *values: str) -> dict[str, dict[str, Any]]:
    """What the chart makes of values, by kind and name."""
    text = cluster.helm("template", "aiops", CHART, "-n", "aiops", *(f"--set={one}" for one in values))
    return {f"{one['kind'].lower()}/{one['metadata']['name']}": one for one in yaml.safe_load_all(text) if one}


def policy(objects: dict[str, dict[str, Any]], component: str, side: str) -> list[Any]:
    """The rules of one part's policy."""
    return list(objects[f"networkpolicy/aiops-network-{component}"]["spec"][side])


def test_another_grafana_reaches_the_stores_of_this_release(cluster: Cluster) -> None:
    found = made(
        cluster,
        "grafana.enabled=false,external.grafana.sidecar=true,alertmanager.enabled=false",
        r"external.alertmanager.url=https://a.example.org/alerts\,https://b.example.org",
        f"networkPolicy.grafanaFrom{MONITORING}",
    )
    sources = yaml.safe_load(found["configmap/aiops-datasources"]["data"]["aiops.yaml"])["datasources"]
    assert [one["url"] for one in sources] == [
        "http://aiops-prometheus.aiops.svc:9090",
        "http://aiops-tempo.aiops.svc:3200",
        "https://a.example.org/alerts",
    ]
    peer = {"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}
    for component, port in (("prometheus", 9090), ("tempo", 3200)):
        [asked] = [one for one in policy(found, component, "ingress") if one["ports"] == [{"port": port}]]
        assert peer in asked["from"]
    text = found["configmap/aiops-dashboard-overview"]["data"]["overview.json"]
    chosen = {one["name"]: one.get("current") for one in json.loads(text)["templating"]["list"][:2]}
    assert {name: current["value"] for name, current in chosen.items()} == {
        "prometheus": "aiops-prometheus",
        "tempo": "aiops-tempo",
    }


def test_who_is_named_gets_through_a_network_policy(cluster: Cluster) -> None:
    closed = made(cluster)
    assert not any({} in policy(closed, one, "egress") for one in ("aiops", "alertmanager", "prometheus"))
    peers = ("alertsFrom[0].podSelector.matchLabels.is=alerts", "metricsFrom[0].podSelector.matchLabels.is=metrics")
    named = ",".join(f"networkPolicy.{one}" for one in peers)
    found = made(cluster, f"engine.settings.webhook_url=https://chat.example.org/hook,{named}")
    assert {} in policy(found, "aiops", "egress")
    assert {} not in policy(found, "alertmanager", "egress")
    alerts, metrics = ({"podSelector": {"matchLabels": {"is": one}}} for one in ("alerts", "metrics"))
    [asked] = [one for one in policy(found, "aiops", "ingress") if one["ports"] == [{"port": 8000}]]
    assert alerts in asked["from"]
    for component in ("aiops", "otel-collector", "tempo", "alertmanager", "grafana"):
        assert any(metrics in one["from"] for one in policy(found, component, "ingress")), component


def test_the_charts_own_grafana_asks_stores_of_others_as_the_engine_does(cluster: Cluster) -> None:
    found = made(
        cluster,
        "prometheus.enabled=false,external.prometheus.url=http://mimir/prometheus,external.prometheus.tenant=acme",
        "external.prometheus.otlpUrl=http://mimir/otlp,external.prometheus.remoteWriteUrl=http://mimir/api/v1/push",
        "alertmanager.enabled=false",
        r"external.alertmanager.url=https://a.example.org/alerts\,https://b.example.org",
    )
    sources = yaml.safe_load(found["configmap/aiops-grafana"]["data"]["aiops.yaml"])["datasources"]
    by_uid = {one["uid"]: one for one in sources}
    assert by_uid["prometheus"]["isDefault"]
    assert by_uid["prometheus"]["url"] == "${PROMETHEUS_URL}"
    assert by_uid["prometheus"]["jsonData"]["httpHeaderName1"] == "X-Scope-OrgID"
    assert by_uid["prometheus"]["secureJsonData"] == {"httpHeaderValue1": "acme"}
    assert "secureJsonData" not in by_uid["tempo"]
    assert by_uid["alertmanager"]["url"] == "https://a.example.org/alerts"
    tempo = yaml.safe_load(found["configmap/aiops-tempo"]["data"]["tempo.yaml"])
    [written] = tempo["metrics_generator"]["storage"]["remote_write"]
    assert written["headers"] == {"X-Scope-OrgID": "acme"}


def test_prometheus_tells_alertmanagers_of_others_where_they_are(cluster: Cluster) -> None:
    addresses = r"https://a.example.org/alerts/\, http://b.example.org:9093"
    found = made(cluster, "alertmanager.enabled=false", f"external.alertmanager.url={addresses}")
    config = yaml.safe_load(found["configmap/aiops-prometheus"]["data"]["prometheus.yml"])
    assert config["alerting"]["alertmanagers"] == [
        {"scheme": "https", "path_prefix": "/alerts", "static_configs": [{"targets": ["a.example.org"]}]},
        {"scheme": "http", "static_configs": [{"targets": ["b.example.org:9093"]}]},
    ]
    asked = yaml.safe_load(found["configmap/aiops-prometheus-targets"]["data"]["alertmanager.yml"])
    assert asked == [
        {"targets": [target], "labels": {"__scheme__": scheme, "__metrics_path__": path}}
        for target, scheme, path in (
            ("a.example.org", "https", "/alerts/metrics"),
            ("b.example.org:9093", "http", "/metrics"),
        )
    ]


@pytest.mark.parametrize(
    ("values", "retention"),
    [
        ("prometheus.storage=100Mi", {"time": "15d", "size": "85MB"}),
        ("prometheus.storage=2Ti,prometheus.retention=90d", {"time": "90d", "size": "1782579MB"}),
        ("storage.enabled=false", {"time": "15d"}),
    ],
)
def test_prometheus_keeps_what_its_volume_takes(cluster: Cluster, values: str, retention: dict[str, str]) -> None:
    config = yaml.safe_load(made(cluster, values)["configmap/aiops-prometheus"]["data"]["prometheus.yml"])
    assert config["storage"]["tsdb"]["retention"] == retention


def test_a_release_whose_pods_could_not_be_is_refused(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(UsageError, match="has 40 characters and may have 39"):
        cluster.helm("template", "a" * 40, CHART)
    install(cluster, namespace, release="a" * 39)


def test_rules_are_mounted_where_prometheus_reads_them(cluster: Cluster) -> None:
    found = made(cluster, r"objectives.prometheusRules.mine\.yaml=groups: []")
    [config, *_] = found["statefulset/aiops-prometheus"]["spec"]["template"]["spec"]["volumes"]
    paths = [item for one in config["projected"]["sources"] for item in one["configMap"].get("items", ())]
    assert {"key": "mine.yaml", "path": "rules/mine.yml"} in paths


@pytest.mark.parametrize(("overlay", "namespace"), OVERLAYS.items(), ids=OVERLAYS)
def test_an_overlay_is_applied_and_comes_up(cluster: Cluster, overlay: str, namespace: str) -> None:
    folder = KUSTOMIZE / "overlays" / overlay
    # The cluster here has no class of that name, as one that is used would.
    text = cluster.kubectl("kustomize", folder).replace("storageClassName: fast-ssd", "storageClassName: kwok-volume")
    cluster.kubectl("apply", "--server-side", "-f", folder / "namespace.yaml")
    secret = subprocess.run(["/bin/sh", ROOT / "k8s" / "secret.sh"], capture_output=True, text=True, check=True)
    cluster.kubectl("create", "-n", namespace, "-f", "-", given=secret.stdout)
    # Nothing is too large for the annotation that a plain apply makes.
    cluster.kubectl("apply", "--dry-run=server", "-k", folder)
    try:
        cluster.kubectl("apply", "--server-side", "--validate=strict", "-f", "-", given=text)
        # Every workload is ready, so its pods were admitted and found their node and their volumes.
        for kind in ("statefulset", "deployment"):
            for one in json.loads(cluster.kubectl("get", kind, "-n", namespace, "-o", "json"))["items"]:
                name = f"{kind}/{one['metadata']['name']}"
                cluster.kubectl("rollout", "status", name, "-n", namespace, "--timeout=60s")
        claims = json.loads(cluster.kubectl("get", "pvc", "-n", namespace, "-o", "json"))["items"]
        assert {one["status"]["phase"] for one in claims} == {"Bound"}
        named = {one.split("/")[1] for one in objects(cluster, namespace)}
        assert ("aiops-gateway" in named) == (overlay != "production")
        assert ("aiops-slo-rules" in named) == (overlay != "production")
    finally:
        cluster.kubectl("delete", "namespace", namespace, "--wait=false")


def test_a_pod_that_is_not_restricted_is_refused_here(cluster: Cluster, namespace: str) -> None:
    """The namespaces of these tests do enforce: else that everything comes up in them would say nothing."""
    with pytest.raises(UsageError, match="violates PodSecurity"):
        cluster.kubectl("run", "root", "-n", namespace, "--image=root")


def test_the_service_account_may_do_nothing(cluster: Cluster, namespace: str) -> None:
    install(cluster, namespace, "--set=shop.enabled=true")
    pods = json.loads(cluster.kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
    assert {one["spec"]["serviceAccountName"] for one in pods} == {"aiops"}
    assert not any("kube-api-access" in volume["name"] for one in pods for volume in one["spec"]["volumes"])
    mine, nobody = (f"--as=system:serviceaccount:{namespace}:{name}" for name in ("aiops", "nobody"))
    groups = ("--as-group=system:serviceaccounts", "--as-group=system:authenticated")
    said = [cluster.kubectl("auth", "can-i", "--list", "-n", namespace, who, *groups) for who in (mine, nobody)]
    assert said[0] == said[1], "what every account may do, and no more"
    with pytest.raises(UsageError, match=r"^no\b"):
        cluster.kubectl("auth", "can-i", "get", "secrets", "-n", namespace, mine, *groups)
