"""What tests of the whole engine start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .world import Watched


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """An engine that is sent nothing yet."""
    one = Watched(tmp_path)
    yield one
    one.close()
