"""`/api/v1/access`: who asked for what of whom, for auditors; and whether that log is whole."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from bus.console.desk import Asker, asking
from bus.console.paging import Page, Paged, pack, unpack
from bus.console.questions import Text
from bus.console.roles import Right
from bus.ledger.access import AccessNumber, Logged, page, verify
from schemas.strict_json import read_object

router = APIRouter(prefix="/access", tags=["access"])


class AccessRow(BaseModel):
    model_config = ConfigDict(frozen=True)

    number: int
    at: datetime
    who: str
    role: str
    agency: str | None
    what: str
    subject: dict[str, Any]
    found: int | None
    hash: str


class AccessQuestion(Paged):
    who: Annotated[Text | None, Field(default=None, description="The name of a key or certificate.")]


class Wholeness(BaseModel):
    model_config = ConfigDict(frozen=True)

    rows: int
    first: int | None
    head: str | None = Field(description="Note it elsewhere: `lienthong ledger log verify --head`.")


@router.get("")
def list_access(
    question: Annotated[AccessQuestion, Query()], asker: Annotated[Asker, asking(Right.ACCESS, "access.list")]
) -> Page[AccessRow]:
    """Who asked for what, the newest first."""
    place = unpack(question.after, int)
    before = None if place is None else AccessNumber(int(place[0] or 0))
    with asker.reading() as connection:
        rows = page(connection, before=before, who=question.who, limit=question.limit + 1)
    shown = rows[: question.limit]
    asker.shows({"who": question.who}, found=len(shown))
    return Page(
        rows=[_row(row) for row in shown], next=pack([shown[-1].number]) if len(rows) > question.limit else None
    )


@router.get("/verify")
def verify_access(asker: Annotated[Asker, asking(Right.ACCESS, "access.verify")]) -> Wholeness:
    """Reads the whole log. A row that was altered or is missing is an answer of 500, with its number."""
    with asker.reading() as connection:
        found = verify(connection)
    asker.shows({}, found=found.rows)
    return Wholeness(rows=found.rows, first=found.first, head=None if found.head is None else str(found.head))


def _row(row: Logged) -> AccessRow:
    return AccessRow(
        number=row.number,
        at=row.at,
        who=row.who,
        role=row.role,
        agency=row.agency,
        what=row.what,
        subject=read_object(row.subject.encode()),
        found=row.found,
        hash=row.hash,
    )
