"""The application: routes, errors, what stands around every answer, and its OpenAPI."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.types import ASGIApp

from bus.console.answers import around
from bus.console.api import accesses, alerts, asker, deliveries, documents, health, owed, reports
from bus.console.desk import Desk, WithDesk
from bus.console.problems import MEDIA_TYPE, RESPONSES, handle_errors

VERSION: Final = "1.0.0"
BASE: Final = "/api/v1"

_ROUTERS: Final[Sequence[APIRouter]] = (
    asker.router,
    deliveries.router,
    documents.router,
    owed.router,
    reports.router,
    alerts.router,
    accesses.router,
)

_ABOUT: Final = """\
What the ledger of an interchange bus for official documents knows: documents, obligations, reports, alerts. Read only.

Lists come in pages: give `next` as `after`. Every answer of 200 has an ETag; errors are problem+json (RFC 9457), in
English and in Vietnamese. Who asked for what is recorded. Times are UTC; days are those of Việt Nam.
"""


def application(desk: Desk, *, hosts: Sequence[str]) -> ASGIApp:
    """`hosts`: the names by which it may be asked (the header Host), without ports."""
    return WithDesk(around(_app(), hosts=hosts), desk)


def openapi() -> dict[str, Any]:
    """The API's description, as it is served at /api/v1/openapi.json."""
    return dict(_app().openapi())


@cache
def _app() -> FastAPI:
    """Without state: whoever asks brings the desk."""
    app = _Api(
        title="Liên thông: sổ cái / the ledger",
        version=VERSION,
        description=_ABOUT,
        openapi_url=f"{BASE}/openapi.json",
        docs_url=None,  # its scripts come from elsewhere
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    for router in _ROUTERS:
        app.include_router(router, prefix=BASE, responses=RESPONSES)
    app.include_router(health.router)
    handle_errors(app)
    return app


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            made = get_openapi(title=self.title, version=self.version, description=self.description, routes=self.routes)
            for path in made["paths"].values():
                for operation in path.values():
                    _describe(operation)
            schemes = made["components"]["securitySchemes"]
            schemes["certificate"] = {"type": "mutualTLS", "description": "A client certificate that [api] lists."}
            self.openapi_schema = made
        return self.openapi_schema


def _describe(operation: dict[str, Any]) -> None:
    """Errors are of their own media type, and a certificate does in place of a key."""
    for status, response in operation["responses"].items():
        if status >= "400":
            response["content"] = {MEDIA_TYPE: next(iter(response["content"].values()))}
    operation["security"] = [*operation.get("security", ()), {"certificate": []}]
