"""What the detector makes of months of the virtual shop: habits, clocks that change, incidents that last.

    python -m bench.seasons            # every scenario, some minutes
    python -m bench.seasons contamination

Metrics alone, a step a minute, as services export them by default; `detect.step` is what the engine runs. Each scenario
says what must be found and what must not, and ends with 1 where it is not so.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from aiops import detect
from aiops.model import Family, Labels, SeriesBlock, labels
from bench.replay import blocks
from shop.catalogue import Fault
from shop.virtual.graph import shop
from shop.virtual.history import increments
from shop.virtual.load import DAY, Floats, Load
from shop.virtual.stream import Model
from shop.virtual.trouble import Timed

STEP = 60.0
HOUR = 3600.0
BLOCK = 240
LOOK = 3  # steps between two looks at what is in trouble
MONDAY = 1_771_804_800.0  # 2026-02-23, two weeks before clocks change in New York
NEW_YORK = ZoneInfo("America/New_York")
PAYMENT = labels(service="payment", route="/payment", method="POST")
SLOW_OPENING = 300.0  # seconds in which it gets busy, and quiet


@dataclass(frozen=True, slots=True)
class Hours(Load):
    """Opening hours by the clocks of New York: 7:00 to 22:00, a twentieth of the load beside them and on Sundays."""

    def at(self, times: Floats) -> Floats:
        starts = np.floor(times / 900.0) * 900.0
        shifts = {one: NEW_YORK.utcoffset(datetime.fromtimestamp(one, NEW_YORK)) for one in np.unique(starts)}
        local = times + np.array([shifts[one].total_seconds() for one in starts])  # type: ignore[union-attr]
        second, weekday = local % DAY, (np.floor(local / DAY) + 3) % 7
        opened = np.clip((second - 7 * HOUR) / SLOW_OPENING, 0, 1) * np.clip((22 * HOUR - second) / SLOW_OPENING, 0, 1)
        return self.rate * np.where(weekday == 6, 0.05, 0.05 + 0.95 * opened) * self._noise(times)


@dataclass(slots=True)
class Lived:
    """Looks at which a series was in an incident: Unix seconds by series and family; what was expected of payment's
    latency (s); series that were taken for normal as they lasted, and when."""

    troubled: dict[tuple[Labels, Family], list[float]] = field(default_factory=dict)
    expected: list[tuple[float, float]] = field(default_factory=list)
    settled: list[tuple[float, Labels, Family]] = field(default_factory=list)
    looks: int = 0

    def during(
        self, start: float, end: float, family: Family | None = None, series: Labels | None = None
    ) -> list[float]:
        """Looks in trouble, of a family and series or of any."""
        found = {
            at
            for (which, kind), times in self.troubled.items()
            for at in times
            if start < at <= end and family in (None, kind) and series in (None, which)
        }
        return sorted(found)


def live(
    load: Load,
    days: float,
    faults: Sequence[Timed] = (),
    calendar: detect.Calendar | None = None,
    start: float = MONDAY,
) -> Lived:
    """Live so many days from a Monday on."""
    model = Model(shop(), load, seed=1, faults=list(faults))
    state, out = detect.State(), Lived()
    for block in blocks(increments(model, start, start + days * DAY, STEP, BLOCK), STEP):
        for place in range(0, len(block.ends), LOOK):
            part = slice(place, place + LOOK)
            one = SeriesBlock(block.labels, block.ends[part], STEP, block.values[:, part])
            outcome = detect.step(state, one, detect.Tuning(), calendar or detect.Calendar())
            at = float(one.ends[-1])
            for finding in outcome.findings:
                if finding.rising:
                    out.troubled.setdefault((finding.series, finding.family), []).append(at)
            out.looks += 1
            out.settled += [(at, series, family) for series, family in outcome.settled]
            for verdict in outcome.verdicts:
                if verdict.series == PAYMENT and verdict.family == Family.LATENCY:
                    out.expected.append((verdict.at, verdict.expected))
    return out


def contamination() -> list[str]:
    """Six hours of slow payments, eight of calm, then an hour of less slow ones: both are found, the calm is calm, and
    what is expected is within 10 % of what it was an hour after the first."""
    first, second = MONDAY + 4 * DAY + 9 * HOUR, MONDAY + 4 * DAY + 23 * HOUR
    faults = [
        Timed(Fault("latency", "payment", "/payment", 300.0), first, first + 6 * HOUR),
        Timed(Fault("latency", "payment", "/payment", 60.0), second, second + HOUR),
    ]
    seen = live(Load(8.0, daily=0.5, weekend=0.6, noise=0.05), 5.5, faults)
    wrong = []
    for name, start, length in (("first", first, 6 * HOUR), ("second", second, HOUR)):
        if not seen.during(start, start + length, Family.LATENCY, PAYMENT):
            wrong.append(f"the {name} incident was not found")
    calm = seen.during(first + 6 * HOUR + 5 * STEP, second)
    share = len(calm) / (8 * 60 / LOOK)
    if share >= 0.01:
        wrong.append(f"{share:.1%} of the time between them was in trouble")
    early = seen.during(MONDAY, first)
    if early:
        wrong.append(f"{len(early)} looks before it found trouble")
    usual = float(np.median([value for at, value in seen.expected if first - HOUR < at <= first]))
    after = float(np.median([value for at, value in seen.expected if 0 < at - first - 7 * HOUR <= 15 * STEP]))
    say(f"  expected before {usual * 1000:.1f} ms, an hour after the first {after * 1000:.1f} ms")
    if abs(after / usual - 1) > 0.10:
        wrong.append(f"an hour after the first, {after / usual - 1:+.0%} was expected of what was usual")
    return wrong


def clocks(calendar: detect.Calendar | None = None, start: float = MONDAY + 8 * DAY) -> list[str]:
    """Opening hours in New York over the change of clocks: nothing once three days are known, with the zone given."""
    sunday, end = MONDAY + 13 * DAY, MONDAY + 15 * DAY + 3 * HOUR  # the day of the change, and the end of its Monday
    days = (end - start) / DAY
    seen = live(
        Hours(8.0, noise=0.05), days, calendar=calendar or detect.Calendar(detect.LocalCalendar(NEW_YORK)), start=start
    )
    wrong = [f"in trouble on a known day at {_when(at)}" for at in seen.during(start + 3 * DAY, sunday)]
    return wrong + [f"in trouble at {_when(at)}" for at in seen.during(sunday + DAY - 2 * HOUR, end)]


def week() -> list[str]:
    """Shops that are closed on Sundays: nothing from the third Sunday on, but an outage of a Monday is found."""
    outage = MONDAY + 28 * DAY + 19 * HOUR
    fault = Timed(Fault("drop", "gateway", None, 0.7), outage, outage + HOUR)
    seen = live(Hours(8.0, noise=0.05), 29.0, [fault], detect.Calendar(detect.LocalCalendar(NEW_YORK)))
    wrong = [f"in trouble at {_when(at)}" for at in seen.during(MONDAY + 15 * DAY, outage)]
    if not seen.during(outage, outage + HOUR):
        wrong.append("the outage was not found")
    return wrong


def rebaseline() -> list[str]:
    """Payments that stay slower: an incident, then the new normal; their return is no news. Errors never are normal."""
    slow, errors = MONDAY + 2 * DAY, MONDAY + 3 * DAY + 12 * HOUR
    faults = [
        Timed(Fault("latency", "payment", "/payment", 120.0), slow, slow + 18 * HOUR),
        Timed(Fault("errors", "inventory", "/inventory", 0.3), errors, errors + 8 * HOUR),
    ]
    seen = live(Load(8.0, daily=0.5, weekend=0.6, noise=0.05), 4.0, faults)
    wrong = []
    times = seen.during(slow, slow + 18 * HOUR, Family.LATENCY, PAYMENT)
    if not times or times[0] > slow + 5 * STEP:
        wrong.append("it was not found")
    if late := seen.during(slow + 3 * HOUR + 5 * STEP, errors):
        wrong.append(f"in trouble after it was normal, {len(late)} looks from {_when(late[0])}")
    if not any(series == PAYMENT and family == Family.LATENCY for _, series, family in seen.settled):
        wrong.append("it was not taken for normal")
    looks = 8 * 60 // LOOK
    failing = seen.during(errors, errors + 8 * HOUR, Family.ERRORS)
    if len(failing) < 0.95 * looks or any(family == Family.ERRORS for _, _, family in seen.settled):
        wrong.append(f"errors were in trouble in {len(failing)} of {looks} looks only")
    return wrong


SCENARIOS: dict[str, Callable[[], list[str]]] = {one.__name__: one for one in (contamination, clocks, week, rebaseline)}


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, NEW_YORK).strftime("%a %Y-%m-%d %H:%M %Z")


def say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", help=f"only these: {', '.join(SCENARIOS)}")
    chosen = parser.parse_args().scenario or list(SCENARIOS)
    if unknown := [one for one in chosen if one not in SCENARIOS]:
        parser.error(f"no scenario {unknown[0]!r}; there are {', '.join(SCENARIOS)}")
    fine = True
    for name in chosen:
        wrong = SCENARIOS[name]()
        fine &= not wrong
        say(f"{name}: {'as it should be' if not wrong else f'{len(wrong)} WRONG'}")
        for one in wrong[:10]:
            say(f"  {one}")
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
