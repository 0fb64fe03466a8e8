"""How much one question may read, said in a sentence that helps to ask for less."""

from typing import Final

from aiops.ports import TooMuch

SAMPLES: Final = 8
"""Samples that are read for one value of an answer."""
SPANS_AT_ONCE: Final = 40_000
"""Spans that are read together, about 100 MB of them."""
SPANS_OF_ONE: Final = 20_000
SPANS_LEAST: Final = 200


def check(series: int, steps: int, most: int) -> None:
    """Raises TooMuch when an answer would hold more than `most` values (0: any number)."""
    if most and series * steps > most:
        raise TooMuch(f"{series:,} series of {steps:,} steps are {series * steps:,} values, of {most:,} allowed")


def check_samples(samples: int, most: int) -> None:
    """Raises TooMuch when more samples would be read than so many values are worth."""
    if most and samples > SAMPLES * most:
        raise TooMuch(f"{samples:,} samples would be read, of {SAMPLES * most:,} allowed")


def spans_each(traces: int) -> int:
    """How many spans of each of so many traces are read; those that failed and those that took longest come first."""
    return max(SPANS_LEAST, min(SPANS_OF_ONE, SPANS_AT_ONCE // max(traces, 1)))
