"""How tests wait, and how many examples they take."""

from collections.abc import Iterator
from itertools import count

import examples
import pytest
from hypothesis import settings

from aiops.testing.waiting import never, until


def test_what_comes_is_returned_as_it_came() -> None:
    answers: Iterator[object] = iter([None, [], {"found": 1}])
    assert until(lambda: next(answers)) == {"found": 1}


def test_what_does_not_come_is_named_with_the_last_answer() -> None:
    with pytest.raises(AssertionError, match=r"not within 0 s: the shop is open; the last answer was \[\]"):
        until(lambda: [], 0.0, "the shop is open")


def test_only_what_is_named_is_waited_through() -> None:
    numbers = count()

    def away() -> bool:
        if next(numbers) < 2:
            raise ConnectionError("nobody listens")
        return True

    assert until(away, despite=ConnectionError)
    with pytest.raises(ValueError, match="no number"):
        until(lambda: int("no number"), despite=ConnectionError)


def test_what_must_not_happen_is_looked_for_all_the_time() -> None:
    numbers = count()
    never(lambda: next(numbers) < 0, 0.05)
    assert next(numbers) > 1
    with pytest.raises(AssertionError, match="nobody comes"):
        never(lambda: next(numbers) > 3, 60.0, "nobody comes")


def test_the_profile_of_the_workflows_tries_more_and_always_the_same() -> None:
    dev, ci = settings.get_profile("dev"), settings.get_profile("ci")
    assert ci.max_examples > dev.max_examples
    assert ci.derandomize, "a change that is right is not refused by chance"
    assert ci.deadline is dev.deadline is None


def test_a_share_is_of_the_profile_that_runs() -> None:
    assert examples.share(0.5).max_examples == settings().max_examples // 2
    assert examples.share(0.0001).max_examples == 1
    assert examples.share(2).deadline is None
