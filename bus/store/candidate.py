"""A candidate for the lease of a store that several machines share: it asks until it has the lease, and again after it
has lost it."""

from typing import TYPE_CHECKING

from sqlalchemy import make_url

from bus.store.open import open_database, postgresql_of
from bus.store.store import SqlStore
from schemas.values import MailboxCode

if TYPE_CHECKING:
    from bus.store.sql.lease import Holder, Lease
    from bus.store.sql.postgresql import PostgresqlDatabase


class Candidate:
    """Implements `bus.daemon.standby.StoreCandidate`. Raises BadConfig where the URL is none of a shared store."""

    def __init__(self, url: str, *, owner: MailboxCode) -> None:
        self._url = make_url(url)
        self._owner = owner
        self._database: PostgresqlDatabase | None = None
        self._lease: Lease | None = None
        self._holder: Holder | None = None
        self._renew()

    def take(self) -> SqlStore | None:
        """The store, where nobody else has it. Raises as `open_store` does."""
        if self._database is None or self._lease is None or self._lease.epoch is not None:
            self._renew()
        database, lease = self._database, self._lease
        assert database is not None
        assert lease is not None
        taken = lease.take()
        self._holder = lease.holder
        if not taken:
            return None
        try:
            return open_database(database, owner=self._owner, ownership=lease)
        except BaseException:
            self._database = self._lease = None
            raise

    @property
    def is_held(self) -> bool:
        return self._lease is not None and self._lease.is_held

    @property
    def holder(self) -> "Holder | None":
        """Who else has it, as last asked."""
        return self._holder

    def close(self) -> None:
        """Asks no more. A store that was taken is closed by whoever has it."""
        if self._lease is not None and self._lease.epoch is None:
            self._lease.release()
        if self._database is not None:
            self._database.open().dispose()

    def _renew(self) -> None:
        self._database = postgresql_of(self._url, owner=self._owner)
        self._lease = self._database.lease()
