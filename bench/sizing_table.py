"""What `bench.sizing` found, as tables: what was used at each level, and straight lines through the levels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MB = 2**20
UNITS = {"series": "series", "spans": "spans/s", "shop": "requests/s", "incident": "requests/s"}


@dataclass(frozen=True, slots=True)
class Use:
    """Of one program at one level: cores, MB (RSS the largest seen, USS at the end), and bytes a second on disk."""

    cpu: float
    rss: float
    uss: float
    disk: float


@dataclass(frozen=True, slots=True)
class Level:
    """What was offered, what every program used, and the share of the machine that other programs took. `head` and
    `samples`: series that Prometheus holds, and samples that it takes a second, its rules' and the engine's with them.
    """

    offered: float
    uses: dict[str, Use]
    others: float
    head: float
    samples: float


@dataclass(frozen=True, slots=True)
class Stored:
    """Of one Prometheus with so many series: memory with a full head, bytes of a sample in a block and in the log."""

    series: int
    rss: float
    uss: float
    block: float
    log: float


def slope(offered: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Base, and what a thousand more take."""
    rise, base = np.polyfit(np.array(offered) / 1000, values, 1)
    return float(base), float(rise)


def report(what: str, found: Sequence[Level]) -> None:
    offered = [one.offered for one in found]
    print(f"\n{what}: " + ", ".join(f"{one:,.0f}" for one in offered) + f" {UNITS[what]}")
    print("  the machine, taken by other programs meanwhile: " + ", ".join(f"{one.others:.0%}" for one in found))
    print("  series in Prometheus: " + ", ".join(f"{one.head:,.0f}" for one in found) + "; samples a second: "
          + ", ".join(f"{one.samples:,.0f}" for one in found))  # fmt: skip
    print(f"  {'':<16}{'CPU, cores':>18}{'RSS, MB':>20}{'USS, MB':>20}{'disk, MB an hour':>22}")
    for name in found[0].uses:
        uses = [one.uses[name] for one in found]
        for level, use in zip(offered, uses, strict=True):
            print(f"  {name if level == offered[0] else '':<16}{use.cpu:>18.3f}{use.rss:>20.0f}{use.uss:>20.0f}"
                  f"{use.disk * 3600 / MB:>22.1f}")  # fmt: skip
        if len(found) == 1:
            continue
        lines = [
            slope(offered, [one.cpu for one in uses]),
            slope(offered, [one.rss for one in uses]),
            slope(offered, [one.uss for one in uses]),
            slope(offered, [one.disk * 3600 / MB for one in uses]),
        ]
        texts = [f"{base:.2f} + {rise:.4f}" for base, rise in lines[:1]]
        texts += [f"{base:.0f} + {rise:.2f}" for base, rise in lines[1:]]
        print(f"  {'  + a 1,000':<16}{texts[0]:>18}{texts[1]:>20}{texts[2]:>20}{texts[3]:>22}")


def report_stored(rows: Sequence[Stored]) -> None:
    print("\nstored: Prometheus with 3 h in its head, and a block of 2 h of them")
    print(f"  {'series':<16}{'RSS, MB':>14}{'USS, MB':>14}{'bytes a sample, block':>24}{'bytes a sample, log':>24}")
    for one in rows:
        print(f"  {one.series:<16,}{one.rss:>14.0f}{one.uss:>14.0f}{one.block:>24.2f}{one.log:>24.2f}")
    if len(rows) > 1:
        counts = [float(one.series) for one in rows]
        texts = ["{:.0f} + {:.1f}".format(*slope(counts, values)) for values in
                 ([one.rss for one in rows], [one.uss for one in rows])]  # fmt: skip
        print(f"  {'  + a 1,000':<16}{texts[0]:>14}{texts[1]:>14}")
