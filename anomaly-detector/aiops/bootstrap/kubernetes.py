"""The watcher of Kubernetes, as the settings want it."""

from pathlib import Path

from aiops.config import Settings
from aiops.ports import Clock
from aiops.service.use_cases import UseCases
from aiops.sources.kubernetes import KubernetesWatcher, in_cluster, of_kubeconfig


def kubernetes_of(settings: Settings, clock: Clock, use_cases: UseCases) -> KubernetesWatcher | None:
    """Return the watcher; None where it is turned off. Raises ConfigError where the API cannot be found."""
    if not settings.kubernetes_watch:
        return None
    named = settings.kubernetes_config
    access = of_kubeconfig(Path(named).expanduser()) if named else in_cluster()
    namespaces = [one.strip() for one in settings.kubernetes_namespaces.split(",") if one.strip()]
    return KubernetesWatcher(access, clock, use_cases.incidents.record_seen, namespaces)
