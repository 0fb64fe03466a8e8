"""Which metrics there are, with their labels and values, and what an expression asks for that is not there."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import promql_parser as promql
import yaml
from promql_parser import LabelModifierType, MatchOp

FILE: Final = Path(__file__).with_name("catalogue.yaml")
Labels = frozenset[str]
Metric = Mapping[str, frozenset[str] | None]
"""Label: its values, or None where they are open."""
Catalogue = Mapping[str, Metric]
_SETS: Final = ("and", "or", "unless")


def written() -> Catalogue:
    """The metrics that the file has."""
    return {
        metric: {label: None if values in ("*", "?") else frozenset(values) for label, values in labels.items()}
        for metric, labels in _file()["metrics"].items()
    }


def optional() -> Mapping[str, Labels]:
    """Labels that series of a metric may be without."""
    found: dict[str, dict[str, object]] = _file()["metrics"]
    return {metric: frozenset(one for one, values in of.items() if values == "?") for metric, of in found.items()}


def attributes() -> Mapping[str, Labels]:
    """Names of the attributes of spans, by scope."""
    return {scope: frozenset(some) for scope, some in _file()["traces"].items()}


@cache
def _file() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def recorded(series: Iterable[Mapping[str, str]]) -> dict[str, dict[str, frozenset[str]]]:
    """The catalogue of series that are there, `__name__` among their labels: every value is known."""
    found: dict[str, dict[str, set[str]]] = {}
    for one in series:
        labels = found.setdefault(one["__name__"], {})
        for label, value in one.items():
            if label != "__name__":
                labels.setdefault(label, set()).add(value)
    return {metric: {label: frozenset(some) for label, some in of.items()} for metric, of in found.items()}


def faults(expr: str, known: Catalogue, legend: str = "") -> list[str]:
    """What an expression and its legend ask for that is not there: metrics, labels, values of labels."""
    reading = _Reading(known)
    try:
        tree = promql.parse(expr)
    except ValueError as error:
        return [f"{expr}: {error}"]
    labels = reading.labels(tree) or frozenset()
    for one in re.findall(r"{{\s*(\w+)\s*}}", legend):
        if one not in labels:
            reading.faults.append(f"the legend {legend!r} names {one}, which the result of {expr} has not")
    return reading.faults


def metrics_of(expr: str) -> set[str]:
    """The metrics that an expression selects."""
    reading = _Reading({})
    reading.labels(promql.parse(expr))
    return reading.metrics


def _classic(tree: promql.Expr) -> bool:
    """Whether it is of buckets, each a series; a native histogram is one value."""
    reading = _Reading({})
    reading.labels(tree)
    return any(metric.endswith("_bucket") for metric in reading.metrics)


def _same_bound(wanted: str, value: str) -> bool:
    """Whether a bound of buckets is meant that is written otherwise: 1 by some, 1.0 by others."""
    try:
        return float(wanted.replace("\\", "")) == float(value)
    except ValueError:
        return False


class _Reading:
    """Walks an expression and knows which labels each part of it may have; None stands for a number."""

    def __init__(self, known: Catalogue) -> None:
        self._known = known
        self.faults: list[str] = []
        self.metrics: set[str] = set()

    def labels(self, tree: promql.Expr) -> Labels | None:
        match tree:
            case promql.VectorSelector():
                return self._selected(tree)
            case promql.MatrixSelector():
                return self._selected(tree.vector_selector)
            case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
                return self.labels(tree.expr)
            case promql.AggregateExpr():
                return self._aggregated(tree)
            case promql.BinaryExpr():
                return self._combined(tree)
            case promql.Call():
                return self._called(tree)
        return None

    def _selected(self, selector: promql.VectorSelector) -> Labels:
        named = [one for one in selector.matchers.matchers if one.name == "__name__"]
        others = [one for one in selector.matchers.matchers if one.name != "__name__"]
        metrics = [name for one in named for name in one.value.split("|")] or [selector.name or ""]
        return frozenset().union(*(self._of(metric, others, selector) for metric in metrics))

    def _of(self, metric: str, matchers: Iterable[promql.Matcher], selector: promql.VectorSelector) -> Labels:
        self.metrics.add(metric)
        labels = self._labels(metric)
        if labels is None:
            self.faults.append(f"there is no metric {metric or selector}")
            return frozenset()
        for one in matchers:
            if one.name not in labels:
                self.faults.append(f"{metric} has no label {one.name}")
            else:
                self._matched(metric, one, labels[one.name])
        return frozenset(labels)

    def _labels(self, metric: str) -> Metric | None:
        """Labels of a metric; those of a native histogram are those of the classic one's count."""
        if f"{metric}_bucket" in self._known:
            return self._known.get(f"{metric}_count")
        return self._known.get(metric)

    def _matched(self, metric: str, one: promql.Matcher, values: frozenset[str] | None) -> None:
        regex = one.op in (MatchOp.Re, MatchOp.NotRe)
        for wanted in one.value.split("|") if regex else [one.value]:
            if wanted in ("", ".*"):
                continue
            if values is None:
                self.faults.append(f"values of {metric}'s label {one.name} are not in the catalogue, {wanted} neither")
            elif not any(re.fullmatch(wanted, value) if regex else wanted == value for value in values) and not (
                one.name == "le" and any(_same_bound(wanted, value) for value in values)
            ):
                self.faults.append(f"{metric} has no {one.name} {wanted}, only {', '.join(sorted(values))}")

    def _aggregated(self, tree: promql.AggregateExpr) -> Labels:
        inner = self.labels(tree.expr) or frozenset()
        if tree.modifier is None:
            # These keep the series that they choose.
            return inner if str(tree.op) in ("topk", "bottomk") else frozenset()
        named = self._within(tree.modifier.labels, inner, tree.expr)
        return named if tree.modifier.type == promql.AggModifierType.By else inner - named

    def _combined(self, tree: promql.BinaryExpr) -> Labels | None:
        left, right = self.labels(tree.lhs), self.labels(tree.rhs)
        if left is None or right is None:
            return right if left is None else left
        how, operator = tree.modifier, str(tree.op)
        if operator == "or":
            return left | right
        if how is None or how.matching is None:
            return left
        shared = self._within(how.matching.labels, left, tree.lhs) & self._within(how.matching.labels, right, tree.rhs)
        if operator in _SETS:
            return left
        if how.card == promql.VectorMatchCardinality.ManyToOne:
            return left | self._within(how.group_labels, right, tree.rhs)
        if how.card == promql.VectorMatchCardinality.OneToMany:
            return right | self._within(how.group_labels, left, tree.lhs)
        return shared if how.matching.type == LabelModifierType.Include else left - shared

    def _called(self, tree: promql.Call) -> Labels | None:
        found = [labels for labels in map(self.labels, tree.args) if labels is not None]
        if tree.func.name == "vector":
            return frozenset()
        if not found:
            return None
        if tree.func.name == "histogram_quantile" and _classic(tree.args[1]):
            return found[0] - self._within(["le"], found[0], tree.args[1])
        return found[0]

    def _within(self, named: Iterable[str] | None, labels: Labels, of: Any) -> Labels:
        wanted = frozenset(named or ())
        for one in sorted(wanted - labels):
            self.faults.append(f"{of.prettify()} has no label {one}")
        return wanted & labels
