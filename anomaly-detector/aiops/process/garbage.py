"""Python's search for cyclic garbage, suspended while many objects without cycles are created."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held() -> Iterator[None]:
    """Suspend the search for cyclic garbage. Tens of thousands of series, or the nodes of a large document, trigger it
    again and again over a large heap: it would take as long as the work itself, or longer."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
