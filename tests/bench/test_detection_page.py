"""What the page of detection says is what was measured."""

import json

from bench import detection_page as made
from bench.detection_run import OURS


def test_the_tables_and_the_plot_are_those_of_the_committed_result() -> None:
    results = json.loads(made.SCORES.read_text(encoding="utf-8"))
    text = made.PAGE.read_text(encoding="utf-8")
    assert made.page(text, results) == text
    assert made.PLOT.read_text(encoding="utf-8") == made.plot(results)


def test_what_the_project_promises_of_itself_was_measured() -> None:
    """At one boundary for all series, chosen before: better than any comparator with the best of hindsight."""
    results = json.loads(made.SCORES.read_text(encoding="utf-8"))
    ours = results["clouds"][OURS]["fixed"]
    others = [one["optimised_within_bound"]["f1"] for name, one in results["clouds"].items() if name != OURS]
    assert len(others) >= 8
    assert ours["f1"] > max(others)
    assert ours["false_a_day"] <= made.BOUND
    nab = results["nab"][OURS]["fixed"]
    assert nab["standard"] >= 55
    assert nab["reward_low_FP_rate"] >= 45
