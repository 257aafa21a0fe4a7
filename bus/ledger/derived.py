"""The derived tables: what follows from the kept events. A rebuild makes a second set beside the one in use."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    literal_column,
    or_,
    true,
)
from sqlalchemy import Text as AnyText

from bus.store.sql.texts import Words

Text: Final = AnyText().with_variant(AnyText(collation="C"), "postgresql")
Free: Final = AnyText().with_variant(Words(), "postgresql")
"""Written by strangers."""
Number: Final = BigInteger().with_variant(Integer, "sqlite")

CODES: Final = ("01", "02", "03", "04", "05", "06", "13", "15", "16")
"""The statuses whose first time has a column."""


@dataclass(frozen=True, slots=True)
class Derived:
    """One set of derived tables. A rebuild makes a second one beside, and they change places in one transaction."""

    metadata: MetaData
    document: Table
    delivery: Table
    obligation: Table
    daily: Table

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.document, self.delivery, self.obligation, self.daily


def derived(metadata: MetaData, prefix: str = "") -> Derived:
    return Derived(
        metadata,
        _document(metadata, prefix),
        _delivery(metadata, prefix),
        _obligation(metadata, prefix),
        _daily(metadata, prefix),
    )


def _document(metadata: MetaData, prefix: str) -> Table:
    return Table(
        f"{prefix}document",
        metadata,
        Column("number", Number, primary_key=True, autoincrement=False),  # from the first event about it: fold.py
        Column("issuer", Text, nullable=False),
        Column("document", Free, nullable=False),  # as written
        Column("form", Free, nullable=False),  # the id folded: bus/ledger/folded.py
        Column("known", Boolean, nullable=False),  # False: only statuses or receipts of it came so far
        Column("sender", Text, nullable=False),
        Column("mailbox", Text, nullable=False),
        Column("message", Text),
        Column("business", SmallInteger),
        Column("code_number", Free),  # số
        Column("code_notation", Free),  # ký hiệu
        Column("code_form", Free),  # "12/qd-ubnd": folded
        Column("issued_on", Text),
        Column("sent_at", BigInteger, nullable=False),  # of an unknown one: the earliest time heard of it
        Column("priority", SmallInteger, nullable=False),
        Column("due_on", Text),
        Column("expires_at", BigInteger),
        Column("attachments", Integer, nullable=False),
        Column("size", Number, nullable=False),
        Column("changes", Free),  # JSON: keys of documents that it revokes, updates or replaces
        Column("changed_by", Free),  # JSON: [{"issuer", "id", "business", "at", …}]: changes of it that came
        # Two spellings of one id are one document (bus/store/normal_forms.py): whoever writes looks by `form` first.
        Index(f"{prefix}document_form", "form", "issuer"),
        Index(f"{prefix}document_sender", "sender", "sent_at", "number"),
        Index(f"{prefix}document_sent", "sent_at", "number"),
        Index(f"{prefix}document_code", "code_form", "issued_on"),
    )


def _delivery(metadata: MetaData, prefix: str) -> Table:
    delivery = Table(
        f"{prefix}delivery",
        metadata,
        Column("document", Number, primary_key=True, autoincrement=False),
        Column("agency", Text, primary_key=True),  # the recipient
        Column("mailbox", Text, nullable=False),
        Column("sender", Text, nullable=False),  # of the document
        Column("message", Text),  # the one that counts; null: only statuses came from that agency
        Column("carried", Text),  # its due day, or where there are several: JSON of all messages that carried it
        Column("business", SmallInteger),
        Column("sent_at", BigInteger, nullable=False),
        Column("outcome", Text),  # of its receipt: held, refused; null: none came
        Column("refusal", Text),  # the error code of a refused receipt
        Column("receipted_at", BigInteger),
        Column("state", Text),  # the furthest of 01 to 06 that counts: bus/handling/statuses.py
        Column("change", Text, nullable=False),  # bus.handling.statuses.Change
        Column("withdrawn", Boolean, nullable=False),
        *(Column(f"at_{code}", BigInteger) for code in CODES),
        # ^ first time of each status, as its sender says it
        Column("statuses", Text, nullable=False),  # JSON: [[code, at, event number], ...] in order of time
        Column("last_at", BigInteger, nullable=False),
        Index(f"{prefix}delivery_agency", "agency", "sent_at", "document"),
        Index(f"{prefix}delivery_agency_state", "agency", "state", "sent_at", "document"),
        Index(f"{prefix}delivery_sender_state", "sender", "state", "sent_at", "document"),
        sqlite_with_rowid=False,
    )
    d = delivery.c
    # What nobody has answered in any way: few, and looked at every minute.
    Index(f"{prefix}delivery_waiting", d.sent_at, sqlite_where=d.outcome.is_(None) & d.state.is_(None))
    changed = d.change != literal_column("'none'")
    Index(f"{prefix}delivery_changed_to", d.agency, d.sent_at, d.document, sqlite_where=changed)
    Index(f"{prefix}delivery_changed_from", d.sender, d.sent_at, d.document, sqlite_where=changed)
    # What did not go the usual way: few, and asked for by people.
    rare = or_(changed, d.state == literal_column("'02'"), d.outcome == literal_column("'refused'"))
    Index(f"{prefix}delivery_exceptional", d.sent_at, d.document, sqlite_where=rare)
    return delivery


def _obligation(metadata: MetaData, prefix: str) -> Table:
    obligation = Table(
        f"{prefix}obligation",
        metadata,
        Column("document", Number, primary_key=True, autoincrement=False),
        Column("recipient", Text, primary_key=True),  # with `document`: which delivery
        Column("clock", Text, primary_key=True),  # bus/handling/clocks.py
        Column("debtor", Text, nullable=False),
        Column("creditor", Text, nullable=False),
        Column("started_at", BigInteger, nullable=False),
        Column("warn_at", BigInteger),
        Column("due_at", BigInteger),  # null: no limit in law, only waited for
        Column("met_at", BigInteger),
        Column("met_by", Text),  # the status or receipt that met it: "03", "receipt"
        Column("void_at", BigInteger),  # no longer owed: withdrawn, refused, changed recipients
        Column("void_why", Text),
        Column("open", Boolean, nullable=False),  # neither met nor void
        Column("calendar", Text, nullable=False),  # editions it was counted with: "2026-3", "2027-0"
        Column("provisional", Boolean, nullable=False),  # a year of it is unconfirmed
        Column("passed_to", Text),  # the successor that owes it now; debtor is then that agency
        sqlite_with_rowid=False,
    )
    o = obligation.c
    for name, columns in (("debtor", (o.debtor, o.due_at)), ("creditor", (o.creditor, o.due_at)), ("due", (o.due_at,))):
        Index(f"{prefix}obligation_{name}", *columns, sqlite_where=o.open == true())
    return obligation


def _daily(metadata: MetaData, prefix: str) -> Table:
    return Table(
        f"{prefix}daily",
        metadata,
        Column("day", Text, primary_key=True),  # of Việt Nam, of sending
        Column("agency", Text, primary_key=True),
        Column("measure", Text, primary_key=True),  # bus/ledger/counters.py
        Column("detail", Text, primary_key=True),  # a code, a clock, a bucket of time; "" where there is none
        Column("amount", BigInteger, nullable=False),
        Index(f"{prefix}daily_agency", "agency", "measure", "day"),
        sqlite_with_rowid=False,
    )
