"""What a notification says, in parts that each channel lays out in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiops.model.announcement import DIGEST, ENDINGS, ESCALATED, TEST, Digest, Subject, subject_name, subject_severity
from aiops.model.burn import Burn
from aiops.model.incident import Incident
from aiops.model.safe import visible
from aiops.presentation.burn import burn_sentence
from aiops.presentation.deeds import deeds
from aiops.presentation.headline import headline
from aiops.presentation.incident import incident_document
from aiops.presentation.leads import Lead
from aiops.presentation.numbers import percent, span_of_time
from aiops.presentation.status import style
from aiops.presentation.words import again, place, sure, why_severe

STEPS: Final = 3
"""The most things to do that a message names."""
_TRANSITIONS: Final = {
    "opened": "opened",
    "changed": "changed",
    "reopened": "is back",
    "acknowledged": "acknowledged",
    "resolved": "resolved",
    "burns": "burns its budget",
    "burns_faster": "burns its budget faster",
    "burns_no_more": "is within its budget again",
    ESCALATED: "not acknowledged: escalated",
}


@dataclass(frozen=True, slots=True)
class Link:
    """The address of a page, and its name."""

    words: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notification in parts. title: what is wrong, in one line. event: what happened to it, like `opened`. mark: one
    character for the severity. facts: pairs of a name and a sentence. steps: what to do, the first thing first. over:
    nothing is to be done."""

    name: str
    title: str
    event: str
    severity: str
    mark: str
    facts: tuple[tuple[str, str], ...] = ()
    steps: tuple[Link, ...] = ()
    links: tuple[Link, ...] = ()
    over: bool = False

    @property
    def subject_line(self) -> str:
        """The title with what happened and how severe it is: `[critical] opened: 80% of requests …`."""
        return f"[{self.severity}] {self.event}: {self.title}" if self.severity else self.title


def message_of(
    transition: str, subject: Subject, base_url: str, grafana_url: str = "", leads: Sequence[Lead] | None = None
) -> Message:
    """Write a message. Links need the address of the pages. leads: what to do, where more is known than the incident
    itself says."""
    if isinstance(subject, Digest):
        return _digest(subject, base_url)
    if transition == TEST:
        return _test(subject, base_url)
    severity, over = str(subject_severity(subject)), transition in ENDINGS
    facts = _burn_facts(subject) if isinstance(subject, Burn) else _facts(subject, over)
    return Message(
        name=visible(subject_name(subject)),
        title=visible(burn_sentence(subject) if isinstance(subject, Burn) else headline(subject)),
        event=_TRANSITIONS.get(transition, transition),
        severity=severity,
        mark="✓" if over else style(severity).mark,
        facts=tuple((name, visible(text)) for name, text in facts if text),
        steps=() if over or isinstance(subject, Burn) else _steps(subject, leads, base_url),
        links=_links(subject, base_url, grafana_url, leads or ()),
        over=over,
    )


def _test(subject: Subject, base_url: str) -> Message:
    at = subject.onset if isinstance(subject, Incident) else None
    return Message(
        name=TEST,
        title="This is a test of aiops: nothing is wrong",
        event="test message",
        severity=str(subject_severity(subject)),
        mark="✓",
        facts=(("Sent at", time_words(at)),) if at is not None else (),
        links=(Link("Pages of aiops", f"{base_url}/"),),
    )


def _digest(digest: Digest, base_url: str) -> Message:
    count = len(digest.ended)
    said = "; ".join(f"{name}: {what}" for name, what in digest.ended)
    return Message(
        name=DIGEST,
        title=visible(f"Began and ended in quiet hours, {count} in all: {said}"),
        event=DIGEST,
        severity="",
        mark="✓",
        links=(Link("Resolved incidents", f"{base_url}/incidents?state=resolved"),),
        over=True,
    )


def _facts(one: Incident, over: bool) -> list[tuple[str, str]]:
    root = one.root_cause
    if root is not None:
        certain = f"{sure(root.confidence)}, {percent(root.confidence)}"
        cause = f"{place(root.cause)}: {root.description} ({certain})"
    else:
        cause = one.no_cause or "not known"
    since = time_words(one.onset)
    if (count := again(one)) != "":
        since += f", {count}"
    if one.resolved_at is not None:
        since += f", until {time_words(one.resolved_at)} ({span_of_time(one.resolved_at - one.onset)})"
    hit = ", ".join((*one.affected_services, *one.affected_endpoints))
    change = root.change if root is not None and root.change else ""
    return [
        ("Cause", cause),
        ("Came with", change),
        ("Since", since),
        ("Hits", hit),
        ("Why it is " + str(one.severity), "" if over else why_severe(one)),
        ("Budget", "; ".join(_impact(one))),
        ("Acknowledged by", one.acknowledged_by),
        ("How it ended", one.resolution),
    ]


def _impact(one: Incident) -> list[str]:
    found = []
    for impact in one.slo_impact:
        group = "".join(f" {value}" for _, value in impact.group)
        text = f"{impact.slo}{group}: {percent(max(impact.budget_left, 0.0))} left"
        if impact.exhausted_in is not None and impact.budget_left > 0:
            text += f", for {span_of_time(impact.exhausted_in)} at {impact.burn_rate:.1f} times the allowed rate"
        found.append(text)
    return found


def _burn_facts(burn: Burn) -> list[tuple[str, str]]:
    span = burn.first_failing_span
    return [
        ("Service", burn.service),
        ("Since", time_words(burn.since) + (f", until {time_words(burn.until)}" if burn.until is not None else "")),
        ("Budget", f"{percent(max(burn.budget_left, 0.0))} left, burn rate {burn.burn_rate:.1f}"),
        ("Starts at", f"{span.service} {span.name}: {span.status}" if span else ""),
    ]


def _steps(one: Incident, leads: Sequence[Lead] | None, base_url: str) -> tuple[Link, ...]:
    if leads is None:
        leads = list(deeds(one, one.root_cause, None, ())) if one.root_cause is not None else []
    page = f"{base_url}/incidents/{one.id}"
    return tuple(Link(visible(each.text), _address(each.link, page, base_url)) for each in leads[:STEPS])


def _address(link: str, page: str, base_url: str) -> str:
    """Make the link of a sentence on the page of an incident work elsewhere."""
    if link.startswith("#"):
        return page + link
    return base_url + link if link.startswith("/") else link


def _links(subject: Incident | Burn, base_url: str, grafana_url: str, leads: Sequence[Lead]) -> tuple[Link, ...]:
    if isinstance(subject, Burn):
        first = subject.first_failing_span
        trace = first.trace_id if first else next(iter(subject.trace_ids), "")
        found = [Link("Objective", f"{base_url}/slos/{subject.slo}")]
        return (*found, Link("Trace", f"{base_url}/traces/{trace}")) if trace else tuple(found)
    links = incident_document(subject, base_url, grafana_url).links
    pairs = [("Incident", links.page), ("Trace", links.trace), ("Dashboard", links.dashboard)]
    pairs += [("Runbook", each.link) for each in leads if each.words == "the runbook" and each.link][:1]
    return tuple(Link(words, address) for words, address in pairs if address)


def time_words(at: float) -> str:
    """Write a time with its zone: `2026-11-30 18:56:12 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
