"""What bad requests share: of what is known of both sides only."""

from dataclasses import replace

from aiops.explain.dimensions import dimensions
from aiops.model import Span, SpanKind

SPAN = Span(
    trace_id="t",
    span_id="s",
    parent_id="",
    service="payment",
    name="POST /pay",
    kind=SpanKind.SERVER,
    start=0.0,
    duration=0.1,
)


def spans(count: int, **attributes: str) -> list[Span]:
    return [replace(SPAN, attributes={key.replace("__", "."): value for key, value in attributes.items()})] * count


def test_a_value_that_the_bad_share_is_named() -> None:
    bad = spans(25, tenant="blue") + spans(5, tenant="red")
    good = spans(5, tenant="blue") + spans(25, tenant="red")
    assert [(one.attribute, one.value) for one in dimensions(bad, good)] == [("tenant", "blue")]


def test_an_attribute_that_the_good_lack_tells_nothing() -> None:
    assert dimensions(spans(30, url__scheme="http"), spans(30)) == ()
    assert dimensions(spans(30, url__scheme="http"), spans(29) + spans(1, url__scheme="https")) == ()
    differ = spans(20, flag="on") + spans(10, flag="off")
    assert dimensions(differ, spans(30)) == ()


def test_shares_are_of_those_that_have_the_attribute() -> None:
    bad = spans(15, tenant="blue") + spans(15)
    good = spans(15, tenant="red") + spans(15)
    (one,) = dimensions(bad, good)
    assert (one.value, one.share_of_bad, one.share_of_good) == ("blue", 1.0, 0.0)


def test_what_all_share_is_not_peculiar_to_the_bad() -> None:
    assert dimensions(spans(30, tenant="blue"), spans(15, tenant="blue") + spans(15)) == ()
