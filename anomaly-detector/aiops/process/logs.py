"""The log, the same for every process: to stderr, times in UTC, one line per event."""

import logging
import sys
import time
from types import TracebackType
from typing import Final

from aiops.model.safe import visible

FORM: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
UTC: Final = "%Y-%m-%dT%H:%M:%SZ"
INSIDE: Final = "  | "
"""The prefix of each line of a traceback, so that none looks like a line of the log."""

_Error = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Formatter(logging.Formatter):
    """A formatter in which texts from outside cannot end a line or control a terminal."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(FORM, UTC)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Format a message, with invisible characters escaped."""
        return visible(super().formatMessage(record))

    def formatException(self, ei: _Error) -> str:
        """Format a traceback, each line with INSIDE."""
        return _inside(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        """Format a stack, each line with INSIDE."""
        return _inside(super().formatStack(stack_info))


def configure(level: str) -> None:
    """Log from this level on, and suppress routine messages of libraries. Colours and progress bars belong to data on a
    terminal, not to logs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # an attempt that is retried is no news


def _inside(text: str) -> str:
    return "\n".join(INSIDE + visible(line) for line in text.split("\n"))
