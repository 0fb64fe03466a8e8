"""Put the measured accuracy into docs/detection.md: the table between its marks, and the plot beside it.

python -m bench.detection FOLDER --json bench/scores/detection.json
python -m bench.detection_page             # write both
python -m bench.detection_page --check     # say whether they are up to date, and end with 1 if not
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.clouds import BOUND
from bench.detection_run import OURS
from bench.nab import PROFILES
from bench.pages import publish
from bench.svg import document

ROOT: Final = Path(__file__).parent.parent
SCORES: Final = ROOT / "bench/scores/detection.json"
PAGE: Final = ROOT / "docs/detection.md"
PLOT: Final = ROOT / "docs/detection.svg"
BEGIN, END = "<!-- measured -->", "<!-- end -->"
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 360, 60, 30, 50
MOST_FALSE: Final = 0.5
"""Right end of the plot, false alerts a series-day; what makes more stands there."""

Results = Mapping[str, Any]


def tables(results: Results) -> str:
    """The two tables, as Markdown."""
    lines = [
        "| NAB, standard / low-FP / low-FN | every row, as NAB counts | notified once in 4 h | "
        "the same, best threshold in hindsight |",
        "|---|---|---|---|",
    ]
    for name, one in _by(results["nab"], lambda one: one["notified_fixed"]["standard"]):
        cells = (_three(one[key]) for key in ("fixed", "notified_fixed", "notified_optimised"))
        lines.append(f"| {_name(name)} | {' | '.join(cells)} |")
    lines += [
        "",
        "| cloud monitoring, threshold 1.0 | event F1 | precision | recall | in 7 points | false a series-day | "
        "delay, points | "
        f"best F1 at ≤ {BOUND:.2f} false, in hindsight |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in _by(results["clouds"], lambda one: one["optimised_within_bound"]["f1"]):
        fixed, best = one["fixed"], one["optimised_within_bound"]
        numbers = (fixed[key] for key in ("f1", "precision", "recall", "recall_in_time", "false_a_day"))
        cells = " | ".join(f"{number:.3f}" for number in numbers)
        delay = "–" if fixed["delay"] is None else f"{fixed['delay']:.0f}"
        lines.append(f"| {_name(name)} | {cells} | {delay} | {best['f1']:.3f} at {best['false_a_day']:.3f} |")
    return "\n".join(lines)


def plot(results: Results) -> str:
    """Event F1 over false alerts, a dot a detector at threshold 1.0, a ring where the best of hindsight is."""

    def at(false: float, f1: float) -> tuple[float, float]:
        across = min(false, MOST_FALSE) / MOST_FALSE * (WIDTH - LEFT - 20)
        return LEFT + across, HEIGHT - BOTTOM - f1 / 0.7 * (HEIGHT - TOP - BOTTOM)

    x0, y0 = at(0, 0)
    x1, _ = at(MOST_FALSE, 0)
    bound, _ = at(BOUND, 0)
    out = [
        f'<line class="axis" x1="{x0}" y1="{y0}" x2="{x1}" y2="{y0}"/>',
        f'<line class="axis" x1="{x0}" y1="{y0}" x2="{x0}" y2="{TOP}"/>',
        f'<line class="bound" x1="{bound:.1f}" y1="{y0}" x2="{bound:.1f}" y2="{TOP}"/>',
        f'<text x="{bound + 4:.1f}" y="{TOP + 4}">{BOUND:.2f} false a series-day</text>',
        f'<text x="{x0}" y="{HEIGHT - 12}">false alerts a series-day ({MOST_FALSE} and more at the right end) · '
        "dot: threshold 1.0 · ring: best threshold in hindsight</text>",
        f'<text x="8" y="{TOP - 12}">event F1</text>',
    ]
    for step in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        _, y = at(0, step)
        out.append(f'<text x="{x0 - 30}" y="{y + 4:.1f}">{step:.1f}</text>')
    for step in (0.1, 0.2, 0.3, 0.4, 0.5):
        x, _ = at(step, 0)
        out.append(f'<text x="{x - 8:.1f}" y="{y0 + 18}">{step:.1f}</text>')
    for name, one in results["clouds"].items():
        kind = "ours" if name == OURS else "other"
        x, y = at(one["fixed"]["false_a_day"], one["fixed"]["f1"])
        out.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        anchor = ' text-anchor="end"' if x > WIDTH - 140 else ""
        out.append(f'<text x="{x + (-7 if anchor else 7):.1f}" y="{y - 6:.1f}"{anchor}>{name}</text>')
        best = one["optimised_within_bound"]
        x, y = at(best["false_a_day"], best["f1"])
        out.append(f'<circle class="{kind} ring" cx="{x:.1f}" cy="{y:.1f}" r="5"><title>{name}</title></circle>')
    return document(WIDTH, HEIGHT, "Event F1 over false alerts a series-day, cloud monitoring set", out)


def page(text: str, results: Results) -> str:
    """The page with its tables renewed."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(results)}\n\n{END}{after}"


def _by(of: Mapping[str, Any], key: Any) -> list[tuple[str, Any]]:
    return sorted(of.items(), key=lambda pair: -key(pair[1]))


def _three(scores: Mapping[str, float]) -> str:
    return " / ".join(f"{scores[profile]:.1f}" for profile in PROFILES)


def _name(name: str) -> str:
    return f"**{name}**" if name == OURS else name


def main() -> None:
    publish(
        __doc__,
        "bench.detection_page",
        SCORES,
        lambda results: {PAGE: page(PAGE.read_text(encoding="utf-8"), results), PLOT: plot(results)},
    )


if __name__ == "__main__":
    main()
