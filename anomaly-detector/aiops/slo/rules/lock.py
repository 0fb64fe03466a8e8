"""The lock file of all rules that Grafana was ever given. Grafana removes no rule by itself, so every uid is kept with
its title.

The text is a JSON object of uid -> title, one per line, in order of uids.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

_UID: Final = re.compile(r"[a-zA-Z0-9_-]{1,40}")
_REPAIR: Final = "take the last good one from version control: a rule that it no longer names stays in Grafana for ever"


def read_lock(text: str) -> dict[str, str]:
    """Read titles by uid. Raises ValueError with what is wrong, and where."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"is no JSON ({error}); {_REPAIR}") from None
    if not isinstance(found, dict):
        raise ValueError(f"must be an object of uids and titles; {_REPAIR}")
    for uid, title in found.items():
        if not _UID.fullmatch(uid) or not isinstance(title, str):
            raise ValueError(f"has {uid!r}: {title!r}, but must name a uid of Grafana and its title; {_REPAIR}")
    return found


def write_lock(known: Mapping[str, str]) -> str:
    """Write titles by uid as the text of a lock file."""
    return json.dumps(known, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
