"""Python's search for cyclic garbage, held while much is made that has no cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held() -> Iterator[None]:
    """Tens of thousands of series, or the nodes of a large document, set the search off again and again over a large
    heap: it would take as long as the work itself, or longer."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
