"""When time is taken to have gone back, and when not."""

from aiops.sources.duckdb.timeline import NANO, TimeLine

NOW = 1_700_000_000


def come(line: TimeLine, *arrivals: tuple[int, int]) -> list[int]:
    """Exports as (seconds after NOW, how far behind that they are); returns how far time has come after each."""
    reached = []
    for at, behind in arrivals:
        line.take((NOW + at - behind) * NANO, NOW + at)
        assert line.newest_ns is not None
        reached.append(line.newest_ns // NANO - NOW)
    return reached


def test_a_little_late_is_no_other_time() -> None:
    assert come(TimeLine(None), (0, 0), (100, 125), (200, 229), (300, 320)) == [0, 0, 0, 0]


def test_all_that_comes_is_far_behind_for_a_minute() -> None:
    line = TimeLine(NOW * NANO)
    assert come(line, (10, 3600), (20, 3600)) == [0, 0]
    assert line.heard_ns() == NOW * NANO
    assert come(line, (30, 3600)) == [0]
    assert line.heard_ns() == (NOW + 30 - 3600) * NANO, "in doubt"
    assert come(line, (69, 3600), (70, 3600), (71, 3600)) == [0, -3530, -3529]
    assert line.heard_ns() == line.newest_ns


def test_one_sender_that_is_right_is_enough() -> None:
    exports = [export for at in range(10, 300, 10) for export in ((at, 0), (at + 3, 3600))]
    assert come(TimeLine(NOW * NANO), *exports)[-1] == 290


def test_old_telemetry_sent_again_at_once_changes_nothing() -> None:
    line = TimeLine(NOW * NANO)
    assert come(line, *((10, 3600 - at) for at in range(200))) == [0] * 200
    assert come(line, (20, 0)) == [20]


def test_a_clock_of_ours_that_is_set_back_meanwhile_starts_the_minute_again() -> None:
    assert come(TimeLine(NOW * NANO), (10, 60), (-3600, 0), (-3550, 0), (-3540, 0)) == [0, 0, 0, -3540]
