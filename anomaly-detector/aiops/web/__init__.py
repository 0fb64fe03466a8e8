"""Pages for people, rendered on the server: incidents, one incident, one trace. They need no other server."""

from aiops.web.pages import add_pages

__all__ = ["add_pages"]
