"""What Grafana puts into questions and links."""

from urllib.parse import parse_qs, urlsplit

import pytest

from aiops.model import names
from tools.dashboards.filling import filled, followed
from tools.dashboards.incident_table import still_open
from tools.dashboards.objectives import OBJECTIVES

VARIABLES = {
    "prometheus": "prom uid",
    "tempo": "t",
    "__url_time_range": "from=now-1h&to=now",
    "engine": "http://engine",
}
ROW = {
    "service": "a&b",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "page": "http://engine/incidents/INC-1-1",
    "Value #B": "1795253100000.0",
    "Value #C": "1795254000000.0",
}


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ('up{job=~"$job"}[$window]', {}, 'up{job=~".*"}[5m]'),
        ("x[$__range] and y{a='${b}'}", {"b": "1"}, "x[3600s] and y{a='1'}"),
        ("{ duration > $longer }", {"longer": "1s"}, "{ duration > 1s }"),
    ],
)
def test_variables_are_put_into_questions(text: str, values: dict[str, str], expected: str) -> None:
    assert filled(text, values) == expected


def test_an_incident_leads_to_its_page_service_traces_and_trace() -> None:
    leads = {link.title: followed(link.url, ROW, VARIABLES) for link in still_open().links}
    assert leads.pop("Engine: this incident") == "http://engine/incidents/INC-1-1"
    found = {title: (urlsplit(url).path, parse_qs(urlsplit(url).query)) for title, url in leads.items()}
    about = {
        "from": ["1795253100000.0"],
        "to": ["1795254000000.0"],
        "var-prometheus": ["prom uid"],
        "var-tempo": ["t"],
        "var-service": ["a&b"],
    }
    assert found == {
        "Service": (f"/d/{names.DASHBOARD_SERVICE}", about),
        "Traces": (f"/d/{names.DASHBOARD_TRACING}", about),
        "Trace to look at first": (f"/d/{names.DASHBOARD_TRACING}", {**about, "var-trace": [ROW["trace_id"]]}),
    }


def test_an_objective_leads_to_the_engine_its_service_and_traces() -> None:
    labels = {"slo": "checkout works", "service_name": "gateway"}
    panel = OBJECTIVES.rows[0].panels[0]
    leads = {link.title: followed(link.url, labels, VARIABLES) for link in panel.links}
    assert leads["Engine: this objective"] == "http://engine/slos/checkout%20works"
    for title in ("Service", "Traces"):
        query = parse_qs(urlsplit(leads[title]).query)
        assert (query["from"], query["to"], query["var-service"]) == (["now-1h"], ["now"], ["gateway"])


def test_a_field_that_there_is_not_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing"):
        followed("/d/a?b=${__data.fields.nothing}", ROW, VARIABLES)
