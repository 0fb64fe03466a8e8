"""Starting, watching and ending components, with small programs in their place."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from aiops.testing.waiting import never, until
from tools.native import process, stack
from tools.native.addresses import Addresses, BadAddress
from tools.native.build import Programs
from tools.native.components import Component, Options
from tools.native.process import NotReady
from tools.native.stack import InUse, Stack

OFFSET = 16_000
WEB = """import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), SimpleHTTPRequestHandler).serve_forever()"""


def program(name: str, at: Addresses, code: str = WEB, **more: float) -> Component:
    command = (sys.executable, "-c", code, str(at.port(name)))
    return Component(name, command, (at.url(name),), (name,), **more)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]) -> Callable[..., Stack]:
    """A stack of small programs; its configuration is nobody's."""

    def build(*planned: Component) -> Stack:
        monkeypatch.setattr(stack, "components", lambda _options, _at: iter(planned))
        monkeypatch.setattr(stack, "lay_out", lambda _options, _at, _names: None)
        return Stack(Options(Programs(tmp_path), tmp_path / "data", OFFSET, tempo=False), said.append)

    return build


AT = Addresses(OFFSET)


def test_it_starts_in_order_and_ends_everything(make: Callable[..., Stack], said: list[str]) -> None:
    stack = make(program("prometheus", AT), program("alertmanager", AT))
    with stack:
        assert [line.split()[0] for line in said] == ["prometheus", "alertmanager"]
        assert set(stack.urls) == {"prometheus", "alertmanager"}
        assert requests.get(stack.urls["alertmanager"], timeout=2).ok
    assert not any(stack.alive(name) for name in stack.components)
    AT.check_free(("prometheus", "alertmanager"), "the test")


def test_one_that_dies_is_said_and_started_again(make: Callable[..., Stack], said: list[str]) -> None:
    with make(program("prometheus", AT)) as stack:
        first = stack.pid("prometheus")
        process.os.kill(first, signal.SIGKILL)
        until(lambda: stack.pid("prometheus") != first and stack.alive("prometheus"))
    assert any(line.startswith("prometheus ended with status -9; it starts again in 1 s") for line in said)


def test_one_that_is_killed_stays_dead_until_it_is_restarted(make: Callable[..., Stack]) -> None:
    with make(program("prometheus", AT)) as stack:
        stack.kill("prometheus")
        never(lambda: stack.alive("prometheus"), 1.5, "longer than the first pause before a restart")
        stack.restart("prometheus")
        assert requests.get(stack.urls["prometheus"], timeout=2).ok


def test_one_that_does_not_come_up_is_named_with_its_last_words(make: Callable[..., Stack]) -> None:
    stack = make(program("prometheus", AT), program("alertmanager", AT, "raise SystemExit('no such storage')"))
    with pytest.raises(NotReady, match=r"(?s)alertmanager ended with status 1.*no such storage.*alertmanager\.log"):
        stack.start()
    assert not stack.alive("prometheus"), "all or nothing"


def test_one_that_never_answers_is_given_up_at_its_deadline(make: Callable[..., Stack]) -> None:
    stack = make(program("prometheus", AT, "import signal; signal.pause()", start_seconds=0.5))
    with pytest.raises(NotReady, match="prometheus is not ready after 0 s"):
        stack.start()


def test_one_that_ignores_its_end_is_killed(make: Callable[..., Stack], said: list[str]) -> None:
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{WEB}"
    with make(program("prometheus", AT, deaf, stop_seconds=0.5)) as stack:
        pass
    assert not stack.alive("prometheus")
    assert said[-1] == "  prometheus did not end in 0 s and was killed"


def test_a_port_in_use_is_one_sentence(make: Callable[..., Stack]) -> None:
    with make(program("prometheus", AT)), pytest.raises(BadAddress, match=r"tempo cannot listen on 127\.0\.0\.1:25090"):
        AT.check_free(("prometheus",), "tempo")


def test_two_stacks_do_not_share_a_folder(make: Callable[..., Stack]) -> None:
    with make(program("prometheus", AT)), pytest.raises(InUse, match="another stack runs on"):
        make(program("alertmanager", AT)).start()
