"""`aiops slo`: check objectives, generate rules from them, look back and report."""

import click

from aiops.cli.common import CONTEXT
from aiops.cli.slo.checking import validate
from aiops.cli.slo.history import backtest
from aiops.cli.slo.making import export, import_, rules
from aiops.cli.slo.proving import test
from aiops.cli.slo.reporting import report


@click.group(context_settings=CONTEXT)
def slo() -> None:
    """Objectives: check them, generate rules, prove that the rules fire, report how they stand.

    Objectives are OpenSLO v1 documents in YAML files; a PATH is a file, or a folder that is searched for *.yaml. See
    docs/objectives.md.
    """


for command in (validate, rules, test, backtest, report, import_, export):
    slo.add_command(command)
