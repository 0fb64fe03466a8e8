"""`aiops backtest`: what would have been alerted, on a file of values or on stored history."""

from aiops.cli.backtest.command import backtest_command

__all__ = ["backtest_command"]
