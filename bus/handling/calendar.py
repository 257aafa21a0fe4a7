"""An edition of the calendar: what the Government decided of one year's days, under a number and a signature.

Bytes or TOML in, a `CalendarEdition` or BadCalendar out, without touching the world. Whoever signs the directory signs
it. It is whole: every day of the year that is not what its weekday says, so that a newer library moves no signed year.
"""

import json
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from bus.directory.charter import Charter, signer_id
from bus.directory.edition import MAX_SKEW
from bus.directory.header import MAX_NUMBER
from bus.errors import BadCalendar, BadCertificate, Words, of_fields, quoted, said
from bus.handling.working_days import Calendar, YearOfDays, day_of, is_weekend
from bus.trust.certificates import Certificate, Purpose
from bus.trust.keys import SIGNATURE_SIZE, Signer
from bus.trust.pem import armoured, unarmoured
from bus.trust.trust_store import TrustStore
from schemas.clock import local
from schemas.framing import frame, unframe
from schemas.values import Text, Time, Value

SIGNED: Final = b"lienthong/1 calendar\n"
"""Before what is signed: bytes made for this use never pass for another."""
LABEL: Final = "LIENTHONG CALENDAR"
_MAX_CHAIN: Final = 8
_DECEMBER: Final = 12
"""From the first of this month on, the next year should be confirmed: the Government has decided it by then."""


class CalendarEdition(Value):
    """The signed text of an edition."""

    format: Literal[1] = 1
    year: Annotated[int, Field(ge=1946, le=2999)]
    edition: Annotated[int, Field(ge=1, le=MAX_NUMBER)]
    """Goes up with each edition of this year; it need not go up by one."""
    confirmed: bool
    """The Government has decided the whole year; else only what these days say, and the year stays provisional."""
    decision: Text
    """Number and notation of the decision."""
    decided_on: date
    decided_by: Text
    signed_at: Time
    off: Annotated[tuple[date, ...], Field(max_length=366)] = ()
    """Mondays to Fridays of the year that are no working days, in order."""
    worked: Annotated[tuple[date, ...], Field(max_length=366)] = ()
    """Saturdays and Sundays of the year that are, in order."""

    @model_validator(mode="after")
    def _is_a_year(self) -> Self:
        for days in (self.off, self.worked):
            if days != tuple(sorted(set(days))):
                raise ValueError(Words("các ngày phải theo thứ tự, không lặp lại", "days must be in order, each once"))
            if strange := [day for day in days if day.year != self.year]:
                raise ValueError(said("{day} không thuộc năm đó", "{day} is not of that year", day=strange[0]))
        if free := [day for day in self.off if is_weekend(day)]:
            vi, en = "{day} là thứ bảy hoặc chủ nhật, vốn đã nghỉ", "{day} is a Saturday or Sunday, off anyway"
            raise ValueError(said(vi, en, day=free[0]))
        if busy := [day for day in self.worked if not is_weekend(day)]:
            vi, en = (
                "{day} không phải thứ bảy, chủ nhật, vốn đã làm việc",
                "{day} is no Saturday or Sunday, worked anyway",
            )
            raise ValueError(said(vi, en, day=busy[0]))
        return self

    @property
    def days(self) -> YearOfDays:
        return YearOfDays(
            year=self.year,
            edition=self.edition,
            confirmed=self.confirmed,
            off=frozenset(self.off),
            worked=frozenset(self.worked),
        )


@dataclass(frozen=True, slots=True, eq=False)
class SignedCalendar:
    """An edition whose signature was judged."""

    edition: CalendarEdition
    signer: Certificate
    encoded: bytes = field(repr=False)

    def to_pem(self) -> bytes:
        return armoured(LABEL, self.encoded)


# -- making one --------------------------------------------------------------------------------------------------------


def changed(
    days: YearOfDays, *, off: Iterable[date] = (), worked: Iterable[date] = (), usual: Iterable[date] = ()
) -> YearOfDays:
    """The days of a year with some that are off from now on, some that are worked, and some that are again as their
    weekday says. What was given for one day last counts in this order: off, worked, usual."""
    added, busy, plain = set(off), set(worked), set(usual)
    return replace(
        days,
        off=frozenset({day for day in days.off | added if not is_weekend(day)} - busy - plain),
        worked=frozenset({day for day in (days.worked - added) | busy if is_weekend(day)} - plain),
    )


def sign_calendar(edition: CalendarEdition, *, signer: Signer, chain: Sequence[Certificate]) -> bytes:
    """`chain` begins with the signer's certificate; a root need not be in it."""
    body = edition.to_json()
    return frame((body, signer.sign(SIGNED + body), frame(each.der for each in chain)))


def read_toml(text: str) -> CalendarEdition:
    """The text of an edition, not signed by anybody. Raises BadCalendar."""
    try:
        written = json.dumps(tomllib.loads(text), default=_iso)
        return CalendarEdition.from_json(written.encode())
    except ValidationError as exc:
        raise BadCalendar(why=of_fields([dict(each) for each in exc.errors()])) from exc
    except (ValueError, TypeError, RecursionError) as exc:
        raise BadCalendar(why=quoted(exc)) from exc


def to_toml(edition: CalendarEdition) -> str:
    """As `read_toml` reads it, and people do."""
    lines = (f"{name} = {_in_toml(value)}" for name, value in edition if name != "format")
    return "".join(f"{line}\n" for line in lines)


# -- judging one -------------------------------------------------------------------------------------------------------


def read_calendar(
    encoded: bytes, *, trust_store: TrustStore, charter: Charter | None = None, now: datetime, kept: bool = False
) -> SignedCalendar:
    """One that the directory's signer signed; `trust_store` has roots and revocation lists, and `charter` names who may
    sign where there is one. `kept`: it was taken before, and its signer's key may have been retired since.

    One signature is enough, whatever the charter's threshold. Raises BadCalendar.
    """
    try:
        body, signature, chain = map(bytes, unframe(encoded, at_most=3))
        edition = CalendarEdition.from_json(body)
        signer, *issuers = map(Certificate.from_der, map(bytes, unframe(chain, at_most=_MAX_CHAIN)))
    except (ValueError, BadCertificate) as exc:
        raise BadCalendar(why=Words("nó bị hỏng", "it is broken")) from exc
    store = TrustStore(trust_store.roots, (*issuers, *trust_store.issuers), trust_store.lists)
    try:
        validity = store.validity(signer, Purpose.DIRECTORY)
        key = signer.verify_key()
    except BadCertificate as error:
        vi, en = "người ký không phải cơ quan quản lý: {why}", "its signer is not the authority: {why}"
        raise BadCalendar(why=said(vi, en, why=error.facts["why"])) from error
    if charter is not None and signer_id(signer) not in charter.terms.signers:
        vi, en = "người ký {signer} không có tên trong điều lệ", "its signer {signer} is none that the charter names"
        raise BadCalendar(why=said(vi, en, signer=signer.name))
    if edition.signed_at > now + MAX_SKEW:
        vi, en = "nó đề {at}, là lúc chưa tới", "it says {at}, which is yet to come"
        raise BadCalendar(why=said(vi, en, at=local(edition.signed_at)))
    # As of an edition of the directory that is offered: who was ever revoked could have dated it as he likes.
    revoked = validity.revoked.at if validity.revoked is not None and not kept else edition.signed_at
    if objection := validity.objection(max(edition.signed_at, revoked), skew=MAX_SKEW):
        vi, en = "chữ ký của nó không có giá trị: {why}", "its signature does not count: {why}"
        raise BadCalendar(why=said(vi, en, why=objection))
    if len(signature) != SIGNATURE_SIZE or not key.verify(signature, SIGNED + body):
        raise BadCalendar(
            why=Words("chữ ký không phải của người ký nó", "its signature is not that of its signer"),
        )
    return SignedCalendar(edition, signer, encoded)


def read_all(pem: bytes) -> tuple[bytes, ...]:
    """Every edition in a text, of any year, as `read_calendar` judges them. Raises BadCalendar."""
    try:
        return unarmoured(LABEL, pem)
    except ValueError as exc:
        raise BadCalendar(why=Words("nó không phải base64", "it is not base64")) from exc


def check_follows(held: Iterable[CalendarEdition], offered: CalendarEdition) -> bool:
    """Whether it is to be taken beside those held; False where it is one of them. Raises BadCalendar for one that is
    not newer than all others of its year."""
    newest = max((each for each in held if each.year == offered.year), key=lambda each: each.edition, default=None)
    if newest is None or offered.edition > newest.edition:
        return True
    if offered == newest:
        return False
    facts = {"year": offered.year, "offered": offered.edition, "held": newest.edition}
    vi, en = (
        "bản {offered} của năm {year} không mới hơn bản {held}",
        "edition {offered} of {year} is not newer than {held}",
    )
    raise BadCalendar(why=said(vi, en, **facts))


def calendar_of(editions: Iterable[CalendarEdition]) -> Calendar:
    return Calendar.of(each.days for each in editions)


def unconfirmed(calendar: Calendar, now: datetime) -> tuple[int, ...]:
    """The years that somebody should confirm by now: this one, and from 1 December on the next."""
    today = day_of(now)
    years = (today.year, today.year + 1) if today.month == _DECEMBER else (today.year,)
    return tuple(year for year in years if not calendar.year(year).confirmed)


def _iso(value: object) -> str:
    """Raises TypeError for what TOML has and no edition."""
    if isinstance(value, date):  # also a datetime
        return value.isoformat()
    raise TypeError(f"{value!r}")


def _in_toml(value: object) -> str:
    match value:
        case tuple():
            return "[{}]".format("".join(f"\n  {_in_toml(each)}," for each in value) + "\n" if value else "")
        case date():  # also a datetime
            return value.isoformat()
        case _:
            return json.dumps(value, ensure_ascii=False)
