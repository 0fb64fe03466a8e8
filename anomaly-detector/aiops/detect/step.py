"""One step of the whole detector: a block in, verdicts and findings out, the state advanced in place."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

import numpy as np

from aiops.detect import blocks
from aiops.detect import series_state as life
from aiops.detect.calendar import Calendar
from aiops.detect.families import errors, latency, silence, traffic
from aiops.detect.rows import Bools, Floats, Ints
from aiops.detect.state import ErrorState, LatencyState, Lived, SilenceState, State, TrafficState
from aiops.detect.tuning import Tuning
from aiops.model import Family, Finding, Labels, SeriesBlock, SeriesState, Tier, Verdict, labels, names, value_of

CONFIDENCE = {Tier.WARMUP: 0.0, Tier.DEFAULTS: 0.3, Tier.LEVEL: 0.5, Tier.DAY: 0.7, Tier.WEEK: 0.8}
EVERYWHERE = Calendar()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call of `step` saw.

    findings: series in trouble at the end of the block. no_data: series whose trouble ended only because nothing came
    for `Tuning.no_data_seconds`, or because its requests have ended; settled: those whose trouble ended because it
    lasted, and is normal from now on. verdicts: one per series, family and step.
    """

    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    no_data: tuple[tuple[Labels, Family], ...] = ()
    settled: tuple[tuple[Labels, Family], ...] = ()


def step(
    state: State,
    block: SeriesBlock,
    tuning: Tuning,
    calendar: Calendar = EVERYWHERE,
    burning: Container[str] = frozenset(),
) -> Outcome:
    """Judge every step of the block that the state has not judged yet, in order.

    calendar: the local time of services. burning: services whose objectives burn: what is slow there is not taken for
    normal, however long it lasts. The verdict on a step depends on that step and earlier ones only. Steps at or before
    `state.at` are skipped, so that a replay changes nothing.
    """
    requests = blocks.red(block)
    services, signals = blocks.telemetry(block)
    called = blocks.calls(block)
    calls = np.array([called.get(name, np.zeros(len(block.ends))) for name in services]).reshape(signals.shape)
    verdicts: list[Verdict] = []
    no_data: list[tuple[Labels, Family]] = []
    settled: list[tuple[Labels, Family]] = []
    places = {scope: row for row, scope in enumerate(requests.scopes)}
    where = [_place_of(scope) for scope in requests.scopes]
    callers = [value_of(scope, names.CALLER) for scope in requests.scopes]
    for column, end in enumerate(block.ends):
        at = float(end)
        if state.at is not None and at <= state.at:
            continue
        verdicts += _errors(state.errors, requests, column, at, block.step, tuning)
        local, usual = calendar.local(where, at), ~(calendar.unusual(where, at) | calendar.unusual(callers, at))
        verdicts += _latency(state.latency, requests, column, at, local, usual, block.step, tuning)
        _traffic(state.traffic, requests, column, at, local, usual, block.step, tuning)
        mute = {name for name, sent in zip(services, signals[:, column], strict=True) if sent == 0}
        no_data += _ended(state, requests, places, mute, column, block.step, tuning)
        settled += _settle(state, at, calendar, burning, tuning)
        no_data += _silence(state.silence, services, signals[:, column], calls[:, column], at, block.step, tuning)
        for family, lived in _families(state):
            names_of = list(lived.index)
            no_data += [(names_of[row], family) for row in life.settle_absent(lived, at, tuning)]
        state.at = at
    found = [_findings(family, lived, state, tuning) for family, lived in _families(state)]
    return Outcome(tuple(one for some in found for one in some), tuple(verdicts), tuple(no_data), tuple(settled))


def rewind(state: State, at: float) -> None:
    """Go back to a time before what was judged, as clocks have been set back. What is learned stays, and trouble goes
    on: it began at `at` where it began later."""
    if state.at is not None:
        state.traffic.born -= max(state.at - at, 0.0)  # who was watched for an hour has been, by any clock
    state.at = at
    for _, lived in _families(state):
        lived.seen = np.minimum(lived.seen, at)
        lived.onset = np.minimum(lived.onset, at)


def expire(state: State, at: float, tuning: Tuning) -> None:
    """Drop series that have been silent for long, so that memory follows what is alive."""
    for family, lived in _families(state):
        patience = tuning.forget_seconds if family in (Family.LATENCY, Family.TRAFFIC) else tuning.expire_seconds
        kept = [series for series, row in lived.index.items() if not at - lived.seen[row] > patience]
        if len(kept) < len(lived.index):
            setattr(state, str(family), lived.keep(kept))


def _families(state: State) -> list[tuple[Family, Lived]]:
    every = (Family.ERRORS, Family.LATENCY, Family.SILENCE, Family.TRAFFIC)
    return [(family, getattr(state, str(family))) for family in every]


def _errors(
    state: ErrorState, requests: blocks.Red, column: int, at: float, seconds: float, tuning: Tuning
) -> list[Verdict]:
    total = requests.total[:, column]
    chosen = np.flatnonzero(total > 0)
    if not len(chosen):
        return []
    scopes = [requests.scopes[i] for i in chosen]
    rows, total, bad = state.rows(scopes), total[chosen], np.minimum(requests.bad[chosen, column], total[chosen])
    expected, upper = errors.judge(state, rows, at, seconds, bad, total, tuning)
    return _verdicts(Family.ERRORS, state, scopes, rows, at, bad / total, expected, np.zeros(len(rows)), upper)


def _latency(
    state: LatencyState,
    requests: blocks.Red,
    column: int,
    at: float,
    local: Floats,
    usual: Bools,
    seconds: float,
    tuning: Tuning,
) -> list[Verdict]:
    total, spent = requests.total[:, column], requests.seconds[:, column]
    _heard(state, requests, np.flatnonzero((total > 0) & ~usual), at)
    chosen = np.flatnonzero((total > 0) & (spent > 0) & usual)
    if not len(chosen):
        return []
    scopes = [requests.scopes[i] for i in chosen]
    rows, total, spent = state.rows(scopes), total[chosen], spent[chosen]
    expected, lower, upper = latency.judge(
        state, rows, at, local[chosen], seconds, spent, total, requests.buckets[chosen, :, column], tuning
    )
    return _verdicts(Family.LATENCY, state, scopes, rows, at, spent / total, expected, lower, upper)


def _traffic(
    state: TrafficState,
    requests: blocks.Red,
    column: int,
    at: float,
    local: Floats,
    usual: Bools,
    seconds: float,
    tuning: Tuning,
) -> None:
    _heard(state, requests, np.flatnonzero(~np.isnan(requests.total[:, column]) & ~usual), at)
    chosen = [
        row
        for row, scope in enumerate(requests.scopes)
        if usual[row] and not np.isnan(requests.total[row, column]) and value_of(scope, names.SERVICE)
    ]
    if chosen:
        rows = state.rows([requests.scopes[row] for row in chosen])
        traffic.judge(state, rows, at, local[chosen], seconds, requests.total[chosen, column], tuning)


def _heard(state: Lived, requests: blocks.Red, rows: Ints, at: float) -> None:
    """Note that these were there, though an event keeps them from being judged."""
    for row in rows:
        place = state.index.get(requests.scopes[row])
        if place is not None:
            state.seen[place] = at


def _settle(
    state: State, at: float, calendar: Calendar, burning: Container[str], tuning: Tuning
) -> list[tuple[Labels, Family]]:
    """Take for normal what has lasted: traffic that stays away, latency that stays high while no objective burns."""
    out = []
    for row, series in _lasting(state.latency, at, tuning.settle_seconds):
        burns = any(value_of(series, role) in burning for role in (names.SERVICE, names.CALLEE, names.CALLER))
        if not burns and state.latency.life[row] == SeriesState.INCIDENT:
            latency.settle(state.latency, row, at, float(calendar.local([_place_of(series)], at)[0]), tuning)
            state.latency.clear(np.array([row]))
            out.append((series, Family.LATENCY))
    for row, series in _lasting(state.traffic, at, tuning.traffic_seconds):
        traffic.settle(state.traffic, row, at, float(calendar.local([_place_of(series)], at)[0]), tuning)
        state.traffic.clear(np.array([row]))
        out.append((series, Family.TRAFFIC))
    return out


def _ended(
    state: State,
    requests: blocks.Red,
    places: Mapping[Labels, int],
    mute: Container[str],
    column: int,
    seconds: float,
    tuning: Tuning,
) -> list[tuple[Labels, Family]]:
    """Let troubles end whose requests have: the caller calls elsewhere now, nobody asks any more, or whoever told of
    them is gone. `places` are the scopes of the requests by their row, `mute` the services that send nothing while
    others do."""
    out: list[tuple[Labels, Family]] = []
    families: tuple[tuple[Family, Lived], ...] = ((Family.ERRORS, state.errors), (Family.LATENCY, state.latency))
    for family, lived in families:
        troubled = np.flatnonzero(lived.life[: len(lived.index)] != SeriesState.NORMAL)
        if not len(troubled):
            continue
        series = list(lived.index)
        total = np.array(
            [requests.total[places[series[row]], column] if series[row] in places else np.nan for row in troubled]
        )
        gone = np.isnan(total) & np.array([_sender_of(series[row]) in mute for row in troubled])
        told = gone | ~np.isnan(total)
        rows = troubled[told]
        apart = (lived.seen[rows] - lived.onset[rows] + seconds) / np.maximum(lived.age[rows], 1)
        idle = (gone | (total == 0))[told]
        out += [(series[row], family) for row in life.settle_ended(lived, rows, idle, apart, seconds, tuning)]
    return out


def _sender_of(scope: Labels) -> str:
    """The service whose telemetry tells of these requests."""
    return value_of(scope, names.CALLER) or value_of(scope, names.SERVICE)


def _place_of(scope: Labels) -> str:
    """The service that serves these requests: by its clock they come."""
    return value_of(scope, names.SERVICE) or value_of(scope, names.CALLEE)


def _lasting(state: Lived, at: float, patience: float) -> list[tuple[int, Labels]]:
    """Series that have been in trouble for so long (s)."""
    rows = np.flatnonzero(at - state.onset[: len(state.index)] >= patience)
    series = list(state.index) if len(rows) else []
    return [(int(row), series[row]) for row in rows]


def _silence(
    state: SilenceState,
    services: list[str],
    signals: Floats,
    called: Floats,
    at: float,
    seconds: float,
    tuning: Tuning,
) -> list[tuple[Labels, Family]]:
    """Judge silence; returns the silences that ended because nobody calls the service any more."""
    chosen = np.flatnonzero(~np.isnan(signals))
    if not len(chosen):
        return []
    rows = state.rows([labels(service=services[i]) for i in chosen])
    silence.judge(state, rows, at, seconds, signals[chosen], called[chosen], tuning)
    apart = state.gap[rows] / np.maximum(state.called[rows], 1.0)
    idle = (signals[chosen] == 0) & (called[chosen] == 0)
    over = set(life.settle_ended(state, rows, idle, apart, seconds, tuning))
    state.called[list(over)] = 0.0  # it is missed anew only when it is called anew
    places = zip(rows.tolist(), chosen.tolist(), strict=True)
    return [(labels(service=services[place]), Family.SILENCE) for row, place in places if row in over]


def _verdicts(
    family: Family,
    state: Lived,
    scopes: list[Labels],
    rows: Ints,
    at: float,
    observed: Floats,
    expected: Floats,
    lower: Floats,
    upper: Floats,
) -> list[Verdict]:
    return [
        Verdict(
            series=scope,
            family=family,
            at=at,
            observed=float(observed[i]),
            expected=float(expected[i]),
            lower=float(lower[i]),
            upper=float(upper[i]),
            score=float(state.score[row]),
            confidence=CONFIDENCE[Tier(int(state.tier[row]))],
            tier=Tier(int(state.tier[row])),
            life=SeriesState(int(state.life[row])),
        )
        for i, (scope, row) in enumerate(zip(scopes, rows, strict=True))
    ]


def _findings(family: Family, lived: Lived, state: State, tuning: Tuning) -> list[Finding]:
    size = len(lived.index)
    order = list(lived.index)
    return [
        _finding(family, order[row], int(row), lived, state, tuning)
        for row in np.flatnonzero(lived.life[:size] >= SeriesState.INCIDENT)
    ]


def _finding(family: Family, series: Labels, row: int, lived: Lived, state: State, tuning: Tuning) -> Finding:
    total = max(float(lived.trouble_total[row]), 1.0)
    bad = float(lived.trouble_bad[row])
    if isinstance(lived, ErrorState):
        observed = bad / total
        expected = float(errors.expected_ratio(lived, np.array([row]), tuning)[0][0])
    elif isinstance(lived, LatencyState):
        observed, expected = float(lived.trouble_seconds[row]) / total, float(np.exp(lived.level[row]))
    elif isinstance(lived, TrafficState):
        pace = max(float(lived.pace[row]), 1e-9)
        observed = float(lived.trouble_total[row]) / (max(float(lived.age[row]), 1.0) * pace)
        expected = float(lived.level[row]) / pace
    else:
        observed, expected = 0.0, float(state.silence.rate[row])
    return Finding(
        series=series,
        family=family,
        onset=float(lived.onset[row]),
        at=state.at or 0.0,
        score=float(lived.score[row]),
        observed=observed,
        expected=expected,
        bad=bad,
        total=total,
        confidence=CONFIDENCE[Tier(int(lived.tier[row]))],
        rising=bool(lived.life[row] == SeriesState.INCIDENT),
    )
