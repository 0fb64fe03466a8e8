"""What detectors' scores amount to, and how it is printed. The boundary is 1.0 for all detectors and all series."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from aiops.backtest.scoring import APART, RULES
from bench import clouds, nab
from bench.detection_run import Scored
from bench.series import Floats, Series, columns, need, numbers

BOUNDARY: Final = 1.0
LEVELS: Final = 64
TOLERANCE: Final = 0.005
SHORT: Final = {"standard": "std", "reward_low_FP_rate": "lowFP", "reward_low_FN_rate": "lowFN"}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Nab:
    """The set, ready for scoring."""

    sheets: list[nab.Sheet]
    weights: dict[str, nab.Weights]


def nab_result(data: Nab, scored: Scored) -> dict[str, Any]:
    """Scores by profile: at the boundary, at NAB's own threshold, and both again of what is notified; what was lost."""
    detected = {name: scores >= BOUNDARY for name, scores in scored.told.items()}
    told = {one.series.name: nab.notified(one.series.times, detected[one.series.name]) for one in data.sheets}
    best = {name: nab.optimised(data.sheets, scored.told, weights) for name, weights in data.weights.items()}
    best_told = _best_notified(data, scored.told)
    standard = data.weights["standard"]
    return {
        "fixed": {name: nab.score(data.sheets, detected, weights) for name, weights in data.weights.items()},
        "optimised": {name: value for name, (value, _) in best.items()},
        "optimised_threshold": {name: _number(threshold) for name, (_, threshold) in best.items()},
        "notified_fixed": {name: nab.score(data.sheets, told, weights) for name, weights in data.weights.items()},
        "notified_optimised": {name: value for name, (value, _) in best_told.items()},
        "notified_optimised_threshold": {name: _number(threshold) for name, (_, threshold) in best_told.items()},
        "losses": [asdict(loss) for loss in nab.losses(data.sheets, detected, standard)],
        "notified_losses": [asdict(loss) for loss in nab.losses(data.sheets, told, standard)],
        "cpu_seconds": scored.cpu,
    }


def clouds_result(sets: Sequence[Series], scored: Scored) -> dict[str, Any]:
    """Of events: at the boundary; with every labelled run apart; and the best there is within the bound."""
    detected = {name: scores >= BOUNDARY for name, scores in scored.scores.items()}
    bound, level = clouds.within_bound(sets, scored.scores, RULES)
    return {
        "fixed": clouds.count(sets, detected, RULES).document(),
        "runs_apart": clouds.count(sets, detected, APART).document(),
        "optimised_within_bound": {**bound.document(), "threshold": _number(level)},
        "cpu_seconds": scored.cpu,
    }


def published(folder: Path, data: Nab, say: Say) -> bool:
    """Score the result files of published detectors; returns whether NAB's own figures come out."""
    root = folder / nab.FOLDER / "results"
    if not root.exists():
        say("NAB's rules are not checked: its results folder is not there")
        return True
    thresholds = nab.json_of(folder / nab.FOLDER / "config" / "thresholds.json")
    final = nab.json_of(root / "final_results.json")
    worst = 0.0
    for name in nab.PUBLISHED:
        scores = {one.series.name: _published_scores(root, name, one.series.name) for one in data.sheets}
        parts = []
        for profile, weights in data.weights.items():
            threshold = thresholds[name][profile]["threshold"]
            got = nab.score(data.sheets, {file: one >= threshold for file, one in scores.items()}, weights)
            worst = max(worst, abs(got - final[name][profile]))
            parts.append(f"{SHORT[profile]} {got:.2f} (published {final[name][profile]:.2f})")
        told = _best_notified(data, scores)
        say(f"  {name:<18}{', '.join(parts)}; notified, {_three({key: one for key, (one, _) in told.items()})}")
    say(f"  largest difference {worst:.1e}")
    return worst <= TOLERANCE


def print_nab(results: Mapping[str, dict[str, Any]], data: Nab, say: Say) -> None:
    """The scores, a line a detector."""
    windows = sum(len(one.series.spans) for one in data.sheets)
    say(f"\nNAB: {len(data.sheets)} series, {windows} windows. Standard / low-FP / low-FN")
    say(f"{'':<18}{'every row, as NAB counts':^50}{'notified once in 4 h':^50}")
    say(f"{'':<18}{'at 1.0':>25}{'NAB-optimised':>25}{'at 1.0':>25}{'optimised':>25}{'CPU s':>8}")
    for name, one in results.items():
        parts = (one[key] for key in ("fixed", "optimised", "notified_fixed", "notified_optimised"))
        say(f"{name:<18}{''.join(f'{_three(part):>25}' for part in parts)}{one['cpu_seconds']:>8.2f}")


def print_clouds(results: Mapping[str, dict[str, Any]], sets: Sequence[Series], say: Say) -> None:
    """Of events, a line a detector."""
    runs, days = sum(len(one.spans) for one in sets), sum(one.days for one in sets)
    events = clouds.count(sets, {one.name: np.zeros(len(one.times), dtype=np.bool_) for one in sets}, RULES)
    say(f"\nCloud monitoring: {len(sets)} series, {days:.0f} series-days, {runs} labelled runs, {events.events} events")
    say(f"{'':<18}{'at 1.0':^67}{'apart':>9}{f'best with <= {clouds.BOUND:.2f} false/day':>36}")
    heads = ("F1", "precision", "recall", "recall<=7", "false/day", "delay", "alerting")
    widths = (7, 10, 10, 10, 10, 10, 10)
    head = "".join(f"{text:>{width}}" for text, width in zip(heads, widths, strict=True))
    say(f"{'':<18}{head}{'F1':>9}{'F1':>12}{'false/day':>12}{'threshold':>12}{'CPU s':>8}")
    for name, one in results.items():
        fixed, best = one["fixed"], one["optimised_within_bound"]
        keys = ("f1", "precision", "recall", "recall_in_time", "false_a_day", "delay", "alerting")
        cells = "".join(f"{_cell(fixed[key], key):>{width}}" for key, width in zip(keys, widths, strict=True))
        say(f"{name:<18}{cells}{one['runs_apart']['f1']:>9.3f}{best['f1']:>12.3f}{best['false_a_day']:>12.3f}"
            f"{_cell(best['threshold'], 'threshold'):>12}{one['cpu_seconds']:>8.2f}")  # fmt: skip


def print_losses(name: str, losses: Sequence[dict[str, Any]], most: int, say: Say) -> None:
    """The files where a detector lost most."""
    say(f"\nNAB files where {name} lost most, at 1.0, standard profile: raw points below the perfect score")
    for loss in losses[:most]:
        say(f"  {loss['lost']:>7.2f}  {loss['file']:<62}{loss['missed']} of {loss['windows']} windows missed, "
            f"{loss['false']} false detections")  # fmt: skip


def _best_notified(data: Nab, scores: Mapping[str, Floats]) -> dict[str, tuple[float, float]]:
    """The best score of what is notified, and its threshold, by profile; tried at the
    boundary, and at so many others as LEVELS."""
    every = np.sort(np.concatenate([scores[one.series.name] for one in data.sheets]))[::-1]
    places = np.geomspace(1, len(every) // 2, LEVELS).astype(np.int64) - 1
    levels = np.unique(np.append(every[places], BOUNDARY))[::-1]
    best = dict.fromkeys(data.weights, (0.0, math.inf))
    for level in levels[levels > 0]:
        detected = {one.series.name: scores[one.series.name] >= level for one in data.sheets}
        told = {one.series.name: nab.notified(one.series.times, detected[one.series.name]) for one in data.sheets}
        for profile, weights in data.weights.items():
            best[profile] = max(best[profile], (nab.score(data.sheets, told, weights), float(level)))
    return best


def _published_scores(root: Path, detector: str, name: str) -> Floats:
    category, file = name.split("/")
    path = root / detector / category / f"{detector}_{file}.gz"
    (scores,) = columns(need(path, "a published detector's scores"), ("anomaly_score",))
    return numbers(scores)


def _number(value: float) -> float | None:
    """JSON has no infinity."""
    return value if math.isfinite(value) else None


def _cell(value: float | None, key: str) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if key == "alerting" else f"{value:.1f}" if key == "delay" else f"{value:.3f}"


def _three(scores: Mapping[str, float]) -> str:
    return " / ".join(f"{scores[profile]:.1f}" for profile in nab.PROFILES)
