"""`aiops backtest`: what would have been alerted, on a file of values or on the history that is stored."""

from aiops.cli.backtest.command import backtest

__all__ = ["backtest"]
