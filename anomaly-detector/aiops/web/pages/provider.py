"""Sign in and out by way of an OpenID provider: what leads there, and what comes back."""

import logging
import threading
from typing import Final

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from aiops.access import Limit, hashed
from aiops.model.errors import NotFound, SourceError
from aiops.service.gate import Gate
from aiops.service.oidc import SignInRefused, SingleSignOn
from aiops.service.oidc.sign_in import BEGUN_SECONDS, CALLBACK
from aiops.web.pages.sign_in import following, session_begun, sign_in_page

log = logging.getLogger(__name__)
BEGUN_AT_ONCE: Final = 20
"""Sign-ins that an address may begin at once; then one each BEGUN_EACH_SECONDS."""
BEGUN_EACH_SECONDS: Final = 3.0


def add_provider(pages: Blueprint, gate: Gate) -> None:
    """Add the addresses for a provider. Without one there is nothing at them."""
    begun, lock = Limit(BEGUN_AT_ONCE, BEGUN_EACH_SECONDS), threading.Lock()

    @pages.get("/sign-in/oidc")
    def provider_sign_in() -> ResponseReturnValue:
        single = _single(gate)
        with lock:
            seconds = begun.wait(request.remote_addr or "", gate.users.clock.now())
        if seconds:
            wrong = f"There were too many attempts; the next one may be made in {seconds} s."
            return sign_in_page(gate, wrong), 429, {"Retry-After": str(seconds)}
        try:
            one = single.begin(following(request.args.get("next", "")))
        except SourceError as error:
            return _down(gate, single, error)
        answer = redirect(one.url, 303)
        # A cookie for each sign-in, so that several may be under way in one browser.
        answer.set_cookie(
            _cookie(gate, one.state),
            one.secret,
            max_age=int(BEGUN_SECONDS),
            secure=gate.secure,
            httponly=True,
            samesite="Lax",
            path="/",
        )
        return answer

    @pages.get(CALLBACK)
    def provider_signed_in() -> ResponseReturnValue:
        single = _single(gate)
        cookie = _cookie(gate, request.args.get("state", ""))
        try:
            came = single.finish(request.args.to_dict(), request.cookies.get(cookie, ""))
        except SignInRefused as refused:
            return sign_in_page(gate, f"{str(refused)[0].upper()}{str(refused)[1:]}."), refused.status
        except SourceError as error:
            return _down(gate, single, error)
        answer = session_begun(gate, came.principal, came.source, came.following)
        answer.delete_cookie(cookie, secure=gate.secure, httponly=True, samesite="Lax")
        return answer

    @pages.get("/sign-out/oidc")
    def provider_sign_out() -> ResponseReturnValue:
        single = _single(gate)
        try:
            address = single.end_address()
        except SourceError as error:
            return _down(gate, single, error)
        if not address:
            return sign_in_page(gate, f"{single.title} names no address at which to sign out; sign out there yourself.")
        return redirect(address, 303)


def _single(gate: Gate) -> SingleSignOn:
    if gate.single is None:
        raise NotFound("this engine has no OpenID provider; see the setting oidc_issuer")
    return gate.single


def _down(gate: Gate, single: SingleSignOn, error: SourceError) -> ResponseReturnValue:
    log.warning("nobody can sign in with %s: %s", single.title, error)
    wrong = f"{single.title} does not answer as it should. Try again in a moment, or sign in with a token."
    return sign_in_page(gate, wrong), 503, {"Retry-After": "10"}


def _cookie(gate: Gate, state: str) -> str:
    return f"{gate.cookie}-{hashed(state)[:12]}"
