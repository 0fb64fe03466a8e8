"""One process of the shop, as its supervisor sees it."""

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from shop import names
from shop.profile import NEW_VERSION

OWN_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # what a new session is elsewhere, on Windows


class Child:
    """A process, and what became of it; `new`: it runs the new version of its service."""

    def __init__(
        self, name: str, arguments: Sequence[str], environ: Mapping[str, str], url: str | None = None, new: bool = False
    ) -> None:
        self.name = name
        self.url = url
        self.new = new
        self.leaving = False
        self._arguments = [sys.executable, "-m", "shop", *arguments]
        self._environ = environ

    def start(self, beside: bool = False) -> None:
        """Start the process, in a group of its own: Ctrl-C reaches the supervisor alone, which ends the rest.

        beside: another process of the service has its port. It is tied to its standard input: see `shop.parent`.
        """
        self.restart_at: float | None = None
        self.away = self.announced = False
        environ = {**self._environ, names.ENV_BESIDE: "on"} if beside else self._environ
        self.process = subprocess.Popen(
            self._arguments, env=environ, stdin=subprocess.PIPE, start_new_session=True, creationflags=OWN_GROUP
        )

    @property
    def label(self) -> str:
        """Return what people call it."""
        return f"{self.name} ({NEW_VERSION})" if self.new else self.name

    def alive(self) -> bool:
        """Return whether the process is there."""
        return self.process.poll() is None

    def leave(self) -> None:
        """Let the process answer what it has in hand, and end."""
        self.leaving = True
        if self.alive():
            self.process.send_signal(getattr(signal, "SIGUSR1", signal.SIGTERM))

    def ready(self) -> bool:
        """Return whether this very process answers, and not another that has its port."""
        if self.url is None:
            return True
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=1.0)
        try:
            connection.request("GET", "/ready")
            answer = connection.getresponse()
            state = json.loads(answer.read())
            return answer.status == 200 and isinstance(state, dict) and state.get("pid") == self.process.pid
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
