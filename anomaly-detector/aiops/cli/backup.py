"""`aiops backup` and `aiops restore`: the engine's data folder as one file, and back."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

import click

from aiops.config import ConfigError, load
from aiops.model.safe import visible
from aiops.store.backup import BackupError, Contents, check, put_back, take

_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


def _folder(command: Callable[..., Any]) -> Callable[..., Any]:
    """Not by all settings: where a backup is put back, addresses and tokens need not be known."""
    return click.option(
        "--data-dir",
        envvar="AIOPS_DATA_DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="The engine's data folder. [default: by the settings]",
    )(command)


@click.command()
@click.argument("file", type=_FILE)
@_folder
def backup(file: Path, data_dir: Path | None) -> None:
    """Copy incidents, budgets and what was learned into FILE, also while the engine runs.

    FILE must not be there yet; `-` is standard output. Telemetry is not copied: what an engine keeps of it by itself,
    where it has no Tempo or no Prometheus, is forgotten after `retention_hours` in any case.
    """
    folder = _chosen(data_dir)
    try:
        if str(file) == "-":
            contents = take(folder, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            contents = _into(file, folder)
    except (BackupError, OSError) as error:
        _fail(error)
    click.echo(f"{folder} as of now: {_said(contents)}", err=True)


@click.command()
@click.argument("file", type=_FILE)
@_folder
@click.option("--replace", is_flag=True, help="Keep what is there already beside it, as *.before-restore-<time>.")
@click.option("--check", "only_check", is_flag=True, help="Read FILE through, and change nothing.")
def restore(file: Path, data_dir: Path | None, replace: bool, only_check: bool) -> None:
    """Put back what `aiops backup` copied into FILE, into an empty data folder whose engine does not run.

    FILE is read through before anything is written: one that is damaged, foreign or of a newer release is refused. `-`
    is standard input.
    """
    try:
        with click.open_file(str(file), "rb") as opened:
            contents = _read(opened, data_dir, replace, only_check)
    except (BackupError, OSError) as error:
        _fail(error)
    click.echo(f"{'sound' if only_check else 'put back'}: {_said(contents)}", err=True)


def _read(opened: IO[bytes], data_dir: Path | None, replace: bool, only_check: bool) -> Contents:
    return check(opened) if only_check else put_back(opened, _chosen(data_dir), replace)


def _into(file: Path, folder: Path) -> Contents:
    """Write beside, sync, then rename: there is never half a backup under its name."""
    if file.exists():
        raise BackupError(f"{file} is there already")
    partial = file.with_name(f"{file.name}.partial")
    try:
        # Incidents are nobody else's to read.
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as to:
            contents = take(folder, to)
            to.flush()
            os.fsync(to.fileno())
        partial.rename(file)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    return contents


def _chosen(data_dir: Path | None) -> Path:
    if data_dir is not None:
        return data_dir.expanduser().absolute()
    try:
        return load().data_dir
    except ConfigError as error:
        click.echo(f"aiops: {visible(str(error))}", err=True)
        sys.exit(2)


def _said(contents: Contents) -> str:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(contents.at))
    parts = ", ".join(f"{name} {size / 2**20:.1f} MB" for name, size in contents.sizes.items())
    return f"{parts}; taken {at} by aiops {contents.made_by}, store {contents.store}"


def _fail(error: BackupError | OSError) -> NoReturn:
    why = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
    click.echo(f"aiops: {visible(str(why))}", err=True)
    sys.exit(1)
