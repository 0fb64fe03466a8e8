"""JSON Web Tokens of an issuer (RFC 7519, RFC 8725): only signatures by asymmetric keys that the issuer publishes.

The package joserfc comes with Authlib, in the extra `auth`, and is imported where it is used.
"""

import binascii
import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiops.model.errors import InvalidInput

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

ALGORITHMS: Final = (
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
)
"""Signatures by a private key. `none` is no signature, and HS* would take a public key for a secret."""
LEEWAY_SECONDS: Final = 30
"""How far the clocks of issuer and engine may differ."""
LONGEST_JWT: Final = 16 << 10


class BadJwt(InvalidInput):
    """A token that does not show who somebody is; the message says why, and repeats nothing of it."""


class UnknownKey(BadJwt):
    """A token whose key is not among those that are known."""


@dataclass(frozen=True, slots=True)
class ExpectedToken:
    """What a token must say: who issued it, and for whom."""

    issuer: str
    audience: str


@dataclass(frozen=True, slots=True)
class JwtHead:
    """What the header of a token says about its signature, unchecked."""

    algorithm: str
    key: str | None


def looks_like_jwt(token: str) -> bool:
    """Whether this has the form of a signed token: three parts, of which the first is a JSON object."""
    return len(token) <= LONGEST_JWT and token.count(".") == 2 and token.startswith("eyJ")


def head_of(token: str) -> JwtHead:
    """Read the header of a token. Raises BadJwt, for an algorithm that is not allowed too."""
    try:
        part = token.partition(".")[0].encode("ascii")
        head: Any = json.loads(urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (UnicodeError, ValueError, binascii.Error, RecursionError):
        raise BadJwt("the token has no readable header") from None
    if not isinstance(head, dict):
        raise BadJwt("the token has no readable header")
    algorithm, key = head.get("alg"), head.get("kid")
    if algorithm not in ALGORITHMS:
        raise BadJwt("the token is not signed by an asymmetric key")
    return JwtHead(str(algorithm), key if isinstance(key, str) else None)


def keys_from(document: object) -> "KeySet":
    """Return the public keys for signatures in a JSON Web Key Set; a key that cannot be used is left out. Raises BadJwt
    where none is left."""
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry, KeySet

    listed = document.get("keys") if isinstance(document, dict) else None
    keys = []
    for one in listed if isinstance(listed, list) else ():
        usable = isinstance(one, dict) and one.get("kty") in ("EC", "OKP", "RSA") and one.get("use", "sig") == "sig"
        if usable:
            try:
                keys.append(JWKRegistry.import_key(one))
            except (JoseError, ValueError, TypeError, KeyError):
                continue
    if not keys:
        raise BadJwt("the provider publishes no key that can be used")
    return KeySet(keys)


def has_key(keys: "KeySet", head: JwtHead) -> bool:
    """Whether a key with which the token says to be signed is known."""
    return any(one.kid == head.key for one in keys) or (head.key is None and len(keys.keys) == 1)


def verified(token: str, keys: "KeySet", expected: ExpectedToken, now: float) -> dict[str, Any]:
    """Check signature, issuer, audience and times (now in Unix seconds); return the claims. Raises BadJwt; UnknownKey
    for a key that is not among `keys`."""
    from joserfc import jwt
    from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError

    head = head_of(token)
    if not has_key(keys, head):
        raise UnknownKey("the token is signed by a key that the issuer does not publish")
    try:
        found = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        rules = jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": expected.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": expected.audience},
            exp={"essential": True},
        )
        rules.validate(found.claims)
    except ExpiredTokenError:
        raise BadJwt("the token has expired") from None
    except (InvalidClaimError, MissingClaimError) as error:
        raise BadJwt(f"the token is not for this engine, or not valid now ({error.error}: {error.claim})") from None
    except (JoseError, ValueError, TypeError):
        raise BadJwt("the signature of the token is wrong") from None
    return found.claims
