"""The log, of every process alike: to stderr, times in UTC, one line for what happened and no more."""

import logging
import sys
import time
from types import TracebackType
from typing import Final

from aiops.model.safe import visible

FORM: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
UTC: Final = "%Y-%m-%dT%H:%M:%SZ"
INSIDE: Final = "  | "
"""Before each line of a traceback, so that none passes for one of the log."""

_Error = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Formatter(logging.Formatter):
    """Lines in which what others say cannot end a line, or speak to a terminal."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(FORM, UTC)

    def formatMessage(self, record: logging.LogRecord) -> str:
        return visible(super().formatMessage(record))

    def formatException(self, ei: _Error) -> str:
        return _inside(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        return _inside(super().formatStack(stack_info))


def configure(level: str) -> None:
    """Log from this level on, and leave out what others log that is no news. Colour and progress are for data on a
    terminal, not for logs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # a try that another follows is no news


def _inside(text: str) -> str:
    return "\n".join(INSIDE + visible(line) for line in text.split("\n"))
