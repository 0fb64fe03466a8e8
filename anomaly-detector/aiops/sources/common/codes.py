"""What the codes of protocols say of a failure: the server's fault, the caller's own doing, or nothing.

The conventions say it of a server's span; its client marks every code that is no success as an error, for to the client
it is one. What a request is judged by must not depend on the side that tells of it, so the server's rule holds on both.

Sources: semantic conventions for HTTP, gRPC, Connect, Dubbo, JSON-RPC and databases; PostgreSQL and Oracle error codes.
"""

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
"""By number."""

_GRPC_FAULTS: Final = frozenset(
    ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"]
)
CALLERS_DOING: Final = tuple(code for code in GRPC[1:] if code not in _GRPC_FAULTS)
"""Codes of gRPC by which the caller is told that it asked for what cannot be had."""

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

# Databases whose codes are those of HTTP, and codes of others that mean: there is no such row.
_OVER_HTTP: Final = ("azure.cosmosdb", "cosmosdb", "couchdb", "elasticsearch", "opensearch")
_NO_ROW: Final = ("1403", "ORA-01403", "1329")
# Only what a timeout is never called: the exceptions of .NET, Java and Python for both are the same.
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


def http(status: int) -> bool | None:
    """4xx is the caller's own doing, 499 (it went away) included."""
    return status >= 500 if status >= 400 else None


def rpc(code: str) -> bool | None:
    """A code by its number in gRPC or by its name in any writing; nothing is said by OK, and by one that is not known:
    then the status decides."""
    name = code.rpartition(".")[2].upper()
    if name.isascii() and name.isdigit():
        name = GRPC[int(name)] if int(name) < len(GRPC) else name
    if name in _FAULTS or name.startswith("-320"):
        return True
    return False if name in _NO_FAULTS else None


def database(system: str, code: str) -> bool | None:
    """Only that nothing was found is no fault: whatever else a database refuses, a release may have broken."""
    if system in _OVER_HTTP and code.isascii() and code.isdigit():
        return http(int(code))
    # SQLSTATE: five characters, of which the first two are the class; 02 is "no data".
    no_data = len(code) == 5 and code.startswith("02")
    return False if no_data or code in _NO_ROW else None


def found_nothing(error_type: str, message: str) -> bool:
    """Whether a client library reports by an error that a query found nothing."""
    kind = error_type.rpartition(".")[2]
    return kind in _FOUND_NOTHING or any(one in message for one in _FOUND_NOTHING_SAYS)


def given_up(error_type: str) -> bool | None:
    """An operation that whoever asked for it called off: by the conventions no error."""
    return False if error_type.rpartition(".")[2].lower() in _GIVEN_UP else None


def given_up_says(message: str) -> bool:
    """The same, by what Go says of it; its deadlines say something else."""
    return message == _GO_GAVE_UP or message.endswith(f": {_GO_GAVE_UP}")
