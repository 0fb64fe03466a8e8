"""What dashboards and alerts ask, asked of a stack that runs."""

import math
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from tools.dashboards import catalogue
from tools.dashboards.catalogue import Catalogue
from tools.dashboards.filling import filled
from tools.dashboards.panels import When
from tools.dashboards.questions import Question

STEP = 15
Series = tuple[dict[str, str], list[float]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A Prometheus, and since when (Unix seconds) it has been looking."""

    url: str
    since: float

    def over(self, text: str) -> list[Series]:
        """Labels and values over the whole time. Raises AssertionError with what Prometheus says is wrong."""
        asked = {"query": text, "start": str(self.since), "end": str(time.time()), "step": str(STEP)}
        rows = self._get("query_range", asked)["result"]
        return [(row["metric"], [float(value) for _, value in row["values"]]) for row in rows]

    def now(self, text: str, at: float | None = None) -> list[tuple[dict[str, str], float]]:
        """Labels and value at a time."""
        rows = self._get("query", {"query": text, "time": str(at or time.time())})["result"]
        return [(row["metric"], float(row["value"][1])) for row in rows]

    def series(self, metrics: Iterable[str]) -> dict[str, dict[str, frozenset[str]]]:
        """The series of these metrics there were."""
        asked = {"match[]": f'{{__name__=~"{"|".join(metrics)}"}}', "start": str(self.since), "end": str(time.time())}
        return catalogue.recorded(self._get("series", asked))

    def exemplars(self, text: str) -> list[str]:
        """Ids of the traces that are drawn as points."""
        asked = {"query": text, "start": str(self.since), "end": str(time.time())}
        found = self._get("query_exemplars", asked)
        return [each["labels"]["trace_id"] for one in found for each in one["exemplars"]]

    def _get(self, path: str, asked: Mapping[str, str]) -> Any:
        answer = requests.post(f"{self.url}/api/v1/{path}", data=asked, timeout=30).json()
        assert answer["status"] == "success", (asked, answer)
        return answer["data"]


def answered(asked: Asked, one: Question, service: str) -> bool:
    """Whether a question had an answer with a number in it, for this service or for any where only some have it."""
    values = {} if one.when == When.SOME else {"service": service}
    rows = asked.over(filled(one.text, values))
    return any(math.isfinite(value) for _, found in rows for value in found)


def silent(asked: Asked, questions: Iterable[Question], service: str) -> list[tuple[str, str]]:
    """Those that have no answer."""
    return [(one.where, one.text) for one in questions if not answered(asked, one, service)]


def of_spans(url: str, query: str, since: float) -> requests.Response:
    """Ask Tempo for traces, for numbers over time, or for one trace by its id, as Grafana does."""
    now = time.time()
    if re.fullmatch(r"[0-9a-f]{32}", query):
        return requests.get(f"{url}/api/v2/traces/{query}", timeout=30)
    over = {"q": query, "start": str(int(since)), "end": str(int(now))}
    path, how = ("metrics/query_range", {"step": "15s"}) if "| " in query else ("search", {"limit": "20"})
    return requests.get(f"{url}/api/{path}", {**over, **how}, timeout=30)


def known_to(live: Mapping[str, Mapping[str, frozenset[str]]]) -> Catalogue:
    """A recorded catalogue with what a run need not show: labels that may be missing, other values of a list."""
    optional, written = catalogue.optional(), catalogue.written()
    return {
        metric: {
            **dict.fromkeys(optional.get(metric, ()), None),
            **{label: values | (written[metric].get(label) or frozenset()) for label, values in labels.items()},
        }
        for metric, labels in live.items()
    }


def rows(asked: Asked, texts: Iterable[str]) -> list[dict[str, str]]:
    """The rows that Grafana's merge makes of instant questions: what shares labels, with each question's value."""
    out: list[dict[str, str]] = []
    for name, text in zip("ABCDEFGH", texts, strict=False):
        for labels, value in asked.now(filled(text)):
            same = [row for row in out if labels.items() <= row.items()]
            for row in same or [dict(labels)]:
                row[f"Value #{name}"] = repr(value)
                if not same:
                    out.append(row)
    return out
