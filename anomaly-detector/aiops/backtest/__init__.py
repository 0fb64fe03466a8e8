"""What would have been alerted: detectors over history, exactly as they run live. Pure computation: no clock, no
I/O."""

from aiops.backtest.alarms import Alarm, Replayed, Seen, Stretch
from aiops.backtest.curve import Column, Curve
from aiops.backtest.rows import Read, TableSeries, Unreadable, read_table
from aiops.backtest.steps import Choice, Steps
from aiops.backtest.values import GivenGains, ValuesReplay

__all__ = [
    "Alarm",
    "Choice",
    "Column",
    "Curve",
    "GivenGains",
    "Read",
    "Replayed",
    "Seen",
    "Steps",
    "Stretch",
    "TableSeries",
    "Unreadable",
    "ValuesReplay",
    "read_table",
]
