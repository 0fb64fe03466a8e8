"""What a person said is no incident opens none, until it is that much worse or the word has ended."""

from dataclasses import replace

import pytest

from aiops.incidents import resolve
from aiops.incidents.dismissing import bar, how_bad, worst_levels
from aiops.model import CauseKind, Dismissal, Ending, Family

from .test_reconcile import Book, finding, group, said


def dismissed(book: Book, at: float, until: float = 9e9) -> None:
    """Say of the one open incident that it is none."""
    (one,) = book.open
    book.kept[one.key] = resolve(one, at, "not an incident", Ending.DISMISSED)
    book.dismissals.append(
        Dismissal(
            id="a",
            fingerprint=one.fingerprint,
            incident=one.id,
            title=one.title,
            at=at,
            who="ana",
            reason="a load test",
            levels=one.worst,
            until=until,
        )
    )


def test_the_same_does_not_open_again_until_it_is_twice_as_bad() -> None:
    book = Book()
    book.cycle(100, group("payment", finding("payment", observed=0.2)))
    dismissed(book, 103)
    for step in range(20):
        for observed in (0.2, 0.39):
            assert book.cycle(106 + 6 * step, group("payment", finding("payment", observed=observed))) == []
    later = finding("payment", onset=300, observed=0.4)
    assert said(book.cycle(306, group("payment", later))) == ["reopened"]
    assert said(book.cycle(312, group("payment", replace(later, observed=0.25)))) == ["updated"]


def test_what_was_said_of_latency_is_not_said_of_failures_or_of_others() -> None:
    slow = replace(finding("payment", Family.LATENCY, observed=3.0), expected=1.0)
    book = Book()
    book.cycle(100, group("payment", slow, kind=CauseKind.LATENCY))
    dismissed(book, 103)
    assert book.cycle(106, group("payment", replace(slow, observed=4.4), kind=CauseKind.LATENCY)) == []
    failing = group("payment", slow, finding("payment", onset=105), kind=CauseKind.LATENCY)
    assert book.cycle(112, failing) != []
    book = Book()
    book.cycle(100, group("payment", slow, kind=CauseKind.LATENCY))
    dismissed(book, 103)
    assert said(book.cycle(106, group("cart", finding("cart")))) == ["opened"]
    worse = replace(slow, observed=4.6, onset=300)
    assert said(book.cycle(306, group("payment", worse, kind=CauseKind.LATENCY)))[0] == "reopened"


def test_when_it_ends_what_goes_on_opens_again() -> None:
    book = Book()
    book.cycle(100, group("payment", finding("payment", observed=0.2)))
    dismissed(book, 103, until=200.0)
    assert book.cycle(150, group("payment", finding("payment", observed=0.2))) == []
    again = [said(book.cycle(at, group("payment", finding("payment", observed=0.2)))) for at in (201, 207, 213)]
    assert ["reopened"] in again


@pytest.mark.parametrize(
    ("family", "level", "least"),
    [
        (Family.ERRORS, 0.1, 0.2),
        (Family.ERRORS, 0.6, 0.8),
        (Family.ERRORS, 1.0, 1.0),
        (Family.TRAFFIC, 0.4, 0.6),
        (Family.TRAFFIC, 0.8, 0.9),
        (Family.LATENCY, 4.0, 6.0),
        (Family.SILENCE, 2.0, 4.0),
        ("gauge", 2.0, 3.0),
    ],
)
def test_how_bad_it_must_be(family: str, level: float, least: float) -> None:
    assert bar(family, level) == pytest.approx(least)


def test_the_worst_of_each_family_is_kept() -> None:
    missing = replace(finding("a", Family.TRAFFIC, observed=3.0), expected=10.0)
    unknown = replace(finding("a", observed=float("nan")))
    assert worst_levels((("errors", 0.5),), [finding("a", observed=0.3), missing, unknown]) == (
        ("errors", 0.5),
        ("traffic", pytest.approx(0.7)),
    )
    assert how_bad(replace(missing, expected=0.0)) == 0.0
