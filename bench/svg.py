"""Plain plots as SVG, in the colours of a page that is light or dark."""

from collections.abc import Iterable, Sequence
from typing import Final

STYLE: Final = (
    "text{font:12px sans-serif;fill:#333}.axis{stroke:#999}"
    ".ours{fill:#c33;stroke:#c33}.other{fill:#567;stroke:#567}"
    ".ring{fill:none}.bound{stroke:#999;stroke-dasharray:4 4}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.other{fill:#9bd;stroke:#9bd}}"
)


def document(width: int, height: int, title: str, parts: Iterable[str], style: str = "") -> str:
    """A whole file."""
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{title}</title>",
        f"<style>{STYLE}{style}</style>",
    ]
    return "\n".join([*head, *parts, "</svg>", ""])


def line(kind: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    """A straight line of a class."""
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def curve(kind: str, points: Sequence[tuple[float, float]]) -> str:
    """Points, joined by lines, of a class and of `curve`."""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{kind} curve" points="{joined}"/>'


def label(at: tuple[float, float], words: str, anchor: str = "") -> str:
    """Text that begins at a place; with an anchor, its middle or end is there."""
    placed = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}"{placed}>{words}</text>'
