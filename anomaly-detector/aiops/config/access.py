"""Settings of who comes in, and how: an OpenID provider, TLS, and the rates of requests."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from aiops.model import Role

NEARBY: Final = ("127.0.0.1", "localhost", "::1")
"""Hosts for which a provider may be asked without TLS."""


class OidcSettings(BaseModel):
    """An OpenID provider. A key `x` is `oidc: {x: …}` in the file, or `oidc_x:`, and `AIOPS_OIDC_X` in the
    environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field("", description="issuer of an OpenID provider with whom people sign in; empty: none")
    name: str = Field("", description="what the button to sign in calls the provider; empty: the host of the issuer")
    client_id: str = Field("", description="id of the engine as a client of the provider")
    client_secret: str = Field("", description="secret of the client; empty: a public client, or client_secret_file")
    client_secret_file: str = Field("", description="file with the secret of the client, read at each sign-in")
    scopes: str = Field("openid profile email", description="scopes to ask for, by blanks")
    groups_claim: str = Field("groups", description="claim with the groups; dots lead inside, as in realm_access.roles")
    roles: Mapping[str, Role] = Field(
        default_factory=dict, description="role by the name of a group; the highest counts"
    )
    default_role: Role | None = Field(None, description="role of who is in none of these groups; empty: refused")
    audience: str = Field("", description="audience of tokens (JWT) that programs may show; empty: no such tokens")
    ca_file: str = Field("", description="CA certificates (PEM) by which the provider is verified")

    @field_validator("default_role", mode="before")
    @classmethod
    def _none(cls, value: object) -> object:
        return value or None

    @field_validator("issuer")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        parts = urlsplit(value)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in NEARBY)
        if value and not (safe and parts.hostname and not parts.query and not parts.fragment):
            raise ValueError("an issuer is like https://login.example.com/realms/ops; http only on this machine")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.issuer:
            return self
        if not self.client_id:
            raise ValueError("oidc_issuer is set and oidc_client_id is not; register the engine with the provider")
        if not (self.roles or self.default_role):
            raise ValueError("oidc_issuer is set, but nobody gets a role; set oidc_roles or oidc_default_role")
        if "openid" not in self.scopes.split():
            raise ValueError("oidc_scopes must contain openid")
        return self

    @property
    def title(self) -> str:
        """What people call the provider."""
        return self.name or urlsplit(self.issuer).hostname or ""


class TlsSettings(BaseModel):
    """TLS that the engine serves itself. A key `x` is `tls: {x: …}` in the file, or `tls_x:`, and `AIOPS_TLS_X` in the
    environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cert_file: str = Field("", description="certificate (PEM, with its chain) to serve TLS; empty: no TLS")
    key_file: str = Field("", description="private key (PEM) of the certificate")
    client_ca_file: str = Field("", description="CA (PEM) whose client certificates may send OTLP; empty: none")
    serves: Literal["all", "pages", "otlp"] = Field("all", description="what is served by TLS: all, pages or otlp")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("tls_cert_file and tls_key_file go together; set both or none")
        if self.client_ca_file and not (self.cert_file and self.serves != "pages"):
            raise ValueError("tls_client_ca_file needs tls_cert_file and tls_key_file, and OTLP served by TLS")
        return self

    @property
    def on_pages(self) -> bool:
        """Whether pages and API are served by TLS."""
        return bool(self.cert_file) and self.serves != "otlp"

    @property
    def on_otlp(self) -> bool:
        """Whether the receivers are served by TLS."""
        return bool(self.cert_file) and self.serves != "pages"


PerMinute = Annotated[int, Field(ge=0)]


class LimitSettings(BaseModel):
    """How often somebody may ask. A key `x` is `limit: {x: …}` in the file, or `limit_x:`, and `AIOPS_LIMIT_X` in the
    environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: PerMinute = Field(6000, description="requests a minute to pages and API for each who asks; 0: any number")
    exports: PerMinute = Field(60_000, description="OTLP exports a minute for each who sends; 0: any number")
