"""The record as text: one table for each part, the same in the terminal and on the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.explain.faults import KINDS, SAID

NOW, BEFORE = "this engine", "the earlier engine"
ALONE = "this engine, metrics alone"
COMPARED = "this engine by aiops explain"
ENGINES = (NOW, ALONE, BEFORE)

Record = Mapping[str, Any]


def overall_table(record: Record) -> list[str]:
    """Every competitor: places right, and what else engines say."""
    lines = [
        "| who | top-1 | top-3 | this engine's top-1 is better by |",
        "|---|---|---|---|",
    ]
    ordered = sorted(record["all"].items(), key=lambda pair: (pair[0] not in ENGINES, -pair[1]["top1"][0]))
    for name, one in ordered:
        better = "" if name == NOW else _difference(one["top1_of_ours_less_this"])
        lines.append(f"| {_bold(name)} | {_share(one['top1'])} | {_share(one['top3'])} | {better} |")
    return lines


def engine_table(record: Record) -> list[str]:
    """What only engines say: words, groups, silence, confidence."""
    engines = [name for name in ENGINES if name in record["all"]]
    rows = (
        ("right kind of cause", "kind"),
        ("one fault, exactly one group", "one_group"),
        ("one fault, exactly one cause", "one_cause"),
        ("two faults, two groups that name both", "two_named"),
        ("what the bad requests share is named", "dimension"),
        ("the deployment at fault is named, and no other", "change"),
        ("a deployment that is not at fault is named", "decoy"),
        ("healthy, false alarms: no cause is named", "abstains_healthy"),
        ("traffic mix: no cause, or the mix, is named", "abstains_mix"),
    )
    lines = ["| | " + " | ".join(engines) + " |", "|---|" + "---|" * len(engines)]
    for words, key in rows:
        if any(key not in record["all"][name] for name in engines):  # a record from before it was measured
            continue
        lines.append(f"| {words} | " + " | ".join(_share(record["all"][name][key]) for name in engines) + " |")
    told = [record["all"][name]["calibration"] for name in engines]
    lines.append("| causes named | " + " | ".join(f"{one['told']}" for one in told) + " |")
    lines.append("| expected calibration error | " + " | ".join(f"{one['error']:.3f}" for one in told) + " |")
    certain = " | ".join(f"{one['certain_wrong']} of {one['certain']}" for one in told)
    return [*lines, f"| said with 0.95 or more, and wrong | {certain} |"]


def kind_table(record: Record, part: str = "kinds", head: str = "fault") -> list[str]:
    """By kind: engines with top-1, top-3, word and one group; the competitors' top-1."""
    engines = [name for name in ENGINES if name in record[part]]
    others = [name for name in record[part] if name not in ENGINES]
    lines = [f"| {head} | cases | " + " | ".join(
        [*(f"{name}: top-1 / top-3 / kind / one group" for name in engines), *others]) + " |"]  # fmt: skip
    lines.append("|---|---|" + "---|" * (len(engines) + len(others)))
    for kind in record[part][NOW]:
        cells = [f"{record[part][NOW][kind]['cases']:.0f}"]
        for name in engines:
            one = record[part][name][kind]
            cells.append(" / ".join(f"{one[key]:.2f}" for key in ("top1", "top3", "kind", "one_group")))
        cells += [f"{record[part][name][kind]['top1']:.2f}" for name in others]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return lines


def confusion_table(record: Record) -> list[str]:
    """The words that this engine said first, by kind of case."""
    found = record["confusion"][NOW]
    said = [*SAID, *sorted({word for one in found.values() for word in one} - {*SAID, "none"}), "none"]
    lines = ["| fault | " + " | ".join(said) + " |", "|---|" + "---|" * len(said)]
    for kind in KINDS:
        if kind in found:
            lines.append(f"| {kind} | " + " | ".join(str(found[kind].get(word, "")) for word in said) + " |")
    return lines


def calibration_table(record: Record) -> list[str]:
    """Stated confidence against the share that was right, by engine."""
    lines = [
        "| confidence | " + " | ".join(f"{name}: right of said" for name in ENGINES if name in record["all"]) + " |"
    ]
    engines = [name for name in ENGINES if name in record["all"]]
    lines.append("|---|" + "---|" * len(engines))
    for number in range(10):
        cells = []
        for name in engines:
            one = record["all"][name]["calibration"]["bins"][number]
            cells.append(f"{one['right']:.2f} of {one['count']:.0f}" if one["count"] else "")
        lines.append(f"| {number / 10:.1f} to {(number + 1) / 10:.1f} | " + " | ".join(cells) + " |")
    return lines


def nezha_table(record: Record) -> list[str]:
    """The public day: AS@1, 3, 5 by service."""
    cases = record["cases"]
    lines = [f"| {cases} faults | AS@1 | AS@3 | AS@5 | this engine's AS@1 is better by |", "|---|---|---|---|---|"]
    ordered = sorted(record["all"].items(), key=lambda pair: (pair[0] not in (*ENGINES, COMPARED), -pair[1]["as1"][0]))
    for name, one in ordered:
        better = "" if name == NOW else _difference(one["better"])
        lines.append(
            f"| {_bold(name)} | " + " | ".join(_share(one[key]) for key in ("as1", "as3", "as5")) + f" | {better} |"
        )
    return lines


def stream_table(record: Record) -> list[str]:
    """Hours of telemetry: counts, and what was wrong."""
    lines = [
        f"Measured on commit {record['commit']}.",
        "",
        "| stream | faults | found | right cause | false incidents | a day |",
        "|---|---|---|---|---|---|",
    ]
    for one in record["rows"]:
        cells = (one["faults"], one["found"], one["right"], one["false"], f"{one['false'] / one['days']:.1f}")
        lines.append(f"| {one['name']} | " + " | ".join(str(cell) for cell in cells) + " |")
    wrong = [f"- {one['name']}: {text}" for one in record["rows"] for text in one["wrong"]]
    return [*lines, "", *wrong] if wrong else lines


def sample_table(record: Record) -> list[str]:
    """What populations of each size are worth, and cost."""
    lines = [
        "| traces of each population | top-1 | one fault, one group | healthy, none named | calibration error "
        "| CPU ms a finding |",
        "|---|---|---|---|---|---|",
    ]
    for one in record["sizes"]:
        cells = (_share(one["top1"]), _share(one["one_group"]), _share(one["abstains_healthy"]))
        lines.append(f"| {one['limit']} | {' | '.join(cells)} | {one['error']:.3f} | {1000 * one['seconds']:.0f} |")
    return lines


def failure_lines(lines: Sequence[str]) -> list[str]:
    return [f"- {line}" for line in lines]


def _share(of: Sequence[float]) -> str:
    mean, low, high = of
    return "–" if mean != mean else f"{mean:.3f} ({low:.2f}–{high:.2f})"


def _difference(of: Sequence[float]) -> str:
    mean, low, high = of
    if mean != mean:
        return "–"
    verdict = "" if low > 0 or high < 0 else ", no difference shown"
    return f"{mean:+.3f} ({low:+.2f} to {high:+.2f}){verdict}"


def _bold(name: str) -> str:
    return f"**{name}**" if name == NOW else name
