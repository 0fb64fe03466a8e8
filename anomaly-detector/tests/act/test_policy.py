"""The policy file: every mistake is named by its key."""

from datetime import UTC, datetime

import pytest

from aiops.act.policy import ActionPolicy, Freeze
from aiops.act.reading import BadPolicy, read_policy

GOOD = """
actions:
  - name: restart-payment
    action: restart
    services: [payment, "check*"]
    executor: kubernetes
    parameters: {namespace: shop}
"""


def test_a_policy_is_dry_and_asks_people_unless_it_says_otherwise() -> None:
    found = read_policy(GOOD)
    [rule] = found.actions
    assert found.dry_run
    assert found.is_dry(rule)
    assert not rule.auto
    assert rule.min_confidence == 0.8
    assert rule.when_budget_spent == "refuse"
    assert (rule.covers("checkout"), rule.covers("gateway")) == (True, False)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "    action: restart",
            "    action: reboot",
            r"`actions\[0\]\.action` \(restart-payment\): input should",
        ),
        (
            "    services: [payment",
            "    service: [payment",
            r"`actions\[0\]\.service` .*: unknown key",
        ),
        ("{namespace: shop}", "{}", r"parameters\.namespace: field required"),
        ("{namespace: shop}", "{namespace: shop, pod: x}", r"parameters\.pod: unknown key of kubernetes"),
        ("{namespace: shop}", "{namespace: shop, deployment: '{host}'}", r"may name \{service\}"),
        ("{namespace: shop}", "{namespace: shop, deployment: '{service'}", r"a brace without its other one"),
        ("executor: kubernetes", "executor: ssh", r"`actions\[0\]\.executor`"),
        ("    action: restart", "    action: clear_fault", r"kubernetes does restart, rollback, scale_out"),
        ("    action: restart", "    action: restart\n    causes: [errors]", r"a restart does not help against errors"),
        (
            "    action: restart",
            "    action: restart\n    min_confidence: 2",
            r"min_confidence.*less than or equal",
        ),
        ("    action: restart", "    action: restart\n    action: restart", r"line 5: `action` stands twice"),
        (
            "actions:",
            "freezes: [{name: x, start: 2026-01-01T00:00:00Z}]\nactions:",
            r"`freezes\[0\]`: a freeze has",
        ),
        (
            "actions:",
            "freezes: [{name: x, start: 2026-01-01T00:00:00Z, hours: 1, rrule: SOMETIMES}]\nactions:",
            r"rrule: .*write it like FREQ=WEEKLY",
        ),
        ("actions:", "actions: [", r"not valid YAML"),
    ],
)
def test_mistakes_are_named(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(BadPolicy, match=said):
        read_policy(GOOD.replace(old, new, 1))


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(BadPolicy) as error:
        read_policy("dry_run: perhaps\napproval_minutes: -1\nactions: []\n")
    assert len(error.value.problems) == 2


def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(BadPolicy, match="two entries have the name restart-payment"):
        read_policy(GOOD + GOOD.partition("actions:\n")[2])


def test_a_freeze_that_repeats_is_at_the_local_time() -> None:
    freeze = Freeze.model_validate(
        {
            "name": "night",
            "start": "2026-01-01T22:00:00+01:00",
            "rrule": "FREQ=DAILY",
            "hours": 8,
            "time_zone": "Europe/Berlin",
        }
    )
    in_summer = datetime(2026, 7, 1, 20, 30, tzinfo=UTC).timestamp()  # 22:30 in Berlin
    assert freeze.until("payment", in_summer) == datetime(2026, 7, 2, 4, 0, tzinfo=UTC).timestamp()
    assert freeze.until("payment", in_summer - 3600) is None


def test_a_freeze_is_of_its_services_and_its_time() -> None:
    freeze = Freeze.model_validate(
        {"name": "sale", "services": ["pay*"], "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
    )
    at = datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()
    assert freeze.until("payment", at) == at + 12 * 3600
    assert freeze.until("checkout", at) is None
    assert freeze.until("payment", at + 13 * 3600) is None


def test_nothing_is_an_empty_policy() -> None:
    assert read_policy("actions: []") == ActionPolicy()
