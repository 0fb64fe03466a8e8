"""The engine's detector over stored history: what the engine itself said while it ran, however history is cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from engine.world import STEP, T0, World

from aiops import detect
from aiops.backtest import Choice, Replayed, Steps
from aiops.model import Family, Finding, SeriesState, Verdict, Window

LIVED = 135
WINDOW = Window(T0, T0 + LIVED * STEP)


@dataclass
class Recorder:
    """Keeps what the engine said of each step."""

    recorded: list[Verdict] = field(default_factory=list)

    def record(self, verdicts: Sequence[Verdict]) -> None:
        self.recorded.extend(verdicts)

    def history(self, service: str, route: str, window: Window) -> list[Verdict]:
        return []


@dataclass
class Lived:
    """An engine's life, and what it said in it: verdicts, and by time the findings."""

    world: World
    verdicts: list[Verdict]
    findings: dict[float, tuple[Finding, ...]]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Errors, then silence, then slowness, each with calm before it."""
    world = World(tmp_path_factory.mktemp("lived"))
    recorder, findings = Recorder(), {}
    world.engine.verdicts = recorder
    for number in range(LIVED):
        world.failing = 0.7 if 30 <= number < 45 else 0.0
        world.mute = 65 <= number < 95
        world.slower = 0.4 if 115 <= number < 125 else 0.0
        world.live(1)
        assert world.engine.last is not None
        assert world.engine.last.watermark is not None or number < 3
        findings[world.engine.last.watermark or 0.0] = world.engine.last.findings
    yield Lived(world, recorder.recorded, findings)
    world.close()


def replay(lived: Lived, steps_at_once: int, choice: Choice | None = None) -> tuple[Steps, list[detect.Outcome]]:
    steps, outcomes = Steps(WINDOW, STEP, choice), []
    start = WINDOW.start
    while start < WINDOW.end:
        end = min(start + steps_at_once * STEP, WINDOW.end)
        outcomes += steps.take(lived.world.source.metrics.window(detect.family_selectors(), Window(start, end), STEP))
        start = end
    return steps, outcomes


def told(found: tuple[Replayed, ...]) -> dict[tuple[str, str], int]:
    """Alarms by family and service."""
    return {(str(one.family), dict(one.series).get("service", "")): len(one.alarms) for one in found if one.alarms}


@pytest.mark.parametrize("steps_at_once", [1, 7, 1000])
def test_it_says_what_the_engine_said_bit_for_bit(lived: Lived, steps_at_once: int) -> None:
    _, outcomes = replay(lived, steps_at_once)
    last = max(lived.findings)
    verdicts = [one for outcome in outcomes for one in outcome.verdicts if one.at <= last]
    assert len(verdicts) > 3 * LIVED
    assert list(map(repr, verdicts)) == list(map(repr, lived.verdicts))
    ends = [WINDOW.start + STEP * (at + 1) for at in range(len(outcomes))]
    found = {at: one.findings for at, one in zip(ends, outcomes, strict=True) if one.findings and at <= last}
    assert found == {at: one for at, one in lived.findings.items() if one}


def test_each_trouble_is_told_once_from_its_onset_to_its_end(lived: Lived) -> None:
    steps, _ = replay(lived, 64)
    found = {(one.series, one.family): one for one in steps.results()}
    by_family = {
        family: [one for (_, of), one in found.items() if of == family]
        for family in (each.name for each in detect.FAMILIES)
    }
    payment = next(one for one in by_family[Family.ERRORS] if dict(one.series).get("service") == "payment")
    [alarm] = payment.alarms
    assert T0 + 30 * STEP < alarm.onset <= T0 + 33 * STEP
    assert alarm.onset <= alarm.start <= T0 + 36 * STEP
    assert alarm.end is not None
    assert alarm.over is not None
    assert T0 + 45 * STEP <= alarm.end <= T0 + 47 * STEP, "until the last step that looked wrong"
    assert alarm.end <= alarm.over < T0 + 60 * STEP
    assert alarm.peak.score > 1
    assert alarm.peak.observed > alarm.peak.upper
    assert {one.life for one in payment.stretches} <= {
        SeriesState.SUSPECT,
        SeriesState.INCIDENT,
        SeriesState.RECOVERING,
    }
    assert payment.stretches[0].start == alarm.onset
    assert payment.stretches[-1].end == alarm.over
    [silence] = [one for one in by_family[Family.SILENCE] if one.alarms]
    assert dict(silence.series) == {"service": "payment"}
    assert any(one.alarms for one in by_family[Family.LATENCY])
    first, last = lived.findings, max(lived.findings)
    starts = {one.start for each in found.values() for one in each.alarms if one.start <= last}
    assert starts <= {at for at, one in first.items() if one}


def test_a_choice_changes_no_verdict(lived: Lived) -> None:
    whole, _ = replay(lived, 64)
    chosen, _ = replay(lived, 64, Choice("payment"))
    of = Choice("payment")
    expected = [one for one in whole.results() if of.takes(one.series)]
    assert sorted(map(repr, chosen.results())) == sorted(map(repr, expected))
    assert len(expected) < len(whole.results())
    one, _ = replay(lived, 64, Choice(endpoint="POST /pay"))
    assert {str(each.family) for each in one.results()} == {"errors", "latency", "traffic"}
    nothing, _ = replay(lived, 64, Choice("nobody"))
    assert (nothing.results(), nothing.services) == ((), {"gateway", "payment"})


def test_what_was_over_before_the_window_is_not_told(lived: Lived) -> None:
    steps = Steps(Window(T0 + 60 * STEP, WINDOW.end), STEP)
    for _ in steps.take(lived.world.source.metrics.window(detect.family_selectors(), WINDOW, STEP)):
        pass
    found = steps.results()
    assert "errors" not in {family for family, _ in told(found)}
    assert ("silence", "payment") in told(found)
    assert min(one.first for one in found) >= T0 + 60 * STEP


def test_what_began_before_the_window_and_goes_on_is_told(lived: Lived) -> None:
    steps = Steps(Window(T0 + 40 * STEP, WINDOW.end), STEP)
    for _ in steps.take(lived.world.source.metrics.window(detect.family_selectors(), WINDOW, STEP)):
        pass
    payment = next(
        one for one in steps.results() if one.family == Family.ERRORS and dict(one.series).get("service") == "payment"
    )
    assert payment.alarms[0].start < T0 + 40 * STEP
