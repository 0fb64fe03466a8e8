"""Put the measured causes into docs/explanation.md: tables between their marks, and the plot of the calibration.

python -m bench.explain --against FOLDER --nezha FOLDER --json
python -m bench.explain.page             # write both
python -m bench.explain.page --check     # say whether they are up to date, and end with 1 if not
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.explain import tables
from bench.explain.faults import KINDS
from bench.explain.tables import BEFORE, NOW
from bench.pages import publish
from bench.svg import curve, document, label, line

ROOT: Final = Path(__file__).parent.parent.parent
SCORES: Final = ROOT / "bench/scores/explain.json"
PAGE: Final = ROOT / "docs/explanation.md"
PLOT: Final = ROOT / "docs/explanation.svg"
BEGIN, END = "<!-- measured -->", "<!-- end -->"
SIDE, LEFT, TOP = 300.0, 60.0, 30.0
COLOURS: Final = {NOW: "ours", BEFORE: "other"}

Record = Mapping[str, Any]


def parts(record: Record) -> list[str]:
    """Everything that stands between the marks, as lines."""
    found = record["catalogue"]
    seeds = found["seeds"]
    out = [
        f"This engine is commit {record['commit']}"
        + (f", the earlier engine is commit {record['against']}" if "against" in record else "")
        + f". Seeds {seeds[0]} to {seeds[-1]}. In parentheses: 95 % bootstrap intervals.",
        "", "### Where the trouble starts", "", *tables.overall_table(found),
        "", "### What engines say beside the place", "", *tables.engine_table(found),
        "", "### By kind of fault", "", *tables.kind_table(found),
        "", "### By size of the platform, and by how late the onset is known", "",
        *tables.kind_table(found, "sizes", "platform"),
        "", "### How sure, and how right", "", "![Share of right causes over stated confidence](explanation.svg)", "",
        *tables.calibration_table(found),
        "", "### What was said of which fault", "", *tables.confusion_table(found),
    ]  # fmt: skip
    if "nezha" in record:
        out += ["", "### The public day", "", *tables.nezha_table(record["nezha"]), "", *record["nezha"]["lines"]]
    if "samples" in record:
        out += ["", "### How many traces", "", *tables.sample_table(record["samples"])]
    if "streams" in record:
        out += ["", "### Hours of telemetry", "", *tables.stream_table(record["streams"])]
    return [*out, "", "### What goes wrong", "", *_failures(found["failures"])]


def plot(record: Record) -> str:
    """Right share over stated confidence, a dot a bin, its size by how often it was said; the diagonal is honest."""

    def at(said: float, right: float) -> tuple[float, float]:
        return LEFT + said * SIDE, TOP + SIDE - right * SIDE

    out = [line("axis", at(0, 0), at(1, 0)), line("axis", at(0, 0), at(0, 1)), line("bound", at(0, 0), at(1, 1))]
    for share in (0.0, 0.5, 1.0):
        out.append(label((at(share, 0)[0], at(0, 0)[1] + 18), f"{share:g}", "middle"))
        out.append(label((LEFT - 8, at(0, share)[1] + 4), f"{share:g}", "end"))
    out.append(label((LEFT + SIDE, at(0, 0)[1] + 36), "stated confidence", "end"))
    out.append(label((LEFT - 50, TOP - 12), "share of causes that are right"))
    for place, name in enumerate(COLOURS):
        if name not in record["catalogue"]["all"]:
            continue
        bins = [one for one in record["catalogue"]["all"][name]["calibration"]["bins"] if one["count"]]
        places = [at(one["said"], one["right"]) for one in bins]
        out.append(curve(COLOURS[name], places))
        for (x, y), one in zip(places, bins, strict=True):
            out.append(
                f'<circle class="{COLOURS[name]}" cx="{x:.1f}" cy="{y:.1f}" r="{2 + one["count"] ** 0.5 / 3:.1f}"/>'
            )
        out.append(
            line(f"{COLOURS[name]} curve", (LEFT + SIDE + 20, 60 + 22 * place), (LEFT + SIDE + 40, 60 + 22 * place))
        )
        out.append(label((LEFT + SIDE + 46, 64 + 22 * place), name))
    return document(560, 390, "Share of right causes over stated confidence", out, ".curve{fill:none;stroke-width:2}")


def page(text: str, record: Record) -> str:
    """The page with its tables renewed."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n" + "\n".join(parts(record)) + f"\n\n{END}{after}"


def _failures(lines: Iterable[str]) -> Sequence[str]:
    """Failures by kind, in the order of the catalogue."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in lines:
        kind = next(name for name in sorted(KINDS, key=len, reverse=True) if one.startswith(f"{name}, seed "))
        found[kind].append(one[len(kind) + 2 :])
    out: list[str] = []
    for kind in KINDS:
        if kind in found:
            out += [f"**{kind}**", "", *(f"- {one}" for one in found[kind]), ""]
    return out[:-1] or ["Nothing."]


def main() -> None:
    publish(
        __doc__,
        "bench.explain.page",
        SCORES,
        lambda record: {PAGE: page(PAGE.read_text(encoding="utf-8"), record), PLOT: plot(record)},
    )


if __name__ == "__main__":
    main()
