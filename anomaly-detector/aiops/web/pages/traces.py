"""Pages of traces: the search, and one trace."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aiops import explain
from aiops.model import AttributeDifference, Incident, Trace
from aiops.model.errors import NotFound, SourceError, StoreError
from aiops.presentation.trace_search import NAMES, STATUSES, BadParameter, read_trace_search
from aiops.service.use_cases import UseCases
from aiops.web.scatter import scatter
from aiops.web.waterfall import waterfall

LISTED: Final = 50
"""Rows of the list of traces."""
USUAL: Final = "usual"
_KEPT: Final = ("span", "from", "closed", "with")
_ID: Final = re.compile(r"[0-9a-fA-F]{0,32}")
SINCE: Final = (("15m", "last 15 min"), ("1h", "last hour"), ("6h", "last 6 h"), ("1d", "last day"))


def add_traces(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the pages of traces."""

    @pages.get("/traces")
    def traces() -> ResponseReturnValue:
        asked = read_trace_search(request.args.to_dict(flat=False), use_cases.now())
        found = use_cases.traces.search(asked)
        shown = found.selected if asked.box is not None else found.rest

        def link(**changed: Any) -> str:
            return f"{url_for('web.traces')}?{urlencode(asked.but(**changed), doseq=True)}"

        def narrowed(one: AttributeDifference) -> str:
            """Return the search for a value without the selection; the other conditions are about the asked service."""
            kept = {"from_": None, "to": None, "over": None, "under": None, "only": None}
            values = [*asked.given.get("attribute", ()), f"{one.attribute}={one.value}"]
            if asked.query.service not in ("", one.service):
                kept |= dict.fromkeys(("route", "status", "min", "max", "text"))
                values = values[-1:]
            return link(service=one.service, attribute=values, **kept)

        return render_template(
            "traces.html",
            asked=asked,
            found=found,
            shown=shown[:LISTED],
            hidden=max(0, len(shown) - LISTED),
            drawn=scatter(found.selected, found.rest, asked.window, asked.box) if found.traces else None,
            link=link,
            narrowed=narrowed,
            names=NAMES,
            statuses=STATUSES,
            since=SINCE,
            services=_services(use_cases),
        )

    @pages.get("/traces/<trace_id>")
    def trace(trace_id: str) -> ResponseReturnValue:
        if len(trace_id) > 64:
            raise NotFound("there is no trace with an id that long")
        found = use_cases.telemetry.trace(trace_id)
        given = _Given.of(request.args.to_dict())

        def link(**changed: str | None) -> str:
            new = {**request.args.to_dict(), **{name.rstrip("_"): value for name, value in changed.items()}}
            kept = {name: value for name in _KEPT if (value := new.get(name))}
            return f"{url_for('web.trace', trace_id=trace_id)}?{urlencode(kept)}"

        if given.beside == USUAL:
            return redirect(link(with_=use_cases.traces.usual(found)))
        good = use_cases.telemetry.trace(given.beside) if given.beside else None
        fall = waterfall(found, given.span, min(given.begins, len(found.spans) - 1), given.closed, good)
        return render_template(
            "trace.html",
            fall=fall,
            good=waterfall(good, beside=found) if good else None,
            given=given,
            link=link,
            toggled=lambda row: ",".join(sorted(given.closed ^ {row.span.span_id})),
            first=explain.begins(found),
            incidents=_evidence_of(use_cases, found),
            logs=use_cases.logs.of_trace(found),
        )


@dataclass(frozen=True, slots=True)
class _Given:
    """The parameters of a trace's page: the span to mark, the first row, closed spans, and the trace to compare with
    (USUAL: one like it is looked for)."""

    span: str
    begins: int
    closed: frozenset[str]
    beside: str

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "_Given":
        """Read them. Raises BadParameter."""
        begins = given.get("from", "0")
        if not (begins.isascii() and begins.isdigit() and len(begins) <= 6):
            raise BadParameter("from", f"must be the number of a row, from 0, not {begins!r}")
        beside = given.get("with", "")
        if beside != USUAL and not _ID.fullmatch(beside):
            raise BadParameter("with", f"must be a trace id of up to 32 hexadecimal digits, or {USUAL}, not {beside!r}")
        closed = frozenset(one for one in given.get("closed", "").split(",") if one)
        return cls(given.get("span", ""), int(begins), closed, beside)


def _evidence_of(use_cases: UseCases, trace: Trace) -> list[Incident]:
    try:
        return use_cases.traces.evidence_of(trace)
    except StoreError:
        return []


def _services(use_cases: UseCases) -> list[str]:
    """The services that a person may choose from; none where metrics cannot be read now."""
    try:
        return sorted(one.service for one in use_cases.health.services())
    except SourceError:
        return []
