"""What happened to services in Kubernetes: rollouts, out-of-memory kills and warnings, read from its API."""

from aiops.sources.kubernetes.connecting import KubernetesAccess, in_cluster, of_kubeconfig
from aiops.sources.kubernetes.watcher import KubernetesWatcher

__all__ = ["KubernetesAccess", "KubernetesWatcher", "in_cluster", "of_kubeconfig"]
