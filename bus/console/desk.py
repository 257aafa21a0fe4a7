"""What a request is answered with: the ledger, who asks, the clock. Each route asks here who it is, and records what it
shows before it shows it."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from bus.console.callers import Caller, Callers
from bus.console.recorder import Recorder
from bus.console.roles import NAMES, Right
from bus.directory.onlooker import Onlooker
from bus.errors import BadQuery, NoSuchResource, NotAllowed, Words, said
from bus.handling.clocks import Clock
from bus.ledger.access import Access
from schemas.values import AgencyCode

CERTIFICATE: Final = "lienthong.certificate"
"""In the ASGI scope: the DER of the client's certificate, which TLS has proven."""

_DESK: Final = "lienthong.desk"

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="An API key: `Authorization: Bearer lienthong_…`")


class Readable(Protocol):
    """A ledger, as far as it is read."""

    def reading(self) -> AbstractContextManager[Any]:
        """A connection that reads one moment's state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Shared by all requests."""

    ledger: Readable
    callers: Callers
    recorder: Recorder
    onlooker: Callable[[], Onlooker]
    """The directory as it is held here, for names and for proofs. Raises BadConfig, BadDirectory."""
    clocks: Mapping[str, Clock]
    clock: Callable[[], datetime]


class WithDesk:
    """Hands the desk to each request."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, _DESK: self._desk}, receive, send)


def desk_of(request: Request) -> Desk:
    desk = request.scope[_DESK]
    assert isinstance(desk, Desk)
    return desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """One request, by somebody who may ask it."""

    desk: Desk
    caller: Caller
    what: str
    now: datetime

    @property
    def sees(self) -> frozenset[AgencyCode] | None:
        """Whose documents alone; None: everybody's."""
        return self.caller.sees

    def reading(self) -> AbstractContextManager[Any]:
        """A connection that reads one moment's state."""
        return self.desk.ledger.reading()

    def shows(self, subject: Mapping[str, object], *, found: int) -> None:
        """To be called once what is shown is read, before it is sent: without a record nothing is shown."""
        asked = {name: value for name, value in subject.items() if value is not None}
        self.desk.recorder.record(_access(self.caller, self.what, asked, found=found, now=self.now))

    def lacks(self, what: str, subject: Mapping[str, object]) -> NoSuchResource:
        """The error that there is none, recorded: who tries ids shows, too."""
        self.shows(subject, found=0)
        return NoSuchResource(what=what)

    def checked(self, agency: AgencyCode | None) -> AgencyCode | None:
        """The agency that is asked for. Raises NotAllowed where it is not the asker's own."""
        if agency is not None and self.sees is not None and agency not in self.sees:
            raise _refused(self.desk, self.caller, self.what, Words(f"của {agency}", f"what is {agency}'s"), self.now)
        return agency


def asking(right: Right | None, what: str) -> Any:
    """The dependency of a route: who asks, and that it may. `what`: as the log of access tells it. `right` None:
    whoever is known. Raises NotSignedIn, NotAllowed, BadQuery."""

    def asker(
        request: Request, key: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Asker:  # not async: a refusal is recorded
        desk = desk_of(request)
        now = desk.clock()
        given = key.credentials if key else None
        caller = desk.callers.who(key=given, certificate=request.scope.get(CERTIFICATE), now=now)
        if right is not None and not caller.may(right):
            raise _refused(desk, caller, what, NAMES[right], now)
        twice = [
            name for name, times in Counter(name for name, _ in request.query_params.multi_items()).items() if times > 1
        ]
        if twice:
            raise BadQuery(why=said("{name} ghi hai lần", "{name} is given twice", name=twice[0]))
        return Asker(desk=desk, caller=caller, what=what, now=now)

    return Depends(asker)


def _refused(desk: Desk, caller: Caller, what: str, thing: Words, now: datetime) -> NotAllowed:
    desk.recorder.record(_access(caller, f"refused {what}", {"what": str(thing)}, found=None, now=now))
    return NotAllowed(role=caller.role, what=thing)


def _access(caller: Caller, what: str, subject: Mapping[str, object], *, found: int | None, now: datetime) -> Access:
    agencies = " ".join(sorted(caller.agencies)) or None
    return Access(at=now, who=caller.name, role=caller.role, agency=agencies, what=what, subject=subject, found=found)
