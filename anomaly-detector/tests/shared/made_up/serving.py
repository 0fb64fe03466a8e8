"""The application of a made-up world at an address of this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.serving import make_server

from made_up.world import World


@contextmanager
def served(world: World) -> Iterator[str]:
    """Serve it while the block runs; the address."""
    server = make_server("127.0.0.1", 0, world.client().application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
