"""Whether the engine notices that it is late itself."""

from aiops.engine.lateness import Lateness

STEP = 3.0


def test_cycles_in_time_are_no_reason_to_doubt() -> None:
    pace = Lateness(STEP)
    assert {pace.note(100.0 + STEP * number) for number in range(20)} == {""}


def test_one_long_pause_is_an_accident() -> None:
    pace = Lateness(STEP)
    times = [100.0, 103.0, 4000.0, *(4000.0 + STEP * number for number in range(1, 9))]
    assert {pace.note(at) for at in times} == {""}


def test_a_clock_that_was_set_back_is_no_lateness() -> None:
    pace = Lateness(STEP)
    assert {pace.note(at) for at in (100.0, 103.0, 50.0, 53.0, 20.0, 23.0)} == {""}


def test_late_cycles_are_said_until_they_are_in_time_again() -> None:
    pace, at = Lateness(STEP), 100.0
    said = []
    for wait in (3, 3, 8, 3, 12, *[3] * 12):
        at += wait
        said.append(pace.note(at))
    assert said[:4] == [""] * 4
    assert "2 of the engine's last 4 cycles were late, by up to 9 s" in said[4]
    assert said[-1] == ""
