"""Who may do what: the roles that each call and page needs, how secrets are compared, and the chain
of the audit."""

from aiops.access.chain import BEGINNING, breaks, sealed
from aiops.access.limits import Limit, address_key
from aiops.access.policy import needed, unlisted
from aiops.access.secret import hashed

__all__ = ["BEGINNING", "Limit", "address_key", "breaks", "hashed", "needed", "sealed", "unlisted"]
