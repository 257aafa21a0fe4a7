"""An agency as the directory knows it, and an agency as a document names it."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.values import AgencyCode, AlgorithmName, MailboxCode, Text, Value


class Party(Value):
    """An agency as written in a document's From or To: what the writer knew, not what the directory says."""

    code: AgencyCode
    name: Text | None = None
    in_charge: Text | None = None
    address: Text | None = None
    email: Text | None = None
    telephone: Text | None = None
    fax: Text | None = None
    website: Text | None = None


class AgencyGroup(StrEnum):
    """Groups of level-1 codes, by letter (QĐ 20/2020/QĐ-TTg)."""

    MINISTRY = "G"
    PROVINCE = "H"
    PARTY = "A"
    PRESIDENCY = "B"
    ASSEMBLY = "C"
    COURT = "D"
    PROCURACY = "E"
    AUDIT = "F"
    POLITICAL = "I"
    SOCIAL = "J"
    COUNCIL = "K"
    ENTERPRISE = "X"
    OTHER = "Z"


class AgencyName(Value):
    """A name with the day it came into use; agencies are renamed without changing code."""

    vi: Text
    en: Text | None = None
    since: date | None = None


class Agency(Value):
    """One unit of the directory. It is open on day d when opened <= d < closed; an absent bound is no bound."""

    code: AgencyCode
    aliases: tuple[AgencyCode, ...] = ()
    """Other codes of the same unit, such as the 13-character one of QCVN 102:2016."""
    names: tuple[AgencyName, ...]
    """Oldest first."""
    parent: AgencyCode | None = None
    opened: date | None = None
    closed: date | None = None
    """The first day on which the code is no longer in force."""
    successor: AgencyCode | None = None
    forward: bool = False
    """Whether mail to the closed code may be forwarded to the successor without asking the sender."""
    basis: Text | None = None
    """The legal act behind the closure or renaming."""


class Quota(Value):
    """What one sender may have under way to a mailbox, and what that holds of one sender and has not filed. The figures
    are two weeks of the busiest sender, with room: a day, some 1,000 messages of 1 MiB, and 7 GiB that travel apart."""

    messages: Annotated[int, Field(ge=1)] = 20_000
    bytes: Annotated[int, Field(ge=1)] = 20 * 1024**3
    blobs: Annotated[int, Field(ge=1)] = 100 * 1024**3
    """Bytes of attachments that travel apart (schemas §10)."""


class Mailbox(Value):
    """The delivery point of one adapter: its code, the agency codes that it serves beside its own and their sub-units,
    and what it accepts."""

    code: MailboxCode
    serves: tuple[AgencyCode, ...] = ()
    takes: tuple[Annotated[int, Field(ge=0, le=3)], ...] = ()
    """Business types (0 to 3) of documents that its document system supports. Empty: all."""
    versions: tuple[Annotated[int, Field(ge=1)], ...] = (1,)
    """Versions of the wire format that its adapter reads."""
    largest: Annotated[int, Field(ge=1)] | None = None
    """Largest sum, in bytes, of one document's attachments that travel apart (schemas §10); None: it accepts no such
    attachments."""
    under_way: Quota = Quota()
    """What one sender may have under way to it (schemas §11)."""
    signatures: tuple[AlgorithmName, ...] = ()
    """Signature algorithms that its adapter reads (schemas §4.4). Empty: those of version 1 from its beginning."""
    seals: tuple[AlgorithmName, ...] = ()
    """Ways of wrapping a content key that its adapter opens (schemas §4.7). Empty: X-Wing."""
    contact: Text | None = None
    """The contact for operators when its mail waits: a name, a telephone number, an address."""
