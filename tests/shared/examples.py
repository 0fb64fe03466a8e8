"""How many examples Hypothesis makes: a profile says it for all tests, and a test at most its share.

`HYPOTHESIS_PROFILE` names the profile: `dev` (the default) looks at other examples each time; `ci` always at the same,
so that no change is refused by chance; `long` looks at twenty times as many.
"""

import os
from typing import Final

from hypothesis import settings

PROFILE: Final = "HYPOTHESIS_PROFILE"


def load() -> None:
    """Register the profiles and load the chosen one. No example has a deadline: machines are busy."""
    settings.register_profile("dev", max_examples=50, deadline=None)
    settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True)
    settings.register_profile("long", max_examples=1000, deadline=None, print_blob=True)
    settings.load_profile(os.environ.get(PROFILE) or "dev")


def share(of: float) -> settings:
    """For a test whose examples are dear, or cheap: so much of the profile's number of them."""
    return settings(max_examples=max(round(of * settings().max_examples), 1))
