"""Records of the ledger as the API tells them. Models only; what somebody may see is decided by queries and routes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from bus.handling.clocks import Clock
from bus.handling.statuses import Change
from bus.ledger.moves import Move
from bus.ledger.proof import Proof, Verdict
from bus.ledger.queries.lifelines import Hop
from bus.ledger.queries.paging import Amount
from bus.ledger.queries.wanted import Standing, standing_of
from bus.ledger.records import DeliveryRow, DocumentRow, ObligationRow
from bus.ledger.tables import GENUINE
from bus.ledger.turns import Missing, Turn
from schemas.codes import BusinessType, Kind, Outcome, Priority, StatusCode
from schemas.docket import DocumentKey
from schemas.values import AgencyCode, MailboxCode

Clocks: TypeAlias = Mapping[str, Clock]
"""By code."""


class View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyView(View):
    """The key of one document, unique in the country."""

    issuer: AgencyCode
    id: str

    @classmethod
    def of(cls, key: DocumentKey) -> Self:
        return cls(issuer=key.issuer, id=key.id)


class ChangeView(View):
    """A revocation, update or replacement that names the document."""

    issuer: AgencyCode
    id: str
    business: str
    at: datetime


class DocumentView(View):
    """A document, as dockets tell of it: never its subject or content."""

    number: int = Field(description="Of this ledger: /api/v1/documents/{number}.")
    issuer: AgencyCode
    id: str
    known: bool = Field(description="False: only statuses of it came so far.")
    sender: AgencyCode
    mailbox: MailboxCode
    message: str | None
    business: str | None = Field(description="new, revoke, update, replace")
    code_number: str | None = Field(description="Số")
    code_notation: str | None = Field(description="Ký hiệu")
    issued_on: date | None
    sent_at: datetime
    priority: str
    due_on: date | None
    expires_at: datetime | None
    attachments: int
    size: int
    changes: list[KeyView] = Field(description="What it revokes, updates or replaces.")
    changed_by: list[ChangeView]

    @classmethod
    def of(cls, row: DocumentRow, *, sees: Collection[AgencyCode] | None) -> Self:
        """`sees`: the agencies whose documents somebody sees; of a change that was not sent to them they know
        nothing, unless they sent the document. None: all."""
        knows_all = sees is None or row.sender in sees
        return cls(
            number=row.number,
            issuer=row.key.issuer,
            id=row.key.id,
            known=row.known,
            sender=row.sender,
            mailbox=row.mailbox,
            message=row.message,
            business=business_name(row.business),
            code_number=row.code_number,
            code_notation=row.code_notation,
            issued_on=row.issued_on,
            sent_at=row.sent_at,
            priority=_PRIORITIES[row.priority],
            due_on=row.due_on,
            expires_at=row.expires_at,
            attachments=row.attachments,
            size=row.size,
            changes=[KeyView.of(key) for key in row.changes],
            changed_by=[
                ChangeView(issuer=each.key.issuer, id=each.key.id, business=each.business.name.lower(), at=each.at)
                for each in row.changed_by
                if knows_all or not set(each.recipients).isdisjoint(sees or ())
            ],
        )


class StatusView(View):
    code: StatusCode
    at: datetime = Field(description="As its sender says it.")
    event: int


class TurnView(View):
    """What is missing at one recipient, and who must do it."""

    missing: Missing
    who: AgencyCode | None = Field(description="Whose turn it is; null: nobody's.")
    since: datetime
    due_at: datetime | None
    late: bool

    @classmethod
    def of(cls, turn: Turn, *, now: datetime) -> Self:
        return cls(missing=turn.missing, who=turn.who, since=turn.since, due_at=turn.due_at, late=turn.is_late(now))


class DeliveryView(View):
    """One document at one recipient."""

    document: int
    agency: AgencyCode = Field(description="The recipient.")
    mailbox: MailboxCode
    sender: AgencyCode
    standing: Standing
    sent_at: datetime
    outcome: Outcome | None = Field(description="Of the receipt; null: none came.")
    refusal: str | None = Field(description="The error code of a refused receipt.")
    receipted_at: datetime | None
    state: StatusCode | None = Field(description="The furthest of 01 to 06.")
    change: Change
    withdrawn: bool
    statuses: list[StatusView]
    last_at: datetime
    turn: TurnView

    @classmethod
    def of(cls, row: DeliveryRow, turn: Turn, *, now: datetime) -> Self:
        return cls(
            document=row.document,
            agency=row.agency,
            mailbox=row.mailbox,
            sender=row.sender,
            standing=standing_of(row),
            sent_at=row.sent_at,
            outcome=row.outcome,
            refusal=row.refusal,
            receipted_at=row.receipted_at,
            state=row.state,
            change=row.change,
            withdrawn=row.withdrawn,
            statuses=_statuses(row),
            last_at=row.last_at,
            turn=TurnView.of(turn, now=now),
        )


class StrangerView(View):
    """Who reported statuses of a document without having been sent it."""

    agency: AgencyCode
    mailbox: MailboxCode
    statuses: list[StatusView]

    @classmethod
    def of(cls, row: DeliveryRow) -> Self:
        return cls(agency=row.agency, mailbox=row.mailbox, statuses=_statuses(row))


class ObligationView(View):
    """What one agency owes another about one document."""

    document: int
    recipient: AgencyCode
    clock: str
    article: str | None = Field(description="Where the law says it; null: the clock is not known any more.")
    debtor: AgencyCode = Field(description="Whose turn it is while it is open.")
    creditor: AgencyCode
    started_at: datetime
    warn_at: datetime | None
    due_at: datetime | None = Field(description="null: no limit in law; only waited for.")
    open: bool
    late: bool = Field(description="Its time is over, or was when it was met.")
    met_at: datetime | None
    met_by: str | None = Field(description="The status that met it, or `receipt`.")
    void_at: datetime | None
    void_why: str | None
    calendar: str = Field(description="Editions of the working calendar that it was counted by.")
    provisional: bool = Field(description="A year of that calendar is not confirmed.")
    passed_to: AgencyCode | None = Field(description="The successor that owes it now.")

    @classmethod
    def of(cls, row: ObligationRow, clocks: Clocks, *, now: datetime) -> Self:
        clock = clocks.get(row.clock)
        return cls(
            document=row.document,
            recipient=row.recipient,
            clock=row.clock,
            article=None if clock is None else clock.article,
            debtor=row.debtor,
            creditor=row.creditor,
            started_at=row.started_at,
            warn_at=row.warn_at,
            due_at=row.due_at,
            open=row.is_open,
            late=row.is_late(now),
            met_at=row.met_at,
            met_by=row.met_by,
            void_at=row.void_at,
            void_why=row.void_why,
            calendar=row.calendar,
            provisional=row.provisional,
            passed_to=row.passed_to,
        )


class ReceiptView(View):
    mailbox: MailboxCode = Field(description="Who answers.")
    outcome: Outcome
    code: str | None
    at: datetime
    event: int
    proof: Verdict = Field(description="Proved again now, of the kept bytes: `stands` where all is well.")

    @classmethod
    def of(cls, proof: Proof) -> Self:
        line = proof.line
        return cls(
            mailbox=line.mailbox,
            outcome=line.outcome,
            code=line.code,
            at=line.at,
            event=line.event,
            proof=proof.verdict,
        )


class HopView(View):
    """One message about a document, as it passed."""

    event: int
    at: datetime = Field(description="When its sender made it.")
    received_at: datetime = Field(description="When the ledger read it.")
    kind: Kind
    message: str
    sender: AgencyCode
    mailbox: MailboxCode
    publisher: MailboxCode = Field(description="Whose exchange it came by: the broker's word.")
    status: StatusCode | None
    recipients: list[AgencyCode] = Field(description="Of those that whoever asks may know of.")
    genuine: bool = Field(description="Its signature stands by the directory of its time.")
    standing: str = Field(description="`genuine`, or the code of the error.")
    docket_sha256: str
    receipts: list[ReceiptView]

    @classmethod
    def of(cls, hop: Hop, proofs: Sequence[Proof], *, sees: Collection[AgencyCode] | None) -> Self:
        """`sees`: the recipients that may be named; None: all."""
        event, docket = hop.event, hop.event.docket
        recipients = dict.fromkeys(each.agency for each in docket.recipients)
        return cls(
            event=event.number,
            at=docket.created_at,
            received_at=event.received_at,
            kind=docket.kind,
            message=docket.id,
            sender=docket.sender.agency,
            mailbox=docket.sender.mailbox,
            publisher=event.publisher,
            status=docket.status,
            recipients=[each for each in recipients if sees is None or each in sees],
            genuine=event.standing == GENUINE,
            standing=event.standing,
            docket_sha256=event.docket_sha256,
            receipts=[ReceiptView.of(proof) for proof in proofs],
        )


class MovedView(View):
    """A due time, or who owes it, moved after it began."""

    recipient: AgencyCode
    clock: str
    at: datetime
    why: str
    before: datetime | None
    after: datetime | None

    @classmethod
    def of(cls, row: Move) -> Self:
        return cls(recipient=row.recipient, clock=row.clock, at=row.at, why=row.why, before=row.before, after=row.after)


class AmountView(View):
    """A bounded count."""

    count: int
    more: bool = Field(description="There are more than that.")

    @classmethod
    def of(cls, amount: Amount) -> Self:
        return cls(count=amount.count, more=amount.more)


def _statuses(row: DeliveryRow) -> list[StatusView]:
    return [StatusView(code=each.code, at=each.at, event=each.event) for each in row.statuses]


def obligations(rows: Sequence[ObligationRow], clocks: Clocks, *, now: datetime) -> list[ObligationView]:
    return [ObligationView.of(row, clocks, now=now) for row in rows]


def business_name(business: BusinessType | None) -> str | None:
    return None if business is None else business.name.lower()


_PRIORITIES = {each: each.name.lower().replace("_", "-") for each in Priority}
