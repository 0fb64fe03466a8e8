"""Series out of text: what is read, and how each mistake is named."""

from math import isnan

import pytest

from aiops.backtest import Unreadable, read_table

T0 = 1_700_000_000.0


def table(*rows: str, header: str = "timestamp,value") -> list[str]:
    return [f"{one}\n" for one in (header, *rows)]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1700000000", T0),
        ("1700000000.5", T0 + 0.5),
        ("2023-11-14T22:13:20Z", T0),
        ("2023-11-14T23:13:20+01:00", T0),
        ("2023-11-14T22:13:20", T0),
        ("2023-11-14 22:13:20", T0),
        ("2023-11-14", T0 - T0 % 86_400),
    ],
)
def test_a_time_is_iso_8601_or_unix_seconds_and_utc_without_a_zone(text: str, at: float) -> None:
    [series] = read_table(table(f"{text},1")).series
    assert series.times == [at]


def test_label_columns_tell_series_apart_in_any_order() -> None:
    found = read_table(table("a,1,x,7", "b,1,x,8", "a,2,x,9", header="host,timestamp,zone,value"))
    assert [(dict(one.labels), one.times, one.values) for one in found.series] == [
        ({"host": "a", "zone": "x"}, [1, 2], [7, 9]),
        ({"host": "b", "zone": "x"}, [1], [8]),
    ]
    assert not found.problems


@pytest.mark.parametrize("text", ["", " ", "NaN", "nan", "null", "inf", "-Inf", "N/A"])
def test_what_is_no_value_is_a_gap(text: str) -> None:
    [series] = read_table(table("1,5", f"2,{text}", "3,6")).series
    assert (series.times, isnan(series.values[1]), series.points) == ([1, 2, 3], True, 2)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("3,much", "value: 'much' is no number; leave it empty where there is none"),
        ("3,-1e308", "value: -1e308 is beyond 1e+100; leave it empty where there is none"),
        ("soon,3", "timestamp: 'soon' is no time; write it like 2026-01-31T12:00:00Z, or in Unix seconds"),
        (",3", "timestamp: '' is no time"),
        ("1700000000000,3", "must lie between 1970 and 9999; is it in milliseconds? write seconds"),
        ("-5,3", "timestamp: -5 must lie between 1970 and 9999"),
        ("nan,3", "timestamp: nan must lie between 1970 and 9999"),
        ("1,3", "timestamp: 1 goes back behind 1970-01-01T00:00:02Z; sort the file by time"),
        ("2,3", "timestamp: 2 comes twice in this series; keep one of them"),
        ("3", "has 1 field, not 2 as the first line"),
        ("3,4,5", "has 3 fields, not 2 as the first line"),
    ],
)
def test_a_wrong_line_is_named_and_left_out(row: str, said: str) -> None:
    found = read_table(table("1,5", "2,6", row, "9,7"))
    [(line, what)] = found.problems
    assert (line, said in what) == (4, True), what
    assert found.series[0].values == [5, 6, 7]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "there is nothing in it; a file begins with a line that names its columns, such as `timestamp,value`"),
        (["\n"], "there is nothing in it"),
        (table(header="time,value"), "no column `timestamp` in `time,value`; is it the one called 'time'?"),
        (table(header="timestamp;value"), "no column `timestamp` in `timestamp;value`"),
        (table(header="timestamp,val"), "no column `value`"),
        (table(header="timestamp,value,value"), "more than one column `value`"),
        (table(header="timestamp,value,"), "every label column needs a name of its own, not ''"),
        (table(header="timestamp,value,a,a"), "every label column needs a name of its own, not 'a'"),
        (table('1,"2'), "is no comma-separated text"),
    ],
)
def test_what_is_no_table_is_said(lines: list[str], said: str) -> None:
    with pytest.raises(Unreadable) as error:
        read_table(lines)
    assert said in str(error.value)


def test_empty_lines_are_nothing() -> None:
    found = read_table(table("1,5", "", " ", "2,6"))
    assert (found.series[0].times, found.problems) == ([1, 2], ())
