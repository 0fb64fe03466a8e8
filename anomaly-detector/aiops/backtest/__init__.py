"""What would have been alerted: detectors over history, exactly as they run live. Pure computation: no clock, no
I/O."""

from aiops.backtest.alarms import Alarm, Replayed, Seen, Stretch, Wide
from aiops.backtest.curve import Column, Curve
from aiops.backtest.kinds import KnownBy, MetricKind, Recognised, as_judged
from aiops.backtest.rows import Read, TableSeries, Unreadable, read_table
from aiops.backtest.scoring import Tally
from aiops.backtest.steps import Choice, Steps
from aiops.backtest.table import TableReplay
from aiops.backtest.values import GivenGains, ValuesReplay

__all__ = [
    "Alarm",
    "Choice",
    "Column",
    "Curve",
    "GivenGains",
    "KnownBy",
    "MetricKind",
    "Read",
    "Recognised",
    "Replayed",
    "Seen",
    "Steps",
    "Stretch",
    "TableReplay",
    "TableSeries",
    "Tally",
    "Unreadable",
    "ValuesReplay",
    "Wide",
    "as_judged",
    "read_table",
]
