"""The map as a drawing: boxes and lines with their places in pixels, and their words."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from typing import Final

from aiops.health import USERS, MapCall, MapNode, ServiceMap
from aiops.presentation import filters, numbers
from aiops.web.layout import Layout, Pair, layout

WIDTH, HEIGHT = 176.0, 64.0
ROW: Final = 96.0
MARGIN: Final = 14.0
TOP: Final = 26.0
GAPS: Final = (100.0, 190.0)
"""The least and the greatest distance between two layers."""
WIDE: Final = 1380.0
"""The width that a drawing with few layers is spread to."""
LONGEST: Final = 21
"""The most characters of a name that are drawn."""
APART: Final = 11.0
"""The distance between two lines that meet at a box."""
TONES: Final = ((0.2, "most"), (0.05, "many"), (0.01, "some"))
"""Names of shares of errors, from which on they are drawn with a colour of their own."""
SOME: Final = TONES[-1][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A node: its left upper corner, and its words. kind: service, virtual, or users."""

    name: str
    short: str
    kind: str
    status: str
    left: float
    top: float
    facts: str
    pace: str
    title: str
    cause: bool
    hit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Calls: a path, the point of its arrow, and words in its middle. tone: a name of TONES, "" for few errors."""

    path: str
    arrow: str
    width: float
    tone: str
    slow: bool
    cause: bool
    words: str
    left: float
    top: float
    title: str


@dataclass(frozen=True, slots=True)
class MapDrawing:
    """Everything that the template needs to draw a map; lines with errors come last, so that they lie on top."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def drawn(shown: ServiceMap) -> MapDrawing:
    """Draw a map."""
    pairs = tuple((one.caller, one.callee) for one in shown.calls)
    calling = {name for pair in pairs if pair[0] != pair[1] for name in pair}
    alone = [name for name in shown.nodes if name not in calling]
    placed = layout((), pairs)
    frame = _Frame(placed, len(alone))
    corners = {name: frame.corner(*spot) for name, spot in placed.spots.items()}
    corners |= {name: frame.beside(number) for number, name in enumerate(alone)}
    ends = _Ends(placed, corners)
    lines = [_line(one, frame, ends) for one in shown.calls]
    ranks = {"": 0, **{tone: rank for rank, (_, tone) in enumerate(reversed(TONES), 1)}}
    return MapDrawing(
        frame.width,
        frame.height,
        tuple(_box(node, *corners[name]) for name, node in shown.nodes.items()),
        tuple(sorted(lines, key=lambda line: (ranks[line.tone], line.slow))),
    )


def tone(error_ratio: float) -> str:
    """Return the name of a share of errors, "" where it is small."""
    return next((name for least, name in TONES if error_ratio >= least), "")


def thickness(rate: float) -> float:
    """Return the width of a line in pixels: it grows with the logarithm of the requests per second."""
    return round(min(1.2 + 1.3 * log10(1 + 10 * max(rate, 0.0)), 9.0), 1)


def short_name(name: str) -> str:
    """Shorten a long name in its middle, because names differ at their ends."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 10]}…{name[-9:]}"


class _Frame:
    """Layers and rows in pixels; what has no calls stands below in lines."""

    def __init__(self, placed: Layout, alone: int) -> None:
        layers = max(placed.layers, 1)
        spread = (WIDE - 2 * MARGIN - layers * WIDTH) / max(layers - 1, 1)
        self.step = WIDTH + min(max(spread, GAPS[0]), GAPS[1])
        self.rows = placed.rows
        self.columns = max(1, int((max(layers * self.step, WIDE) - MARGIN) // (WIDTH + 24)))
        across = min(alone, self.columns) * (WIDTH + 24) - 24 if alone else 0.0
        self.width = 2 * MARGIN + max((layers - 1) * self.step + WIDTH, across)
        below = -(-alone // self.columns)
        self.height = TOP + (placed.rows + below) * ROW - (ROW - HEIGHT) + MARGIN

    def corner(self, layer: int, row: float) -> tuple[float, float]:
        return round(MARGIN + layer * self.step, 1), round(TOP + row * ROW, 1)

    def beside(self, number: int) -> tuple[float, float]:
        line, column = divmod(number, self.columns)
        return MARGIN + column * (WIDTH + 24), round(TOP + (self.rows + line) * ROW, 1)


class _Ends:
    """Where lines leave and reach boxes: those at one side are spread in the order of where they go."""

    def __init__(self, placed: Layout, corners: dict[str, tuple[float, float]]) -> None:
        self.placed, self.corners = placed, corners
        sides: dict[tuple[str, bool], list[tuple[float, Pair, bool]]] = defaultdict(list)
        for pair, bends in placed.bends.items():
            chain = [placed.spots[pair[0]], *bends, placed.spots[pair[1]]]
            sides[pair[0], chain[1][0] > chain[0][0]].append((chain[1][1], pair, True))
            sides[pair[1], chain[-2][0] > chain[-1][0]].append((chain[-2][1], pair, False))
        self._at: dict[tuple[Pair, bool], tuple[float, float]] = {}
        for (name, right), meeting in sides.items():
            left, top = corners[name]
            apart = min(APART, (HEIGHT - 16) / max(len(meeting) - 1, 1))
            for number, (_, pair, leaves) in enumerate(sorted(meeting)):
                middle = top + HEIGHT / 2 + (number - (len(meeting) - 1) / 2) * apart
                self._at[pair, leaves] = (left + WIDTH if right else left, middle)

    def chain(self, pair: Pair, frame: _Frame) -> list[tuple[float, float]]:
        """Return the points of a line from box to box: in a layer that it passes it goes straight on."""
        bends = self.placed.bends[pair]
        forward = self.placed.spots[pair[0]][0] < self.placed.spots[pair[1]][0]
        points = [self._at[pair, True]]
        for layer, row in bends:
            left, top = frame.corner(layer, row)
            through = [(left, top + HEIGHT / 2), (left + WIDTH, top + HEIGHT / 2)]
            points += through if forward else reversed(through)
        return [*points, self._at[pair, False]]


def _line(call: MapCall, frame: _Frame, ends: _Ends) -> Line:
    if call.caller == call.callee:
        left, top = ends.corners[call.caller]
        path = f"M{left + WIDTH - 48:g},{top:g}c0,-24 28,-24 28,-3"
        tip, along, middle = (left + WIDTH - 20, top), (0.0, 1.0), (left + WIDTH - 34, top - 14)
    else:
        points = ends.chain((call.caller, call.callee), frame)
        ahead = 1.0 if points[-1][0] > points[-2][0] else -1.0
        tip, along = points[-1], (ahead, 0.0)
        points[-1] = (tip[0] - 6 * ahead, tip[1])
        path, middle = _path(points), _middle(points)
    words = _trouble(call)
    return Line(
        path=path,
        arrow=_arrow(tip, along, thickness(call.rate)),
        width=thickness(call.rate),
        tone=tone(call.error_ratio),
        slow=call.slow,
        cause=bool(call.causes),
        words=words,
        left=round(middle[0], 1),
        top=round(middle[1], 1),
        title=f"{call.caller or 'users'} → {call.callee}: {', '.join(_facts(call))}",
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Return a line whose pieces begin and end level; inside a layer it is straight."""
    out = f"M{points[0][0]:g},{points[0][1]:g}"
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(points)):
        half = (to_x - x) / 2
        out += (
            f"L{to_x:g},{to_y:g}" if number % 2 else f"C{x + half:g},{y:g} {to_x - half:g},{to_y:g} {to_x:g},{to_y:g}"
        )
    return out


def _middle(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the middle of the piece in the middle that bends."""
    pieces = list(pairwise(points))[::2]
    (x, y), (to_x, to_y) = pieces[len(pieces) // 2]
    return (x + to_x) / 2, (y + to_y) / 2


def _arrow(tip: tuple[float, float], along: tuple[float, float], width: float) -> str:
    long, half = 8.0 + width, 3.5 + width / 2
    x, y = tip[0] - along[0] * long, tip[1] - along[1] * long
    across = (along[1] * half, along[0] * half)
    return f"{tip[0]:g},{tip[1]:g} {x + across[0]:g},{y + across[1]:g} {x - across[0]:g},{y - across[1]:g}"


def _trouble(call: MapCall) -> str:
    words = [f"{numbers.percent(call.error_ratio)} fail"] if call.error_ratio >= SOME else []
    if call.slow and call.latency is not None:
        words.append(numbers.duration(call.latency))
    return ", ".join(words)


def _facts(call: MapCall) -> Iterator[str]:
    yield filters.rate(call.rate)
    yield f"{numbers.percent(call.error_ratio)} errors"
    if call.latency is not None:
        yield f"mean {numbers.duration(call.latency)}"
    if call.expected is not None:
        yield f"expected {numbers.duration(call.expected)}"
    if call.slow:
        yield "slower than expected"


def _box(node: MapNode, left: float, top: float) -> Box:
    users = node.name == USERS
    name = "users" if users else node.name
    pace = f"mean {numbers.duration(node.latency)}" if node.latency is not None else ""
    facts = f"{filters.rate(node.rate)} · {numbers.percent(node.error_ratio)} errors" if node.rate else "no requests"
    if node.calls_failed >= max(SOME, 2 * node.error_ratio):  # it does not know of calls that never reached it
        facts = f"{filters.rate(node.rate)} · {numbers.percent(node.calls_failed)} calls fail"
    said = ["sends no telemetry" if node.virtual else node.status, facts, pace]
    said += [f"cause of {one}" for one in node.causes] + [f"affected by {one}" for one in node.hit_by]
    return Box(
        name=node.name,
        short=short_name(name),
        kind="users" if users else "virtual" if node.virtual else "service",
        status=node.status,
        left=left,
        top=top,
        facts="" if users else facts,
        pace="callers without telemetry" if users else pace,
        title=name if users else f"{name}: {', '.join(one for one in said if one)}",
        cause=bool(node.causes),
        hit=bool(node.hit_by) and not node.causes,
    )
