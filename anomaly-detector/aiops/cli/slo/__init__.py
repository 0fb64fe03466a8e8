"""`aiops slo`: objectives checked, the rules made of them, and what they would have said and say now."""

from typing import Final

import click

from aiops.cli.slo.checking import validate
from aiops.cli.slo.history import backtest
from aiops.cli.slo.making import export, import_, rules
from aiops.cli.slo.proving import test
from aiops.cli.slo.reporting import report

CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(context_settings=CONTEXT)
def slo() -> None:
    """Objectives: check them, make rules of them, prove that the rules fire, see how they fare.

    Objectives are OpenSLO v1 documents in YAML files; a PATH is a file, or a folder that is searched for *.yaml. See
    docs/objectives.md.
    """


for command in (validate, rules, test, backtest, report, import_, export):
    slo.add_command(command)
