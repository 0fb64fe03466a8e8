"""Sloth's files become OpenSLO documents that can be read."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from aiops.cli.main import main
from aiops.model import Query, Ratio
from aiops.slo import Links, groups, provisioning

from .documents import changed, reading

SLOTH = """\
version: prometheus/v1
service: myservice
labels: {owner: myteam}
slos:
  - name: requests-availability
    objective: 99.9
    description: Availability of HTTP requests.
    labels: {tier: "2"}
    sli:
      events:
        error_query: sum(rate(http_requests_total{job="myservice",code=~"(5..|429)"}[{{.window}}]))
        total_query: sum(rate(http_requests_total{job="myservice"}[{{.window}}]))
    alerting:
      name: MyServiceHighErrorRate
      labels: {category: availability}
      annotations: {runbook: "https://example.org/runbook", summary: High error rate}
      page_alert: {labels: {severity: pageteam}}
      ticket_alert: {labels: {severity: slack}}
"""


def run(tmp_path: Path, text: str, *more: str) -> tuple[int, str, str]:
    file = tmp_path / "sloth.yml"
    file.write_text(text)
    done = CliRunner().invoke(main, ["slo", "import", str(file), *more])
    return done.exit_code, done.stdout, done.stderr


def test_what_is_imported_can_be_read(tmp_path: Path) -> None:
    code, text, said = run(tmp_path, SLOTH)
    assert code == 0
    found = reading(text)
    assert not found.problems, [str(each) for each in found.problems]
    [slo] = found.slos
    assert (slo.name, slo.service, str(slo.target)) == ("myservice-requests-availability", "myservice", "0.999")
    assert slo.indicator == Ratio(
        Query('sum(rate(http_requests_total{job="myservice"}[{{.window}}]))'),
        bad=Query('sum(rate(http_requests_total{job="myservice",code=~"(5..|429)"}[{{.window}}]))'),
    )
    assert dict(slo.labels) == {"owner": "myteam", "tier": "2", "category": "availability"}
    assert (slo.description, slo.runbook) == ("Availability of HTTP requests.", "https://example.org/runbook")
    name = "myservice-requests-availability"
    assert said.splitlines() == [
        f"{name}: the annotation summary is left behind",
        f"{name}: what page_alert says is left behind; severity and routing are by urgency here",
        f"{name}: what ticket_alert says is left behind; severity and routing are by urgency here",
    ]


RESOURCE = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: of-payments, namespace: monitoring, labels: {team: money}}
spec:
  service: payments
  labels: {owner: money}
  slos:
    - name: works
      objective: 99.5
      sli:
        events:
          errorQuery: sum(rate(paid_total{ok="no"}[{{.window}}]))
          totalQuery: sum(rate(paid_total[{{.window}}]))
      alerting:
        name: PaymentsFail
        pageAlert: {labels: {severity: critical}}
        ticketAlert: {disable: true}
"""


def test_a_resource_of_kubernetes_is_imported(tmp_path: Path) -> None:
    code, text, said = run(tmp_path, RESOURCE)
    assert (code, said) == (
        0,
        "payments-works: what pageAlert says is left behind; severity and routing are by urgency here\n",
    )
    [slo] = reading(text).slos
    assert (slo.name, slo.service, str(slo.target), slo.alerts) == ("payments-works", "payments", "0.995", ("page",))
    assert (dict(slo.labels), slo.indicator) == (
        {"owner": "money"},
        Ratio(Query("sum(rate(paid_total[{{.window}}]))"), bad=Query('sum(rate(paid_total{ok="no"}[{{.window}}]))')),
    )
    code, text, said = run(tmp_path, changed(RESOURCE, ("PrometheusServiceLevel", "ServiceLevel")))
    assert (code, text) == (1, "")
    assert "kind: is 'ServiceLevel', but must be one of PrometheusServiceLevel" in said


@pytest.mark.parametrize(
    ("page", "ticket", "alerts"),
    [(True, True, ()), (True, False, ("ticket",)), (False, True, ("page",)), (False, False, ("page", "ticket"))],
)
def test_alerts_that_are_off_stay_off(tmp_path: Path, page: bool, ticket: bool, alerts: tuple[str, ...]) -> None:
    off = [f"disable: {str(one).lower()}" for one in (page, ticket)]
    text = changed(SLOTH, ("labels: {severity: pageteam}", off[0]), ("labels: {severity: slack}", off[1]))
    code, made, said = run(tmp_path, text)
    assert (code, said.count("\n")) == (0, 1)  # of the annotation
    [slo] = reading(made).slos
    assert slo.alerts == alerts
    urgencies = {"SloBurnsFast": "page", "SloBurnsSlowly": "ticket"}
    told = [rule["alert"] for group in groups([slo], Links()) for rule in group["rules"] if "alert" in rule]
    assert [urgencies[one] for one in told if one in urgencies] == list(alerts)
    assert ("SloWithoutData" in told) == bool(alerts)
    of_budgets = [group["name"] for group in provisioning([slo], Links(), {})[0]["groups"]]
    assert ("slo-myservice-requests-availability" in of_budgets) == ("ticket" in alerts)


def test_a_document_that_is_wrong_costs_itself_only(tmp_path: Path) -> None:
    code, text, _ = run(tmp_path, f"version: prometheus/v2\n---\n{SLOTH}")
    assert (code, len(reading(text).slos)) == (1, 1)


def test_what_cannot_be_imported_is_said_and_the_rest_is_made(tmp_path: Path) -> None:
    raw = "  - {name: ratio, objective: 99, sli: {raw: {error_ratio_query: up}}}\n"
    code, text, said = run(tmp_path, SLOTH + raw)
    assert code == 1
    assert "sloth.yml:19:45: slos[1].sli.raw: has only a ratio, which cannot be counted" in said
    assert [slo.name for slo in reading(text).slos] == ["myservice-requests-availability"]
    code, text, said = run(tmp_path, changed(SLOTH, ("prometheus/v1", "sloth/v9")))
    assert (code, text) == (1, "")
    assert "version: is 'sloth/v9', but must be one of prometheus/v1" in said


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    made = tmp_path / "made.yaml"
    assert run(tmp_path, SLOTH, "-o", str(made))[0] == 0
    before = made.read_text()
    code, _, said = run(tmp_path, SLOTH, "-o", str(made))
    assert (code, made.read_text()) == (2, before)
    assert "is there already" in said
