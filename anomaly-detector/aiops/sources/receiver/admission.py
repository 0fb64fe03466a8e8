"""Who may send telemetry: hashes of tokens with the time at which each expires, told to the receiver's process."""

import struct
from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from aiops.access import hashed

Admitted = Mapping[str, float | None]
"""Hashes of tokens, with the Unix time at which each expires, None for never."""
_MARK: Final = struct.pack("<Q?", 0, False)
"""How the message begins: like an answer to the request 0, which there never is."""


def admitted_by(tokens: Iterable[str]) -> Admitted:
    """Return that the holders of these tokens may send, without end."""
    return dict.fromkeys(map(hashed, tokens))


def pack_admitted(admitted: Admitted) -> bytes:
    """Encode who may send from now on."""
    return _MARK + orjson.dumps(admitted)


def unpack_admitted(message: bytes) -> Admitted | None:
    """Decode a message of `pack_admitted`; None for another one."""
    if not message.startswith(_MARK):
        return None
    found: Admitted = orjson.loads(message[len(_MARK) :])
    return found
