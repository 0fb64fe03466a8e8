"""From the outbox to channels: each by itself, in order, nothing lost, nothing twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops.model.errors import NotTaken
from aiops.notify import Routing

from .setting import HOUR, T0, Moody, Setting, transitions


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    one = Setting(tmp_path)
    yield one
    one.store.close()


def test_a_channel_that_fails_delays_and_repeats_no_other(setting: Setting) -> None:
    one = setting.opened()
    setting.a.error = OSError("connection refused")
    assert setting.out.round(T0) == 1
    setting.resolved(one, T0 + 1)
    assert setting.out.round(T0 + 2) == 1
    assert (transitions(setting.a), transitions(setting.b)) == ([], ["opened", "resolved"])
    setting.a.error = None
    assert [setting.out.round(at) for at in (T0 + 4, T0 + 4, T0 + 4)] == [1, 1, 0]
    assert transitions(setting.a) == transitions(setting.b) == ["opened", "resolved"]
    assert setting.counts.count(("a", "failed")) == 2
    assert setting.counts.count(("b", "sent")) == 2


def test_the_wait_doubles_up_to_five_minutes(setting: Setting) -> None:
    setting.opened()
    setting.a.error = OSError("no")
    waits, at = [], T0
    for _ in range(11):
        setting.out.round(at)
        step = 1.0
        while setting.outbox.due("a", at + step) == []:
            step += 1.0
        waits.append(step)
        at += step
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_a_try_that_a_clock_ahead_put_off_is_due(setting: Setting) -> None:
    setting.opened()
    setting.a.error = OSError("no")
    setting.out.round(T0 + 90_000.0)
    setting.a.error = None
    setting.out.round(T0)
    assert transitions(setting.a) == ["opened"]


def test_later_messages_of_a_subject_wait_for_earlier_ones_and_others_do_not(setting: Setting) -> None:
    one = setting.opened(1)
    setting.a.error = OSError("no")
    setting.out.round(T0)
    setting.a.error = None
    setting.resolved(one, T0 + 0.2)
    other = setting.opened(2, T0 + 0.3)
    setting.out.round(T0 + 0.5)
    assert setting.a.all == [(other.id, "opened")]
    setting.out.round(T0 + 1.5)
    setting.out.round(T0 + 1.5)
    assert [each for each in setting.a.all if each[0] == one.id] == [(one.id, "opened"), (one.id, "resolved")]


def test_a_refusal_for_ever_is_not_repeated(setting: Setting) -> None:
    setting.opened()
    setting.a.error = NotTaken("400 s3cret", final=True)
    setting.out.round(T0)
    assert ("a", "refused") in setting.counts
    assert setting.out.channels["a"].error == "400 ***"
    setting.a.error = None
    setting.out.round(T0 + 1000)
    assert transitions(setting.a) == []


def test_a_channel_that_asks_for_rest_gets_it(setting: Setting) -> None:
    setting.opened(1)
    setting.opened(2)
    setting.a.error = NotTaken("429", wait=30.0)
    setting.out.round(T0)
    assert setting.counts.count(("a", "failed")) == 1, "the second message waits as well"
    setting.a.error = None
    setting.out.round(T0 + 29)
    assert transitions(setting.a) == []
    setting.out.round(T0 + 30)
    assert transitions(setting.a) == ["opened", "opened"]


def test_a_message_that_cannot_be_written_stops_no_other(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    setting.opened()
    setting.a.error = KeyError("s3cret")
    assert setting.out.round(T0) == 1
    assert "s3cret" not in caplog.text
    assert "could not be written" in caplog.text


def test_a_channel_that_takes_nothing_for_long_is_reported_once_an_hour(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    setting.opened()
    setting.a.error = OSError("s3cret: connection refused")
    at = T0
    while at < T0 + 2 * HOUR:
        setting.out.deliver("a", at) if at > T0 else setting.out.round(at)
        at += 60.0
    assert caplog.text.count("has taken no notification since 2026-11-30T12:00:00Z") == 2
    assert "s3cret" not in caplog.text
    assert setting.out.channels["a"].failing_since == T0
    setting.a.error = None
    setting.out.round(at + 300)
    assert setting.out.channels["a"].failing_since is None


def test_what_a_channel_calls_its_message_is_known_after_a_restart(setting: Setting) -> None:
    one = setting.opened()
    setting.out.round(T0)
    setting.use(Routing(default=("a", "b")))
    setting.resolved(one, T0 + 60)
    setting.out.round(T0 + 60)
    assert setting.a.references == ["", f"message of {one.id}"]


def test_what_waits_for_a_channel_that_is_gone_goes_by_the_routes(setting: Setting) -> None:
    setting.opened()
    setting.a.error = OSError("no")
    setting.out.round(T0)
    new = Moody()
    setting.use(Routing(default=("new",)), new=new)
    setting.out.round(T0 + 60)
    assert transitions(new) == [], "the other channel has it already"
    setting.opened(2, T0 + 60)
    setting.a.error = setting.b.error = OSError("no")
    setting.use(Routing(default=("a", "b")))
    setting.out.round(T0 + 61)
    setting.use(Routing(default=("new",)), new=new)
    setting.out.round(T0 + 62)
    assert transitions(new) == ["opened"]


def test_old_messages_are_deleted_and_waiting_ones_are_not(setting: Setting) -> None:
    setting.opened()
    setting.b.error = OSError("no")
    setting.out.round(T0)
    setting.outbox.purge(T0 + 400 * 24 * HOUR)
    assert setting.outbox.backlog("b").waiting == 1
    setting.b.error = None
    setting.out.round(T0 + 400)
    setting.outbox.purge(T0 + 400 * 24 * HOUR)
    assert setting.outbox.backlog("b").last_sent is None
