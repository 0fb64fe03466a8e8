"""What would have been alerted: detectors over history, exactly as they run live. Pure: no clock, no I/O."""

from aiops.backtest.alarms import Alarm, Replayed, Seen, Stretch
from aiops.backtest.rows import Read, Series, Unreadable, read
from aiops.backtest.steps import Choice, Steps
from aiops.backtest.trace import Column, Trace
from aiops.backtest.values import Gains, Values

__all__ = [
    "Alarm",
    "Choice",
    "Column",
    "Gains",
    "Read",
    "Replayed",
    "Seen",
    "Series",
    "Steps",
    "Stretch",
    "Trace",
    "Unreadable",
    "Values",
    "read",
]
