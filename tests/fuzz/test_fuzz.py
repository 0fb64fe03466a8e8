"""Each target reads its seeds, and some thousands of inputs made of them; a target that breaks is told."""

import platform
import sys
import time
from pathlib import Path

import pytest

from fuzz import __main__ as fuzz
from fuzz.making import SEEDS, seeds
from fuzz.targets import TARGETS, Exports

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64" or sys.version_info >= (3, 14),
    reason="atheris has no wheel for this machine",
)
INPUTS = 1000
"""Inputs of each target; `make fuzz` reads a million in all."""


def test_the_seeds_are_those_that_are_written() -> None:
    made = {(target, name): content for target, name, content in seeds()}
    kept = {(one.parent.name, one.name): one.read_bytes() for one in SEEDS.glob("*/*")}
    assert kept == made
    assert {target for target, _ in made} == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_inputs_are_taken_or_refused(target: str) -> None:
    outcome = fuzz.tried(target, INPUTS, seed=1)
    assert outcome.right, outcome.log[-4000:]
    assert outcome.inputs >= INPUTS


def test_the_path_of_the_receiver_is_reached() -> None:
    assert fuzz.tried("spans", 500, seed=1).reached > 300


def test_an_input_that_breaks_its_target_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "sitecustomize.py"
    broken.write_text(
        "from aiops.sources.receiver import otlp_proto\n"
        "def refuse(body, rows):\n    raise IndexError('made for this test')\n"
        "otlp_proto.spans = refuse\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(fuzz, "ARTIFACTS", tmp_path / "kept")
    outcome = fuzz.tried("spans", 100, seed=1)
    assert not outcome.right
    assert "made for this test" in outcome.log
    assert Path(outcome.crash).is_file()


def test_an_input_that_takes_too_long_breaks_its_target(monkeypatch: pytest.MonkeyPatch) -> None:
    run = pytest.importorskip("fuzz.run")
    monkeypatch.setattr(run, "SECONDS", 0.01)

    def slow(_: bytes) -> None:
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass

    with pytest.raises(AssertionError, match="s of CPU for 3 bytes"):
        run.in_time(slow)(b"abc")


def test_an_answer_out_of_proportion_breaks_its_target() -> None:
    target = TARGETS["spans"]()
    assert isinstance(target, Exports)
    body = (SEEDS / "spans" / "valid").read_bytes()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("fuzz.targets.PER_BYTE", 0)
        patched.setattr("fuzz.targets.ROWS", 100)
        with pytest.raises(AssertionError, match="bytes for the store"):
            target(body)
