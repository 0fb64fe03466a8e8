"""A program as a function: kubectl and helm, called with their arguments."""

import contextlib
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

COMMAND_SECONDS = 180.0
END_SECONDS = 30.0


class UsageError(Exception):
    """A program ended with an error; the message is what it said."""


class Command(Protocol):
    """A program that is called with its arguments and answers with what it printed. Raises UsageError."""

    def __call__(self, *arguments: str | Path, given: str | None = None) -> str: ...


def runner(
    program: str | Path, environment: Mapping[str, str] | None = None, seconds: float | None = COMMAND_SECONDS
) -> Command:
    """Return the program as a function; `given` is its standard input, and it may take `seconds` (None: any time).

    Ctrl-C does not reach it: it is asked to end, so that it can leave things in order, and is waited for.
    """

    def command(*arguments: str | Path, given: str | None = None) -> str:
        with subprocess.Popen(
            [program, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(given, timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise UsageError(f"{Path(program).name} {arguments[0]} took longer than {seconds:g} s") from None
            except BaseException:
                end(process)
                raise
        if process.returncode != 0:
            raise UsageError((err + out).strip())
        return out

    return command


def end(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    """Ask a process to end and wait for it; make it end if it does not."""
    process.terminate()
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
    finally:
        process.kill()
        process.wait()
