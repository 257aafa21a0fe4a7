"""Errors as the API tells them: problem+json (RFC 9457), in both languages, with who acts and what to do."""

import http
from collections.abc import Mapping
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from bus.errors import (
    BadQuery,
    BusError,
    NoSuchResource,
    NotAllowed,
    NotSignedIn,
    TryLater,
    Words,
    of_fields,
)

log = structlog.get_logger()

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = 5
"""Seconds after which an answer of 503 is worth another try."""

STATUS: Final[Mapping[type[BusError], int]] = {NotSignedIn: 401, NotAllowed: 403, NoSuchResource: 404, BadQuery: 422}
"""Of what whoever asks can mend. Whatever else is refused is a fault on this side: 500; what may work later: 503."""


class Problem(BaseModel):
    """Why there is no answer (RFC 9457)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str = Field(description="`urn:lienthong:problem:` and the code")
    title: str
    title_vi: str
    status: int
    detail: str
    detail_vi: str
    code: str = Field(description="Stable; `lienthong explain CODE` tells more.")
    who: str = Field(description="Who must act.")


RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": description}
    for status, description in {
        401: "It is not known who asks.",
        403: "The role does not include this.",
        404: "There is no such thing, for whoever asks.",
        422: "The question is not understood.",
        500: "A fault on this side.",
        503: "The ledger's database is away, or nothing can be recorded: ask again later.",
    }.items()
}
"""Of every operation."""


def told(error: BusError, *, status: int | None = None) -> Response:
    status = status or status_of(error)
    problem = Problem(
        type=f"urn:lienthong:problem:{error.code}",
        title=error.means_en,
        title_vi=error.means_vi,
        status=status,
        detail=error.in_english(),
        detail_vi=error.in_vietnamese(),
        code=error.code,
        who=error.who,
    )
    return _response(problem, headers=_HEADERS.get(status, {}))


def status_of(error: BusError) -> int:
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return status
    return 503 if isinstance(error, TryLater) else 500


_HEADERS: Final[Mapping[int, Mapping[str, str]]] = {
    401: {"WWW-Authenticate": 'Bearer realm="lienthong"'},
    503: {"Retry-After": str(RETRY_AFTER)},
}


def handle_errors(app: FastAPI) -> None:
    """Makes every answer that is none a problem."""
    app.add_exception_handler(BusError, _of_bus)
    app.add_exception_handler(RequestValidationError, _of_fields)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_anything)


async def _of_bus(request: Request, error: Exception) -> Response:
    assert isinstance(error, BusError)
    status = status_of(error)
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("api.failed", code=error.code, why=error.in_english())
    elif status == http.HTTPStatus.UNAUTHORIZED:  # who is not known stands in no log of access
        log.warning("api.not-signed-in", client=request.client.host if request.client else None)
    return told(error)


async def _of_fields(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [{**each, "loc": each["loc"][1:]} for each in error.errors()]  # without "query", "path"
    return told(BadQuery(why=of_fields(found)))


async def _of_http(request: Request, error: Exception) -> Response:
    """Of Starlette's own: no such path, no such method."""
    assert isinstance(error, HTTPException)
    if error.status_code == http.HTTPStatus.NOT_FOUND:
        return told(NoSuchResource(what=request.url.path))
    phrase = http.HTTPStatus(error.status_code).phrase
    answer = told(BadQuery(why=_PHRASES.get(error.status_code, Words(f"“{phrase}”", phrase))), status=error.status_code)
    answer.headers.update(error.headers or {})
    return answer


_PHRASES: Final = {405: Words("API chỉ cho đọc, bằng GET", "the API is read only, by GET")}


async def _of_anything(request: Request, error: Exception) -> Response:
    """What nobody foresaw: its text stays in the log."""
    log.error("api.failed", path=request.url.path, exc_info=error)
    problem = Problem(
        type="urn:lienthong:problem:internal",
        title="A fault on this side.",
        title_vi="Lỗi ở phía máy chủ.",
        status=500,
        detail="It is in the log of the console's process.",
        detail_vi="Lỗi đã được ghi vào nhật ký của tiến trình.",
        code="internal",
        who="operator",
    )
    return _response(problem)


def _response(problem: Problem, *, headers: Mapping[str, str] | None = None) -> Response:
    body = problem.model_dump_json().encode()
    return Response(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=dict(headers or {}))
