"""Every constant of the detector of any metric."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """One configuration for all series.

    days_per_false_alarm: how often a healthy series may exceed its boundary. shares: the part of that which each view
    may make. least: the evidence below which nothing is an alarm, however quiet the series was. relative: the deviation
    that is taken for granted, as a share of the level. clip, jump_clip: deviations that one point may move mean and
    scale by, of either view. follow, scale_follow: the share by which the second view's level and scale follow a point.
    frozen: the share of its gain that the mean keeps while an alarm is on. quiet_points: points under 1 that end an
    alarm, as many as end one where this detector is compared with others. longest_points: an alarm that lasts longer is
    what the series is like now. remember: how much of an alarm's evidence counts for later, in boundaries.
    forget_after: seconds without a value after which a series begins anew.
    """

    days_per_false_alarm: float = 5.0
    shares: tuple[float, float] = (1.0, 0.1)
    least: float = 3.5
    relative: float = 0.02
    clip: float = 8.0
    jump_clip: float = 4.0
    follow: float = 0.3
    scale_follow: float = 0.005
    frozen: float = 0.1
    longest_memory: float = 100_000.0
    quiet_points: int = 7
    longest_points: int = 200
    remember: float = 1.5
    forget_after: float = 28 * 86_400.0
