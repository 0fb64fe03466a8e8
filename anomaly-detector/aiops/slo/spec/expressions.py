"""What a user's PromQL expression counts: an expression for events, split into rates that can be summed.

Rules are made of the terms, so that they are right whatever labels series have, and whether or not all series exist. An
expression that does not count events is refused, with a suggestion what to write.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import promql_parser as parser

from aiops.model import Term
from aiops.model.promql import any_of, quoted, spellings
from aiops.slo.spec.indicators import WINDOW, windows

_STANDS: Final = "16m49s"
"""A placeholder for the window while an expression is split, as the parser writes it; nobody else is likely to use
it."""
RATED: Final = ("histogram_count", "histogram_sum")
SUMMED: Final = ("count_over_time", "sum_over_time")
MADE: Final = ("label_replace", "label_join")
COMPARED: Final = ("==", "!=", ">", "<", ">=", "<=")
_RANGE: Final = f"over {WINDOW}, as in sum(rate(requests_total[{WINDOW}]))"


def events(text: str, by: Sequence[str]) -> tuple[Term, ...]:
    """Return the terms whose sum, by some labels, is the events per second of an expression. Raises ValueError where it
    is not PromQL, or counts no events."""
    node = _ready(_parsed(windows(text, _STANDS)))
    return tuple(
        replace(one, text=one.text.replace(_STANDS, WINDOW)) for one in _terms(node, frozenset(by), Decimal(1))
    )


def gauge(text: str, by: Sequence[str]) -> Term:
    """Return a level. Raises ValueError where an expression is not PromQL, drops labels, or drops what is bad."""
    node = _parsed(text)
    while isinstance(node, parser.ParenExpr):
        node = node.expr
    if not _is_vector(node):
        raise ValueError("must give a vector, not a number, a text or a range")
    if isinstance(node, parser.BinaryExpr) and str(node.op) in COMPARED and not _bool(node):
        raise ValueError(f"{node.op} drops what it does not hold for; compare by op and value of the objective instead")
    _kept(node, frozenset(by))
    plain = isinstance(node, parser.VectorSelector) and node.offset is None and node.at is None
    return Term(_text(node) if plain else f"({_text(node)})", selector=plain)


def check_promql(text: str) -> None:
    """Raise ValueError where a text is not PromQL."""
    parser.parse(text)


def selectors(text: str) -> list[str]:
    """Return the selectors of an expression, each once, in order."""
    found: dict[str, None] = {}

    def visit(node: Any) -> None:
        if isinstance(node, parser.VectorSelector):
            found[_bare(node)] = None

    parser.walk(parser.parse(text), visit)
    return list(found)


def matchers(selector: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the name of a selector's metric ("" where it has none), and its other matchers: label, and how it is
    written."""
    node: Any = parser.parse(selector)
    every = [(one.name, _written(one)) for one in node.matchers.matchers]
    named = [one.value for one in node.matchers.matchers if one.name == "__name__" and one.op == parser.MatchOp.Equal]
    return node.name or next(iter(named), ""), [one for one in every if one[0] != "__name__"]


def _parsed(text: str) -> Any:
    try:
        node = parser.parse(text)
    except ValueError as error:
        raise ValueError(f"is no PromQL: {error}") from None
    # False ends the walk and is its result.
    if not parser.walk(node, lambda one: not (isinstance(one, parser.VectorSelector) and one.matchers.or_matchers)):
        raise ValueError("has or between the matchers of a selector, which Prometheus does not know")
    return node


def _ready(node: Any) -> Any:
    """Return the expression with rates in place of increases, and with every spelling of a bucket's bound."""

    def bounds(one: Any) -> Any:
        if not isinstance(one, parser.VectorSelector):
            return None
        meant = ",".join(_meant(each) for each in one.matchers.matchers)
        whole = one.prettify()  # its name, its matchers, and what follows them
        after = whole.rpartition("}")[2]
        return parser.parse(f"{one.name or ''}{{{meant}}}{after}") if meant else None

    def rates(one: Any) -> Any:
        increase = isinstance(one, parser.Call) and one.func.name == "increase"
        return parser.parse(f"rate({_text(one.args[0])})") if increase else None

    return parser.transform(node, bounds, rates)


def _meant(matcher: Any) -> str:
    """Pushed over OTLP a bound of one second is le="1", scraped it is le="1.0": match both."""
    exact = {"=": "=~", "!=": "!~"}.get(_op(matcher))
    try:
        found = spellings(Decimal(matcher.value)) if matcher.name == "le" and exact else []
    except InvalidOperation:
        found = []
    return _written(matcher) if len(found) < 2 else f"le{exact}{any_of(found)}"


def _written(matcher: Any) -> str:
    return f"{matcher.name}{_op(matcher)}{quoted(matcher.value)}"


def _op(matcher: Any) -> str:
    ops = (("=", parser.MatchOp.Equal), ("!=", parser.MatchOp.NotEqual), ("=~", parser.MatchOp.Re))
    return next((text for text, op in ops if matcher.op == op), "!~")


def _terms(node: Any, by: frozenset[str], factor: Decimal) -> Iterator[Term]:
    """Descend through all linear parts."""
    match node:
        case parser.ParenExpr():
            yield from _terms(node.expr, by, factor)
        case parser.UnaryExpr():
            yield from _terms(node.expr, by, -factor)
        case parser.AggregateExpr():
            _sums(node, by)
            yield from _terms(node.expr, by, factor)
        case parser.BinaryExpr():
            yield from _binary(node, by, factor)
        case parser.Call() if node.func.name == "clamp_min" and _number(node.args[1]) == 0:
            yield from _terms(node.args[0], by, factor)  # clamping changes nothing: counts are never below zero
        case parser.Call():
            yield _called(node, by, factor)
        case parser.VectorSelector() if node.name and _STANDS in node.name:
            yield Term(_text(node), factor)  # recorded for this window
        case parser.VectorSelector():
            raise ValueError(f"must rate {_bare(node)} {_RANGE}")
        case _:
            raise ValueError(f"must be a vector that rates counters {_RANGE}")


def _binary(node: Any, by: frozenset[str], factor: Decimal) -> Iterator[Term]:
    op, left, right = str(node.op), _number(node.lhs), _number(node.rhs)
    if op in ("+", "-") and left is None and right is None:
        _no_join(node)
        yield from _terms(node.lhs, by, factor)
        yield from _terms(node.rhs, by, factor if op == "+" else -factor)
    elif op == "*" and left is not None and right is None:
        yield from _terms(node.rhs, by, factor * left)
    elif op in ("*", "/") and right is not None and left is None:
        if not right:
            raise ValueError(f"{op} 0 leaves no events")
        yield from _terms(node.lhs, by, factor * right if op == "*" else factor / right)
    elif op == "*" and left is None and right is None:
        yield _product(node, by, factor)
    elif op == "/":
        raise ValueError("is a ratio, which cannot be counted: write what is divided as bad or good, and as total")
    elif op in COMPARED:
        yield from _compared(node, op, left, right, by, factor)
    elif op == "or" and _is_nothing(node.rhs):
        yield from _terms(node.lhs, by, factor)  # series that do not exist count nothing
    elif op == "or":
        for one in (node.lhs, node.rhs):
            _single(one, by)
        yield Term(_text(node), factor)
    elif op in ("and", "unless"):
        raise ValueError(
            f"{op} drops events at times, so that long windows read wrong; "
            "take it out, or choose series by their labels"
        )
    else:
        raise ValueError(f"{op} makes no count of events here: rates are added, subtracted, and multiplied by numbers")


def _compared(
    node: Any, op: str, left: Decimal | None, right: Decimal | None, by: frozenset[str], factor: Decimal
) -> Iterator[Term]:
    """No events and no series mean the same: a comparison with zero can be dropped."""
    if not _bool(node) and right == 0 and op in (">", ">=", "!="):
        yield from _terms(node.lhs, by, factor)
    elif not _bool(node) and left == 0 and op in ("<", "<=", "!="):
        yield from _terms(node.rhs, by, factor)
    else:
        raise ValueError(
            f"{op} drops events at times, so that long windows read wrong; take it out "
            "(aiops/min-bad-events keeps few bad events quiet)"
        )


def _called(node: Any, by: frozenset[str], factor: Decimal) -> Term:
    name = node.func.name
    if name in ("rate", *SUMMED):
        _ranged(name, node.args[0])
        return Term(_text(node), factor, counted=name in SUMMED)
    if name in RATED:
        _rate(name, node.args[0], by)
        return Term(_text(node), factor)
    if name in MADE:
        _single(node.args[0], by - {node.args[1].val})
        return Term(_text(node), factor)
    raise ValueError(f"{name} is no count of events: take rate of a counter {_RANGE}")


def _product(node: Any, by: frozenset[str], factor: Decimal) -> Term:
    """Handle labels joined from another series, or requests of a native histogram below a bound."""
    sides = [one.expr if isinstance(one, parser.ParenExpr) else one for one in (node.lhs, node.rhs)]
    called = {one.func.name: one for one in sides if isinstance(one, parser.Call)}
    if called.keys() == {"histogram_fraction", "histogram_count"}:
        _rate("histogram_count", called["histogram_count"].args[0], by)
        _rate("histogram_fraction", called["histogram_fraction"].args[2], by)
        return Term(_text(node), factor)
    card = node.modifier.card if node.modifier is not None else None
    if card not in (parser.VectorMatchCardinality.ManyToOne, parser.VectorMatchCardinality.OneToMany):
        raise ValueError("multiplies series by series, which is no count of events; group_left joins labels of an info")
    many = node.lhs if card == parser.VectorMatchCardinality.ManyToOne else node.rhs
    _single(many, by - frozenset(node.modifier.group_labels or ()))
    return Term(_text(node), factor)


def _single(node: Any, by: frozenset[str]) -> None:
    """Raise ValueError unless a part that is kept as it is counts one kind of events."""
    found = list(_terms(node, by, Decimal(1)))
    if len(found) != 1 or found[0].factor != 1 or found[0].counted:
        raise ValueError(f"{_text(node)} must be one rate here, not several or a multiple")


def _sums(node: Any, by: frozenset[str]) -> None:
    """Raise ValueError unless an aggregation is a sum that keeps these labels."""
    if str(node.op) != "sum":
        raise ValueError(f"{node.op} is no count of events: take sum, or leave it out")
    _grouped(node, by)


def _grouped(node: Any, by: frozenset[str]) -> None:
    """Raise ValueError unless an aggregation keeps these labels."""
    modifier = node.modifier
    listed = frozenset(modifier.labels) if modifier is not None else frozenset()
    without = modifier is not None and modifier.type == parser.AggModifierType.Without
    lost = sorted(by & listed if without else by - listed)
    if lost:
        raise ValueError(f"{node.op} drops {', '.join(lost)}, which groupBy names: sum by it as well")


def _kept(node: Any, by: frozenset[str]) -> None:
    """Raise ValueError where labels are certainly dropped from a level."""
    while isinstance(node, (parser.ParenExpr, parser.UnaryExpr)):
        node = node.expr
    if isinstance(node, parser.AggregateExpr) and str(node.op) not in ("topk", "bottomk", "limitk", "limit_ratio"):
        _grouped(node, by)


def _ranged(name: str, argument: Any) -> None:
    while isinstance(argument, parser.ParenExpr):
        argument = argument.expr
    if not isinstance(argument, parser.MatrixSelector):
        raise ValueError(f"{name} must be taken of a series itself, not of a subquery")
    if f"[{_STANDS}]" not in _text(argument):
        raise ValueError(f"{name} must be taken {_RANGE}: another range does not follow the window")


def _rate(name: str, node: Any, by: frozenset[str]) -> None:
    """Raise ValueError unless it is a rate of a native histogram, or a sum of rates that keeps these labels."""
    while isinstance(node, (parser.ParenExpr, parser.AggregateExpr)):
        if isinstance(node, parser.AggregateExpr):
            _sums(node, by)
        node = node.expr
    if not isinstance(node, parser.Call) or node.func.name != "rate":
        raise ValueError(f"{name} must be taken of a rate {_RANGE}")
    _ranged("rate", node.args[0])


def _no_join(node: Any) -> None:
    card = node.modifier.card if node.modifier is not None else None
    if card not in (None, parser.VectorMatchCardinality.OneToOne):
        raise ValueError(f"{node.op} with group_left counts series several times; sum both sides first")


def _is_nothing(node: Any) -> bool:
    """Whether it stands for no events: vector(0), or zero times any series."""
    while isinstance(node, parser.ParenExpr):
        node = node.expr
    if isinstance(node, parser.Call) and node.func.name == "vector":
        return _number(node.args[0]) == 0
    if isinstance(node, parser.BinaryExpr) and str(node.op) == "*":
        return 0 in (_number(node.lhs), _number(node.rhs))
    return False


def _number(node: Any) -> Decimal | None:
    """Return the value of a number, None for anything else."""
    if isinstance(node, parser.ParenExpr):
        return _number(node.expr)
    if isinstance(node, parser.UnaryExpr):
        found = _number(node.expr)
        return None if found is None else -found
    if isinstance(node, parser.NumberLiteral):
        return Decimal(repr(node.val))
    if isinstance(node, parser.BinaryExpr):
        left, right, op = _number(node.lhs), _number(node.rhs), str(node.op)
        if left is None or right is None or (op == "/" and not right):
            return None
        made = {"+": left + right, "-": left - right, "*": left * right}
        return left / right if op == "/" else made.get(op)
    return None


def _bool(node: Any) -> bool:
    return node.modifier is not None and bool(node.modifier.return_bool)


def _is_vector(node: Any) -> bool:
    if isinstance(node, parser.Call):
        return bool(node.func.return_type == parser.ValueType.Vector)
    if isinstance(node, parser.BinaryExpr):
        return _is_vector(node.lhs) or _is_vector(node.rhs)
    if isinstance(node, (parser.ParenExpr, parser.UnaryExpr)):
        return _is_vector(node.expr)
    return isinstance(node, (parser.VectorSelector, parser.AggregateExpr))


def _bare(node: Any) -> str:
    """Return a selector without offset and time."""
    written = ",".join(map(_written, node.matchers.matchers))
    return f"{node.name or ''}{{{written}}}" if written else str(node.name or "")


def _text(node: Any) -> str:
    """Return an expression in one line: line ends inside texts are escaped, so that all others are layout."""
    text = re.sub(r"\n *\)", ")", re.sub(r"\( *\n *", "(", node.prettify()))
    return re.sub(r" *\n *", " ", text)
