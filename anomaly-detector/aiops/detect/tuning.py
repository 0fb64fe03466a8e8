"""Every constant of the detector, with its unit and its reason."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """One configuration for all series.

    false_alarm: accepted probability that one healthy window of counts crosses the boundary. z_boundary: robust z at
    which a latency scores 1. Request latencies are heavy-tailed: 6, not the Gaussian 4.75. z_clip: the most that one
    step may add to the evidence of a longer window, so that one outlier never fires by itself. confirm_seconds: how
    long overwhelming evidence must last to fire at once; it absorbs a stall of the machine.

    recover_steps, recover_errors_steps: calm steps that end a trouble. Errors need fewer, because a step is calm only
    once the counts have shown that the errors are over. learn_below: the error score up to which a step is learned into
    the normal ratio.

    traffic_seconds: how long a route must have been watched before its traffic is judged, so that one burst is no
    habit; also how long its requests may stay away before that is normal. traffic_effect: the share of its requests
    that a route must lose. traffic_spread: the least spread of traffic around its expectation, as a share.
    traffic_fall_half_life, traffic_rise_half_life: seconds in which the level follows half of a change; it rises
    slowly, so that the end of a rush is no loss.

    days_per_false_alarm: how often residuals of one latency may reach the boundary by chance, once its tail is known
    from `tail_points` healthy steps. settle_seconds: a latency that has been in trouble for so long is normal from then
    on, unless an objective burns. habit_days, habit_seconds: a trouble of latency is a habit if it came within so many
    days at the same time of the day, within so many seconds.

    expire_seconds, forget_seconds: silence after which a series is dropped; the second applies where days and weeks are
    learned. ended_seconds, ended_calls: a trouble ends without data where its sender is heard but reports no such
    requests: after at least so many seconds, and after the time in which so many requests would have come. Longer than
    a circuit breaker usually waits before it tries again.

    stream_seconds, stream_spread: requests that take at least so long, and whose durations differ so much (log), last
    for as long as their client listens; their duration is not judged. half_life: seconds of normal operation after
    which the level and the error rate have forgotten half.
    """

    warmup_points: int = 5
    defaults_points: int = 20
    windows: tuple[int, ...] = (1, 4, 20)
    false_alarm: float = 1e-6
    z_boundary: float = 6.0
    z_clip: float = 4.0
    huber: float = 3.0
    confirm_seconds: float = 6.0
    confirm_steps: int = 2
    confirm_of: int = 3
    recover_steps: int = 4
    recover_errors_steps: int = 2
    recover_probability: float = 0.005
    half_life: float = 120.0
    rate_half_life: float = 3600.0
    scale_floor: float = 0.05
    latency_effect_ratio: float = 0.20
    latency_effect_seconds: float = 0.010
    error_effect: float = 0.005
    learn_below: float = 0.5
    prior_bad: float = 0.5
    prior_total: float = 50.0
    slow_share: float = 0.01
    days_per_false_alarm: float = 5.0
    tail_points: int = 5000
    settle_seconds: float = 10_800.0
    habit_days: float = 8.0
    habit_seconds: float = 900.0
    silence_seconds: float = 9.0
    silence_most: float = 120.0
    no_data_seconds: float = 600.0
    ended_seconds: float = 90.0
    ended_calls: float = 20.0
    stream_seconds: float = 10.0
    stream_spread: float = 0.5
    expire_seconds: float = 86_400.0
    forget_seconds: float = 2_419_200.0
    traffic_points: int = 24
    traffic_seconds: float = 3600.0
    traffic_effect: float = 0.5
    traffic_spread: float = 0.15
    traffic_fall_half_life: float = 600.0
    traffic_rise_half_life: float = 3600.0

    # Fixed rules, used while a series has 5 to 20 points.
    default_latency_factor: float = 3.0
    default_error_ratio: float = 0.20
    default_error_requests: float = 5.0

    young_seconds: float = field(default=900.0, repr=False)
    young_false_alarm: float = field(default=1e-10, repr=False)
    young_bad: float = field(default=6.0, repr=False)
    young_requests: float = field(default=20.0, repr=False)
    young_weight: float = field(default=100.0, repr=False)
    scale_half_life: float = field(default=21_600.0, repr=False)
    scale_clip: float = field(default=2.0, repr=False)
    scale_few: float = field(default=3.0, repr=False)
    scale_first: float = field(default=5.0, repr=False)
    scale_fresh: float = field(default=200.0, repr=False)
    level_requests: float = field(default=50.0, repr=False)
    tail_half_life: float = field(default=21.0, repr=False)
