"""Dashboards as Grafana reads them: from their files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]
DASHBOARDS: dict[str, Json] = {
    made["uid"]: made
    for made in (json.loads(file.read_text()) for file in sorted(ROOT.glob("grafana/dashboards/*.json")))
}


def panels(of: Json) -> list[Json]:
    return [one for one in of["panels"] if one["type"] != "row"]


EVERY: list[tuple[Json, Json]] = [(of, panel) for of in DASHBOARDS.values() for panel in panels(of)]
NAMES = [f"{of['uid']}: {panel['title']}" for of, panel in EVERY]


def expressions(of: Json) -> Iterator[str]:
    """Every PromQL expression of a dashboard: panels, marks, variables."""
    for panel in panels(of):
        yield from (target["expr"] for target in panel.get("targets", ()) if "expr" in target)
    yield from (mark["expr"] for mark in of["annotations"]["list"])


def data_links(panel: Json) -> list[Json]:
    config = panel.get("fieldConfig", {})
    found = list(config.get("defaults", {}).get("links", ()))
    for override in config.get("overrides", ()):
        found += [one for each in override["properties"] if each["id"] == "links" for one in each["value"]]
    return found


def variables(of: Json) -> dict[str, Json]:
    return {one["name"]: one for one in of["templating"]["list"]}


def dollars(text: str) -> set[str]:
    """Names of variables that Grafana puts in: `$a`, `${a}`, `${a.b}`."""
    return {one or other for one, other in re.findall(r"\$(?:\{(\w+)[^}]*\}|(\w+))", text)}


def parts(url: str) -> tuple[str, list[tuple[str, str]]]:
    """Path and query of an address with what Grafana puts in still in it."""
    split = urlsplit(url.replace("#", "%23"))
    return split.path, parse_qsl(split.query, keep_blank_values=True)
