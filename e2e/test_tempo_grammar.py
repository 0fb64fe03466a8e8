"""A real Tempo, where AIOPS_TEST_TEMPO_URL names one, takes every question and refuses what is refused here."""

import os
import time

import pytest

from tools.dashboards import catalogue, traceql
from tools.dashboards.filling import filled
from tools.dashboards.questions import of_alerts, of_dashboards

from .asking import of_spans

URL = os.environ.get("AIOPS_TEST_TEMPO_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="AIOPS_TEST_TEMPO_URL names no Tempo")
QUESTIONS = sorted({filled(one.text) for one in (*of_dashboards(), *of_alerts()) if one.spans and one.text != "$trace"})
WRONG = [
    "{ status = failed }",
    "{ kind = servr }",
    "{ duration > x }",
    "{ name = checkout }",
    "{ statu = error }",
    "{ status = error",
    "{} | rates()",
    "{} | quantile_over_time(duration, x)",
    "{} rate()",
]


@pytest.mark.parametrize("query", QUESTIONS)
def test_it_takes_every_question(query: str) -> None:
    found = of_spans(URL, query, time.time() - 600)
    assert found.ok, found.text


@pytest.mark.parametrize("query", WRONG)
def test_it_refuses_what_is_wrong(query: str) -> None:
    assert traceql.faults(query, catalogue.attributes())
    assert of_spans(URL, query, time.time() - 600).status_code == 400
