"""A listener that closes while requests are being answered."""

import logging
import os
import socket
import threading
from typing import Any

import pytest
from waitress import wasyncore

from shop.listener import Listener


def test_an_answer_after_the_end_writes_into_nobodys_descriptor(caplog: pytest.LogCaptureFixture) -> None:
    entered, go = threading.Event(), threading.Event()

    def app(_environ: Any, start_response: Any) -> list[bytes]:
        entered.set()
        assert go.wait(10)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    bound = socket.create_server(("127.0.0.1", 0))
    listener = Listener(app, bound, threads=1)
    client = socket.create_connection(bound.getsockname())
    client.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
    while not entered.is_set():
        wasyncore.loop(0.1, use_poll=True, map=listener.sockets, count=1)
    channel = next(iter(listener.active_channels.values()))
    listener.close_all()
    readers = [os.pipe() for _ in range(4)]  # take the descriptors that are free now
    with caplog.at_level(logging.DEBUG):
        go.set()
        channel.server.pull_trigger()  # what the thread does when it noticed the end too late
        threads = [one for one in threading.enumerate() if one.name.startswith("waitress-")]
        for one in threads:
            one.join(10)
    assert not [one for one in caplog.records if one.exc_info]
    for read, write in readers:
        os.set_blocking(read, False)
        with pytest.raises(BlockingIOError):
            os.read(read, 1)
        os.close(read)
        os.close(write)
    client.close()
    bound.close()
