"""What numba compiles is compiled while the processes of xdist collect the tests, and not again in each of them.

It is kept beside the sources, so that this costs a second from the next time on.
"""

import subprocess
import sys
from importlib.util import find_spec
from typing import Final

import pytest

COMPILE: Final = """
import numpy as np
from aiops.detect.univariate import Tuning, compiled
values = np.arange(3.0)
compiled.judge_series((values, values, values, values), None, Tuning())
"""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Begin to compile; whoever needs it sooner, compiles for itself."""
    if find_spec("numba") is None:
        return
    process = subprocess.Popen([sys.executable, "-c", COMPILE])

    def end() -> None:
        process.kill()
        process.wait()

    config.add_cleanup(end)
