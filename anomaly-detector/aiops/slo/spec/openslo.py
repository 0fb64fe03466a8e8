"""OpenSLO v1 documents, read strictly (https://github.com/OpenSLO/OpenSLO), and this project's BudgetAdjustment."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from aiops.model import Adjustment, CompositeSlo, Indicator, Slo, Threshold
from aiops.slo.rules.tiers import plain_number
from aiops.slo.spec import parts
from aiops.slo.spec.fields import Fields, Mistake, Problem, documents
from aiops.slo.spec.indicators import IndicatorReader, Promql

VERSION: Final = "openslo/v1"
OWN_VERSION: Final = "aiops/v1"
KINDS: Final = ("SLO", "SLI", "Service", "DataSource")
OWN_KINDS: Final = ("BudgetAdjustment",)
UNUSED: Final = ("AlertPolicy", "AlertCondition", "AlertNotificationTarget")
NOT_USED: Final = (
    "is not used: the annotation aiops/alerts says which alerts there are (both unless written); take it out"
)

TextCheck = Callable[[str], object]
"""A check that raises ValueError for a text that is not of the required form."""


@dataclass(frozen=True, slots=True)
class Objectives:
    """The result of reading: what can be used, and why the rest cannot. A problem affects only its own document."""

    slos: tuple[Slo, ...] = ()
    composites: tuple[CompositeSlo, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_objectives(files: Iterable[tuple[str, str]], promql: Promql, rrule: TextCheck) -> Objectives:
    """Read (name, text) of files; `promql` and `rrule` read and check the texts in these languages."""
    problems: list[Problem] = []
    found: list[Fields] = []
    for name, text in files:
        try:
            found.extend(documents(text, name))
        except Mistake as mistake:
            problems.append(mistake.problem)
    book = _Book(promql, rrule)
    # Indicators and data sources first: objectives in any file may refer to them.
    for one in sorted(found, key=lambda one: _kind(one) not in ("SLI", "DataSource")):
        try:
            book.take(one)
        except Mistake as mistake:
            problems.append(mistake.problem)
    return book.closed(problems)


def _kind(document: Fields) -> str:
    try:
        return document.need("kind").text()
    except Mistake:
        return ""


class _Book:
    """Everything that the documents read so far have defined."""

    def __init__(self, promql: Promql, rrule: TextCheck) -> None:
        self._promql, self._rrule = promql, rrule
        self._sources: dict[str, str] = {}
        self._indicators: dict[str, Fields] = {}
        self._tried: dict[str, tuple[str, ...]] = {}  # the name of a document -> the names of its objectives
        self._slos: dict[str, Slo] = {}
        self._journeys: list[CompositeSlo] = []
        self._adjustments: list[tuple[Adjustment, list[Fields]]] = []

    def take(self, document: Fields) -> None:
        """Read one document. Raises Mistake."""
        version = document.need("apiVersion").choice(VERSION, OWN_VERSION)
        kind = document.need("kind")
        if kind.text() in UNUSED:
            kind.wrong(NOT_USED)
        kind.choice(*(KINDS if version == VERSION else OWN_KINDS))
        metadata, spec = parts.metadata(document.need("metadata")), document.need("spec")
        document.end()
        match kind.text():
            case "SLO":
                self._slo(metadata, spec)
            case "SLI":
                self._indicators[metadata.name] = spec
            case "DataSource":
                self._sources[metadata.name] = spec.need("type").text()
            case "BudgetAdjustment":
                self._adjustment(metadata, spec)

    def closed(self, problems: list[Problem]) -> Objectives:
        """Return everything. An adjustment of an unknown objective is a problem; an adjustment of a document with
        several objectives applies to each of them."""
        adjustments = []
        for one, named in self._adjustments:
            unknown = [name for name in named if name.text() not in self._tried | self._slos.keys()]
            problems += [Problem(name.place, name.path, f"there is no objective {name.text()!r}") for name in unknown]
            if not unknown:
                meant = [each for name in one.slos for each in self._tried.get(name, (name,))]
                adjustments.append(replace(one, slos=tuple(dict.fromkeys(meant))))
        return Objectives(
            tuple(self._slos[name] for name in sorted(self._slos)),
            tuple(sorted(self._journeys, key=lambda one: one.name)),
            tuple(adjustments),
            tuple(sorted(problems)),
        )

    def _slo(self, metadata: parts.Metadata, spec: Fields) -> None:
        self._tried[metadata.name] = (metadata.name,)
        service, description = spec.need("service").text(), spec.get("description")
        if (policies := spec.get("alertPolicies")) is not None:
            policies.wrong(NOT_USED)
        period, method = parts.period(spec.need("timeWindow")), spec.need("budgetingMethod")
        method.choice("Occurrences", "Timeslices")
        shared = spec.get("indicator") or spec.get("indicatorRef")
        objectives = spec.need("objectives")
        spec.end()
        written = objectives.items()
        if not written:
            objectives.wrong("must have at least one objective")
        made: dict[str, tuple[Slo, Decimal]] = {}
        for one in written:
            name = metadata.name if len(written) == 1 else f"{metadata.name}-{_suffix(one)}"
            if not parts.OBJECT_NAME.fullmatch(name):
                one.wrong(f"makes the name {name!r}, which {parts.NAME_RULE}; give it another displayName")
            if name in made or name in self._slos:
                one.wrong(f"{name} is the name of another objective; names must differ, by displayName within one SLO")
            indicator, group_by = self._indicator(one, shared, service)
            slo = Slo(
                name=name,
                service=service,
                indicator=indicator,
                target=parts.target(one),
                period=period,
                place=one.place,
                slices=parts.read_slices(one, method.text()),
                group_by=group_by,
                min_bad_events=metadata.min_bad_events,
                missing=metadata.missing,
                display_name=metadata.display_name or metadata.name,
                description="" if description is None else description.text(),
                labels=metadata.labels,
                annotations=metadata.annotations,
                runbook=metadata.runbook,
                alerts=metadata.alerts,
            )
            made[name] = slo, parts.weight(one)
            one.end()
            self._check(slo, one)
        self._slos |= {name: slo for name, (slo, _) in made.items()}
        self._tried[metadata.name] = tuple(made)
        if shared is None and len(made) > 1:
            weights = tuple((name, weight) for name, (_, weight) in made.items())
            display, text = metadata.display_name or metadata.name, "" if description is None else description.text()
            self._journeys.append(
                CompositeSlo(
                    name=metadata.name,
                    service=service,
                    parts=weights,
                    place=spec.place,
                    display_name=display,
                    description=text,
                )
            )

    def _indicator(self, objective: Fields, shared: Fields | None, service: str) -> tuple[Indicator, tuple[str, ...]]:
        """Return what one objective measures, with the operator and the bound from the objective."""
        written = objective.get("indicator") or objective.get("indicatorRef") or shared
        name = objective.get("displayName")
        if name is not None:
            name.text()
        if written is None:
            objective.wrong("needs an indicator or an indicatorRef, here or in the spec")
        measured = IndicatorReader(service, self._sources, self._promql).read(self._spec(written))
        if not isinstance(measured.indicator, Threshold):
            return measured.indicator, measured.group_by
        op, bound = objective.need("op").choice("lt", "lte", "gt", "gte"), objective.need("value").number()
        return replace(measured.indicator, op=op, bound=bound), measured.group_by

    def _spec(self, indicator: Fields) -> Fields:
        """Return the specification of an indicator, whether inline or referred to by its name."""
        if indicator.path.endswith("indicatorRef"):
            found = self._indicators.get(indicator.text())
            if found is None:
                indicator.wrong(f"there is no SLI {indicator.text()!r}")
            return found
        again = Fields(indicator.node, indicator.file, indicator.path)  # each objective reads it again
        parts.metadata(again.need("metadata"))
        spec = again.need("spec")
        again.end()
        return spec

    @staticmethod
    def _check(slo: Slo, objective: Fields) -> None:
        """Check what each part allows, but not all parts together."""
        if isinstance(slo.indicator, Threshold) and slo.slices is None:
            objective.wrong("a gauge has no events to count: use budgetingMethod: Timeslices")
        if slo.missing == "bad" and slo.slices is None:
            objective.wrong("aiops/missing-data: bad counts slices of time: use budgetingMethod: Timeslices")
        if slo.missing == "bad" and slo.group_by:
            objective.wrong("aiops/missing-data: bad does not go with groupBy: nobody knows which groups are missing")

    def _adjustment(self, metadata: parts.Metadata, spec: Fields) -> None:
        reason, length, rrule = spec.need("description").text(), spec.need("duration"), spec.get("rrule")
        kind, whom = spec.one_of("slos", "service")
        start, zone = parts.local(spec.need("startTime")), parts.zone(spec.need("timeZone"))
        spec.end()
        seconds, months = parts.shorthand(length)
        if months:
            length.wrong("must be a fixed time, such as 4h or 2d")
        if rrule is not None:
            try:
                self._rrule(rrule.text())
            except ValueError as error:
                rrule.wrong(f"is no recurrence rule of RFC 5545: {error}")
        names = whom.items() if kind == "slos" else []
        one = Adjustment(
            name=metadata.name,
            reason=reason,
            service=whom.text() if kind == "service" else "",
            slos=tuple(name.text() for name in names),
            start=start,
            zone=zone,
            seconds=seconds,
            place=spec.place,
            rrule="" if rrule is None else rrule.text(),
        )
        self._adjustments.append((one, names))


def _suffix(objective: Fields) -> str:
    """Return what tells apart several objectives of a document: the name, else the target."""
    display = objective.get("displayName")
    return (
        parts.slug(display.text()) if display is not None else parts.slug(plain_number(parts.target(objective) * 100))
    )
