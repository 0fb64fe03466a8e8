"""What all tests share, wherever they are."""

import gc
import logging
from collections.abc import Generator

import examples
import pytest

pytest_plugins = ["allowed_skips", "compiled_once", "pytester"]

examples.load()

LONG = (
    "tests/pages/",
    "anomaly-detector/tests/api/test_schema.py",
    "anomaly-detector/tests/engine/",
    "anomaly-detector/tests/sources/test_embedded_receiver.py",
    "anomaly-detector/tests/backtest/test_steps.py",
    "anomaly-detector/tests/cli/test_main.py",
    "anomaly-detector/tests/cli/test_smoke.py",
    "anomaly-detector/tests/detect/test_rhythm.py",
    "e2e/test_operations.py",
    "tests/bench/test_ageing.py",
    "tests/bench/test_clients.py",
    "tests/bench/test_explain.py",
)
"""Modules that take longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process works on it alone in the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    """Leave thousands of tests out of the search for cyclic garbage, which would go through them again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Clean up as Python does without tests."""
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Undo what a test changes in the log: a command that it runs sets levels and handlers of the whole process.

    This is a hook and no fixture: what fixtures of a module or a session change, runs before any fixture of a test.
    """
    root = logging.getLogger()
    loggers = [root, *(one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    before = [(one, one.level, one.propagate, one.disabled) for one in loggers]
    handlers, off = list(root.handlers), root.manager.disable
    result = yield
    for one, level, propagate, disabled in before:
        one.setLevel(level)
        one.propagate = propagate
        one.disabled = disabled
    root.handlers[:] = handlers
    logging.disable(off)
    return result
