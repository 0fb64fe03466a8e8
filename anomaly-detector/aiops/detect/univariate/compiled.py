"""The same arithmetic for one series alone, compiled by numba: for replays of long histories (`aiops[fast]`).

No formula is written here. The modules of this package are read a second time, with another `ops`, and each of their
functions is compiled. The engine never imports this module: it judges many series at once, for which NumPy is as fast.
"""

import inspect
import types
from functools import cache
from hashlib import sha256
from importlib import import_module
from typing import Any, Final

import numba
import numpy as np

from aiops.detect.rows import Arrays
from aiops.detect.univariate.state import WARMUP, State
from aiops.detect.univariate.tuning import Tuning
from aiops.model.arrays import Floats

MODULES: Final = ("holt_winters", "tails", "season", "alarms", "judge")
"""In the order in which they import each other."""
_compile: Final = numba.njit(cache=True, error_model="numpy")


@cache
def _digest() -> str:
    """Return a digest of all sources: numba's cache knows one function, and not what that calls."""
    read = [inspect.getsource(import_module(f"aiops.detect.univariate.{name}")) for name in (*MODULES, "compiled")]
    return sha256("".join(read).encode()).hexdigest()[:12]


def _njit(function: Any) -> Any:
    function.__qualname__ = f"{function.__name__}_{_digest()}"
    return _compile(function)


def _either(condition, yes, otherwise):  # type: ignore[no-untyped-def]
    return yes if condition else otherwise


def _clip(value, least, most):  # type: ignore[no-untyped-def]
    return min(max(value, least), most)


def _chosen(row, mask):  # type: ignore[no-untyped-def]
    return range(row, row + (1 if mask else 0))


def _part(values, _mask):  # type: ignore[no-untyped-def]
    return values


def _entries(row, masks):  # type: ignore[no-untyped-def]
    for which in range(len(masks)):
        if masks[which]:
            yield row, which


def _part_of_each(values, _masks, which):  # type: ignore[no-untyped-def]
    return values[which]


def _truncated(value):  # type: ignore[no-untyped-def]
    return int(value)


def _double(value):  # type: ignore[no-untyped-def]
    return np.float64(value)


def _middle(values):  # type: ignore[no-untyped-def]
    return np.median(values)


def _aside(values, centre):  # type: ignore[no-untyped-def]
    return values - centre


def _nth_largest(values, place):  # type: ignore[no-untyped-def]
    return np.sort(values)[len(values) - place]


def _lowest(values):  # type: ignore[no-untyped-def]
    place = np.argmin(values)
    return place, values[place]


def _largest(values):  # type: ignore[no-untyped-def]
    return np.max(values)


def _sum_of(values):  # type: ignore[no-untyped-def]
    return np.sum(values)


def _variance(values):  # type: ignore[no-untyped-def]
    return np.var(values)


SCALAR: Final = (
    *(_either, _clip, _chosen, _part, _entries, _part_of_each),
    *(_truncated, _double, _middle, _aside, _nth_largest, _lowest, _largest, _sum_of, _variance),
)
"""What stands for the functions of `ops` with the same names."""


@cache
def _read() -> dict[str, Any]:
    """Read the modules again and compile their functions. Returns all by name."""
    compiled: dict[str, Any] = {one.__name__.removeprefix("_"): _njit(one) for one in SCALAR}
    for name in MODULES:
        module = import_module(f"aiops.detect.univariate.{name}")
        scope: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
        exec(compile(inspect.getsource(module), str(module.__file__), "exec"), scope)  # noqa: S102 - our own source
        own = {
            key: one for key, one in scope.items() if isinstance(one, types.FunctionType) and one.__globals__ is scope
        }
        scope.update({key: one for key, one in compiled.items() if key in scope})
        for key, one in own.items():
            scope[key] = compiled[key] = _njit(one)
    return compiled


def _type(held: Arrays) -> np.dtype[np.void]:
    """Return the type of a record with the arrays of one row of a state, and its numbers."""
    fields: list[Any] = []
    for name in held.__dataclass_fields__:
        one = getattr(held, name)
        if isinstance(one, Arrays):
            fields.append((name, _type(one)))
        elif isinstance(one, np.ndarray):
            fields.append((name, np.uint8 if one.dtype == np.bool_ else one.dtype, (1, *one.shape[1:])))
        else:
            fields.append((name, np.array(one).dtype))
    return np.dtype(fields, align=True)


def _fill(record: Any, held: Arrays) -> None:
    for name in held.__dataclass_fields__:
        one = getattr(held, name)
        if isinstance(one, Arrays):
            _fill(record[name], one)
        elif isinstance(one, np.ndarray):
            record[name][:] = one[:1]
        else:
            record[name] = one


def _replay(rows, given, t, out, first):  # type: ignore[no-untyped-def]
    """Judge values `(points,)` of the series in the only one of `rows`. out: score, expected, lower, upper, alarm, and
    the smallest fall and rise told `(points, 7)`. Returns the place of the first value that begins anew, because the
    series was away for long, else their number."""
    s = rows[0]
    times, values, steps, local = given
    for place in range(first, len(times)):
        value = values[place]
        if not np.isfinite(value):
            out[place, 4] = 1.0 if s.alarm[0] and not s.hushed[0] else 0.0
            continue
        if times[place] - s.seen[0] > t.forget_after and s.points[0] > 0:
            return place
        value = min(max(value, -1e30), 1e30)
        if s.points[0] < WARMUP:
            begin(s, 0, value, t)  # type: ignore[name-defined]  # noqa: F821
            s.seen[0] = times[place]
        else:
            score, expected, lower, upper, alarm, _, fall, rise = advance(  # type: ignore[name-defined]  # noqa: F821
                s, 0, value, (times[place], steps[place], local[place]), t, True
            )
            out[place, 0], out[place, 1], out[place, 2], out[place, 3] = score, expected, lower, upper
            out[place, 4], out[place, 5], out[place, 6] = 1.0 if alarm else 0.0, fall, rise
    return len(times)


@cache
def _compiled() -> Any:
    return _njit(types.FunctionType(_replay.__code__, {**globals(), **_read()}))


def judge_series(values: tuple[Floats, Floats, Floats, Floats], gains: Floats | None, tuning: Tuning) -> Floats:
    """Judge one series. values: times (Unix seconds), values, steps (seconds) and local times (seconds since Monday
    00:00), `(points,)` each. gains: fitted α, β, γ, φ. Returns score, expected, lower, upper, alarm, and the
    smallest fall and rise that are told, `(points, 7)`, NaN where nothing was judged."""
    times = values[0]
    out = np.full((len(times), 7), np.nan)
    out[:, 4] = 0.0
    place = 0
    while place < len(times):
        state = State()
        state.grow(1)
        if gains is not None:
            state.season.day.gains[0] = gains
        rows = np.zeros(1, _type(state))
        _fill(rows[0], state)
        place = int(_compiled()(rows, values, tuning, out, place))
    return out
