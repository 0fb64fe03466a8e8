"""What real frameworks sent, played to the engine: the faults of each that fail, in short."""

from typing import Any

import pytest

from bench.clients import BEGIN, END, PAGE, play, recordings

SHORT = {"good": 180.0, "bad": 60.0, "after": 120.0, "calm_steps": 4}
CASES = [(one, fault) for one in recordings() for fault in one["truth"] if fault != "slow"]


@pytest.mark.parametrize(("recording", "fault"), CASES, ids=[f"{one['name']} {fault}" for one, fault in CASES])
def test_what_a_framework_sends_leads_to_the_cause(recording: dict[str, Any], fault: str) -> None:
    outcome = play(recording, fault, **SHORT)
    assert outcome.right, outcome


def test_every_fault_of_a_recording_has_its_truth() -> None:
    for one in recordings():
        assert set(one["truth"]) == set(one["phases"]) - {"good"}, one["name"]


def test_the_page_names_every_recording() -> None:
    made = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert all(f"{one['name']} ({one['versions']})" in made for one in recordings())
