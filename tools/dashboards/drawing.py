"""A panel in Grafana's form."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, Self

from grafana_foundation_sdk.builders import (
    bargauge,
    nodegraph,
    prometheus,
    stat,
    statetimeline,
    table,
    tempo,
    timeseries,
)
from grafana_foundation_sdk.builders import (
    common as common_builder,
)
from grafana_foundation_sdk.builders import (
    dashboard as builder,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode
from grafana_foundation_sdk.models.tempo import MetricsQueryType, SearchTableType

from tools.dashboards.panels import Asks, Kind, Link, Look, Metrics, Panel, Spans, Steps, When, Words

PROMETHEUS: Final = common.DataSourceRef(type_val="prometheus", uid="${prometheus}")
TEMPO: Final = common.DataSourceRef(type_val="tempo", uid="${tempo}")


class Drawn(Protocol):
    """What the builders of all kinds of panels have in common."""

    def build(self) -> dashboard.Panel: ...
    def id(self, id_val: int) -> Self: ...
    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: common.DataSourceRef) -> Self: ...
    def grid_pos(self, grid_pos: dashboard.GridPos) -> Self: ...
    def with_target(self, target: Builder[Dataquery]) -> Self: ...
    def repeat(self, repeat: str) -> Self: ...
    def max_per_row(self, max_per_row: float) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def decimals(self, decimals: float) -> Self: ...
    def min(self, min_val: float) -> Self: ...
    def max(self, max_val: float) -> Self: ...
    def no_value(self, no_value: str) -> Self: ...
    def thresholds(self, thresholds: Builder[dashboard.ThresholdsConfig]) -> Self: ...
    def color_scheme(self, color: Builder[dashboard.FieldColor]) -> Self: ...
    def mappings(self, mappings: list[dashboard.ValueMapping]) -> Self: ...
    def data_links(self, links: list[Builder[dashboard.DashboardLink]]) -> Self: ...
    def override_by_regexp(self, regexp: str, properties: list[dashboard.DynamicConfigValue]) -> Self: ...
    def with_transformation(self, transformation: dashboard.DataTransformerConfig) -> Self: ...


def draw(panel: Panel, number: int, at: dashboard.GridPos) -> dashboard.Panel:
    """Draw a panel with this id at this place."""
    made = _KINDS[panel.kind](panel).id(number).title(panel.title).description(description(panel)).grid_pos(at)
    for name, query in zip("ABCDEFGHIJ", panel.queries, strict=False):
        made.with_target(_metrics(name, query, panel.kind) if isinstance(query, Metrics) else _spans(name, query))
    if panel.queries:
        made.datasource(PROMETHEUS if isinstance(panel.queries[0], Metrics) else TEMPO)
    made.unit(panel.unit).thresholds(_thresholds(panel.steps)).no_value("none").color_scheme(_color(panel))
    if panel.decimals is not None:
        made.decimals(panel.decimals)
    if panel.least is not None:
        made.min(panel.least)
    if panel.most is not None:
        made.max(panel.most)
    if panel.words is not None:
        made.mappings(_words(panel.words))
    if panel.links:
        made.data_links([_link(one) for one in panel.links])
    for look in panel.looks:
        made.override_by_regexp(f"/^(?:{look.of})$/", _properties(look, panel.kind))
    if panel.each:
        made.repeat(panel.each).max_per_row(2)
    return made.build()


def description(panel: Panel) -> str:
    """What a panel is about, and when it is empty."""
    told = dict.fromkeys(query.when for query in panel.queries)
    return " ".join((panel.about, *(str(when) for when in told if when != When.ALWAYS)))


def _metrics(name: str, query: Metrics, kind: Kind) -> Builder[Dataquery]:
    made = prometheus.Dataquery().ref_id(name).datasource(PROMETHEUS).expr(query.expr).legend_format(query.legend)
    made.editor_mode(QueryEditorMode.CODE)
    made.format(PromQueryFormat.TABLE if kind == Kind.TABLE else PromQueryFormat.TIME_SERIES)
    if query.exemplars:
        made.exemplar(True)
    return made.instant() if query.instant else made.range()


def _spans(name: str, query: Spans) -> Builder[Dataquery]:
    made = tempo.Dataquery().ref_id(name).datasource(TEMPO)
    if query.asks == Asks.SERVICE_MAP:
        return made.query_type("serviceMap").service_map_query(query.query)
    made.query_type("traceql").query(query.query).limit(query.limit).filters([])
    return (
        made.metrics_query_type(MetricsQueryType.RANGE)
        if query.asks == Asks.SERIES
        else made.table_type(SearchTableType.TRACES)
    )


def _stat(panel: Panel) -> Drawn:
    made = stat.Panel().color_mode(common.BigValueColorMode.BACKGROUND).graph_mode(common.BigValueGraphMode.AREA)
    last = common_builder.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    return made.text_mode(common.BigValueTextMode(panel.shows or "auto")).reduce_options(last)


def _lines(panel: Panel) -> Drawn:
    legend = common_builder.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST).show_legend(True)
    tooltip = common_builder.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    made = timeseries.Panel().legend(legend.placement(common.LegendPlacement.BOTTOM)).line_width(1).fill_opacity(8)
    made.tooltip(tooltip.sort(common.SortOrder.DESCENDING)).show_points(common.VisibilityMode.NEVER)
    if len(panel.steps) > 1:
        made.thresholds_style(common_builder.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED))
    return made


def _table(panel: Panel) -> Drawn:
    made = table.Panel().show_header(True).cell_height(common.TableCellHeight.SM).filterable(True)
    if not all(isinstance(query, Metrics) for query in panel.queries):
        return made
    if len(panel.queries) > 1:
        made.with_transformation(dashboard.DataTransformerConfig(id_val="merge", options={}))
    drop = {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": {}}
    return made.with_transformation(dashboard.DataTransformerConfig(id_val="organize", options=drop))


def _states(_panel: Panel) -> Drawn:
    legend = common_builder.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST).show_legend(True)
    made = statetimeline.Panel().merge_values(True).show_value(common.VisibilityMode.AUTO).row_height(0.9)
    return made.legend(legend.placement(common.LegendPlacement.BOTTOM)).fill_opacity(80)


def _bars(_panel: Panel) -> Drawn:
    last = common_builder.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    made = bargauge.Panel().orientation(common.VizOrientation.HORIZONTAL).reduce_options(last)
    return made.display_mode(common.BarGaugeDisplayMode.BASIC).show_unfilled(True)


def _plain(panel: Panel) -> Drawn:
    """A kind that this release of the SDK has no builder for."""
    made = builder.Panel().type(panel.kind)
    if panel.kind == Kind.ALERTS:
        made.options({"alertmanager": panel.shows, "labels": "", "expandAll": False})
    return made


_KINDS: Final[Mapping[Kind, Callable[[Panel], Drawn]]] = {
    Kind.STAT: _stat,
    Kind.LINES: _lines,
    Kind.TABLE: _table,
    Kind.STATES: _states,
    Kind.BARS: _bars,
    Kind.GRAPH: lambda _: nodegraph.Panel(),
    Kind.TRACE: _plain,
    Kind.ALERTS: _plain,
}


def _thresholds(steps: Steps) -> Builder[dashboard.ThresholdsConfig]:
    found = [dashboard.Threshold(value=value, color=color) for value, color in steps]
    return builder.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(found)


def _color(panel: Panel) -> Builder[dashboard.FieldColor]:
    by_value = panel.kind in (Kind.STAT, Kind.BARS, Kind.STATES)
    mode = dashboard.FieldColorModeId.THRESHOLDS if by_value else dashboard.FieldColorModeId.PALETTE_CLASSIC
    return builder.FieldColor().mode(mode)


def _words(words: Words) -> list[dashboard.ValueMapping]:
    found = {
        value: dashboard.ValueMappingResult(text=text, color=color, index=at)
        for at, (value, (text, color)) in enumerate(words.items())
    }
    return [dashboard.ValueMap(options=found)]


def _link(one: Link) -> Builder[dashboard.DashboardLink]:
    return builder.DashboardLink(one.title).url(one.url)


def _properties(look: Look, kind: Kind) -> list[dashboard.DynamicConfigValue]:
    found: dict[str, Any] = {}
    if look.title:
        found["displayName"] = look.title
    if look.unit:
        found["unit"] = look.unit
    if look.steps:
        found |= {"thresholds": _thresholds(look.steps).build(), "color": {"mode": "thresholds"}}
    if look.words is not None:
        found["mappings"] = _words(look.words)
    if kind == Kind.TABLE and (look.steps or look.words):
        found["custom.cellOptions"] = {"type": "color-text"}
    if look.links:
        found["links"] = [_link(one).build() for one in look.links]
    if look.hidden:
        found |= {"custom.hidden": True, "custom.hideFrom": {"viz": True, "legend": True, "tooltip": True}}
    if look.color:
        found["color"] = {"mode": "fixed", "fixedColor": look.color}
    if look.points:
        found |= {"custom.drawStyle": "points", "custom.showPoints": "always", "custom.pointSize": 8}
    if look.dashed:
        found["custom.lineStyle"] = {"fill": "dash", "dash": [10, 10]}
    if look.band_to:
        found |= {"custom.fillBelowTo": look.band_to, "custom.lineWidth": 0, "custom.fillOpacity": 15}
    return [dashboard.DynamicConfigValue(id_val=name, value=value) for name, value in found.items()]
