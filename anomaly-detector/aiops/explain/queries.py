"""What a client span says it asked a database for."""

from collections.abc import Mapping, Sequence

from aiops.model import Span, names


def statement(client: Span) -> str:
    """What a query does, in few words that many queries share: its summary, else its operation and collection, else the
    span's name; "" where no database was asked."""
    pairs = client.attributes
    if not _first(pairs, names.DB_SYSTEM):
        return ""
    parts = (_first(pairs, names.DB_OPERATION), _first(pairs, names.DB_COLLECTION))
    return pairs.get(names.DB_QUERY_SUMMARY) or " ".join(filter(None, parts)) or client.name


def _first(pairs: Mapping[str, str], keys: Sequence[str]) -> str:
    return next((value for key in keys if (value := pairs.get(key))), "")
