"""Put what views of shapes gain and cost into docs/detection.md, between its marks.

python -m bench.shapes FOLDER --json bench/scores/shapes.json
python -m bench.shapes_page             # write it
python -m bench.shapes_page --check     # say whether it is up to date, and end with 1 if not
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bench.pages import publish

ROOT: Final = Path(__file__).parent.parent
SCORES: Final = ROOT / "bench/scores/shapes.json"
PAGE: Final = ROOT / "docs/detection.md"
BEGIN, END = "<!-- shapes -->", "<!-- end of shapes -->"
ALONE, TOGETHER = "only ", "with "

Results = Mapping[str, Any]


def rows(results: Results) -> Iterator[list[str]]:
    """The heads, and a row a detector."""
    views = results["views"]
    kinds = list(views["detector"]["own"])
    heads = ["", "NAB, notified", "cloud F1", "false a series-day", *(kind.replace("-", " ") for kind in kinds)]
    yield [*heads, "false a series-day, own", "CPU of a point, µs", "kB a series"]
    for name, one in views.items():
        own = list(one["own"].values())
        cells = [f"{one['nab']:.1f}", f"{one['clouds']['f1']:.3f}", f"{one['clouds']['false_a_day']:.3f}"]
        cells += [f"{each['recall']:.2f}" for each in own]
        cells.append(f"{sum(each['false_a_day'] for each in own) / len(own):.3f}")
        cost = one if name == "detector" or name.startswith(ALONE) else None
        yield [name, *cells, f"{cost['cpu']:.1f}" if cost else "", f"{cost['bytes'] / 1000:.1f}" if cost else ""]


def lines(results: Results) -> Iterator[str]:
    """What is printed."""
    table = list(rows(results))
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    for row in table:
        first, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join([first, *(cell.strip().rjust(width) for cell, width in zip(rest, widths[1:], strict=True))])


def table(results: Results) -> str:
    """The same, as Markdown."""
    head, *body = rows(results)
    out = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*out, *(f"| {' | '.join(row)} |" for row in body)])


def page(text: str, results: Results) -> str:
    """The page with its table renewed."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(results)}\n\n{END}{after}"


def main() -> None:
    publish(__doc__, "bench.shapes_page", SCORES, lambda record: {PAGE: page(PAGE.read_text(encoding="utf-8"), record)})


if __name__ == "__main__":
    main()
