"""What the settings say of actions."""

from collections.abc import Callable
from dataclasses import dataclass

from aiops.act.executor import Executor
from aiops.act.executors import executor_of
from aiops.act.policy import ActionPolicy


@dataclass(frozen=True, slots=True)
class Remedies:
    """The policy, None where no file is set: then nothing is proposed. `commands`: whether programs may be executed.
    `executor` makes an executor from its name and a clock."""

    policy: ActionPolicy | None = None
    commands: bool = False
    executor: Callable[[str, Callable[[], float]], Executor] = executor_of
