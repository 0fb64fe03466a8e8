"""Passwords as Argon2id hashes (RFC 9106), by the package of the extra `auth`."""

import threading
from typing import TYPE_CHECKING, Final

from aiops.model.errors import NotPossible

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST_PASSWORD: Final = 15
"""Characters of a password that is used alone, by NIST SP 800-63B-4."""
LONGEST_PASSWORD: Final = 256
MEMORY_KIB: Final = 19_456
PASSES: Final = 2
_one_at_a_time: Final = threading.Lock()
"""A hash takes 19 MiB and some 30 ms: many at once would take the memory of the engine."""
EXTRA: Final = "passwords need a package that is not installed: pip install 'aiops[auth]'"


def password_hash(password: str) -> str:
    """Return what is stored of a password. Raises NotPossible."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise NotPossible(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    hasher = _hasher()
    with _one_at_a_time:
        return hasher.hash(password)


def password_fits(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one. Where nothing is stored, it takes as long, so that the time does not tell
    which names there are. Raises NotPossible."""
    hasher = _hasher()
    from argon2.exceptions import Argon2Error, InvalidHashError

    with _one_at_a_time:
        try:
            return hasher.verify(stored or _nobody(hasher), password[: LONGEST_PASSWORD + 1]) and stored is not None
        except (Argon2Error, InvalidHashError):
            return False


_NOBODY: list[str] = []


def _nobody(hasher: "PasswordHasher") -> str:
    if not _NOBODY:
        _NOBODY.append(hasher.hash("the password of nobody"))
    return _NOBODY[0]


def _hasher() -> "PasswordHasher":
    try:
        from argon2 import PasswordHasher
    except ImportError:
        raise NotPossible(EXTRA) from None
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
