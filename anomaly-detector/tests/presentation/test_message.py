"""What a notification says, before a channel lays it out."""

from dataclasses import replace

from made_up.samples import sample, simple

from aiops.incidents import resolve
from aiops.model import Digest, Impact, Urgency
from aiops.presentation.leads import Lead
from aiops.presentation.message import message_of

BASE = "https://aiops.example.org"
IMPACT = Impact(
    slo="checkout-availability",
    group=(("tenant", "acme"),),
    urgency=Urgency.PAGE,
    burn_rate=14.4,
    budget_left=0.25,
    exhausted_in=7200.0,
)


def facts(message: object) -> dict[str, str]:
    return dict(message.facts)  # type: ignore[attr-defined]


def test_it_says_what_why_how_sure_since_when_who_and_the_budget() -> None:
    message = message_of("opened", replace(sample(), slo_impact=(IMPACT,)), BASE)
    assert message.subject_line.startswith("[critical] opened: payment POST /payment fails")
    found = facts(message)
    assert found["Cause"].endswith("80% of requests fail (12 of 15; expected 1%) (almost certain, 93%)")
    assert found["Came with"] == "deployment of payment 1.5.0, 4 min before"
    assert found["Since"].endswith(" UTC")
    assert found["Hits"] == "payment, checkout, gateway, /payment, /checkout"
    assert found["Budget"] == ("checkout-availability acme: 25% left, for 2 h at 14.4 times the allowed rate")
    assert next(step.words for step in message.steps).startswith("Take payment 1.5.0 out of service")
    assert all(each.address.startswith(BASE) for each in message.links)


def test_links_of_the_page_work_elsewhere_and_the_runbook_is_one_of_them() -> None:
    leads = [
        Lead("Roll back payment", "#changes", "the changes considered"),
        Lead("Open the failing exception", "/traces/abc?span=d", "the failing span"),
        Lead("Follow the runbook of checkout", "https://wiki.example.org/checkout", "the runbook"),
        Lead("Ask the owner"),
    ]
    message = message_of("opened", sample(), BASE, leads=leads)
    assert [step.address for step in message.steps] == [
        f"{BASE}/incidents/{sample().id}#changes",
        f"{BASE}/traces/abc?span=d",
        "https://wiki.example.org/checkout",
    ]
    assert ("Runbook", "https://wiki.example.org/checkout") in [(one.words, one.address) for one in message.links]


def test_what_is_over_asks_for_nothing() -> None:
    one = sample()
    message = message_of("resolved", resolve(one, one.onset + 250, "its symptoms are normal again"), BASE)
    assert (message.over, message.steps, message.mark) == (True, (), "✓")
    assert facts(message)["Since"].endswith("(4 min 10 s)")
    assert facts(message)["How it ended"] == "its symptoms are normal again"
    assert not any(name.startswith("Why it is") for name in facts(message))


def test_without_a_cause_it_says_so_and_hides_nothing_invisible() -> None:
    message = message_of("opened", simple(title="pay\n\u202eevil"), BASE)
    assert message.title == "pay\\n\\u202eevil"
    assert facts(message)["Cause"].startswith("no cause found in telemetry")


def test_a_digest_is_one_line() -> None:
    message = message_of("digest", Digest(0.0, 1.0, (("INC-1", "a was slow"), ("INC-2", "b\nfailed"))), BASE)
    assert message.subject_line == ("Began and ended in quiet hours, 2 in all: INC-1: a was slow; INC-2: b\\nfailed")
