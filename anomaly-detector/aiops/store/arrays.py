"""Arrays and what is said of them, in one file that is replaced whole or not at all."""

import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from aiops.detect.rows import Array

DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)
"""What `read`, and using what it gave, raises where a file is not as it was written."""


def write(
    path: Path,
    index: Mapping[str, Any],
    arrays: Mapping[str, Array],
    *,
    sync: bool = True,
    written: Callable[[], None] | None = None,
) -> None:
    """Write beside, call `written`, then rename over the last one. Raises OSError when the disk does not take it.

    Without `sync` a machine that stops may leave a damaged file, but it takes less long.
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


def read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """What was said, and the arrays. Raises one of DAMAGED."""
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return orjson.loads(arrays.pop("index").tobytes()), arrays
