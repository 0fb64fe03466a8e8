"""Pages for people, rendered on the server: incidents, one incident, one trace. They need nothing but the engine."""

from aiops.web.pages import add_pages

__all__ = ["add_pages"]
