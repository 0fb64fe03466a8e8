"""How a request fails.

ShopError                the service itself fails; unhandled: 500
├── PaymentError
├── InventoryError
├── CatalogError
└── CheckoutError
Unavailable              carries a ShopError the service foresaw: 503
CalleeError              a service it called failed: 502
└── CalleeTimeout        … or did not answer in time: 504
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


class ShopError(Exception):
    """The service itself cannot serve the request."""


class PaymentError(ShopError):
    """A payment failed."""


class InventoryError(ShopError):
    """Stock could not be read."""


class CatalogError(ShopError):
    """Products could not be read."""


class CheckoutError(ShopError):
    """A cart could not be checked out."""


class Unavailable(Exception):
    """A failure the service foresaw and answers for."""

    status: ClassVar[int] = 503

    def __init__(self, error: ShopError, again: bool = False) -> None:
        """Keep the error; `again` asks the caller to call again at once."""
        super().__init__(str(error))
        self.error = error
        self.headers = {"Retry-After": "0"} if again else {}


class CalleeError(Exception):
    """A called service refused the connection or answered with an error."""

    status: ClassVar[int] = 502


class CalleeTimeout(CalleeError):
    """A called service did not answer in time."""

    status: ClassVar[int] = 504


@dataclass(frozen=True, slots=True)
class Failing:
    """What an endpoint says when it fails: foreseen, and as an unhandled exception."""

    error: type[ShopError]
    foreseen: str
    unhandled: str


FAILING: Mapping[str, Failing] = {
    "/payment": Failing(PaymentError, "card processor refused", "no rule for card scheme 'girocard'"),
    "/inventory": Failing(InventoryError, "stock store unavailable", "negative stock for item 'lamp'"),
    "/products": Failing(CatalogError, "catalogue store busy", "product without a price"),
    "/checkout": Failing(CheckoutError, "cart could not be locked", "cart holds no lines"),
}
