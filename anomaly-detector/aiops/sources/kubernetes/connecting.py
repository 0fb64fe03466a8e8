"""Where the API of Kubernetes is, and by what the engine may read it: the pod's service account, or a kubeconfig."""

import base64
import binascii
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from aiops.config import ConfigError
from aiops.http import Endpoint

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
LONGEST: Final = 60.0
"""Seconds that an answer may take: longer than a watch lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesAccess:
    """The address and the credentials. `token_file` is read again for each connection, because its token expires."""

    url: str
    ca: str = ""
    token: str = ""
    token_file: str = ""
    certificate: str = ""
    key: str = ""

    def endpoint(self, at_once: int) -> Endpoint:
        """Return the endpoint with the present token. Raises ConfigError where its file is gone."""
        bearer = _text(Path(self.token_file)).strip() if self.token_file else self.token
        return Endpoint(
            name="Kubernetes",
            url=self.url,
            bearer=bearer,
            ca=self.ca,
            certificate=self.certificate,
            key=self.key,
            timeout_seconds=LONGEST,
            at_once=at_once,
        )


def in_cluster(environment: Mapping[str, str] = os.environ, account: Path = ACCOUNT) -> KubernetesAccess:
    """Return the access of a pod. Raises ConfigError outside of a cluster."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "443")
    token = account / "token"
    if not host or not token.is_file():
        raise ConfigError(
            "kubernetes_watch: this is no pod with a service account's token; give a kubeconfig by kubernetes_config, "
            "or let the chart mount the token"
        )
    at = f"[{host}]" if ":" in host else host
    return KubernetesAccess(url=f"https://{at}:{port}", ca=str(account / "ca.crt"), token_file=str(token))


def of_kubeconfig(path: Path) -> KubernetesAccess:
    """Return the access that the current context of a kubeconfig describes. Raises ConfigError."""
    try:
        found = yaml.safe_load(_text(path))
    except yaml.YAMLError as error:
        raise ConfigError(f"kubernetes_config: {path} is not YAML: {error}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"kubernetes_config: {path} is no kubeconfig")
    context = _named(found, "contexts", "context", found.get("current-context"), path)
    cluster = _named(found, "clusters", "cluster", context.get("cluster"), path)
    user = _named(found, "users", "user", context.get("user"), path)
    if "exec" in user or "auth-provider" in user:
        raise ConfigError(
            f"kubernetes_config: the user of {path} gets credentials from a program, which the engine does not run; "
            "give it a token or a client certificate"
        )
    url = str(cluster.get("server") or "")
    if not url.startswith("https://"):
        raise ConfigError(f"kubernetes_config: the server of {path} must be like https://127.0.0.1:6443, not {url!r}")
    return KubernetesAccess(
        url=url,
        ca=_file(cluster, "certificate-authority", path),
        token=str(user.get("token") or ""),
        token_file=str(_beside(path, user["tokenFile"])) if user.get("tokenFile") else "",
        certificate=_file(user, "client-certificate", path),
        key=_file(user, "client-key", path),
    )


def _named(found: Mapping[str, Any], several: str, one: str, name: object, path: Path) -> dict[str, Any]:
    for each in found.get(several) or ():
        if isinstance(each, dict) and each.get("name") == name and isinstance(each.get(one), dict):
            return dict(each[one])
    raise ConfigError(f"kubernetes_config: {path} has no {one} of the name {name!r}")


def _file(of: Mapping[str, Any], key: str, path: Path) -> str:
    """Return the file of a key; what is written in the kubeconfig itself becomes a file that only we may read."""
    if data := of.get(f"{key}-data"):
        try:
            content = base64.b64decode(str(data), validate=True)
        except binascii.Error:
            raise ConfigError(f"kubernetes_config: {key}-data of {path} is not base64") from None
        handle, name = tempfile.mkstemp(prefix="aiops-kubernetes-", suffix=".pem")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        return name
    return str(_beside(path, of[key])) if of.get(key) else ""


def _beside(path: Path, file: object) -> Path:
    return path.parent / Path(str(file)).expanduser()


def _text(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"kubernetes_config: {path} cannot be read: {error}") from None
