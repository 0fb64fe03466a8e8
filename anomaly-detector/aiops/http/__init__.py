"""The HTTP client and the HTTP server (`serving`)."""

from aiops.http.client import AnswerTooLarge, Client, Endpoint, RequestRejected, Unavailable, reason

__all__ = ["AnswerTooLarge", "Client", "Endpoint", "RequestRejected", "Unavailable", "reason"]
