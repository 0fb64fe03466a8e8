"""Requests served, out of classic histograms and, where a service sends those, out of native ones."""

from typing import Final

DURATION: Final = "http_server_request_duration_seconds"
SERIES: Final = f'__name__=~"{DURATION}_count|{DURATION}"'
"""A matcher for the series that each are of one kind of request."""


def rate(of: str) -> str:
    """Requests a second of each series that fits matchers, over the window."""
    native = f"rate({DURATION}{{{of}}}[$window])"
    return f"(rate({DURATION}_count{{{of}}}[$window]) or histogram_count({native}))"


def seconds(of: str) -> str:
    """Time a second that requests took, likewise."""
    native = f"rate({DURATION}{{{of}}}[$window])"
    return f"(rate({DURATION}_sum{{{of}}}[$window]) or histogram_sum({native}))"


def quantile(share: float, of: str, *by: str) -> str:
    """Time in which a share of requests is answered."""
    classic = f"sum by ({', '.join(('le', *by))}) (rate({DURATION}_bucket{{{of}}}[$window]))"
    native = f"sum by ({', '.join(by)}) (rate({DURATION}{{{of}}}[$window]))"
    return f"(histogram_quantile({share}, {classic}) or histogram_quantile({share}, {native}))"
