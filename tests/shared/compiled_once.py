"""What numba compiles is compiled once, before the processes of xdist begin.

It is kept beside the sources: from then on this takes a second. Processes that compile it at the same time would each
take 24 s of CPU, and now and then read from the other a part that lacks what it needs.
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
def pytest_xdist_setupnodes() -> None:
    """Compile."""
    if find_spec("numba") is not None:
        subprocess.run([sys.executable, "-c", COMPILE], check=True)
