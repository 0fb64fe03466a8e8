"""`aiops backup` and `aiops restore`: the engine's data folder as one file, and back."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

import click

from aiops.config import ConfigError, load_settings
from aiops.model.safe import visible
from aiops.process.system import BINARY
from aiops.store.backup import BackupError, Contents, check_backup, put_back, take_backup

_FILE = click.Path(dir_okay=False, allow_dash=True, path_type=Path)


def _folder(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --data-dir only: where a backup is restored, addresses and tokens need not be known."""
    return click.option(
        "--data-dir",
        envvar="AIOPS_DATA_DIR",
        type=click.Path(file_okay=False, path_type=Path),
        help="Data folder of the engine. [default: data_dir of the settings]",
    )(command)


@click.command()
@click.argument("file", type=_FILE)
@_folder
def backup(file: Path, data_dir: Path | None) -> None:
    """Copy incidents, budgets and learned state into FILE; the engine may be running.

    FILE must not exist yet; `-` is standard output. Telemetry is not copied: an engine that stores its own telemetry
    (without Tempo or without Prometheus) deletes it after `retention_hours` in any case.

    Example: aiops backup aiops.tar
    """
    folder = _chosen(data_dir)
    try:
        if str(file) == "-":
            contents = take_backup(folder, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            contents = _into(file, folder)
    except (BackupError, OSError) as error:
        _fail(error)
    click.echo(f"{folder} as of now: {_said(contents)}", err=True)


@click.command("restore")
@click.argument("file", type=_FILE)
@_folder
@click.option("--replace", is_flag=True, help="Rename existing files to *.before-restore-<time>, instead of refusing.")
@click.option("--check", "only_check", is_flag=True, help="Only check FILE; change nothing.")
def restore_command(file: Path, data_dir: Path | None, replace: bool, only_check: bool) -> None:
    """Restore FILE, written by `aiops backup`, into the data folder of an engine that does not run.

    The folder must be empty, unless --replace is given. FILE is checked completely before anything is written: a
    damaged or foreign file, or one of a newer release, is refused. `-` is standard input.
    """
    try:
        with click.open_file(str(file), "rb") as opened:
            contents = _read(opened, data_dir, replace, only_check)
    except (BackupError, OSError) as error:
        _fail(error)
    click.echo(f"{'sound' if only_check else 'put back'}: {_said(contents)}", err=True)


def _read(opened: IO[bytes], data_dir: Path | None, replace: bool, only_check: bool) -> Contents:
    return check_backup(opened) if only_check else put_back(opened, _chosen(data_dir), replace)


def _into(file: Path, folder: Path) -> Contents:
    """Write to a file beside it, sync, then rename: there is never half a backup under its name."""
    if file.exists():
        raise BackupError(f"{file} is there already")
    partial = file.with_name(f"{file.name}.partial")
    try:
        # Other users must not read incidents.
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, 0o600), "wb") as to:
            contents = take_backup(folder, to)
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
        return load_settings().data_dir
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
