"""OpenSLO documents for tests, and how to read them."""

from aiops.bootstrap.objectives import check_rrule
from aiops.model import Slo
from aiops.slo import Objectives, read_objectives
from aiops.slo.spec import expressions

CHECKOUT = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout-availability
  displayName: Checkout works
spec:
  service: gateway
  indicator:
    metadata:
      name: checkout-requests
    spec:
      ratioMetric:
        counter: true
        rawType: success
        raw:
          metricSource:
            type: otel.http.server
            spec:
              route: /checkout
              method: POST
  timeWindow:
    - duration: 30d
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - target: 0.9990
"""


def reading(*texts: str) -> Objectives:
    return read_objectives([(f"file{at}.yaml", text) for at, text in enumerate(texts, 1)], expressions, check_rrule)


def one(text: str) -> Slo:
    """The one objective of a text that has no mistake."""
    found = reading(text)
    assert not found.problems, [str(problem) for problem in found.problems]
    [slo] = found.slos
    return slo


def changed(text: str, *pairs: tuple[str, str]) -> str:
    """A text with parts replaced that are there."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def problem(text: str) -> str:
    """The one problem of a text of which nothing can be used."""
    found = reading(text)
    assert not found.slos
    [only] = found.problems
    return str(only)
