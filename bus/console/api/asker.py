"""`/api/v1/me`: who the API takes one for, and what that may see."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from bus.console.desk import Asker, asking
from bus.console.roles import RIGHTS, Right, Role
from schemas.values import AgencyCode

router = APIRouter(tags=["me"])


class Me(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    role: Role
    agencies: list[AgencyCode] | None
    """Whose documents alone; null: everybody's."""
    rights: list[Right]


@router.get("/me")
def me(asker: Annotated[Asker, asking(None, "me")]) -> Me:
    """Who asks, and what it may see."""
    caller = asker.caller
    sees = caller.sees
    return Me(
        name=caller.name,
        role=caller.role,
        agencies=None if sees is None else sorted(sees),
        rights=sorted(RIGHTS[caller.role]),
    )
