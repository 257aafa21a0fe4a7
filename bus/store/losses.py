"""What a recovery could not bring back: counted by table, named by message, with what is to be done about each and the
stretch of time that needs it. A report lies beside the store until somebody says that it is dealt with."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from bus.handling.transport import INBOX_FINISHED, OUTBOX_FINISHED
from bus.ports.records import Box
from bus.store.normal_forms import submission_key
from schemas.codes import Kind
from schemas.docket import Docket
from schemas.values import MailboxCode, Time, Value

_FINISHED: Final = frozenset(map(str, OUTBOX_FINISHED | INBOX_FINISHED))
_MARGIN: Final = timedelta(minutes=10)
"""Between the time in an id and the time in its docket, where large attachments were sealed; and for clocks."""


class Remedy(StrEnum):
    """What brings a message back."""

    REPLAY = "replay"
    """`lienthong audit replay`, by the operator of the bus."""
    RESEND = "resend"
    """Its package goes from sent/ into outgoing/ again."""
    NONE = "none"
    """It was done with; or others repeat it by themselves, as they do for want of a receipt."""


class LostMessage(Value):
    """An entry that is not there any more, or that lost its body: as far as an index still names it."""

    box: Box
    message: str | None = None
    kind: str | None = None
    state: str | None = None
    document: str | None = None
    made_at: Time | None = None
    remedy: Remedy


class Window(Value):
    """A stretch of time, both ends in it."""

    since: Time
    until: Time


class Losses(Value):
    """The report of one recovery."""

    at: Time
    kept: str
    """The damaged file, as it was."""
    rows: dict[str, int]
    """Entries in the outbox and in the inbox, after it."""
    made: dict[str, int]
    """Rows made anew, by table."""
    lost: dict[str, int]
    """Rows that were there and are not, by table."""
    perhaps: dict[str, int]
    """At most so many more of which nothing tells: what is forgotten leaves gaps, too."""
    open_ended: tuple[str, ...] = ()
    """Tables that lost their end: how many rows it had nothing says."""
    messages: tuple[LostMessage, ...] = ()
    documents: tuple[str, ...] = ()
    """Documents of whose history statuses are missing."""
    replay: Window | None = None
    resend: Window | None = None

    @property
    def is_complete(self) -> bool:
        """Nothing is missing."""
        return not (self.lost or self.perhaps or self.open_ended or self.messages)

    def of(self, remedy: Remedy, box: Box | None = None) -> tuple[LostMessage, ...]:
        return tuple(each for each in self.messages if each.remedy is remedy and box in {None, each.box})


def lost_message(
    box: Box, known: Mapping[str, Any], *, owner: MailboxCode, routing: str | None = None, docket: Docket | None = None
) -> LostMessage:
    """From what an index, a recipient's routing key, or the docket of its row still says."""
    kind = document = made_at = None
    if known.get("submission"):
        with suppress(ValueError):
            key = submission_key(known["submission"])
            kind, document = str(key.kind), str(key.document)
    if routing:
        kind = kind or routing.partition(".")[0]
    if docket:
        kind, made_at = str(docket.kind), docket.created_at
        document = docket.document.id if docket.document else None
    message = docket.id if docket else known.get("message")
    return LostMessage(
        box=box,
        message=message,
        kind=kind,
        state=known.get("state"),
        document=document or known.get("document"),
        made_at=made_at or _time_in(message),
        remedy=_remedy(box, kind, known, owner),
    )


def _remedy(box: Box, kind: str | None, known: Mapping[str, Any], owner: MailboxCode) -> Remedy:
    if known.get("state") in _FINISHED:
        return Remedy.NONE
    if box is Box.IN:  # a note to oneself never travelled
        return Remedy.NONE if known.get("sender") == owner else Remedy.REPLAY
    return Remedy.RESEND if kind in {None, Kind.DOCUMENT, Kind.STATUS} else Remedy.NONE


def _time_in(message: str | None) -> datetime | None:
    """The time in a UUID of version 7, as our ids are; others' may be any."""
    with suppress(ValueError):
        uuid = UUID(message or "")
        if uuid.version == 7:
            return datetime.fromtimestamp((uuid.int >> 80) / 1000, UTC)
    return None


def window(messages: Iterable[LostMessage], gaps: Sequence[Window]) -> Window | None:
    """The stretch in which all of these were made, and all that may be missing between others; None where there is
    nothing."""
    times = [each.made_at for each in messages if each.made_at]
    ends = [*times, *(gap.since for gap in gaps), *(gap.until for gap in gaps)]
    if not ends:
        return None
    return Window(
        since=(min(ends) - _MARGIN).replace(microsecond=0), until=(max(ends) + _MARGIN).replace(microsecond=0)
    )


# -- the reports beside a store ----------------------------------------------------------------------------------------


def report_of(path: Path, at: datetime) -> Path:
    return path.with_name(f"{path.name}.losses-{at:%Y%m%dT%H%M%SZ}.json")


def open_reports(path: Path) -> list[Path]:
    """The reports that nobody has dealt with yet, the oldest first."""
    return sorted(path.parent.glob(f"{_literal(path.name)}.losses-*Z.json"))


def read_report(file: Path) -> Losses:
    return Losses.from_json(file.read_bytes())


def settled(file: Path) -> Path:
    """Gives a report the name of one that is dealt with."""
    return file.rename(file.with_name(f"{file.name.removesuffix('.json')}.done.json"))


def _literal(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "[*?" else letter for letter in name)
