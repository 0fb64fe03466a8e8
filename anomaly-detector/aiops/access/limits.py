"""A limit on how often something happens: one token bucket for each who does it, in a bounded number of places."""

from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import IPv6Address, IPv6Network, ip_address
from math import ceil
from typing import Final

MOST_KEYS: Final = 10_000
"""The most who are told apart. Beyond it the one who came longest ago is forgotten, which `every` makes up for."""


def address_key(address: str) -> str:
    """Return for whom an address counts: of IPv6 the network of 64 bits, because one machine has all of its
    addresses."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(IPv6Network((found, 64), strict=False))
    return address


@dataclass(slots=True)
class TokenBucket:
    """What is left of a limit, and when that was so (Unix seconds)."""

    left: float
    at: float


@dataclass(slots=True)
class Limit:
    """`burst` at once, and one more each `seconds`, for each key; `every` times as much for all keys together, 0: any
    number. Not thread-safe."""

    burst: int
    seconds: float
    every: int = 20
    most_keys: int = MOST_KEYS
    _all: TokenBucket | None = None
    _of: OrderedDict[str, TokenBucket] = field(default_factory=OrderedDict)

    def wait(self, key: str, now: float) -> int:
        """Take one for a key, and return 0; or take nothing, and return the whole seconds until there is one again."""
        mine = self._of.pop(key, None) or TokenBucket(float(self.burst), now)
        self._refill(mine, self.burst, self.seconds, now)
        self._of[key] = mine
        if len(self._of) > self.most_keys:
            self._of.popitem(last=False)
        short = (1 - mine.left) * self.seconds
        if self.every:
            self._all = self._all or TokenBucket(float(self.burst * self.every), now)
            self._refill(self._all, self.burst * self.every, self.seconds / self.every, now)
            short = max(short, (1 - self._all.left) * self.seconds / self.every)
        if short > 0:
            return max(1, ceil(short))
        mine.left -= 1
        if self._all is not None:
            self._all.left -= 1
        return 0

    @classmethod
    def per_minute(cls, most: int) -> "Limit":
        """So many in a minute for each key, at once too."""
        return cls(most, 60.0 / most, every=0)

    @staticmethod
    def _refill(one: TokenBucket, most: float, seconds: float, now: float) -> None:
        # A clock that went back fills nothing, and does not empty it.
        one.left = min(most, one.left + max(0.0, now - one.at) / seconds)
        one.at = now
