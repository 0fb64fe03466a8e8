"""What a person split off an incident stays an incident of its own over later cycles."""

from dataclasses import replace

import pytest

from aiops.incidents.merging import merge_into
from aiops.incidents.splitting import split_off
from aiops.model import Incident, IncidentState, labels
from aiops.model.errors import NotPossible

from .test_reconcile import Book, finding, group, said

BOTH = group("payment", finding("payment"), finding("cart"))


def two() -> tuple[Book, Incident, Incident]:
    book = Book()
    book.cycle(100, BOTH)
    [one] = book.open
    kept, new = split_off(one, ["cart"], 101, "ana", 2)
    book.kept |= {kept.key: kept, new.key: new}
    return book, kept, new


def services(one: Incident) -> set[str]:
    return {dict(series)["service"] for series, _ in one.symptoms}


def test_each_has_its_symptoms_and_keeps_them() -> None:
    book, kept, new = two()
    assert (services(kept), services(new)) == ({"payment"}, {"cart"})
    assert (new.root_cause, new.split_from, new.severity) == (None, kept.id, kept.severity)
    assert "a person split it off" in new.no_cause
    for at in (106, 112):
        events = book.cycle(at, BOTH)
        assert {event.incident.id for event in events} == {kept.id, new.id}
        assert set(said(events)) == {"updated"}
    assert {one.id: services(one) for one in book.open} == {kept.id: {"payment"}, new.id: {"cart"}}
    assert book.cycle(112, BOTH) == []


def test_a_new_symptom_of_a_split_service_belongs_to_the_new_one() -> None:
    book, kept, new = two()
    more = finding("cart", onset=100)
    other = replace(more, series=labels(service="cart", route="/other", method="GET"))
    book.cycle(106, group("payment", finding("payment"), finding("cart"), other))
    found = {one.id: len(one.symptoms) for one in book.open}
    assert found == {kept.id: 1, new.id: 2}


def test_the_one_that_is_calm_ends_and_the_other_goes_on() -> None:
    book, kept, new = two()
    for at in (106, 112, 118):
        book.cycle(at, group("payment", finding("cart")))
    assert [one.id for one in book.open] == [new.id]
    assert book.kept[kept.key].state == IncidentState.RESOLVED


def test_a_cause_of_its_own_is_named_later() -> None:
    book, kept, new = two()
    book.cycle(106, group("payment", finding("payment")), group("cart", finding("cart")))
    causes = {one.id: one.root_cause.cause.service for one in book.open if one.root_cause is not None}
    assert causes == {kept.id: "payment", new.id: "cart"}


def test_they_are_merged_again() -> None:
    book, kept, new = two()
    over, host = merge_into(new, kept, 103, "bob")
    book.kept |= {over.key: over, host.key: host}
    book.cycle(106, BOTH)
    [one] = book.open
    assert services(one) == {"payment", "cart"}


@pytest.mark.parametrize(
    ("names", "why"),
    [(["payment"], "the cause of .* is in payment"), (["ghost"], "has no symptom of ghost"), ([], "nothing")],
)
def test_what_cannot_be_split_says_why(names: list[str], why: str) -> None:
    book = Book()
    book.cycle(100, BOTH)
    [one] = book.open
    if not names:
        book = Book()
        book.cycle(100, group(None, finding("cart")))
        [one] = book.open
        names = ["cart"]
    with pytest.raises(NotPossible, match=why):
        split_off(one, names, 101, "ana", 2)
