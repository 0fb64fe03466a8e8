"""The executor of each name."""

from collections.abc import Callable

from aiops.act.executor import Executor
from aiops.act.executors.command import CommandExecutor
from aiops.act.executors.kubernetes import KubernetesExecutor
from aiops.act.executors.simulated import SimulatedExecutor
from aiops.act.executors.webhook import WebhookExecutor


def executor_of(name: str, now: Callable[[], float]) -> Executor:
    """Return the executor of a name of the policy. now: the time in Unix seconds. Raises KeyError."""
    made: dict[str, Callable[[], Executor]] = {
        "webhook": lambda: WebhookExecutor(now),
        "kubernetes": lambda: KubernetesExecutor(now),
        "command": CommandExecutor,
        "simulated": SimulatedExecutor,
    }
    return made[name]()
