"""An agency as the directory knows it, and an agency as a document names it."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.values import AgencyCode, MailboxCode, Text, Value


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
    """One unit of the directory. Open on a day d when opened <= d < closed, an absent bound being no bound."""

    code: AgencyCode
    aliases: tuple[AgencyCode, ...] = ()
    """Other codes of the same unit, such as the 13-character one of QCVN 102:2016."""
    names: tuple[AgencyName, ...]
    """Oldest first."""
    parent: AgencyCode | None = None
    opened: date | None = None
    closed: date | None = None
    """First day on which the code no longer is in force."""
    successor: AgencyCode | None = None
    forward: bool = False
    """Whether what is addressed to the closed code may go to the successor without asking the sender."""
    basis: Text | None = None
    """The legal act behind the closure or renaming."""


class Mailbox(Value):
    """The delivery point of one adapter, the agency codes it serves beyond its own and their sub-units, and what it
    takes."""

    code: MailboxCode
    serves: tuple[AgencyCode, ...] = ()
    takes: tuple[Annotated[int, Field(ge=0, le=3)], ...] = ()
    """Business types of documents that its document system understands. Empty: all."""
    versions: tuple[Annotated[int, Field(ge=1)], ...] = (1,)
    """Versions of the wire format that its adapter reads."""
    largest: Annotated[int, Field(ge=1)] | None = None
    """Bytes of one document's attachments that travel apart (schemas §10) which it takes; None: it takes none such."""
    contact: Text | None = None
    """Whom to call when its mail waits: a name, a telephone number, an address."""
