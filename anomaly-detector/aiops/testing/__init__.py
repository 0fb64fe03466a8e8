"""Helpers for tests and benchmarks of an engine: a clock that they set, sources, an assembly, and a way to wait."""

from aiops.testing.assembly import Sources, assemble, empty_store
from aiops.testing.clock import GivenClock
from aiops.testing.sources import NoTelemetry
from aiops.testing.waiting import never, until

__all__ = ["GivenClock", "NoTelemetry", "Sources", "assemble", "empty_store", "never", "until"]
