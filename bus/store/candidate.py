"""A daemon's wish for a store that several machines share: asked again and again until the store is its own, and again
after it was lost."""

from typing import TYPE_CHECKING

from sqlalchemy import make_url

from bus.store.opening import open_database
from bus.store.sql import SqlStore
from schemas.values import MailboxCode

if TYPE_CHECKING:
    from bus.store.claim import Claim, Holder
    from bus.store.postgresql import PostgresqlDatabase


class Candidate:
    """Implements `bus.daemon.standby.Claimant`. Raises BadConfig where the URL is none of a shared store."""

    def __init__(self, url: str, *, owner: MailboxCode) -> None:
        self._url = make_url(url)
        self._owner = owner
        self._database: PostgresqlDatabase | None = None
        self._claim: Claim | None = None
        self._holder: Holder | None = None
        self._renew()

    def take(self) -> SqlStore | None:
        """The store, where nobody else has it. Raises as `open_store` does."""
        if self._database is None or self._claim is None or self._claim.epoch is not None:
            self._renew()
        database, claim = self._database, self._claim
        assert database is not None
        assert claim is not None
        taken = claim.take()
        self._holder = claim.holder
        if not taken:
            return None
        try:
            return open_database(database, owner=self._owner, ownership=claim)
        except BaseException:
            self._database = self._claim = None
            raise

    @property
    def is_held(self) -> bool:
        return self._claim is not None and self._claim.is_held

    @property
    def holder(self) -> "Holder | None":
        """Who else has it, as last asked."""
        return self._holder

    def close(self) -> None:
        """Ends the wish. A store that was taken is closed by whoever has it."""
        if self._claim is not None and self._claim.epoch is None:
            self._claim.release()
        if self._database is not None:
            self._database.open().dispose()

    def _renew(self) -> None:
        from bus.store.postgresql import PostgresqlDatabase  # few daemons need it

        self._database = PostgresqlDatabase(self._url, owner=self._owner)
        self._claim = self._database.claim()
