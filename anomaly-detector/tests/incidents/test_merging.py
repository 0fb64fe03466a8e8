"""Incidents that a person merged stay so over later cycles, and are taken apart again."""

import pytest

from aiops.incidents.merging import merge_into, unmerge
from aiops.model import Ending, Incident, IncidentState
from aiops.model.errors import NotPossible

from .test_reconcile import Book, finding, group, said

PAYMENT = group("payment", finding("payment"))
CART = group("cart", finding("cart"))


def two() -> tuple[Book, Incident, Incident]:
    book = Book()
    book.cycle(100, PAYMENT, CART)
    payment, cart = book.open
    over, host = merge_into(cart, payment, 101, "ana")
    book.kept |= {over.key: over, host.key: host}
    return book, over, host


def test_later_symptoms_attach_to_the_other_in_any_order() -> None:
    book, cart, payment = two()
    assert (cart.ending, cart.merged_into, payment.merged[0].id) == (Ending.MERGED, payment.id, cart.id)
    for at, groups in ((106, (CART, PAYMENT)), (112, (PAYMENT, CART)), (118, (CART,)), (124, (CART,))):
        events = book.cycle(at, *groups)
        assert [event.incident.id for event in events] == [payment.id]
        assert said(events) == ["updated"]
    (one,) = book.open
    assert one.root_cause is not None
    assert one.root_cause.cause.service == "payment"
    assert set(one.symptoms) == {*payment.symptoms, *cart.symptoms}
    assert book.cycle(124, CART) == []


def test_it_ends_when_both_are_calm_and_then_each_is_alone() -> None:
    book, cart, payment = two()
    book.cycle(106, CART)
    assert said(book.cycle(120)) == ["resolved"]
    assert book.open == []
    (event,) = book.cycle(90_000, group("cart", finding("cart", onset=89_990)))
    assert event.incident.id not in (payment.id, cart.id)


def test_taken_out_again_each_goes_its_own_way() -> None:
    book, cart, payment = two()
    book.cycle(106, PAYMENT, CART)
    again, host = unmerge(book.kept[cart.key], book.kept[payment.key], 108, "bob")
    assert (again.state, again.merged_into, host.merged) == (IncidentState.OPEN, "", ())
    assert host.symptoms == payment.symptoms[:1]
    book.kept |= {again.key: again, host.key: host}
    assert {event.incident.id for event in book.cycle(112, PAYMENT, CART)} == {cart.id, payment.id}
    book.cycle(118, PAYMENT)
    book.cycle(124, PAYMENT)
    assert [one.id for one in book.open] == [payment.id]


def test_what_cannot_be_merged_says_why() -> None:
    book, cart, payment = two()
    for one, into, why in ((payment, payment, "into itself"), (cart, payment, "is resolved"), (payment, cart, "is re")):
        with pytest.raises(NotPossible, match=why):
            merge_into(one, into, 110, "ana")
    with pytest.raises(NotPossible, match="is not merged into"):
        unmerge(payment, cart, 110, "ana")
    assert len(book.kept) == 2
