"""Who may do what: the roles that each call and page needs, and how secrets are compared."""

from aiops.access.policy import needed, unlisted
from aiops.access.secret import hashed

__all__ = ["hashed", "needed", "unlisted"]
