"""An OpenID provider: what it says about itself (OpenID Connect Discovery 1.0), its keys, and its answers.

Both are kept for a while, so that the engine works on while the provider is down. An unknown key makes the engine read
the keys again, but not more often than once in REREAD_SECONDS, whoever asks.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from urllib.parse import quote_plus, urlsplit

from aiops.access.jwt import BadJwt, ExpectedToken, has_key, head_of, keys_from, verified
from aiops.config import ConfigError, OidcSettings
from aiops.http import Client, Endpoint, Unavailable
from aiops.model.errors import SourceError
from aiops.ports import Clock

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

log = logging.getLogger(__name__)
T = TypeVar("T")

KEPT_SECONDS: Final = 3600.0
REREAD_SECONDS: Final = 10.0
TURN_SECONDS: Final = 3.0
"""How long a request waits while another one asks the provider."""
ANSWER_SECONDS: Final = 5.0
LARGEST_BYTES: Final = 1 << 20
WELL_KNOWN: Final = "/.well-known/openid-configuration"
EXTRA: Final = "single sign-on needs packages that are not installed: pip install 'aiops[auth]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What the provider says about itself: the addresses of its endpoints, "" where it has none; how clients
    authenticate; and whether its answers name the issuer (RFC 9207)."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    end_session: str
    methods: tuple[str, ...]
    names_issuer: bool


@dataclass(slots=True)
class _Kept(Generic[T]):
    """Something read from the provider, when it was (Unix seconds), and when reading was tried last."""

    value: T | None = None
    at: float = 0.0
    tried: float | None = None


class OpenIdProvider:
    """The provider of the settings. Every method may raise SourceError where it does not answer. Thread-safe."""

    def __init__(self, settings: OidcSettings, clock: Clock) -> None:
        """Nothing is asked yet. Raises ConfigError, if the extra `auth` is missing too."""
        if find_spec("authlib") is None or find_spec("joserfc") is None:
            raise ConfigError(EXTRA)
        self.settings, self.clock = settings, clock
        self.secret()
        if settings.ca_file and not Path(settings.ca_file).is_file():
            raise ConfigError(f"`oidc_ca_file`: there is no file {settings.ca_file}")
        self._about: _Kept[Discovered] = _Kept()
        self._keys: _Kept[KeySet] = _Kept()
        self._turn = threading.Lock()

    def secret(self) -> str:
        """Return the secret of the client, "" for a public one. Raises ConfigError."""
        if not self.settings.client_secret_file:
            return self.settings.client_secret
        try:
            return Path(self.settings.client_secret_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            file = self.settings.client_secret_file
            raise ConfigError(f"cannot read `oidc_client_secret_file` {file}: {error.strerror}") from None

    def about(self) -> Discovered:
        """Return what the provider says about itself."""
        return self._fresh(self._about, self._discover, KEPT_SECONDS)

    def refresh(self) -> None:
        """Read anew what is older than KEPT_SECONDS, so that nobody waits for it. A provider that is down is logged."""
        try:
            self._fresh(self._keys, self._read_keys, KEPT_SECONDS)
        except SourceError as error:
            log.warning("%s", error)

    def claims(self, token: str, audience: str) -> Mapping[str, Any]:
        """Return what a token says that the provider signed for this audience. Raises BadJwt."""
        head = head_of(token)
        keys = self._fresh(self._keys, self._read_keys, KEPT_SECONDS)
        if not has_key(keys, head) and self._may_read(self._keys):
            keys = self._fresh(self._keys, self._read_keys, REREAD_SECONDS)
        return verified(token, keys, ExpectedToken(self.settings.issuer, audience), self.clock.now())

    def may_be_signed(self, token: str, audience: str) -> bool:
        """Whether a token is signed by the provider for this audience, as far as the known keys say; nothing is asked.
        True where the keys may be read again."""
        try:
            head, keys = head_of(token), self._keys.value
            if keys is None or not has_key(keys, head):
                return self._may_read(self._keys)
            verified(token, keys, ExpectedToken(self.settings.issuer, audience), self.clock.now())
        except BadJwt:
            return False
        return True

    def redeem(self, code: str, verifier: str, redirect_uri: str) -> Mapping[str, Any]:
        """Exchange a code for the answer of the token endpoint (RFC 6749 4.1.3)."""
        about = self.about()
        try:
            secret = self.secret()
        except ConfigError as error:  # the file was there at the start
            raise Unavailable(str(error)) from None
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self.settings.client_id,
            "code_verifier": verifier,
        }
        basic = bool(secret) and ("client_secret_basic" in about.methods or "client_secret_post" not in about.methods)
        if secret and not basic:
            form["client_secret"] = secret
        # RFC 6749 2.3.1: both are encoded as in a form.
        client = (quote_plus(self.settings.client_id), quote_plus(secret)) if basic else ("", "")
        return _object(self._ask("token endpoint", about.token, form, client), "token endpoint")

    def userinfo(self, access_token: str) -> Mapping[str, Any]:
        """Return the claims of the UserInfo endpoint, none where there is no such endpoint."""
        url = self.about().userinfo
        return _object(self._ask("UserInfo endpoint", url, bearer=access_token), "UserInfo endpoint") if url else {}

    def _may_read(self, kept: _Kept[Any]) -> bool:
        return kept.tried is None or not 0 <= self.clock.now() - kept.tried < REREAD_SECONDS

    def _fresh(self, kept: _Kept[T], read: Callable[[], T], lasts: float) -> T:
        """Return what is kept; read it where it is older than `lasts`. What cannot be read anew stays as it was."""
        if kept.value is not None and 0 <= self.clock.now() - kept.at < lasts:
            return kept.value
        # Where there is something already, nobody waits for somebody else's reading.
        if not self._turn.acquire(timeout=TURN_SECONDS if kept.value is None else 0):
            if kept.value is None:
                raise Unavailable(f"{self.settings.title} is being asked; try again in a moment")
            return kept.value
        try:
            now = self.clock.now()
            if kept.value is not None and 0 <= now - kept.at < lasts:
                return kept.value
            if not self._may_read(kept):
                if kept.value is None:
                    raise Unavailable(
                        f"{self.settings.title} did not answer a moment ago; try again in {REREAD_SECONDS:g} s"
                    )
                return kept.value
            kept.tried = now
            try:
                kept.value = read()
                kept.at = now
            except SourceError as error:
                if kept.value is None:
                    raise
                log.warning("%s; what it said before stays in use", error)
            return kept.value
        finally:
            self._turn.release()

    def _discover(self) -> Discovered:
        issuer = self.settings.issuer
        found = _object(self._ask("discovery", issuer.rstrip("/") + WELL_KNOWN), "discovery")
        if found.get("issuer") != issuer:
            raise Unavailable(
                f"the provider calls itself {found.get('issuer')!r}, not {issuer!r}; set oidc_issuer to that"
            )
        methods = found.get("token_endpoint_auth_methods_supported")
        return Discovered(
            authorization=_endpoint(found, "authorization_endpoint", issuer),
            token=_endpoint(found, "token_endpoint", issuer),
            keys=_endpoint(found, "jwks_uri", issuer),
            userinfo=_endpoint(found, "userinfo_endpoint", issuer, needed=False),
            end_session=_endpoint(found, "end_session_endpoint", issuer, needed=False),
            methods=tuple(map(str, methods)) if isinstance(methods, list) else ("client_secret_basic",),
            names_issuer=found.get("authorization_response_iss_parameter_supported") is True,
        )

    def _read_keys(self) -> "KeySet":
        # The turn is taken already.
        now = self.clock.now()
        if self._about.value is None or not 0 <= now - self._about.at < KEPT_SECONDS:
            self._about.value, self._about.at = self._discover(), now
        try:
            return keys_from(self._ask("keys", self._about.value.keys))
        except BadJwt as error:
            raise Unavailable(f"{self.settings.title}: {error}") from None

    def _ask(
        self,
        what: str,
        url: str,
        form: Mapping[str, str] | None = None,
        client: tuple[str, str] = ("", ""),
        bearer: str = "",
    ) -> Any:
        parts = urlsplit(url)
        endpoint = Endpoint(
            name=f"the {what} of {self.settings.title}",
            url=f"{parts.scheme}://{parts.netloc}",
            ca=self.settings.ca_file,
            timeout_seconds=ANSWER_SECONDS,
            largest_bytes=LARGEST_BYTES,
            username=client[0],
            password=client[1],
            bearer=bearer,
        )
        http = Client(endpoint)
        try:
            return http.json(parts.path + (f"?{parts.query}" if parts.query else ""), form, form=form is not None)
        finally:
            http.close()


def _object(found: Any, what: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise Unavailable(f"the {what} of the provider answers no JSON object")
    return found


def _endpoint(found: Mapping[str, Any], key: str, issuer: str, needed: bool = True) -> str:
    """Return an endpoint; https, or http where the issuer is nearby too."""
    url = found.get(key)
    if not isinstance(url, str) or urlsplit(url).scheme not in ("https", urlsplit(issuer).scheme):
        if needed:
            raise Unavailable(f"the provider {issuer} names no usable `{key}`")
        return ""
    return url
