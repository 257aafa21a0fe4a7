"""A mailbox's durable memory: outbox, inbox, dossiers and their history, in one SQL database. Nothing outside this
folder knows SQL or how a value lies in a row; nothing inside decides what a message's state should be."""

from bus.store.candidate import Candidate
from bus.store.opening import is_current, is_shared, open_store
from bus.store.sql import SqlStore

__all__ = ["Candidate", "SqlStore", "is_current", "is_shared", "open_store"]
