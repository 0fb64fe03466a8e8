"""Seven quiet days under a load that changes by the hour and the day: whatever is found is wrong."""

from collections.abc import Iterator

from aiops.model import SeriesState
from aiops.sources.duckdb.partitions import VERDICTS
from bench.rig import STEP, Rig, rig
from shop.virtual.graph import shop
from shop.virtual.history import increments
from shop.virtual.load import DAY, Load
from shop.virtual.stream import Model, Slice

MONDAY = 1_763_337_600.0  # 00:00 UTC
DAYS = 7
BUSY = (14.0 * 3600, 14.25 * 3600)  # of each day, with every span and a cycle a step
CYCLE_STEPS = 20  # in the rest of it, of metrics alone: every step is judged, and every step's verdict is looked at
HOUR = 3600.0


def quiet_week(seed: int, days: int = DAYS) -> list[str]:
    """Live the week; returns what was said, which should be nothing."""
    model = Model(shop(), Load(8.0, daily=0.5, weekend=0.6, noise=0.05, seed=seed), seed=seed)
    wrong: list[str] = []
    with rig(MONDAY) as one:
        looked = MONDAY
        for slice_ in _week(model, days):
            one.live(slice_)
            if slice_.end - looked >= HOUR:
                wrong += _troubled(one, looked, slice_.end)
                one.source.store.drop_before(slice_.end - 2 * HOUR)
                looked = slice_.end
        if one.engine.state.at is None or one.engine.state.at < MONDAY + days * DAY - STEP:
            raise RuntimeError(f"the week was not judged to its end: {one.engine.last}")
        return wrong + [f"false: {incident.title}" for incident in one.incidents()]


def _troubled(one: Rig, since: float, until: float) -> list[str]:
    """Series that were in an incident at any step, also between two cycles."""
    start, end = round(since * 1e9), round(until * 1e9)
    table = one.source.store.query(
        lambda of: (
            f"SELECT DISTINCT family, service, route FROM {of.relation(VERDICTS, start, end)} "
            f"WHERE life = {int(SeriesState.INCIDENT)} ORDER BY ALL"
        )
    )
    return [f"false: {row['family']} in {row['service']} {row['route']}" for row in table.to_pylist()]


def _week(model: Model, days: int) -> Iterator[Slice]:
    for day in range(days):
        midnight = MONDAY + day * DAY
        yield from increments(model, midnight, midnight + BUSY[0], STEP, CYCLE_STEPS)
        yield from model.slices(midnight + BUSY[0], midnight + BUSY[1], STEP)
        yield from increments(model, midnight + BUSY[1], midnight + DAY, STEP, CYCLE_STEPS)
