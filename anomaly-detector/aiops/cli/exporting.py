"""Writing the post-mortem of an incident to a file or to the terminal."""

from pathlib import Path
from typing import Final

import click

from aiops.cli.remote import Remote
from aiops.cli.terminal.ending import Failed, write_out
from aiops.model.safe import LAID_OUT, visible

TERMINAL: Final = Path("-")


def export(engine: Remote, incident: str, form: str, output: Path | None, force: bool) -> None:
    """Write the post-mortem. Raises NotAnswered, and Failed where the file exists already or cannot be written."""
    if output is None:
        output = Path(f"{incident.replace('/', '_')}.{form}")
    if output != TERMINAL and output.exists() and not force:
        raise Failed(f"{output} exists already, and is not overwritten; give --force, or another name with -o")
    text = engine.export(incident, form)
    if output == TERMINAL:
        click.echo(visible(text, keep=LAID_OUT), nl=not text.endswith("\n"))
        return
    write_out(output, text)
    click.echo(f"wrote {output}", err=True)
