"""The page of the map: services, who calls whom, and how an incident spreads."""

from collections.abc import Mapping
from functools import partial

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from aiops.health import USERS, ServiceMap
from aiops.model import Incident, iso
from aiops.model.errors import NotFound
from aiops.presentation.times import unix_seconds
from aiops.service.use_cases import UseCases
from aiops.web import map_view
from aiops.web.map_drawing import drawn

USUAL = next(iter(map_view.SORTS))
STEPS = 120
"""Positions of the slider."""


def add_map(pages: Blueprint, use_cases: UseCases) -> None:
    """Add the map."""

    @pages.get("/map")
    def service_map() -> ResponseReturnValue:
        now = use_cases.now()
        sort, at = _sort(), _at(now)
        name = request.args.get("incident", "")
        about = use_cases.incidents.get(name) if name else None
        empty = ""
        try:
            whole = use_cases.map.now() if at is None else use_cases.map.at(at)
        except NotFound as error:
            whole, empty = ServiceMap(at, {}, ()), str(error)
        active = _active(use_cases, whole)
        if about is not None:
            whole = map_view.only(whole, about.id)
        focus = request.args.get("focus", "")
        view = map_view.viewed(whole, focus, about, active)
        marked = [about] if about is not None else active
        start, end = map_view.sliding(now, at, marked, about)
        return render_template(
            "map.html",
            view=view,
            drawing=drawn(view.map),
            calls=sorted(view.map.calls, key=map_view.SORTS[sort]),
            known=sorted(one for one in whole.nodes if one != USERS),
            focus=focus,
            about=about,
            active=active,
            at=at,
            empty=empty,
            sort=sort,
            address=partial(_address, {"focus": focus, "incident": name, "at": at, "sort": sort}),
            stops=map_view.stops(start, end, now, marked),
            start=start,
            end=end,
            step=max(1, round((end - start) / STEPS)),
        )


def _address(asked: Mapping[str, object], **other: object) -> str:
    """Return the address of this page with something else asked for."""
    wanted = {**asked, **other}
    at = wanted["at"]
    return url_for(
        "web.service_map",
        focus=wanted["focus"] or None,
        incident=wanted["incident"] or None,
        at=iso(at) if isinstance(at, float) else None,
        sort=wanted["sort"] if wanted["sort"] != USUAL else None,
    )


def _sort() -> str:
    sort = request.args.get("sort") or USUAL
    if sort not in map_view.SORTS:
        abort(400, f"`sort` must be one of {', '.join(map_view.SORTS)}")
    return sort


def _at(now: float) -> float | None:
    """Return the time that is asked for; None is now."""
    asked = request.args.get("at", "")
    if not asked:
        return None
    try:
        at = unix_seconds(asked)
    except ValueError as error:
        abort(400, f"`at` {error}")
    if at > now + 1:
        abort(400, "`at` must not be later than now; leave it out for now")
    return at


def _active(use_cases: UseCases, whole: ServiceMap) -> list[Incident]:
    """Return the incidents that the map marks."""
    names = dict.fromkeys(one for node in whole.nodes.values() for one in (*node.causes, *node.hit_by))
    return [use_cases.incidents.get(one) for one in names]
