"""Limits on how much one query may read, with messages that help to ask for less."""

from typing import Final

from aiops.model.errors import TooMuch

SAMPLES: Final = 8
"""The samples that may be read for one value of an answer."""
SPANS_AT_ONCE: Final = 40_000
"""The spans that are read together: about 100 MB."""
SPANS_OF_ONE: Final = 20_000
SPANS_LEAST: Final = 200


def check_size(series: int, steps: int, most: int) -> None:
    """Raise TooMuch when an answer would hold more than `most` values (0: any number)."""
    if most and series * steps > most:
        raise TooMuch(f"{series:,} series of {steps:,} steps are {series * steps:,} values, of {most:,} allowed")


def check_samples(samples: int, most: int) -> None:
    """Raise TooMuch when more samples would be read than `most` values justify."""
    if most and samples > SAMPLES * most:
        raise TooMuch(f"{samples:,} samples would be read, of {SAMPLES * most:,} allowed")


def check_spans(found: int, most: int) -> None:
    """Raise TooMuch when more spans were found than `most`."""
    if found > most:
        raise TooMuch(f"more than {most:,} spans ended in that time")


def spans_each(traces: int) -> int:
    """Return how many spans of each of so many traces are read; failed spans and the longest spans come first."""
    return max(SPANS_LEAST, min(SPANS_OF_ONE, SPANS_AT_ONCE // max(traces, 1)))
