"""The pages of silences, of what is not announced now and why, and of the hand-over of a shift."""

from typing import Final

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aiops.incidents.dismissing import opens_again
from aiops.model import Severity, SilenceMatcher
from aiops.presentation.times import unix_seconds
from aiops.presentation.trace_search import BadParameter
from aiops.service.use_cases import UseCases
from aiops.web.asked import asked_choice, asked_text

LENGTHS: Final = {
    "3600": "an hour",
    "14400": "4 hours",
    "86400": "a day",
    "604800": "a week",
    "2592000": "30 days",
}
"""Seconds for which something may be muted, with the words for it."""
SHIFTS: Final = (8, 12, 24, 72, 168)
"""Hours of a shift that a hand-over may be of."""
KINDS: Final = ("errors", "latency", "timeout", "down", "network", "dependency", "traffic", "machine", "unknown")
FAMILIES: Final = ("errors", "latency", "traffic", "silence", "no_telemetry")


def add_silences(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the pages and their forms."""

    @pages.get("/silences")
    def silences() -> ResponseReturnValue:
        now, listed = use_cases.now(), use_cases.silences.listed()
        return render_template(
            "silences.html",
            active=[one for one in listed if one.lasts(now)],
            past=[one for one in listed if not one.lasts(now)],
            maintenance=use_cases.silences.maintenance(),
            dismissed=[(one, opens_again(one.levels)) for one in use_cases.dismissals.listed() if one.lasts(now)],
            muted=use_cases.silences.muted(),
            given={name: asked_text(name) for name in ("incident", "service")},
            lengths=LENGTHS,
            kinds=KINDS,
            severities=Severity,
            families=FAMILIES,
        )

    @pages.get("/handover")
    def handover() -> ResponseReturnValue:
        hours = int(asked_choice("hours", tuple(map(str, SHIFTS)), str(SHIFTS[0])))
        return render_template(
            "handover.html", found=use_cases.handover.of(hours * 3600.0), hours=hours, lengths=SHIFTS
        )

    @pages.post("/silences")
    def add_silence() -> ResponseReturnValue:
        given = {name: " ".join(text.split()) for name, text in request.form.items()}
        kept = {name: given.get(name, "") for name in ("incident", "service", "kind", "severity", "family")}
        for name, allowed in (("kind", KINDS), ("severity", tuple(Severity))):
            if kept[name] and kept[name] not in allowed:
                abort(400, f"`{name}` must be one of {', '.join(allowed)}")
        until = until_of(given, use_cases.now())
        everything = given.get("everything") == "yes"
        use_cases.silences.add(SilenceMatcher(**kept), until, given.get("reason", ""), everything, g.actor)
        return redirect(url_for("web.silences"), 303)

    @pages.post("/silences/<silence_id>/end")
    def end_silence(silence_id: str) -> ResponseReturnValue:
        use_cases.silences.end(silence_id, g.actor)
        return redirect(url_for("web.silences"), 303)

    @pages.post("/dismissals/<dismissal_id>/end")
    def end_dismissal(dismissal_id: str) -> ResponseReturnValue:
        use_cases.dismissals.end(dismissal_id, g.actor)
        return redirect(url_for("web.silences", _anchor="dismissed"), 303)


def until_of(form: dict[str, str], now: float) -> float:
    """Return the end that a form asks for: `until`, or `lasts` seconds from now. Raises BadParameter."""
    if form.get("until"):
        try:
            return unix_seconds(form["until"])
        except ValueError as error:
            raise BadParameter("until", str(error)) from None
    if form.get("lasts") not in LENGTHS:
        raise BadParameter("lasts", f"must be one of {', '.join(LENGTHS)} seconds")
    return now + float(form["lasts"])
