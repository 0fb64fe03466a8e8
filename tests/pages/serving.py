"""Pages of an engine at an address of this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask
from werkzeug.serving import make_server

from bench.rig import Rig


@dataclass(frozen=True, slots=True)
class Shown:
    """An engine, its application, and the address of its pages."""

    rig: Rig
    app: Flask
    url: str

    @property
    def incident(self) -> str:
        """The path of its newest incident."""
        return f"/incidents/{self.rig.incidents()[0].id}"


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve pages on a free port; the address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()
