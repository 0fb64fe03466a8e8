"""How the shop behaves on a good day, as data: the live services sleep by it, a model in virtual time draws from it."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

ERROR_RATE = 0.001


@dataclass(frozen=True, slots=True)
class Work:
    """An endpoint's own work: lognormal time (a median, and the sigma of its logarithm) and a share that fails."""

    median_seconds: float
    sigma: float = 0.35
    error_rate: float = ERROR_RATE

    def draw_seconds(self, rng: random.Random) -> float:
        """Draw the time of one request."""
        return rng.lognormvariate(math.log(self.median_seconds), self.sigma)

    def draw_failure(self, rng: random.Random) -> bool:
        """Draw whether one request fails."""
        return rng.random() < self.error_rate


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the load goes to an endpoint."""

    path: str
    share: float


WORK: Mapping[str, Work] = {
    "/inventory": Work(0.012),
    "/products": Work(0.008),
    "/payment": Work(0.035),
    "/checkout": Work(0.008),
}
MIX = (Share("/checkout", 0.4), Share("/products", 0.2), Share("/inventory", 0.2), Share("/payment", 0.2))
PAYMENT_MEDIAN_EUR = 42.0
PAYMENT_SIGMA = 0.6
CLIENT_TIMEOUT_SECONDS = 5.0
HOLD_SECONDS = 6.0
THREADS = 64
RATE = 8.0

# The tenants that customers belong to, with their shares of the load.
TENANTS: Mapping[str, float] = {"acme": 0.4, "globex": 0.25, "initech": 0.2, "umbrella": 0.15}

# What the faults of the catalogue need to know.
BAD_TENANT = "globex"
VERSION = "1.4.2"
NEW_VERSION = "1.5.0"
PROCESSOR = "card-processor"
PROCESSOR_SECONDS = 0.005
DATABASE = "sqlite"
NAMESPACE = "products"  # the name of the database, whichever file it is in
PRODUCTS_STATEMENT = "SELECT products"  # its query, in short
RAMP_SECONDS = 4 * 3600.0
RETRIES = 3
POOL_CONNECTIONS = 2
POOL_WAIT_SECONDS = 1.0
