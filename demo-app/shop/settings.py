"""What the environment says about one service."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shop import names
from shop.profile import ERROR_RATE, VERSION
from shop.topology import PORTS, SERVICES, default_url


class BadSetting(ValueError):
    """A setting has a value it may not have; the message names both."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One service's place in the shop; `beside`: another process of the service may have its port as well. `tied`: it
    ends when its standard input does."""

    service: str
    host: str
    port: int
    port_offset: int
    urls: Mapping[str, str]
    version: str
    instance: str
    beside: bool
    faults: bool
    run_dir: Path | None
    seed: int
    error_rate: float
    tied: bool

    @classmethod
    def read(cls, environ: Mapping[str, str], service: str | None = None, port_offset: int | None = None) -> "Settings":
        """Read the environment; `service` and `port_offset` win over it."""
        service = service or environ.get(names.ENV_SERVICE, "")
        if service not in SERVICES:
            raise BadSetting(f"{names.ENV_SERVICE} is {service!r}; it must be one of {', '.join(SERVICES)}")
        offset = _integer(environ, names.ENV_PORT_OFFSET, 0) if port_offset is None else port_offset
        port = PORTS[service] + offset
        if not 0 < port < 65536:
            raise BadSetting(f"{names.ENV_PORT_OFFSET} is {offset}; it puts {service} on port {port}, outside 1..65535")
        run_dir = environ.get(names.ENV_RUN_DIR)
        return cls(
            service=service,
            host=environ.get(names.ENV_HOST) or "127.0.0.1",
            port=port,
            port_offset=offset,
            urls={peer: url_of(peer, environ, offset) for peer in SERVICES},
            version=environ.get(names.ENV_VERSION) or VERSION,
            instance=environ.get(names.ENV_INSTANCE) or f"{service}-0",
            beside=environ.get(names.ENV_BESIDE, "").lower() == "on",
            faults=environ.get(names.ENV_FAULTS, "").lower() == "on",
            run_dir=Path(run_dir) if run_dir else None,
            seed=_integer(environ, names.ENV_SEED, 1),
            error_rate=_share(environ, names.ENV_ERROR_RATE, ERROR_RATE),
            tied=environ.get(names.ENV_TIED, "").lower() == "on",
        )


def url_of(service: str, environ: Mapping[str, str], port_offset: int) -> str:
    """Return a service's base URL: SHOP_<SERVICE>_URL, or its place on this machine."""
    return (environ.get(f"SHOP_{service.upper()}_URL") or default_url(service, port_offset)).rstrip("/")


def _integer(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    try:
        return int(text)
    except ValueError:
        raise BadSetting(f"{name} is {text!r}; it must be a whole number") from None


def _share(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name) or str(default)
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise BadSetting(f"{name} is {text!r}; it must be a share between 0 and 1")
    return share
