"""How commands end that did not succeed, and files that are written as a whole or not at all."""

import contextlib
from pathlib import Path
from typing import Any

import click

from aiops.model.safe import NEWLINE, visible


class Failed(click.ClickException):
    """The checked condition does not hold: exit code 1."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """Print the message, with invisible characters escaped."""
        click.echo(f"aiops: {visible(self.message, keep=NEWLINE)}", err=True, file=file)


def write_out(path: Path, text: str) -> None:
    """Write to a file beside the target and rename it, so that a full disk leaves the old file."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise Failed(f"cannot write {path}: {error.strerror}") from None
