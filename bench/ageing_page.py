"""Put how the detector of any metric ages into docs/detection.md: tables between their marks, and the plot.

python -m bench.ageing --against FOLDER --json bench/scores/ageing.json
python -m bench.ageing_page             # write both
python -m bench.ageing_page --check     # say whether they are up to date, and end with 1 if not
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bench.pages import publish
from bench.svg import curve, document, label, line

ROOT: Final = Path(__file__).parent.parent
SCORES: Final = ROOT / "bench/scores/ageing.json"
PAGE: Final = ROOT / "docs/detection.md"
PLOT: Final = ROOT / "docs/ageing.svg"
BEGIN, END = "<!-- ageing -->", "<!-- end of ageing -->"
NOW, BEFORE = "this release", "the earlier release"
BOUND: Final = 0.07
"""False alarms a series-day that are accepted in every month."""
WIDTH, HEIGHT, TOP, BOTTOM = 720, 270, 50, 220
LEFTS: Final = (50.0, 410.0)
PANEL: Final = 290.0
COLOURS: Final = {NOW: "ours", BEFORE: "other"}

Results = Mapping[str, Any]


def recall(one: Results) -> float:
    """The share of incidents that were found."""
    return float(one["found"] / one["events"]) if one["events"] else math.nan


def false_a_day(one: Results) -> float:
    """False alarms a series-day."""
    return float(one["false"] / one["days"])


def lines(results: Results) -> list[str]:
    """What is printed: of each release recall and false alarms by month, and by kind."""
    out = []
    for name, counted in results["releases"].items():
        months = counted["months"]
        out += ["", f"{name:<22}{''.join(f'{number:>7}' for number in range(1, len(months) + 1))}{'all':>8}"]
        for words, value in (("  recall", recall), ("  false a series-day", false_a_day)):
            cells = "".join(f"{value(one):>7.3f}" for one in months)
            out.append(f"{words:<22}{cells}{value(_all(months)):>8.3f}")
    kinds = {name: counted["kinds"] for name, counted in results["releases"].items()}
    out += ["", f"{'':<22}" + "".join(f"{name:>30}" for name in kinds)]
    out.append(f"{'':<22}" + f"{'recall':>16}{'false a day':>14}" * len(kinds))
    for kind in kinds[NOW]:
        pairs = [(recall(one[kind]), false_a_day(one[kind])) for one in kinds.values()]
        out.append(f"  {kind:<20}" + "".join(f"{found:>16.3f}{false:>14.3f}" for found, false in pairs))
    return out


def tables(results: Results) -> str:
    """By month and by kind, as Markdown."""
    releases = results["releases"]
    heads = [f"{what}, {name}" for what in ("recall", "false a series-day") for name in releases]
    rule = "|".join("---" for _ in heads)
    out = [f"| month | {' | '.join(heads)} |", f"|---|{rule}|"]
    for place in range(len(releases[NOW]["months"])):
        out.append(_row(str(place + 1), [one["months"][place] for one in releases.values()]))
    out.append(_row("all", [_all(one["months"]) for one in releases.values()]))
    out += ["", f"| kind | {' | '.join(heads)} |", f"|---|{rule}|"]
    for kind in releases[NOW]["kinds"]:
        out.append(_row(kind.replace("_", " "), [one["kinds"][kind] for one in releases.values()]))
    if BEFORE in releases:
        out += ["", f"The earlier release is commit {results['against']}."]
    return "\n".join(out)


def plot(results: Results) -> str:
    """Recall by month, and beside it false alarms, a line a release."""
    releases = results["releases"]
    worst = max(false_a_day(one) for counted in releases.values() for one in counted["months"])
    top = max(math.ceil(worst * 10.5), 1) / 10
    parts: list[str] = []
    for left, words, most, value in (
        (LEFTS[0], "recall", 1.0, recall),
        (LEFTS[1], "false alarms a series-day", top, false_a_day),
    ):
        parts += [*_axes(left, most, len(releases[NOW]["months"])), label((left - 40, TOP - 18), words)]
        if value is false_a_day:
            ends = _places(left, [BOUND] * 2, most)
            parts += [line("bound", *ends), label((ends[1][0], ends[1][1] - 5), f"at most {BOUND}", "end")]
        for name, counted in releases.items():
            places = _places(left, [value(one) for one in counted["months"]], most)
            parts.append(curve(COLOURS[name], places))
    for place, name in enumerate(releases):
        parts.append(line(f"{COLOURS[name]} curve", (LEFTS[0] + 150 * place, 258), (LEFTS[0] + 150 * place + 20, 258)))
        parts.append(label((LEFTS[0] + 150 * place + 26, 262), name))
    parts.append(label((LEFTS[1] + PANEL, 262), "month", "end"))
    title = "Recall, and false alarms a series-day, by month"
    return document(WIDTH, HEIGHT, title, parts, ".curve{fill:none;stroke-width:2}")


def _axes(left: float, most: float, months: int) -> Iterator[str]:
    yield line("axis", (left, BOTTOM), (left + PANEL, BOTTOM))
    yield line("axis", (left, BOTTOM), (left, TOP))
    for share in (0.0, 0.5, 1.0):
        (_, y), *_ = _places(left, [share * most], most)
        yield label((left - 6, y + 4), f"{share * most:.2g}", "end")
    for number, (x, _) in enumerate(_places(left, [0.0] * months, most), 1):
        if number in (1, months) or number % max(months // 4, 1) == 0:
            yield label((x, BOTTOM + 18), str(number), "middle")


def _places(left: float, values: list[float], most: float) -> list[tuple[float, float]]:
    apart = PANEL / max(len(values) - 1, 1)
    return [(left + apart * place, BOTTOM - value / most * (BOTTOM - TOP)) for place, value in enumerate(values)]


def page(text: str, results: Results) -> str:
    """The page with its tables renewed."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(results)}\n\n{END}{after}"


def _row(head: str, counted: list[Results]) -> str:
    cells = [f"{recall(one):.3f}" for one in counted] + [f"{false_a_day(one):.3f}" for one in counted]
    return f"| {head} | {' | '.join(cells)} |"


def _all(months: list[Results]) -> Results:
    return {key: sum(one[key] for one in months) for key in months[0]}


def main() -> None:
    publish(
        __doc__,
        "bench.ageing_page",
        SCORES,
        lambda results: {PAGE: page(PAGE.read_text(encoding="utf-8"), results), PLOT: plot(results)},
    )


if __name__ == "__main__":
    main()
