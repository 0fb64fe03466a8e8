"""Arrays and their description in one file, which is replaced as a whole or not at all."""

import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from aiops.model.arrays import Array

DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)
"""The errors that `read_arrays`, and the use of its result, raise for a damaged file."""


def write_arrays(
    path: Path,
    index: Mapping[str, Any],
    arrays: Mapping[str, Array],
    *,
    sync: bool = True,
    written: Callable[[], None] | None = None,
) -> None:
    """Write to a file beside the target, call `written`, then rename it over the target. Raises OSError when the disk
    is full.

    Without `sync` a machine that stops may leave a damaged file, but it is faster.
    """
    said = np.frombuffer(orjson.dumps(index), dtype=np.uint8)
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, index=said, **arrays)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        if written:
            written()
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read_arrays(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the description and the arrays. Raises one of DAMAGED."""
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return orjson.loads(arrays.pop("index").tobytes()), arrays
