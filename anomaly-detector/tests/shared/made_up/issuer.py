"""An OpenID provider of its own keys, for refusals that no honest provider would cause; it listens on loopback."""

import base64
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

FIRST = RSAKey.generate_key(2048, {"kid": "first"})
Changed = Callable[[dict[str, Any]], dict[str, Any]]


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Issuer:
    """What the provider does: `change` its answers by endpoint, `down` lets it answer 503. now: its clock."""

    now: Callable[[], float]
    url: str = ""
    keys: list[RSAKey] = field(default_factory=lambda: [FIRST])
    change: dict[str, Changed] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    down: bool = False

    @property
    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/end?x=1",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
        }

    def rotate(self, kid: str) -> None:
        self.keys = [RSAKey.generate_key(2048, {"kid": kid})]

    def claims(self, audience: str, **more: Any) -> dict[str, Any]:
        now = int(self.now())
        whole = {"iss": self.url, "sub": "ana-1", "aud": audience, "iat": now, "exp": now + 300, **more}
        return {key: value for key, value in whole.items() if value is not None}

    def signed(self, claims: dict[str, Any], key: Any = None, alg: str = "RS256", kid: str | None = None) -> str:
        key = key or self.keys[0]
        return jwt.encode({"alg": alg, "kid": kid or self.keys[0].kid}, claims, key, algorithms=[alg])

    def unsigned(self, claims: dict[str, Any]) -> str:
        return ".".join((base64url(b'{"alg":"none"}'), base64url(json.dumps(claims).encode()), ""))

    def with_public_key_as_secret(self, claims: dict[str, Any]) -> str:
        parts = (json.dumps({"alg": "HS256", "kid": self.keys[0].kid}).encode(), json.dumps(claims).encode())
        text = ".".join(map(base64url, parts))
        return f"{text}.{base64url(hmac.digest(self.keys[0].as_pem(private=False), text.encode(), 'sha256'))}"

    def granted(self, location: str, **claims: Any) -> dict[str, str]:
        """Let somebody sign in at the address to which the engine led them; return what they come back with."""
        asked = {key: one for key, [one] in parse_qs(urlsplit(location).query).items()}
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = {"asked": asked, "claims": {"nonce": asked["nonce"], **claims}}
        return {"code": code, "state": asked["state"], "iss": self.url}

    def answer(self, path: str, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        if self.down:
            return 503, {"error": "down"}
        change = self.change.get(path, dict)
        match path:
            case "/.well-known/openid-configuration":
                return 200, change(self.discovery)
            case "/keys":
                return 200, change(dict(KeySet(self.keys).as_dict(private=False)))
            case "/token":
                return self._tokens(form, authorization, change)
            case "/userinfo":
                return 200, change({"sub": "ana-1"})
        return 404, {}

    def _tokens(self, form: dict[str, str], authorization: str, change: Changed) -> tuple[int, dict[str, Any]]:
        one = self.codes.pop(form["code"], None)
        basic = base64.b64encode(b"aiops:a+secret%3A1").decode()
        challenge = base64url(sha256(form["code_verifier"].encode()).digest())
        known = authorization == f"Basic {basic}" if authorization else form.get("client_secret") == "a secret:1"
        if one is None or challenge != one["asked"]["code_challenge"] or not known:
            return 400, {"error": "invalid_grant"}
        claims = change(self.claims("aiops", **one["claims"]))
        return 200, {"access_token": "for-userinfo", "token_type": "Bearer", "id_token": self.signed(claims)}


@contextmanager
def issuing(now: Callable[[], float]) -> Iterator[Issuer]:
    issuer = Issuer(now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer({key: one for key, [one] in parse_qs(body).items()})

        def _answer(self, form: dict[str, str]) -> None:
            status, said = issuer.answer(urlsplit(self.path).path, form, self.headers.get("Authorization", ""))
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
