"""Seven quiet days under a load that changes by the hour and the day: whatever is found is wrong."""

from collections.abc import Iterator

from bench.rig import STEP, rig
from shop.virtual.graph import shop
from shop.virtual.history import increments
from shop.virtual.load import DAY, Load
from shop.virtual.stream import Model, Slice

MONDAY = 1_763_337_600.0  # 00:00 UTC
DAYS = 7
BUSY = (14 * 3600.0, 15 * 3600.0)  # of each day, with every span
CYCLE_STEPS = 4  # a trouble takes four calm steps to end, so that none comes and goes between two cycles


def quiet_week(seed: int) -> list[str]:
    """Live the week; returns what was said, which should be nothing."""
    model = Model(shop(), Load(8.0, daily=0.5, weekend=0.6, noise=0.05, seed=seed), seed=seed)
    with rig(MONDAY) as one:
        for slice_ in _week(model):
            one.live(slice_)
            one.source.store.drop_before(slice_.end - 6 * 3600.0)
        return [f"false: {incident.title}" for incident in one.incidents()]


def _week(model: Model) -> Iterator[Slice]:
    for day in range(DAYS):
        midnight = MONDAY + day * DAY
        yield from increments(model, midnight, midnight + BUSY[0], STEP, CYCLE_STEPS)
        yield from model.slices(midnight + BUSY[0], midnight + BUSY[1], STEP)
        yield from increments(model, midnight + BUSY[1], midnight + DAY, STEP, CYCLE_STEPS)
