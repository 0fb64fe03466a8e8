"""Where every part of the stack listens: the ports the project promises, moved by one offset."""

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TARGETS = Path(__file__).parents[2] / "prometheus" / "targets" / "native"
PORTS = {
    "gateway": 3000,
    "checkout": 3011,
    "payment": 3012,
    "inventory": 3013,
    "catalog": 3014,
    "aiops": 8000,
    "otlp-grpc": 4317,
    "otlp-http": 4318,
    "aiops-otlp-grpc": 14317,
    "aiops-otlp-http": 14318,
    "prometheus": 9090,
    "alertmanager": 9093,
    "otel-collector": 8888,
    "otel-collector-health": 13133,
    "tempo": 3200,
    "tempo-grpc": 9095,
    "tempo-memberlist": 7946,
    "tempo-otlp-grpc": 24317,
    "tempo-otlp-http": 24318,
}


class BadAddress(Exception):
    """A port cannot be used; the message names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Ports and URLs by name, on loopback, `offset` above the promised ones."""

    offset: int = 0

    def __post_init__(self) -> None:
        low, high = 1 - min(PORTS.values()), 65535 - max(PORTS.values())
        if not low <= self.offset <= high:
            raise BadAddress(f"--port-offset {self.offset} puts ports outside 1..65535; give {low} to {high}")

    def port(self, name: str) -> int:
        return PORTS[name] + self.offset

    def at(self, name: str) -> str:
        """host:port"""
        return f"127.0.0.1:{self.port(name)}"

    def url(self, name: str) -> str:
        return f"http://{self.at(name)}"

    def check_free(self, names: Iterable[str], user: str) -> None:
        """Raise BadAddress if another program listens on one of these ports."""
        for name in names:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", self.port(name)))
                except OSError as error:
                    raise BadAddress(
                        f"{user} cannot listen on {self.at(name)} ({error.strerror}); end what runs there, "
                        "or move every port with --port-offset"
                    ) from None

    def write_targets(self, folder: Path, names: Iterable[str]) -> None:
        """Write what Prometheus scrapes and alerts, for the components that run: the native files, moved."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.yml"):
            old.unlink()
        for name in names:
            source = TARGETS / f"{name}.yml"
            if source.exists():
                text = source.read_text(encoding="utf-8")
                moved = re.sub(r":(\d+)\b", lambda found: f":{int(found[1]) + self.offset}", text)
                (folder / source.name).write_text(moved, encoding="utf-8")
