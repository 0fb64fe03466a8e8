"""Hours of the week by the clocks of a zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from aiops.notify.hours import Hours, days_of, minute_of

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def hours(days: str = "mon-sun", start: str = "22:00", end: str = "07:00", zone: ZoneInfo = BERLIN) -> Hours:
    return Hours(days_of(days), minute_of(start) % 1440, minute_of(end), zone)


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    nights = hours("mon-fri")
    assert nights.contain(at("2026-11-28T03:00"))  # Saturday: the night of Friday
    assert not nights.contain(at("2026-11-29T03:00"))  # Sunday: Saturday has none
    assert not nights.contain(at("2026-11-30T03:00"))  # Monday, before its own
    assert not nights.contain(at("2026-11-27T07:00"))  # the end is not part of it
    assert nights.end_after(at("2026-11-27T23:00")) == at("2026-11-28T07:00")


def test_days_that_follow_each_other_end_together() -> None:
    weekend = hours("sat-sun", "00:00", "24:00")
    assert weekend.end_after(at("2026-11-28T10:00")) == at("2026-11-30T00:00")
    assert weekend.end_after(at("2026-11-27T10:00")) is None


def test_hours_keep_their_times_when_clocks_change() -> None:
    nights = hours()
    assert nights.end_after(at("2026-10-24T23:00")) == at("2026-10-25T07:00")  # an hour longer
    assert at("2026-10-25T07:00") - at("2026-10-24T22:00") == 10 * 3600
    assert nights.end_after(at("2026-03-28T23:00")) == at("2026-03-29T07:00")  # an hour shorter


def test_all_hours_never_end() -> None:
    always = hours("mon-sun", "00:00", "24:00")
    assert always.endless
    assert always.contain(at("2026-11-28T10:00"))
    assert always.end_after(at("2026-11-28T10:00")) is None


@pytest.mark.parametrize("text", ["7", "7:5", "24:01", "25:00", "aa:bb", "-1:00", "07:60"])
def test_a_time_of_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a time of day is written"):
        minute_of(text)


@pytest.mark.parametrize("text", ["monday", "", "mon-", "xyz"])
def test_days_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="days are written"):
        days_of(text)


def test_days_go_round_the_week() -> None:
    assert days_of("fri-mon") == {4, 5, 6, 0}
    assert days_of("Wed") == {2}
