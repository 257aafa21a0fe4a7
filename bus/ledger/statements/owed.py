"""Statements over obligations, whatever document they are of."""

from typing import Final

from sqlalchemy import select

from bus.ledger.tables import now

_owed = now.obligation.c

OPEN: Final = select(_owed.document, _owed.calendar, _owed.debtor, _owed.creditor).where(_owed.open)
"""Every open obligation: the editions that it was counted by, and whose it is."""
