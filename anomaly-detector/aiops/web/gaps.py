"""Parts of a page whose source does not answer: the page is shown without them, and says what is missing."""

from collections.abc import Callable
from typing import TypeVar

from aiops.model.errors import SourceError

T = TypeVar("T")


def or_gap(ask: Callable[[], T], otherwise: T, gaps: list[str]) -> T:
    """Call a source; if it does not answer, return `otherwise` and add a line to the gaps of the page."""
    try:
        return ask()
    except SourceError as error:
        if str(error) not in gaps:
            gaps.append(str(error))
        return otherwise
