"""The burn record as the document that API and notifications share."""

from aiops.model.burn import Burn
from aiops.model.window import iso, iso_duration
from aiops.presentation.documents import slo as documents
from aiops.presentation.incident import span_document


def burn_document(burn: Burn, base_url: str = "") -> documents.Burn:
    """Return the document of a burn. Links are relative unless `base_url` is given."""
    trace = burn.first_failing_span.trace_id if burn.first_failing_span else next(iter(burn.trace_ids), "")
    return documents.Burn(
        slo=burn.slo,
        display_name=burn.display_name,
        service=burn.service,
        group=dict(burn.group),
        urgency=burn.urgency.value,
        summary=burn_sentence(burn),
        since=iso(burn.since),
        last_seen=iso(burn.last_seen),
        until=None if burn.until is None else iso(burn.until),
        burn_rate=burn.burn_rate,
        budget_left=burn.budget_left,
        exhausted_in=None if burn.exhausted_in is None else iso_duration(burn.exhausted_in),
        incident=burn.incident or None,
        first_failing_span=span_document(burn.first_failing_span),
        trace_ids=list(burn.trace_ids),
        links=documents.BurnLinks(
            page=f"{base_url}/slos/{burn.slo}", trace=f"{base_url}/traces/{trace}" if trace else None
        ),
    )


def burn_sentence(burn: Burn) -> str:
    """Describe a burn in one sentence."""
    where = "".join(f" {value}" for _, value in burn.group)
    left = f"{100 * burn.budget_left:.1f}% of its error budget is left"
    if burn.until is not None:
        return f"{burn.display_name}{where} is within its error budget again; {left}"
    what = f"{burn.display_name}{where} spends its error budget {burn.burn_rate:.1f} times as fast as allowed; {left}"
    if burn.budget_left > 0 and burn.exhausted_in is not None:
        what += f", for {burn.exhausted_in / 3600:.1f} h at this rate"
    span = burn.first_failing_span
    return f"{what}. It starts at {span.service}: {span.name}: {span.status}" if span else what
