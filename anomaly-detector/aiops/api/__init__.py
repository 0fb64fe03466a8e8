"""JSON over HTTP: the use cases under /aiops, described by OpenAPI; errors are RFC 9457 problems."""

from aiops.api.app import create_app
from aiops.api.guard import door, refuse_unlisted, security_headers

__all__ = ["create_app", "door", "refuse_unlisted", "security_headers"]
