"""What an OpenID provider says of somebody, as a name and a role."""

from collections.abc import Mapping
from typing import Any, Final

from aiops.model import Role

Claims = Mapping[str, Any]
LONGEST_NAME: Final = 128
_RANK: Final = (Role.ADMIN, Role.RESPONDER, Role.VIEWER, Role.INGEST)
_MISSING: Final = object()


def groups_in(claims: Claims, claim: str) -> frozenset[str] | None:
    """Return the groups of a claim, which is a text or a list of texts; None where there is no such claim. Dots lead
    inside: `realm_access.roles` are the `roles` of `realm_access`, unless a claim has that whole name."""
    found: Any = claims.get(claim, _MISSING)
    if found is _MISSING:
        found = claims
        for part in claim.split("."):
            if not (isinstance(found, Mapping) and part in found):
                return None
            found = found[part]
    listed = found if isinstance(found, list) else [found]
    return frozenset(one for one in listed if isinstance(one, str))


def role_in(groups: frozenset[str] | None, roles: Mapping[str, Role], otherwise: Role | None) -> Role | None:
    """Return the highest role that one of the groups gives."""
    given = {role for group, role in roles.items() if group in (groups or ())}
    return next((role for role in _RANK if role in given), otherwise)


def name_in(claims: Claims) -> str:
    """Return what people know somebody by: `preferred_username`, an address of e-mail that the provider has verified,
    else `sub`."""
    email = claims.get("email") if claims.get("email_verified") in (True, "true") else None
    for one in (claims.get("preferred_username"), email, claims.get("sub")):
        if isinstance(one, str) and one.strip() and one.isprintable():
            return one.strip()[:LONGEST_NAME]
    return "somebody without a name"
