"""Who looks after a service and who is on call, in sentences and as a document."""

from collections.abc import Iterator

from aiops.model import iso
from aiops.model.catalog import OnCall, Responsible
from aiops.presentation.documents import incident as documents
from aiops.presentation.filters import moment
from aiops.presentation.leads import Lead
from aiops.presentation.numbers import span_of_time


def responsible_document(of: Responsible | None) -> documents.Responsible | None:
    """Return the document; None where nothing is written down."""
    if of is None:
        return None
    entry, on_call = of.entry, of.on_call
    return documents.Responsible(
        service=entry.service,
        owner=entry.owner or None,
        runbooks=[documents.NamedLink(title=title, url=url) for title, url in entry.runbooks],
        links=[documents.NamedLink(title=title, url=url) for title, url in entry.links],
        slack=entry.slack or None,
        contact=entry.contact or None,
        on_call=None
        if on_call is None
        else documents.OnCall(
            names=list(on_call.names),
            until=None if on_call.until is None else iso(on_call.until),
            as_of=None if on_call.as_of is None else iso(on_call.as_of),
            problem=on_call.problem or None,
        ),
    )


def responsible_leads(of: Responsible | None, now: float) -> Iterator[Lead]:
    """Yield who looks after a service, where they are found, and who is on call now."""
    if of is None:
        return
    entry = of.entry
    where = ", ".join(filter(None, (entry.slack, entry.contact)))
    if entry.owner or where:
        yield Lead(f"Owner of {entry.service}: {entry.owner or 'not named'}{f' ({where})' if where else ''}")
    if of.on_call is not None:
        yield Lead(on_call_sentence(entry.service, of.on_call, now))


def on_call_sentence(service: str, one: OnCall, now: float) -> str:
    """Write who is on call now; that nobody is; or that it is not known, and why."""
    old = (
        f" (the calendar was read {span_of_time(now - one.as_of)} ago: {one.problem})" if one.as_of is not None else ""
    )
    doubt = old if one.problem else ""
    if one.names:
        until = f", until {moment(one.until)}" if one.until is not None and len(one.names) == 1 else ""
        return f"On call for {service} now: {', '.join(one.names)}{until}{doubt}"
    if one.problem:
        return f"Who is on call for {service} is not known: {one.problem}"
    return f"Nobody is on call for {service} now"
