"""The API does as its OpenAPI says: requests are made from it, good ones and broken ones (schemathesis)."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.types import ASGIApp, Receive, Scope, Send

from bus.console.app import openapi
from tests.unit.bus.console.papers import keep_papers
from tests.unit.bus.console.visitor import Visitor, key_of

WHO = "auditor"
"""May ask for everything."""


NOT_DESCRIBED = positive_data_acceptance
"""JSON Schema cannot say what is a cursor, which letters steer a terminal, or which years there are."""


class _Api:
    """Begun once the tests run, and not when they are collected."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


API = _Api()
schema = schemathesis.openapi.from_dict(openapi())
schema.app = API


@pytest.fixture(scope="module", autouse=True)
def visitor() -> Iterator[Visitor]:
    made = Visitor()
    with made.ledger.writing() as connection:
        keep_papers(connection)
    API.app = made.app
    yield made
    made.close()


@schema.parametrize()
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_it_does_as_it_is_described(case: Any) -> None:
    """Every answer is one that the description has, of its media type and shape; what is broken is refused; nothing is
    a fault of ours."""
    case.call_and_validate(headers={"Authorization": f"Bearer {key_of(WHO)}"}, excluded_checks=[NOT_DESCRIBED])
