"""What is said of a cause in words, alike in pages and notifications."""

from aiops.model.incident import Cause

SURE = ((0.9, "almost certain"), (0.7, "likely"), (0.4, "possible"), (0.0, "a weak hint"))


def sure(confidence: float) -> str:
    """How sure, in words."""
    return next(words for bound, words in SURE if confidence >= bound)


def place(cause: Cause) -> str:
    """Where a cause is: `payment POST /payment`."""
    parts = (cause.service, cause.method, cause.endpoint)
    where = " ".join(part for part in parts if part)
    return f"{cause.caller} → {where}" if cause.caller else where
