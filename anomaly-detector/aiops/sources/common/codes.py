"""What the codes of protocols mean for a failure: the server's fault, the caller's fault, or nothing.

The conventions define it for the span of a server; a client marks every unsuccessful code as an error. The judgement of
a request must not depend on the side that reports it, so the rule for servers applies to both.

Sources: semantic conventions for HTTP, gRPC, Connect, Dubbo, JSON-RPC and databases; PostgreSQL and Oracle error codes.
"""

import re
from typing import Final

GRPC: Final = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
"""The codes of gRPC by their numbers."""

_GRPC_FAULTS: Final = frozenset(
    ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"]
)
CALLERS_DOING: Final = tuple(code for code in GRPC[1:] if code not in _GRPC_FAULTS)
"""Codes of gRPC for faults of the caller."""

# Dubbo's own protocol, Twirp's additions, and JSON-RPC; the rest of Twirp and Connect are gRPC's in small letters.
_FAULTS: Final = _GRPC_FAULTS | {
    "SERVER_ERROR",
    "SERVER_THREADPOOL_EXHAUSTED_ERROR",
    "SERVER_TIMEOUT",
    "SERVICE_ERROR",
    "CLIENT_TIMEOUT",
    "DATALOSS",
    "-32603",
}
_NO_FAULTS: Final = frozenset(CALLERS_DOING) | {
    "CANCELED",
    "BAD_REQUEST",
    "BAD_ROUTE",
    "MALFORMED",
    "-32700",
    "-32600",
    "-32601",
    "-32602",
}

# Databases with the codes of HTTP, and codes of other databases for: there is no such row.
_OVER_HTTP: Final = ("azure.cosmosdb", "cosmosdb", "couchdb", "elasticsearch", "opensearch")
_NO_ROW: Final = ("1403", "ORA-01403", "1329")
# Only names that are never used for a timeout: .NET, Java and Python have the same exceptions for both.
_GIVEN_UP: Final = ("canceled", "cancelled", "context canceled", "aborterror")
_GO_GAVE_UP: Final = "context canceled"
_FOUND_NOTHING: Final = (
    "NoResultFound",
    "NoResultException",
    "EmptyResultDataAccessException",
    "DoesNotExist",
    "RecordNotFound",
)
_FOUND_NOTHING_SAYS: Final = (
    "no rows in result set",
    "no documents in result",
    "redis: nil",
    "record not found",
)

WORDS: Final = frozenset(
    word
    for text in (*_FAULTS, *_NO_FAULTS, *GRPC, *_GIVEN_UP, _GO_GAVE_UP, *_FOUND_NOTHING, *_FOUND_NOTHING_SAYS)
    for word in re.findall(r"\w+", text)
)
"""All words of texts that decide something here."""


def http(status: int) -> bool | None:
    """Return True for a server's fault (5xx), False for the caller's (4xx, including 499: the client went away), else
    None."""
    return status >= 500 if status >= 400 else None


def rpc(code: str) -> bool | None:
    """Return True for a server's fault, False for the caller's, by the number in gRPC or the name in any spelling. OK
    and unknown codes give None: then the status of the span decides."""
    name = code.rpartition(".")[2].upper()
    if name.isascii() and name.isdigit():
        name = GRPC[int(name)] if int(name) < len(GRPC) else name
    if name in _FAULTS or name.startswith("-320"):
        return True
    return False if name in _NO_FAULTS else None


def database(system: str, code: str) -> bool | None:
    """Return False where the code means that nothing was found, else None: any other refusal may come from a broken
    release."""
    if system in _OVER_HTTP and code.isascii() and code.isdigit():
        return http(int(code))
    # SQLSTATE: five characters, of which the first two are the class; 02 is "no data".
    no_data = len(code) == 5 and code.startswith("02")
    return False if no_data or code in _NO_ROW else None


def found_nothing(error_type: str, message: str) -> bool:
    """Whether a client library uses an error to report that a query found nothing."""
    kind = error_type.rpartition(".")[2]
    return kind in _FOUND_NOTHING or any(one in message for one in _FOUND_NOTHING_SAYS)


def given_up(error_type: str) -> bool | None:
    """Return False for an operation that was cancelled by whoever requested it (no error by the conventions), else
    None."""
    return False if error_type.rpartition(".")[2].lower() in _GIVEN_UP else None


def given_up_says(message: str) -> bool:
    """Whether a message of Go says that an operation was cancelled; its deadlines have another message."""
    return message == _GO_GAVE_UP or message.endswith(f": {_GO_GAVE_UP}")
