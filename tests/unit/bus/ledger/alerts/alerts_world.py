"""A ledger in a file, and alerts that tests begin in them."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bus.ledger.alerts.causes import Found, Source
from bus.ledger.alerts.keep import Kept, keep
from bus.ledger.open import open_ledger

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
"""Ten in the morning, a Monday."""
EVERY = frozenset(Source)


@cache
def _made() -> bytes:
    """A ledger's file on its first day, made once: every test has a copy."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        open_ledger(f"sqlite:///{file}", exclusive=False).close()
        return file.read_bytes()


class Tables:
    """A ledger of its own for one test."""

    def __init__(self, folder: Path) -> None:
        file = folder / "ledger.db"
        if not file.exists():
            file.write_bytes(_made())
        self.ledger = open_ledger(f"sqlite:///{file}", exclusive=False)
        self.reading = self.ledger.reading
        self.writing = self.ledger.writing

    def look(self, *found: Found, at: datetime = NOW, asked: frozenset[Source] = EVERY) -> Kept:
        with self.writing() as connection:
            return keep(connection, found, asked=asked, now=at)


def unread(mailbox: str = "H29") -> Found:
    """Told after five minutes."""
    what = {"vi": f"inbox.{mailbox}: không ai đọc", "en": f"inbox.{mailbox}: nobody reads"}
    return Found(cause="queue.nobody-reads", subject=mailbox, facts={"what": what})


def overdue(agency: str = "H29", count: int = 3) -> Found:
    """Told at once."""
    oldest = (NOW - timedelta(days=2)).isoformat()
    return Found(cause="overdue", subject=agency, facts={"count": count, "oldest_at": oldest})
