"""The one table of who may do what: the role that each endpoint needs, by its name in Flask and the HTTP method.

What is not listed here is refused, and an application that has it does not start.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from aiops.model import Role

Call = tuple[str, str]
"""An endpoint and a method."""

_OPEN: Final = (
    "probes.health",
    "probes.metrics",
    "probes.ready",
    "web.keys",
    "web.provider_sign_in",
    "web.provider_sign_out",
    "web.provider_signed_in",
    "web.sign_in",
    "web.static",
)
_READ: Final = (
    "actions.listed",
    "actions.one",
    "alerts.listed",
    "changes.listed",
    "description",
    "drills.listed",
    "drills.one",
    "dismissals.listed",
    "explanation.explain",
    "handover.handover",
    "incidents.listed",
    "incidents.one",
    "incidents.proposed",
    "logs.search",
    "post_mortem.export",
    "series.series",
    "silences.listed",
    "slos.bad_requests",
    "slos.definitions",
    "slos.listed",
    "slos.one",
    "system.system",
    "telemetry.metrics",
    "telemetry.services",
    "telemetry.spans",
    "telemetry.topology",
    "traces.trace",
    "traces.traces",
    "web.action",
    "web.actions",
    "web.api",
    "web.api_resource",
    "web.backtest",
    "web.drills",
    "web.handover",
    "web.incident",
    "web.incidents",
    "web.index",
    "web.post_mortem",
    "web.proposed",
    "web.series",
    "web.service",
    "web.service_map",
    "web.services",
    "web.silences",
    "web.slo",
    "web.slos",
    "web.system",
    "web.trace",
    "web.traces",
)
_SENT: Final = (
    "alerts.receive",
    "change_hooks.argocd",
    "change_hooks.flags",
    "change_hooks.github",
    "changes.record",
)
_DONE: Final = (
    "drills.begin",
    "drills.end",
    "dismissals.dismiss",
    "dismissals.end",
    "actions.approve",
    "actions.cancel",
    "actions.propose",
    "actions.refuse",
    "incidents.acknowledge",
    "incidents.analyze",
    "incidents.normal",
    "incidents.resolve",
    "incidents.undo",
    "silences.add",
    "silences.end",
    "web.acknowledge",
    "web.add_silence",
    "web.assign",
    "web.comment",
    "web.dismiss",
    "web.end_dismissal",
    "web.end_silence",
    "web.merge",
    "web.split",
    "web.approve_action",
    "web.cancel_action",
    "web.propose_action",
    "web.refuse_action",
    "web.normal",
    "web.reopen",
    "web.resolve",
    "web.severity",
    "web.snooze",
    "web.undo_normal",
    "web.unmerge",
    "web.wake",
    "workflow.assign",
    "workflow.clear_severity",
    "workflow.comment",
    "workflow.merge",
    "workflow.split",
    "workflow.reopen",
    "workflow.set_severity",
    "workflow.snooze",
    "workflow.unassign",
    "workflow.unmerge",
    "workflow.wake",
)

_RUN: Final = (
    ("access.add", "POST"),
    ("access.audit", "GET"),
    ("access.check", "GET"),
    ("access.revoke", "POST"),
    ("access.add_user", "POST"),
    ("access.remove_user", "POST"),
    ("access.set_password", "POST"),
    ("access.tokens", "GET"),
    ("access.users", "GET"),
    ("web.add_token", "POST"),
    ("web.audit", "GET"),
    ("web.revoke_token", "POST"),
    ("web.tokens", "GET"),
)

POLICY: Final[Mapping[Call, Role | None]] = {
    **{(one, "GET"): None for one in _OPEN},
    ("web.signed_in", "POST"): None,
    ("web.sign_out", "POST"): Role.VIEWER,
    **{(one, "GET"): Role.VIEWER for one in _READ},
    **{(one, "POST"): Role.INGEST for one in _SENT},
    **{(one, "POST"): Role.RESPONDER for one in _DONE},
    **dict.fromkeys(_RUN, Role.ADMIN),
}
"""The role that a call needs; None: none at all."""
_LIKE_GET: Final = frozenset({"HEAD", "OPTIONS"})


def needed(endpoint: str, method: str) -> Role | None:
    """Return the role that a call needs, None where it is open to everybody. Raises LookupError for what is not
    listed."""
    if method == "OPTIONS" and (endpoint, "GET") not in POLICY:
        method = "POST"
    return POLICY[endpoint, "GET" if method in _LIKE_GET else method]


def unlisted(calls: Iterable[Call]) -> list[Call]:
    """Return the calls that have no entry in the table, sorted."""
    return sorted({call for call in calls if call[1] not in _LIKE_GET} - set(POLICY))
