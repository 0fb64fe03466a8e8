"""What the commands share: objectives read from paths, and YAML output."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click
import yaml

from aiops.cli.terminal.ending import Failed
from aiops.model.safe import visible
from aiops.slo import Objectives

MADE: Final = "# Made by `aiops slo rules`; change the objectives instead.\n"


def paths_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument PATH... to a command."""
    kind = click.Path(exists=True, path_type=Path)
    return click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=kind)(command)


def load_or_stop(paths: tuple[Path, ...]) -> Objectives:
    """Load objectives. Raises UsageError where they cannot be read, or where there are none."""
    # promql-parser and dateutil are imported only where objectives are read.
    from aiops.bootstrap import objectives

    try:
        found = objectives.load_objectives(paths)
    except (OSError, UnicodeError) as error:
        raise click.UsageError(f"cannot read objectives: {error}") from None
    if not found.slos and not found.problems:
        raise click.UsageError(f"there is no objective in {', '.join(str(one) for one in paths)}")
    return found


def whole(found: Objectives) -> None:
    """Print all problems; raises Failed if there are any."""
    for problem in found.problems:
        click.echo(visible(str(problem)), err=True)
    if found.problems:
        count = len(found.problems)
        raise Failed(f"{count} objective{'s are' if count > 1 else ' is'} wrong, so nothing was made")


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes long texts as blocks, and fields in their given order."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


def _number(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    """Write a number with all digits, as it was given."""
    text = f"{value:f}" if -30 < value.adjusted() < 30 else str(value)
    tag = dumper.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return dumper.represent_scalar(tag, text)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Decimal, _number)


def dumped(document: object) -> str:
    """Write a document as YAML."""
    return str(yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=4096, allow_unicode=True))
