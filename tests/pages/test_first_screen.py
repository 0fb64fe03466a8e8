"""What the first screen of an incident says of each fault: how sure, what is ruled out, and what to do."""

import html
import re
from collections.abc import Callable
from itertools import count
from typing import Final

import pytest

from .serving import Shown

SAYS: Final[dict[str, tuple[str, ...]]] = {
    "payment-errors": (
        "payment itself raises it: no bad request has a call to card-processor, good ones have",
        "in all 60 bad traces that were read it starts at payment POST /payment",
        "Also gateway → payment:",
        "a single version, instance or tenant (",
        "1. Open the failing exception in payment: PaymentError: card processor refused the failing span",
        "2. Read where PaymentError is raised",
        "Look in payment before you ask who runs card-processor",
        "high: failures reach users",
    ),
    "latency-spike": (
        "payment takes longer, outside of its calls that have spans",
        "its calls: card-processor takes",
        "calls from gateway are slow as well",
        "1. Open a slow request of payment POST /payment: 2.04 s are its own work",
        "2. Look at the CPU of payment",
        "medium: users wait longer, and get their answers",
    ),
    "timeout": (
        "a process that is stuck, and a network that drops what it sends",
        "a refused connection: it is made, and no answer comes",
        "1. Take a thread dump of payment, then restart it",
        "2. Look in the log of payment: if requests arrive there",
    ),
    "service-gone": (
        "no process of payment answers",
        "packets that are lost: the host answers, and refuses the connection",
        "payment-availability : no requests counted since 08:10:00",
        "1. Save the last log lines of payment, then start it again",
        "2. Look first whether payment runs",
    ),
    "lost-time": (
        "time is lost between checkout and payment",
        "other callers: gateway → payment takes",
        "checkout's pool of connections, and the network of its hosts",
        "Not hit: gateway → payment",
        "1. Look whether checkout waits for connections to payment",
        "2. Time a call to payment on checkout's host",
        "No objective is hit",
    ),
    "bad-version": (
        "About 66% of requests to payment 1.5.0 POST /payment fail, no failure of other versions seen (together 36%",
        "a fault of payment 1.5.0, and a fault of instance payment-1",
        "1. Roll back payment 1.5.0 to 1.4.2",
        "2. See after the rollback",
    ),
    "slow-query": (
        "catalog calls no more often: 1 a request, normally 1",
        "1. Look at the query plan of SELECT products on sqlite",
        "2. Time another statement on sqlite",
        "logarithmic axis",
        "No objective is hit",
    ),
    "bad-tenant": (
        "of requests to payment POST /payment with tenant.id globex fail, no failure of others seen",
        "a fault in the data of globex, and a limit or flag set for it",
        "1. Check what is set for tenant.id globex alone",
        "2. Compare a failing request of globex with a good one of another tenant",
    ),
}


def written(page: str) -> str:
    """The words of the first screen; what is done is numbered."""
    first = page[page.index("<main") : page.index('class="evidence"')]
    numbers = count(1)
    begin = first.index('class="todo"')
    first = first[:begin] + re.sub(r"<li[^>]*>", lambda _: f" {next(numbers)}. ", first[begin:])
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", first)).split())


@pytest.mark.parametrize("fault", list(SAYS))
def test_the_first_screen_says_how_sure_and_what_to_do(fault: str, shown: Callable[[str], Shown]) -> None:
    engine = shown(fault)
    page = engine.app.test_client().get(engine.incident, headers={"Accept": "text/html"}).text
    said = written(page)
    assert not [one for one in SAYS[fault] if one not in said], said
    assert "Almost certain, 97% of such answers were right, 94% to 100%" in said
    assert re.search(r"(Steady|Getting worse|Recovering) : \S+", said)
    assert page.count('class="fall compact"') == 2
    assert 'class="at d' in page
    assert " marked" in page
