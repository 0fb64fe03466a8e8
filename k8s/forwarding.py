"""A Service of the cluster under an address of this machine, for as long as it is needed."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from tools.native.command import UsageError, end

START_SECONDS = 30.0
POLL_SECONDS = 0.05
MOST_BYTES = 4096
LISTENS = re.compile(r"^Forwarding from 127\.0\.0\.1:(\d+) ->", re.MULTILINE)


@contextmanager
def forwarded(kubectl: str, namespace: str, service: str, port: str) -> Iterator[str]:
    """The address of a Service's port by its name, on a free port of loopback. Raises UsageError.

    `kubectl port-forward` leads to one pod of it, and ends with the block in every case.
    """
    command = [kubectl, "port-forward", "--namespace", namespace, "--address", "127.0.0.1", f"service/{service}"]
    # Not a pipe: it says a line for each connection, and would wait where nobody reads them.
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*command, f":{port}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield f"http://127.0.0.1:{_port(process, log)}"
        except UsageError as error:
            if process.poll() is not None and LISTENS.search(_said(log)):
                raise UsageError(f"{error}\nkubectl port-forward had ended: {_said(log)}") from None
            raise
        finally:
            end(process)


def _port(process: "subprocess.Popen[str]", log: IO[str]) -> str:
    over = time.monotonic() + START_SECONDS
    while not (found := LISTENS.search(_said(log))):
        if process.poll() is not None:
            raise UsageError(f"kubectl port-forward: {_said(log)}")
        if time.monotonic() > over:
            raise UsageError(f"kubectl port-forward does not listen after {START_SECONDS:.0f} s: {_said(log)}")
        time.sleep(POLL_SECONDS)
    return found[1]


def _said(log: IO[str]) -> str:
    # Not by reading on: the process writes where the file stands, and it is the same one.
    return os.pread(log.fileno(), MOST_BYTES, 0).decode(errors="replace").strip()
