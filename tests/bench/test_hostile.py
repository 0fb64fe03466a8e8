"""Some thousands of the exports that `python -m bench.hostile` tries a million of."""

import pytest

from bench import hostile


def test_exports_with_bytes_changed_are_taken_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile, "PART", 3000)
    seen = hostile.part(1)
    assert sum(seen.values()) == 3000
    assert not [one for one in seen if not one.startswith(("taken", "refused: "))]
    assert any(one.startswith("taken") for one in seen)
