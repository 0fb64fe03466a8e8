"""The Wilson score interval (Wilson 1927) for a share seen in few traces."""

from math import sqrt

Z95 = 1.959964


def interval(hits: float, total: float, z: float = Z95) -> tuple[float, float]:
    """Lower and upper end of the interval for hits of total; (0, 1) when nothing was seen."""
    if total <= 0:
        return 0.0, 1.0
    share = min(max(hits / total, 0.0), 1.0)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    shrink = 1 + z * z / total
    middle = share + z * z / (2 * total)
    return max(0.0, (middle - spread) / shrink), min(1.0, (middle + spread) / shrink)


def centre(hits: float, total: float, z: float = Z95) -> float:
    """The interval's centre: the share shrunk towards a half by as much as was not seen."""
    return (hits + z * z / 2) / (total + z * z) if total > 0 else 0.5
