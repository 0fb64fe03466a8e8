"""Make docs/metrics.md of the engine's registry of its own metrics; `--check` says whether it is as it should be."""

import sys
from pathlib import Path

import click

from aiops.model.own_metrics import OWN_METRICS, Exposed, OwnMetric

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
HEAD = """# Metrics of the engine

The engine says of itself what these metrics say. This page is made of `anomaly-detector/aiops/model/own_metrics.py` by
`make metrics`. Prometheus adds the labels `job` and `instance`. A metric of objectives, incidents or changes is there
only where there are some.
"""
TRACES = """## Traces

With the setting `traces_url` the engine sends a trace of each cycle: the span `cycle` with the attributes
`aiops.findings` and `aiops.events`, and below it a span for each phase: `collect`, `detect`, `explain`, `objectives`,
`reconcile` and `save`. A cycle with a gap has the status `ERROR`, and says the gap.
"""


def page() -> str:
    """The document."""
    parts = [HEAD]
    for exposed in Exposed:
        parts.append(f"## {str(exposed)[0].upper()}{str(exposed)[1:]}\n")
        rows = [row(one) for one in OWN_METRICS if one.exposed == exposed]
        parts.append("\n".join(["| metric | type | labels | meaning |", "| --- | --- | --- | --- |", *rows]) + "\n")
    return "\n".join([*parts, TRACES])


def row(one: OwnMetric) -> str:
    """One metric in the table."""
    labels = ", ".join(f"`{label}`" for label in one.labels)
    return f"| `{one.name}` | {one.kind} | {labels} | {one.help} |"


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; end with 1 where the page is not as it should be.")
def main(check: bool) -> None:
    """Make the page."""
    if not check:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        click.echo(f"{PAGE.relative_to(Path.cwd())} is not what the registry says; run `make metrics`", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
