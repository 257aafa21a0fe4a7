"""`/healthz` of the console, for whoever looks after the process: can it read the ledger. It tells nothing else."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from bus.console.desk import desk_of
from bus.ledger.access import last

router = APIRouter(include_in_schema=False)


class Health(BaseModel):
    ok: bool


@router.get("/healthz")
def healthz(request: Request) -> Health:
    """503 where the database is away. How far the ledger has read: /api/v1/streams, and its own /healthz."""
    with desk_of(request).ledger.reading() as connection:
        last(connection)
    return Health(ok=True)
