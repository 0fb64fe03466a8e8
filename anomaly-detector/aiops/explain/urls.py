"""What a client span's URL says of whom it called and for what."""

from aiops.model import Span, names


def path(client: Span) -> str:
    """The callee's path, without host and query: the nearest thing to its route."""
    url = _url(client)
    found = "/" + url.partition("://")[2].partition("/")[2] if url else client.attributes.get(names.URL_PATH, "")
    return found.partition("?")[0]


def host(client: Span) -> str:
    """Host and port of the URL, "" where there is none."""
    return _url(client).partition("://")[2].partition("/")[0].partition("?")[0]


def _url(client: Span) -> str:
    return next((url for name in names.URL if (url := client.attributes.get(name, ""))), "")
