import pytest
from fastapi import FastAPI

from bus.console.problems import MEDIA_TYPE, Problem, handle_errors, status_of, told
from bus.errors import (
    BadQuery,
    BusError,
    LogBroken,
    NoSuchResource,
    NotAllowed,
    NotSignedIn,
    StoreAway,
    StoreFull,
    said,
)
from tests.unit.bus.console.visitor import Visitor

STATUSES = [
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (NoSuchResource, 404),
    (BadQuery, 422),
    (LogBroken, 500),
    (StoreAway, 503),
    (StoreFull, 503),
]


@pytest.mark.parametrize(("kind", "status"), STATUSES)
def test_an_error_has_its_status(kind: type[BusError], status: int) -> None:
    """What whoever asks can mend is 4xx; what may work later says when."""
    assert status_of(kind()) == status
    assert ("retry-after" in told(kind()).headers) == (status == 503)
    assert ("www-authenticate" in told(kind()).headers) == (status == 401)


def test_an_error_is_told_in_both_languages() -> None:
    """With its code and who acts."""
    answer = told(NotAllowed(role="agency", what=said("cảnh báo", "alerts")))
    assert answer.media_type == MEDIA_TYPE
    problem = Problem.model_validate_json(bytes(answer.body))
    assert problem.type == "urn:lienthong:problem:not-allowed"
    assert problem.detail.startswith("The role agency may not see alerts.")
    assert problem.detail_vi.startswith("Vai trò agency không được xem cảnh báo.")
    assert (problem.status, problem.code, problem.who) == (403, "not-allowed", "operator")


ASKED = [
    ("GET", "/nowhere", 404, "There is no /nowhere."),
    ("GET", "/api/v1/me/", 404, "There is no /api/v1/me/."),
    ("GET", "/api/v1/access?limit=0", 422, "limit: must be at least 1."),
    ("GET", "/api/v1/access?limit=1&limit=2", 422, "limit is given twice."),
    ("GET", "/api/v1/access?limt=1", 422, "limt: there is no such"),
    ("GET", "/api/v1/access?after=x", 422, "it is no `next` of this list"),
    ("POST", "/api/v1/me", 405, "the API is read only, by GET"),
    ("DELETE", "/api/v1/access", 405, "the API is read only, by GET"),
]


@pytest.mark.parametrize(("method", "path", "status", "why"), ASKED)
def test_what_cannot_be_answered_is_a_problem(visitor: Visitor, method: str, path: str, status: int, why: str) -> None:
    """Whoever found it: the API, FastAPI or Starlette."""
    answer = visitor.ask(method, path, "auditor")
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = Problem.model_validate_json(answer.content)
    assert problem.status == status
    assert why in problem.detail
    assert ("allow" in answer.headers) == (status == 405)


def test_what_nobody_foresaw_tells_nothing_of_itself(visitor: Visitor) -> None:
    """Its text is for the log."""
    app = FastAPI()
    handle_errors(app)

    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError("the password is hunter2")

    visitor.app = app
    answer = visitor.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "hunter2" not in answer.text
    assert Problem.model_validate_json(answer.content).code == "internal"
