"""Every constant of the detector of any metric."""

from typing import NamedTuple


class Tuning(NamedTuple):
    """One configuration for all series. Each field is described where it is used."""

    days_per_false_alarm: float = 6.0
    """How often a healthy series may exceed a boundary of its first view."""
    rough: float = 0.15
    """The deviation at a time of the day, as a share of how far it is from the times beside it, is no smaller."""
    share_jump: float = 0.2
    share_window: float = 1.0
    """The share of those false alarms that the other views may make."""
    half_life_days: float = 21.0
    """The half-life of what tails and the count of alarms remember."""
    least: float = 4.15
    """Evidence below which nothing is an alarm, however quiet the series was."""
    young: float = 0.3
    """How much wider a boundary is after 20 points; the excess shrinks with the number of points."""
    relative: float = 0.01
    """The deviation that is taken for granted, as a share of the level."""
    clip: float = 8.0
    jump_clip: float = 4.0
    """Deviations that one point may move mean and scale by, of either view."""
    follow: float = 0.3
    scale_follow: float = 0.005
    """The share by which level and scale of the second view follow a point."""
    jump_least: float = 0.2
    """The scale of the second view, as a share of the deviation of the first, is no smaller."""
    window_seconds: float = 1800.0
    window_points: float = 20.0
    """The window of the third view, and the most points that it counts."""
    frozen: float = 0.1
    """The share of its gain that the mean keeps while an alarm is on."""
    spread_points: int = 24
    """Points of an alarm from which spread is learned, because a short one may be a habit of the series; of an old
    series a third of them."""
    home: float = 0.2
    """The share of its boundary under which a series is back where it was before an alarm."""
    memory_points: float = 100_000.0
    memory_days: float = 60.0
    """The memory of mean and spread: whichever is shorter."""
    quiet_points: int = 7
    """Points under 1 that end an alarm."""
    longest_points: int = 400
    """An alarm that lasts longer is what the series is like now."""
    alarms: float = 3.0
    excess: float = 0.25
    """Alarms within a half-life that are expected; for each one more, more of the evidence of an alarm is remembered,
    as a share of its boundary."""
    still: float = 0.7
    excursions: int = 10
    """A series is still when this share of its points has one value. A single point apart from that value is no alarm
    until so many were seen."""
    slot: float = 4.0
    """Deviations by which a time of the day must be better known by itself than by the mean to count alone."""
    recurrences: int = 3
    recurrence_days: float = 15.0
    recurrence_seconds: float = 900.0
    recurrence_size: float = 2.0
    """An alarm at the same time of the day as on so many of the last days, and at most so many times as large, is a
    recurrence, and nobody is told."""
    forget_after: float = 28 * 86_400.0
    """Seconds without a value after which a series begins anew."""
