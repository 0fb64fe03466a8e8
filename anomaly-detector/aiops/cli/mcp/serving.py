"""How agents reach the tools: standard input and output, or streamable HTTP with the caller's own token."""

import logging
from typing import Any, Final

import uvicorn
from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from aiops.cli.mcp.tools import server_of
from aiops.cli.remote import Remote
from aiops.config import LOOPBACK

PATH: Final = "/mcp"
LARGEST: Final = 64 * 1024
"""Bytes of one message."""


def over_stdio(url: str, token: str | None, scopes: frozenset[str]) -> None:
    """Serve one agent on standard input and output until it closes them."""
    remote = Remote(url, token)
    logging.basicConfig(level=logging.WARNING)
    server_of(lambda _: remote, scopes).run("stdio")


def over_http(url: str, host: str, port: int, scopes: frozenset[str], names: tuple[str, ...]) -> None:
    """Serve agents over HTTP until it is stopped. Each call goes to the engine with the token of the caller, so that
    nobody may do more here than there. names: further host names under which it answers."""
    app = application(url, host, port, scopes, names)
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)


def application(url: str, host: str, port: int, scopes: frozenset[str], names: tuple[str, ...]) -> ASGIApp:
    """Build the ASGI application of `over_http`."""

    def engine(context: Context[Any, Any]) -> Remote:
        request = context.request_context.request
        return Remote(url, None if request is None else _bearer(request.headers.get("authorization", "")))

    own = {f"{name}:{port}" for name in (host, *(LOOPBACK if host in LOOPBACK else ()), *names)}
    allowed = TransportSecuritySettings(
        allowed_hosts=sorted({*own, *names}), allowed_origins=sorted(f"http://{one}" for one in own)
    )
    inner = server_of(engine, scopes).streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        max_request_body_size=LARGEST,
        transport_security=allowed,
        host=host,
    )
    return inner if host in LOOPBACK else _Guarded(inner)


class _Guarded:
    """Lets in only requests with a token; whether it is valid is for the engine to say."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers") or ()).get(b"authorization", b"").decode("latin-1")
        if scope["type"] == "http" and _bearer(given) is None:
            wanted = JSONResponse(
                {"title": "Unauthorized", "status": 401, "detail": "send `Authorization: Bearer <token>`"},
                401,
                {"WWW-Authenticate": 'Bearer realm="aiops"'},
            )
            await wanted(scope, receive, send)
            return
        await self._inner(scope, receive, send)


def _bearer(header: str) -> str | None:
    scheme, _, token = header.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
