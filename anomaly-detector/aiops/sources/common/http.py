"""The client moved to `aiops.http`; this name stays until no source uses it."""

from aiops.http import CONNECT_SECONDS, PASSING, SAID, TRIES, Client, Endpoint, Refused, Unavailable

__all__ = ["CONNECT_SECONDS", "PASSING", "SAID", "TRIES", "Client", "Endpoint", "Refused", "Unavailable"]
