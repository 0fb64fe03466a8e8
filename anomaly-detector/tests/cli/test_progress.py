"""How far a long command is, where there is no terminal."""

import pytest

from aiops.cli.terminal.progress import ProgressLines, advancing


class Clock:
    time = 100.0

    def __call__(self) -> float:
        return self.time


def test_a_line_is_said_every_five_seconds_at_most(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = ProgressLines("judging", 36_000, "points", clock)
    for _ in range(36):
        clock.time += 0.7
        lines.add(1000)
    assert capsys.readouterr().err.splitlines() == [
        "judging: 8,000 of 36,000 points",
        "judging: 16,000 of 36,000 points",
        "judging: 24,000 of 36,000 points",
        "judging: 32,000 of 36,000 points",
    ]


def test_nothing_is_said_of_what_is_done_soon(capsys: pytest.CaptureFixture[str]) -> None:
    with advancing("judging", 10, "points") as done:
        for _ in range(10):
            done(1)
    assert capsys.readouterr().err == ""


def test_the_end_is_no_news(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = ProgressLines("judging", 10, "points", clock)
    clock.time += 60
    lines.add(10)
    assert capsys.readouterr().err == ""
