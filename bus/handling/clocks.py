"""The clocks of the law: what a recipient owes a sender, from when, until when, by which article. A table, and the TOML
by which a ministry adds its own. What they say of one document is in obligations.py."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from bus.errors import BadConfig, of_fields
from schemas.codes import Label, Priority, StatusCode

S = StatusCode


class Start(StrEnum):
    """What a clock begins with. Besides these: a status, of its first time."""

    SENT = "sent"
    ARRIVED = "arrived"
    """Status 01 or, without one, the recipient's receipt."""
    ASKED = "asked"
    """The sender's take-back (13), revocation or update."""


class Span(StrEnum):
    """How long a clock runs."""

    AT_ONCE = "at-once"
    """The law names no time: late after the day, be it a day off."""
    DAY = "day"
    """Within the day; of a day off, within the working day that follows."""
    NEXT_DAY = "next-day"
    """On the day, at the latest on the next working day."""
    WORKING_DAYS = "days"
    HOURS = "hours"
    """Of every day."""
    DUE_DAY = "due-day"
    """Until the end of the document's own due day; where that is a day off, of the working day that follows (Civil Code
    2015 Đ.148.5). A document without one starts no such clock."""
    NONE = "none"
    """No limit in law: only waited for."""


ANSWER: Final = "answer"
"""Meets a clock that began with `Start.ASKED`: 15 or 16, or 03 or 02 where they answer a revocation."""


@dataclass(frozen=True, slots=True)
class Limit:
    span: Span
    amount: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """`day`, `next-day`, `at-once`, `due-day`, `none`, `5 days`, `4 hours`. Raises ValueError."""
        amount, _, unit = text.rpartition(" ")
        span = Span(unit)
        if (span in COUNTED) != bool(amount) or not (amount or "1").isdecimal() or not 0 < int(amount or 1) <= 3650:
            raise ValueError(f"{text!r}: a count of days or hours, from 1 to 3650, and nothing else, has an amount")
        return cls(span, int(amount or 0))

    def __str__(self) -> str:
        return f"{self.amount} {self.span}" if self.amount else self.span


COUNTED: Final = frozenset({Span.WORKING_DAYS, Span.HOURS})


class End(StrEnum):
    """Why something is no longer owed. What is met before is met."""

    UNREACHED = "unreached"
    """The recipient's mailbox refused the message for good: nobody there has the document."""
    REFUSED = "refused"
    """Status 02."""
    WITHDRAWN = "withdrawn"
    """The recipient agreed to a take-back or a revocation."""
    REPLACED = "replaced"
    """Another document stands in its place: that one's due day counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One row of the table. Debtor is the recipient, creditor the sender."""

    code: str
    name: Label
    article: str
    """As it is cited: number, article, clause."""
    starts: Start | StatusCode
    met_by: frozenset[StatusCode | str]
    """The first of these statuses, or ANSWER."""
    limit: Limit
    urgent: Limit | None = None
    """Of urgent documents, where it is another."""
    warn: timedelta = timedelta(hours=4)
    """How long before it is due people are warned; a clock that is shorter warns from its beginning."""
    void_by: frozenset[End]

    def limit_of(self, priority: Priority) -> Limit:
        return self.urgent if self.urgent is not None and priority > Priority.NORMAL else self.limit


_HANDLED = frozenset({S.REFUSED, S.ACCEPTED, S.ASSIGNED, S.IN_PROGRESS, S.DONE})
"""Words by which a recipient says that it took a document up, or will not. A later one stands for one that was lost."""
_GONE = frozenset({End.UNREACHED, End.WITHDRAWN})

ACKNOWLEDGE: Final = "acknowledge"
ACCEPT: Final = "accept"
FINISH: Final = "finish"
CHANGE: Final = "change"

TABLE: Final = (
    Clock(
        code=ACKNOWLEDGE,
        name=Label("Báo nhận", "Acknowledge"),
        article="NĐ 30/2020/NĐ-CP Đ.21.2",  # notify receipt within the day; urgent at once: Đ.4
        starts=Start.SENT,
        met_by=_HANDLED | {S.ARRIVED},
        limit=Limit(Span.DAY),
        urgent=Limit(Span.AT_ONCE),
        void_by=_GONE,
    ),
    Clock(
        code=ACCEPT,
        name=Label("Tiếp nhận hoặc từ chối", "Accept or refuse"),
        article="NĐ 30/2020/NĐ-CP Đ.4, Đ.22; QĐ 28/2018/QĐ-TTg Đ.9",
        starts=Start.ARRIVED,
        met_by=_HANDLED,
        limit=Limit(Span.NEXT_DAY),
        urgent=Limit(Span.AT_ONCE),
        void_by=_GONE,
    ),
    Clock(
        code=FINISH,
        name=Label("Giải quyết xong", "Finish"),
        article="NĐ 30/2020/NĐ-CP Đ.24",  # by the due day that the document names
        starts=Start.SENT,
        met_by=frozenset({S.DONE}),
        limit=Limit(Span.DUE_DAY),
        warn=timedelta(days=1),
        void_by=_GONE | {End.REFUSED, End.REPLACED},
    ),
    Clock(
        code=CHANGE,
        name=Label("Trả lời lấy lại, thu hồi, cập nhật", "Answer a take-back, revocation or update"),
        article="QĐ 28/2018/QĐ-TTg Đ.8, Đ.9",  # which name no time
        starts=Start.ASKED,
        met_by=frozenset({ANSWER}),
        limit=Limit(Span.NONE),
        void_by=frozenset({End.UNREACHED, End.REFUSED}),
    ),
)
"""The law's clocks, in the order in which a document meets them."""

BUILT_IN: Final[Mapping[str, Clock]] = {clock.code: clock for clock in TABLE}


_Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


class _Row(BaseModel):
    """One `[clock.<code>]` of a ministry's TOML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vi: str = Field(min_length=1, max_length=100)
    en: str = Field(min_length=1, max_length=100)
    article: str = Field(min_length=1, max_length=200)
    starts: Start | StatusCode
    met_by: tuple[StatusCode, ...] = Field(min_length=1)
    limit: str
    urgent: str | None = None
    warn_hours: int = Field(default=4, ge=0, le=8760)
    void_by: tuple[End, ...] = (End.UNREACHED, End.REFUSED, End.WITHDRAWN)

    @field_validator("limit", "urgent")
    @classmethod
    def _is_limit(cls, text: str) -> str:  # TOML has no null
        Limit.parse(text)
        return text

    @field_validator("starts")
    @classmethod
    def _is_seen(cls, starts: Start | StatusCode) -> Start | StatusCode:
        if starts is Start.ASKED:
            raise ValueError("what was asked is met by an answer, and has its clock: `change`")
        return starts


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    clock: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")], _Row] = Field(
        default_factory=dict
    )
    leave_out: tuple[Literal["acknowledge", "accept", "finish", "change"], ...] = ()
    """Of the law's clocks, what this ledger does not count."""


def parse_clocks(data: bytes, *, file: str) -> tuple[Clock, ...]:
    """The law's clocks and those of a ministry's TOML; one with a code of the law's takes that one's place. Raises
    BadConfig."""
    try:
        own = _File.model_validate(tomllib.loads(data.decode()))
    except ValidationError as exc:
        raise BadConfig(file=file, why=of_fields(exc.errors())) from exc
    except ValueError as exc:  # no UTF-8, no TOML
        raise BadConfig(file=file, why=str(exc)) from exc
    kept = {code: clock for code, clock in BUILT_IN.items() if code not in own.leave_out}
    return tuple((kept | {code: _clock(code, row) for code, row in own.clock.items()}).values())


def _clock(code: str, row: _Row) -> Clock:
    return Clock(
        code=code,
        name=Label(row.vi, row.en),
        article=row.article,
        starts=row.starts,
        met_by=frozenset(row.met_by),
        limit=Limit.parse(row.limit),
        urgent=Limit.parse(row.urgent) if row.urgent else None,
        warn=timedelta(hours=row.warn_hours),
        void_by=frozenset(row.void_by),
    )


def by_code(clocks: Iterable[Clock]) -> Mapping[str, Clock]:
    return {clock.code: clock for clock in clocks}
