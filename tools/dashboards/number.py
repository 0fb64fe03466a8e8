"""A panel that shows one number, six of which fill a line."""

from tools.dashboards.panels import CALM, Kind, Link, Metrics, Panel, Steps, When


def number(
    title: str,
    about: str,
    expr: str,
    unit: str = "short",
    *,
    steps: Steps = CALM,
    links: tuple[Link, ...] = (),
    when: When = When.ALWAYS,
    instant: bool = False,
    decimals: int | None = None,
) -> Panel:
    """The panel of an expression that has one value."""
    return Panel(
        title=title,
        about=about,
        kind=Kind.STAT,
        queries=(Metrics(expr, title, when=when, instant=instant),),
        unit=unit,
        width=4,
        height=4,
        steps=steps,
        links=links,
        decimals=decimals,
    )
