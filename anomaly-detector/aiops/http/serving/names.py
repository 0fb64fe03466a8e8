"""The names under which a server answers, and the web pages that may send to it: `Host` and `Origin` of a request.

A foreign name that resolves to this machine would let its web pages read and act here (DNS rebinding). Such a name is
one of the public DNS; addresses, names without a dot and names of private zones are not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_PRIVATE: Final = ("localhost", "svc", "local", "internal", "lan", "home", "test")


@dataclass(frozen=True, slots=True)
class Names:
    """The allowed names. on_loopback: the server listens on this machine only, so that names of other machines are
    foreign too. further: names that the settings allow."""

    on_loopback: bool
    further: frozenset[str] = frozenset()

    @classmethod
    def of(cls, on_loopback: bool, public_url: str, allowed: str) -> "Names":
        """Make the names from the host of a URL and a comma-separated list."""
        further = {(urlsplit(public_url).hostname or "").lower(), *_listed(allowed)}
        return cls(on_loopback, frozenset(further - {""}))

    def allow(self, host: str) -> bool:
        """Whether a request with this `Host` is answered."""
        if not host:  # HTTP/1.0, which no browser uses
            return True
        name = _name(host)
        if name in self.further:
            return True
        try:
            return ip_address(name).is_loopback or not self.on_loopback
        except ValueError:
            pass
        if self.on_loopback:
            return name == "localhost"
        return bool(name) and ("." not in name or name.rpartition(".")[2] in _PRIVATE)


def is_foreign(origin: str | None, host: str, site: str | None) -> bool:
    """Whether a web page of another origin sends the request: browsers name the page, programs name none.

    `site` is the header `Sec-Fetch-Site`.
    """
    if origin is not None:
        return origin.partition("://")[2].lower() != host.lower()
    return (site or "none") not in ("none", "same-origin")


def allowed_origins(listed: str) -> frozenset[str]:
    """Read a comma-separated list of origins, in the form that browsers send."""
    return frozenset(one.rstrip("/") for one in _listed(listed))


def _listed(text: str) -> Iterable[str]:
    return (one.strip().lower() for one in text.split(",") if one.strip())


def _name(host: str) -> str:
    if set(host) & set("/\\@?# ") or not host.count("[") == host.count("]") <= 1:
        return ""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower().rstrip(".")
    except ValueError:
        return ""
