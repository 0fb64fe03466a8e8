"""Calendars out of files, and what the detector makes of them."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from aiops.bootstrap.calendars import BadCalendar, load_calendar

DAY = 86_400.0
WHOLE = """
time_zone: Europe/Berlin
holidays: DE-BY
services:
  checkout: {time_zone: America/New_York, holidays: US}
  payment: {time_zone: Asia/Kolkata}
events:
  - {name: sale, start: 2026-11-27T00:00:00+01:00, end: 2026-11-28T00:00:00+01:00, services: [gateway]}
  - {start: 2026-12-24T12:00:00Z, end: 2026-12-26T00:00:00Z}
"""


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def made(folder: Path, text: str) -> Path:
    file = folder / "calendar.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_each_service_has_its_own_clock(tmp_path: Path) -> None:
    calendar = load_calendar(made(tmp_path, WHOLE))
    then = at("2026-11-25T10:30")  # a Wednesday
    local = calendar.local(["gateway", "checkout", "payment"], then)
    np.testing.assert_allclose(local, 2 * DAY + np.array([11.5, 5.5, 16.0]) * 3600)


def test_what_is_learned_fits_its_time_zones(tmp_path: Path) -> None:
    zones = load_calendar(made(tmp_path, WHOLE)).zones
    assert zones == (("", "Europe/Berlin"), ("checkout", "America/New_York"), ("payment", "Asia/Kolkata"))
    assert load_calendar(made(tmp_path, "services: {checkout: {holidays: NO}}")).zones == (("", "UTC"),)
    assert (
        load_calendar(made(tmp_path, "holidays: DE")).zones == load_calendar(made(tmp_path, "")).zones == (("", "UTC"),)
    )


def test_a_holiday_is_a_sunday_where_it_is_one(tmp_path: Path) -> None:
    calendar = load_calendar(made(tmp_path, WHOLE))
    thanksgiving, corpus_christi = at("2026-11-26T18:00"), at("2026-06-04T18:00")  # Thursdays
    assert [int(one // DAY) for one in calendar.local(["gateway", "checkout"], thanksgiving)] == [3, 6]
    assert [int(one // DAY) for one in calendar.local(["gateway", "checkout"], corpus_christi)] == [6, 3]


@pytest.mark.parametrize(("local", "hour"), [("2026-03-29T01:30", 1.5), ("2026-03-29T04:00", 4.0)])
def test_the_hour_that_is_not_there_is_passed_over(tmp_path: Path, local: str, hour: float) -> None:
    calendar = load_calendar(made(tmp_path, "time_zone: Europe/Berlin"))
    assert calendar.local(["any"], at(local, "Europe/Berlin"))[0] == 6 * DAY + hour * 3600


def test_the_hour_that_comes_twice_does(tmp_path: Path) -> None:
    calendar = load_calendar(made(tmp_path, "time_zone: Europe/Berlin"))
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()
    assert calendar.local(["any"], first)[0] == calendar.local(["any"], first + 3600)[0] == 6 * DAY + 2.5 * 3600


def test_events_are_of_their_services_or_of_all(tmp_path: Path) -> None:
    calendar = load_calendar(made(tmp_path, WHOLE))
    services = ["gateway", "checkout"]
    assert calendar.unusual(services, at("2026-11-27T12:00")).tolist() == [True, False]
    assert calendar.unusual(services, at("2026-12-25T12:00")).tolist() == [True, True]
    assert calendar.unusual(services, at("2026-12-26T12:00")).tolist() == [False, False]


def test_an_empty_file_is_utc(tmp_path: Path) -> None:
    assert load_calendar(made(tmp_path, "")).local(["any"], at("2026-11-23T01:00"))[0] == 3600.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time_zone: Berlin", "`time_zone`: a time zone is named like Europe/Berlin, not 'Berlin'"),
        ("holidays: XX", "`holidays`: a country is two letters of ISO 3166"),
        ("holidays: DE-XX", "`holidays`: DE has the parts BB, BE"),
        ("timezone: UTC", "`timezone`: extra inputs are not permitted"),
        ("services: {a: {zone: UTC}}", "`services.a.zone`"),
        ("events: [{start: 2026-11-27T00:00:00, end: 2026-11-28T00:00:00Z}]", "`events.0.start`"),
        ("events: [{start: 2026-11-28T00:00:00Z, end: 2026-11-27T00:00:00Z}]", "an event ends after its start"),
        ("- a", "input should be"),
        ("a: [", "is not valid YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(tmp_path: Path, text: str, said: str) -> None:
    file = made(tmp_path, text)
    with pytest.raises(BadCalendar) as caught:
        load_calendar(file)
    assert str(file) in str(caught.value)
    assert said.lower() in str(caught.value).lower()


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadCalendar, match="cannot read the calendar"):
        load_calendar(tmp_path / "none.yaml")
