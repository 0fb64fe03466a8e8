"""What a question in TraceQL asks for that is not there, by the part of the grammar that is used here.

Spans are chosen by `{ field op value && … }`; what follows a `|` counts or measures them, `by (…)` some fields, or
shows some of their fields. Fields are intrinsics, or attributes of a scope. https://grafana.com/docs/tempo/latest/traceql
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

INTRINSICS: Final = {
    "name": "text",
    "kind": "kind",
    "status": "status",
    "statusMessage": "text",
    "duration": "duration",
    "traceDuration": "duration",
    "rootName": "text",
    "rootServiceName": "text",
}
KINDS: Final = {"server", "client", "internal", "producer", "consumer", "unspecified"}
STATUSES: Final = {"error", "ok", "unset"}
FUNCTIONS: Final = {
    *("rate", "count_over_time", "quantile_over_time", "histogram_over_time"),
    *("min_over_time", "max_over_time", "avg_over_time", "sum_over_time"),
}
_TOKEN: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|&&|\|\||=~|!~|!=|>=|<=|[-\w.:]+|[{}()|,=<>])', re.ASCII)
_DURATION: Final = re.compile(r"\d+(?:\.\d+)?(?:ns|us|ms|s|m|h)")
_NUMBER: Final = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
Attributes = Mapping[str, Collection[str]]
"""Names of attributes, by scope."""


class Fault(ValueError):
    """The question is none, or asks for what is not there."""


def faults(query: str, known: Attributes) -> list[str]:
    """What a question asks for that is not there, or why it is none; a trace's id is one."""
    if re.fullmatch(r"[0-9a-f]{0,32}", query):
        return []
    try:
        _Reading(query, known).whole()
    except Fault as error:
        return [f"{query}: {error}"]
    return []


class _Reading:
    """Reads a question from left to right. Every method raises Fault."""

    def __init__(self, query: str, known: Attributes) -> None:
        self._known = known
        self._tokens: list[str] = []
        at = 0
        while at < len(query.rstrip()):
            found = _TOKEN.match(query, at)
            if found is None:
                raise Fault(f"{query[at:]!r} is no TraceQL")
            self._tokens.append(found[1])
            at = found.end()

    def whole(self) -> None:
        self._take("{")
        if self._next() != "}":
            self._conditions()
        self._take("}")
        while self._next():
            if self._next() == "with":
                self._hints()
                continue
            self._take("|")
            self._step()

    def _conditions(self) -> None:
        self._condition()
        while self._next() in ("&&", "||"):
            self._take()
            self._condition()

    def _condition(self) -> None:
        kind = self._field()
        operator, value = self._take(), self._take()
        if operator not in ("=", "!=", "=~", "!~", "<", ">", "<=", ">="):
            raise Fault(f"{operator!r} is no comparison")
        right = {
            "kind": value in KINDS,
            "status": value in STATUSES,
            "duration": _DURATION.fullmatch(value) is not None,
            "text": value.startswith('"'),
            "any": value.startswith('"') or _NUMBER.fullmatch(value) is not None or value in ("true", "false", "nil"),
        }
        if not right[kind]:
            raise Fault(f"{value} is no {kind}" if kind != "any" else f"{value} is no value")

    def _field(self) -> str:
        """The kind of value that a field has."""
        name = self._take()
        if name in INTRINSICS:
            return INTRINSICS[name]
        scope, dot, attribute = name.partition(".")
        if not dot or scope not in self._known:
            raise Fault(f"{name} is neither an intrinsic nor an attribute of {', '.join(sorted(self._known))}")
        if attribute not in self._known[scope]:
            raise Fault(f"there is no attribute {attribute} of a {scope}")
        return "any"

    def _step(self) -> None:
        name = self._take()
        if name == "select":
            self._fields()
            return
        if name not in FUNCTIONS:
            raise Fault(f"there is no function {name}")
        self._take("(")
        if name == "quantile_over_time":
            self._field()
            self._take(",")
            if not _NUMBER.fullmatch(self._take()):
                raise Fault("a quantile is a number")
        elif self._next() != ")":
            self._field()
        self._take(")")
        if self._next() == "by":
            self._take()
            self._fields()

    def _fields(self) -> None:
        self._take("(")
        self._field()
        while self._next() == ",":
            self._take()
            self._field()
        self._take(")")

    def _hints(self) -> None:
        for wanted in ("with", "(", "exemplars", "="):
            self._take(wanted)
        if self._take() not in ("true", "false"):
            raise Fault("a hint is true or false")
        self._take(")")

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, wanted: str = "") -> str:
        found = self._next()
        if not found or (wanted and found != wanted):
            raise Fault(f"{wanted or 'more'} is wanted, not {found or 'the end'}")
        return self._tokens.pop(0)
