"""The notes of a release: its section of CHANGELOG.md."""

import re


def section(changelog: str, version: str) -> str:
    """Return what stands below `## VERSION`, or `## VERSION (DATE)`. Raises ValueError if that is nothing."""
    parts = re.split(r"^## (.+)\n", changelog, flags=re.MULTILINE)
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        if title.split()[0] == version:
            if body.strip():
                return body.strip() + "\n"
            raise ValueError(f"the section {version} of CHANGELOG.md is empty")
    raise ValueError(
        f"CHANGELOG.md has no section {version}; `## Unreleased` becomes `## {version}` when it is released"
    )
