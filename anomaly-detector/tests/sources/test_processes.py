"""Processes under one identity against what they really did."""

from hypothesis import given
from hypothesis import strategies as st

from aiops.sources.common.grid import NANO
from aiops.sources.common.processes import DOUBT, FIRST, PAUSED, WHOLE, apart

INTERVAL = 10.0
Sample = tuple[int, int, float]

# Of each process: since when it exports, what it has counted then, and what it adds from one export to the next.
PROCESSES = st.lists(
    st.tuples(st.integers(0, 9_999), st.integers(0, 1000), st.lists(st.integers(0, 30), min_size=5, max_size=15)),
    min_size=2,
    max_size=6,
    unique_by=lambda one: one[0],
)


def samples(of: list[tuple[int, int, list[int]]], start: bool) -> tuple[list[Sample], float]:
    """What processes export, by time; and how much they count after their first exports."""
    out = []
    for number, (phase, count, added) in enumerate(of):
        total = count
        since = -3600 * NANO + number * (NANO + 37) if start else 0
        for at, more in enumerate([0, *added]):
            total += more
            out.append((int(phase * 1_000_000 + at * INTERVAL * NANO) + 10**18, since, float(total)))
    return sorted(out), float(sum(sum(added) for _, _, added in of))


def added(of: list[Sample]) -> float:
    told = apart(*zip(*of, strict=True))
    total = 0.0
    for (_, _, value), before in zip(of, told.before, strict=True):
        assert before not in (PAUSED,)
        total += value - of[before][2] if before >= 0 else value if before == WHOLE else 0.0
    return total


@given(PROCESSES)
def test_starts_tell_processes_apart_exactly(of: list[tuple[int, int, list[int]]]) -> None:
    given_, counted = samples(of, start=True)
    assert added(given_) == counted
    told = apart(*zip(*given_, strict=True))
    assert told.turns >= 2
    assert not told.lost


@given(st.integers(2, 6), st.integers(200, 5000), st.integers(1, 30), st.integers(0, 100))
def test_without_starts_what_is_counted_is_a_lower_bound(many: int, base: int, each: int, apart_by: int) -> None:
    of = [(number * 1000, base + (number * apart_by * 7) % 101, [each] * 15) for number in range(many)]
    given_, _ = samples(of, start=False)
    told = apart(*zip(*given_, strict=True))
    # In the first rounds it is not yet known how many there are.
    late = [at for at in range(len(given_)) if at >= 6 * many]
    total = sum(given_[at][2] - given_[told.before[at]][2] if told.before[at] >= 0 else 0.0 for at in late)
    assert not any(told.before[at] == WHOLE for at in late)
    assert each * 10 <= total <= each * many * 10


def test_a_new_start_is_told_from_a_parallel_process() -> None:
    def before(*values: float, step: int = 5) -> list[int]:
        times = [10**18 + at * step * NANO for at in range(len(values))]
        return apart(times, [0] * len(values), values).before

    assert before(100, 110, 4, 14) == [FIRST, 0, WHOLE, 2]
    assert before(10_000, 10_010, 9_000, 10_020, 9_010) == [FIRST, 0, DOUBT, 1, 2]
    # Killed again and again: every value is what it served since.
    assert before(100, 110, 9, 2, 7, 1)[2:4] == [WHOLE, WHOLE]


def test_a_start_that_is_left_out_now_and_then_counts_once() -> None:
    since = 10**18 - 900 * NANO
    times = [10**18 + at * 5 * NANO for at in range(5)]
    assert apart(times, [since, 0, since, 0, since], [10, 12, 14, 16, 18]).before == [FIRST, 0, 1, 2, 3]


def test_starts_that_tell_nothing_are_not_believed() -> None:
    times = [10**18 + at * 5 * NANO for at in range(20)]
    starts = [one - 600 * NANO + at * at * 7_000_000 for at, one in enumerate(times)]
    told = apart(times, starts, [10.0 * at for at in range(20)])
    assert told.before[10:] == list(range(9, 19))
