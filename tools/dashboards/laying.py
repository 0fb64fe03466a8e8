"""A dashboard in Grafana's form: panels on the grid, what is chosen and marked, and the way to the other dashboards."""

import json
from collections.abc import Iterator
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from tools.dashboards import drawing
from tools.dashboards.annotations import EVERYWHERE, Annotation
from tools.dashboards.panels import Dashboard, Panel, Row, Variable

WIDTH: Final = 24
FIRST: Final = 11
"""Ids below are for panels that others link to."""
TAG: Final = "aiops"


class Misfit(ValueError):
    """Panels that do not fill their lines; the message names them."""


def text(one: Dashboard) -> str:
    """The dashboard as Grafana reads it from a file: the same every time."""
    made = _cleared(json.loads(JSONEncoder().encode(made_of(one))))
    return json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _cleared(made: Any) -> Any:
    """Without what the SDK writes though nobody asked for it: it would put links and marks into a menu, and the fields
    of a dashboard's link into the links of panels."""
    if isinstance(made, list):
        return [_cleared(one) for one in made]
    if not isinstance(made, dict):
        return made
    if made.get("type") == "link":
        return {"title": made["title"], "url": made["url"]}
    return {key: _cleared(value) for key, value in made.items() if key != "placement" or value in ("bottom", "right")}


def made_of(one: Dashboard) -> dashboard.Dashboard:
    """Raises Misfit."""
    made = (
        builder.Dashboard(one.title)
        .uid(one.uid)
        .description(one.about)
        .tags([TAG])
        .timezone("browser")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .time(one.since, "now")
        .refresh(one.refresh)
        .readonly()
    )
    for variable in _variables(one):
        made.with_variable(variable)
    for annotation in EVERYWHERE:
        made.annotation(_annotation(annotation))
    others = builder.DashboardLink("Dashboards").type(dashboard.DashboardLinkType.DASHBOARDS).tags([TAG])
    made.link(others.as_dropdown(True).include_vars(True).keep_time(True))
    whole = made.build()
    whole.panels = list(_placed(one))
    return whole


def _placed(one: Dashboard) -> Iterator[dashboard.Panel | dashboard.RowPanel]:
    top, number = 0, FIRST
    for row in one.rows:
        yield builder.Row(row.title).id(number).grid_pos(dashboard.GridPos(h=1, w=WIDTH, x=0, y=top)).build()
        top, number = top + 1, number + 1
        for line in _lines(one, row):
            left = 0
            for panel in line:
                at = dashboard.GridPos(h=panel.height, w=panel.width, x=left, y=top)
                yield drawing.draw(panel, panel.id or number, at)
                left, number = left + panel.width, number + (not panel.id)
            top += line[0].height


def _lines(one: Dashboard, row: Row) -> Iterator[list[Panel]]:
    line: list[Panel] = []
    for panel in row.panels:
        line.append(panel)
        if sum(each.width for each in line) >= WIDTH:
            yield _fitting(one, line)
            line = []
    if line:
        yield _fitting(one, line)


def _fitting(one: Dashboard, line: list[Panel]) -> list[Panel]:
    width, heights = sum(each.width for each in line), {each.height for each in line}
    if width != WIDTH or len(heights) != 1:
        titles = ", ".join(f"{each.title!r} ({each.width} x {each.height})" for each in line)
        raise Misfit(f"{one.uid}: a line is {WIDTH} wide and of one height, not {titles}")
    return line


def _variables(one: Dashboard) -> Iterator[Builder[dashboard.VariableModel]]:
    yield builder.DatasourceVariable("prometheus").label("Prometheus").type("prometheus")
    yield builder.DatasourceVariable("tempo").label("Tempo").type("tempo")
    for variable in one.variables:
        if variable.query:
            yield _asked(variable)
        elif variable.values:
            first = dashboard.VariableOption(selected=True, text=variable.values[0], value=variable.values[0])
            options = [
                dashboard.VariableOption(selected=at == 0, text=value, value=value)
                for at, value in enumerate(variable.values)
            ]
            made = builder.CustomVariable(variable.name).label(variable.label).description(variable.about)
            yield made.values(",".join(variable.values)).options(options).current(first)
        else:
            yield builder.TextBoxVariable(variable.name).label(variable.label).description(variable.about)


def _asked(variable: Variable) -> builder.QueryVariable:
    made = builder.QueryVariable(variable.name).label(variable.label).description(variable.about)
    made.query({"qryType": 1, "query": variable.query, "refId": variable.name}).definition(variable.query)
    made.datasource(drawing.PROMETHEUS).refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
    made.sort(dashboard.VariableSort.ALPHABETICAL_ASC).multi(variable.several).include_all(variable.everything)
    if variable.everything:
        # Any, and none: a series without the label is one of all.
        made.all_value(".*").current(dashboard.VariableOption(selected=True, text="All", value="$__all"))
    return made.hide(dashboard.VariableHide.HIDE_VARIABLE) if variable.hidden else made


def _annotation(one: Annotation) -> builder.AnnotationQuery:
    asked = prometheus.Dataquery().ref_id("Anno").datasource(drawing.PROMETHEUS).expr(one.expr).interval("60s").range()
    made = (
        builder.AnnotationQuery()
        .target(asked)
        .name(one.name)
        .datasource(drawing.PROMETHEUS)
        .enable(True)
        .expr(one.expr)
    )
    made.title_format(one.title).text_format(one.text).tag_keys(one.tags).icon_color(one.color).step("60s")
    return made.use_value_for_time(one.at_value)
