"""Single sign-on: people sign in with an OpenID provider, and programs show its tokens."""

from aiops.service.oidc.provider import OpenIdProvider
from aiops.service.oidc.sign_in import Begun, SignInRefused, SingleSignOn

__all__ = ["Begun", "OpenIdProvider", "SignInRefused", "SingleSignOn"]
