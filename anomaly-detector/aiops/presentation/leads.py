"""Sentences of an incident's page that lead to what proves them, or to what to open."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lead:
    """One sentence, and where it leads: an anchor of the page (`#changes`), an address, or "". words: what opens there,
    such as `the failing span`."""

    text: str
    link: str = ""
    words: str = ""
