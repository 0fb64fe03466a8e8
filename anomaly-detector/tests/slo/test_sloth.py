"""Sloth's files become OpenSLO documents that can be read."""

from pathlib import Path

from click.testing import CliRunner

from aiops.cli import main
from aiops.model import Query, Ratio

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
