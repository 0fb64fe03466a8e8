"""The table of panels and queries in docs/dashboards.md."""

from collections.abc import Iterable
from typing import Final

from tools.dashboards.annotations import EVERYWHERE
from tools.dashboards.drawing import description
from tools.dashboards.panels import Dashboard, Metrics, Panel

BEGIN: Final = "<!-- made by `make dashboards`, from here -->"
END: Final = "<!-- to here -->"


class NoPlace(ValueError):
    """The page has not the two lines that the table stands between."""


def with_tables(text: str, dashboards: Iterable[Dashboard]) -> str:
    """The page with the tables of now. Raises NoPlace."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise NoPlace(f"docs/dashboards.md has no lines {BEGIN!r} and {END!r} for the tables to stand between")
    tables = "\n".join(_tables(dashboards))
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"


def _tables(dashboards: Iterable[Dashboard]) -> Iterable[str]:
    yield "### Marks on all of them\n"
    yield "| mark | what | query |"
    yield "| --- | --- | --- |"
    for mark in EVERYWHERE:
        yield f"| {mark.name} | {mark.when} | {_code(mark.expr)} |"
    for one in dashboards:
        yield f"\n### {one.title}\n"
        yield "| panel | what it shows | queries |"
        yield "| --- | --- | --- |"
        for row in one.rows:
            for panel in row.panels:
                yield f"| {panel.title} | {_plain(description(panel))} | {'<br>'.join(_queries(panel))} |"


def _queries(panel: Panel) -> Iterable[str]:
    for query in panel.queries:
        yield _code(query.expr if isinstance(query, Metrics) else query.query or "service map")


def _plain(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{_plain(text)}`"
