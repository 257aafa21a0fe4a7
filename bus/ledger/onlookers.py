"""By which directory the ledger judges at this moment: the edition in force, as of today in Việt Nam."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

from bus.daemon.current_member import check_in_force
from bus.daemon.editions import EditionFollower
from bus.directory.agencies import Directory
from bus.directory.edition import Edition
from bus.directory.onlooker import Onlooker
from schemas.values import VIETNAM


class Onlookers:
    """Threads may ask at any time. The same answer as long as neither edition nor day is another one."""

    def __init__(
        self,
        source: EditionFollower | Directory,
        *,
        as_of: date | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`source`: a signed directory, followed; or one that nobody signed, for trials. `as_of`: its fixed day; None
        follows the calendar."""
        self._as_of = as_of
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._of: Edition | None = None
        self._made: Onlooker | None = None

    def now(self) -> Onlooker:
        """Raises DirectoryExpired and OwnClockWrong: better to wait than to judge by either."""
        now = self._clock()
        today = self._as_of or now.astimezone(VIETNAM).date()
        source = self._source
        edition = None if isinstance(source, Directory) else source.edition
        if edition is not None:
            check_in_force(edition, now)
        with self._lock:
            made = self._made
            if made is not None and made.directory.on == today and self._of is edition:
                return made
            if edition is None:
                assert isinstance(source, Directory)
                made = Onlooker(directory=source.as_of(today))
            else:
                made = Onlooker(directory=edition.directory(today), trust_store=edition.trust_store)
            self._of, self._made = edition, made
            return made
