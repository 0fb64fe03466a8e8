"""The one HTTP client, and the one HTTP server (`serving`)."""

from aiops.http.client import Client, Endpoint, RequestRejected, TooLarge, Unavailable, reason

__all__ = ["Client", "Endpoint", "RequestRejected", "TooLarge", "Unavailable", "reason"]
