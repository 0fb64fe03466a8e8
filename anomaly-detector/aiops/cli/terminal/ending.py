"""How commands end that did not find or make what they were to, and files that are written whole or not at all."""

import contextlib
from pathlib import Path
from typing import Any

import click

from aiops.model.safe import NEWLINE, visible


class Failed(click.ClickException):
    """What was checked is not so."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"aiops: {visible(self.message, keep=NEWLINE)}", err=True, file=file)


def write(path: Path, text: str) -> None:
    """Write beside and rename, so that a full disk leaves what was there."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise Failed(f"cannot write {path}: {error.strerror}") from None
