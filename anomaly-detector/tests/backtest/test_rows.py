"""Series out of text: what is read, and how each mistake is named."""

from math import isnan

import pytest

from aiops.backtest import Unreadable, read_table
from aiops.backtest.rows import AUTO, NONE

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


@pytest.mark.parametrize("name", ["label", "Anomaly", "IS_ANOMALY"])
def test_a_column_of_zeros_and_ones_labels_anomalies(name: str) -> None:
    rows = ("1,5,a,0", "1,6,b,1", "2,5,a,True", "2,6,b,", "3,5,a,1.0", "3,6,b,false")
    found = read_table(table(*rows, header=f"timestamp,value,host,{name}"))
    assert found.labelling == name
    assert [(dict(one.labels), one.labelled) for one in found.series] == [
        ({"host": "a"}, [False, True, True]),
        ({"host": "b"}, [True, False, False]),
    ]


@pytest.mark.parametrize(
    ("header", "cells", "labelling"),
    [
        ("timestamp,value,label", ["0", "1", "2"], AUTO),
        ("timestamp,value,label", ["0", "1", "0"], NONE),
        ("timestamp,value,label", ["", "", ""], AUTO),
        ("timestamp,value,flag", ["0", "1", "0"], AUTO),
    ],
)
def test_every_other_column_tells_series_apart(header: str, cells: list[str], labelling: str) -> None:
    rows = (f"{at},5,{cell}" for at, cell in enumerate(cells))
    found = read_table(table(*rows, header=header), labelling)
    assert (found.labelling, len(found.series)) == ("", len(set(cells)))
    assert not any(one.labelled for one in found.series)


def test_the_first_column_that_labels_anomalies_is_taken() -> None:
    found = read_table(table("1,x,5,1", "2,y,5,0", header="timestamp,label,value,anomaly"))
    assert (found.labelling, [dict(one.labels) for one in found.series]) == (
        "anomaly",
        [{"label": "x"}, {"label": "y"}],
    )


def test_a_chosen_column_labels_anomalies_and_what_it_must_not_hold_is_named() -> None:
    found = read_table(table("1,5,1", "2,5,maybe", "3,5,", header="timestamp,value,fault"), "fault")
    [series] = found.series
    assert (found.labelling, series.times, series.labelled) == ("fault", [1, 3], [True, False])
    assert found.problems == ((3, "fault: 'maybe' is neither 0 nor 1; leave it empty where nothing is known"),)


@pytest.mark.parametrize(("name", "said"), [("fault", "columns that could are `host`"), ("value", "no column `value`")])
def test_a_chosen_column_that_is_not_there_is_said(name: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_table(table("1,5,a", header="timestamp,value,host"), name)


def test_points_that_only_their_labels_told_apart_come_twice() -> None:
    found = read_table(table("1,5,0", "1,5,1", "2,6,0", header="timestamp,value,label"))
    [(line, what)] = found.problems
    assert (line, "comes twice" in what, found.series[0].times) == (3, True, [1, 2])


def test_a_wrong_line_hides_no_labels() -> None:
    found = read_table(table("1,5,0", "2,5,1,9", "3,6", "4,6,1", header="timestamp,value,label"))
    assert (found.labelling, found.series[0].labelled, len(found.problems)) == ("label", [False, True], 2)
