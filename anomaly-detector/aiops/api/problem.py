"""Errors as RFC 9457 problem details; internal details stay in the log."""

import logging
from http import HTTPStatus
from typing import Any, Final

import orjson
from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from aiops.model.errors import AiopsError, NotFound, NotPossible, SourceError, StoreError, TooMuch
from aiops.presentation.trace_search import BadParameter

log = logging.getLogger(__name__)
MIMETYPE = "application/problem+json"
RETRY_SECONDS = 5
STATUSES: Final[dict[type[AiopsError], tuple[int, str]]] = {
    BadParameter: (400, ""),
    NotFound: (404, ""),
    NotPossible: (409, ""),
    TooMuch: (422, ": take less time (`since`, `until`), a longer `step`, fewer attributes in `by`, or one `service`"),
    SourceError: (503, ""),
    StoreError: (503, ""),
}
"""What each of our errors is answered with, and what is added to its message."""


class ApiProblem(Exception):
    """A request cannot be answered: HTTP status, reason, and the parameter at fault if there is one."""

    def __init__(self, status: int, detail: str, parameter: str | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.parameter, self.extra = status, detail, parameter, extra

    def response(self) -> Response:
        """Return the response: RFC 9457 problem details."""
        title = HTTPStatus(self.status).phrase
        body = {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail, **self.extra}
        if self.parameter is not None:
            body["parameter"] = self.parameter
        answer = Response(orjson.dumps(body), status=self.status, mimetype=MIMETYPE)
        if self.status == HTTPStatus.UNAUTHORIZED:
            answer.headers["WWW-Authenticate"] = 'Bearer realm="aiops"'
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            answer.headers["Retry-After"] = str(RETRY_SECONDS)
        if "retry_after" in self.extra:
            answer.headers["Retry-After"] = str(self.extra["retry_after"])
        return answer


def install_problems(app: Flask) -> None:
    """Answer every error of the application as a problem."""
    app.register_error_handler(ApiProblem, ApiProblem.response)
    for kind in STATUSES:
        app.register_error_handler(kind, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _ours(error: Exception) -> Response:
    status, more = next(answer for kind, answer in STATUSES.items() if isinstance(error, kind))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        log.error("%s %s: %s", request.method, request.path, error)
    return ApiProblem(status, f"{error}{more}", getattr(error, "parameter", None)).response()


def _http(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if error.response is not None or code < 400:  # an answer already, or a redirection
        return error
    if code == 404:
        return ApiProblem(
            404, f"there is nothing at {request.path}; /aiops/openapi.json lists what there is"
        ).response()
    answer = ApiProblem(code, _sentence(error)).response()
    if isinstance(error, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return answer


def _sentence(error: HTTPException) -> str:
    if isinstance(error, MethodNotAllowed):
        return f"{request.path} does not take {request.method}, but {' or '.join(sorted(error.valid_methods or ()))}"
    if error.code == 413:
        return f"the body is larger than the {request.max_content_length} bytes allowed"
    return error.description or HTTPStatus(error.code or 500).description


def _unexpected(error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return ApiProblem(500, "this went wrong inside the engine; its log says how").response()
