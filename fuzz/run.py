"""One target in one process, which libFuzzer ends: `python -m fuzz.run TARGET [options of libFuzzer]`."""

import sys
import time
from collections.abc import Iterator
from types import FunctionType, ModuleType

import atheris

from fuzz.targets import TARGETS, Target

MEASURED = ("aiops.sources.common", "aiops.sources.files", "aiops.sources.receiver", "aiops.api.webhook")
"""The modules whose coverage guides the inputs."""

SECONDS = 10.0
"""CPU time that one input may take. libFuzzer's own limit counts all time, and so depends on what else runs."""


def functions(module: ModuleType) -> Iterator[FunctionType]:
    """Yield the functions that a module defines, and those of its classes."""
    for one in [*vars(module).values()]:
        if getattr(one, "__module__", "") != module.__name__:
            continue
        for part in [one, *vars(one).values()] if isinstance(one, type) else [one]:
            found = getattr(part, "fget", None) or getattr(part, "__func__", part)
            if isinstance(found, FunctionType):
                yield found


def in_time(target: Target) -> Target:
    """The target, which an input breaks that takes too long."""

    def read(data: bytes) -> None:
        began = time.thread_time()
        target(data)
        took = time.thread_time() - began
        assert took < SECONDS, f"{took:.1f} s of CPU for {len(data)} bytes"

    return read


def main() -> None:
    """Run one target until it has made its inputs, or one of them breaks it."""
    # Not by atheris.instrument_imports: it takes whole distributions, and would spend most of a short run on them.
    for name in [one for one in sys.modules if one.startswith(MEASURED)]:
        for one in functions(sys.modules[name]):
            atheris.instrument_func(one)
    atheris.Setup([sys.argv[0], *sys.argv[2:]], in_time(TARGETS[sys.argv[1]]()))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
