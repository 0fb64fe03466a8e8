"""Questions with one mistake each: a name that there is not, a value that never was."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql

from tools.dashboards.catalogue import metrics_of

MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPED = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Mutant:
    kind: str
    what: str
    text: str
    legend: str


def mutants(expr: str, legend: str = "") -> Iterator[Mutant]:
    """Every metric renamed, every label renamed, every value that is asked for changed: one at a time."""
    promql.parse(expr)
    for metric in sorted(metrics_of(expr)):
        yield Mutant("metric", metric, re.sub(rf"(?<![\w:]){re.escape(metric)}(?![\w:])", f"{metric}_x", expr), legend)
    labels = {name for name, _, _ in MATCHER.findall(expr)}
    labels |= {one.strip() for group in GROUPED.findall(expr) for one in group.split(",") if one.strip()}
    for label in sorted(labels):
        yield Mutant("label", label, _renamed(expr, label), legend)
    for label in sorted(set(re.findall(r"{{\s*(\w+)\s*}}", legend))):
        yield Mutant("label", label, expr, legend.replace(f"{{{{{label}}}}}", f"{{{{{label}_x}}}}"))
    for found in MATCHER.finditer(expr):
        for value in found[3].split("|") if "~" in found[2] else [found[3]]:
            if value not in ("", ".*"):
                at = found.start(3) + found[3].index(value) + len(value)
                yield Mutant("value", value, f"{expr[:at]}_x{expr[at:]}", legend)


def _renamed(expr: str, label: str) -> str:
    """The label renamed wherever it is one: before a comparison, or in a list of labels."""
    word = rf"(?<![\w:.]){re.escape(label)}(?![\w:.])"
    expr = re.sub(rf'{word}(?=\s*(?:=~|!~|!=|=)\s*")', f"{label}_x", expr)
    return GROUPED.sub(lambda found: re.sub(word, f"{label}_x", found[0]), expr)
