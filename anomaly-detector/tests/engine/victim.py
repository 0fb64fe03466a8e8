"""Processes to kill: `python -m engine.victim` reads one JSON line for each, and writes how it ended.

Each is forked before anything of the engine is imported, so that it starts as a new process does, only without the
second that importing libraries takes.
"""

import importlib
import json
import os
import sys
from pathlib import Path

LIBRARIES = ("duckdb", "grpc", "numpy", "orjson", "prometheus_client", "pyarrow", "pyarrow.compute", "pydantic")
LIBRARIES += ("requests", "scipy.special", "sqlalchemy", "opentelemetry.proto.collector.trace.v1.trace_service_pb2")


def main() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    assert not any(name.split(".")[0] == "aiops" for name in sys.modules)
    for line in sys.stdin:
        order = json.loads(line)
        victim = os.fork()
        if victim == 0:
            _live(**order)
        _, status = os.waitpid(victim, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _live(folder: str, crash_at: str, end: int, over_http: bool) -> None:
    """Live as told; 0 means to the end, 1 that something went wrong, minus nine that it was killed."""
    code = 1
    try:
        os.environ["AIOPS_TEST_CRASH_AT"] = crash_at
        from .script import Run

        Run(Path(folder), over_http).until(end)
        code = 0
    finally:
        if code:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        os._exit(code)


if __name__ == "__main__":
    main()
