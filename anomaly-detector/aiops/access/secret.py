"""Secrets are kept and compared as hashes: what is stored cannot be used, and the time of a search tells nothing."""

from hashlib import sha256


def hashed(secret: str) -> str:
    """Return the SHA-256 of a secret, in hexadecimal digits. Secrets are random and long, so that no salt is needed."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
