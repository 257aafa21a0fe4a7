"""The file descriptors of a process: as many as the system lets it have, and whether those are enough for its
mailboxes."""

import resource
from dataclasses import dataclass
from typing import Final

import structlog

log = structlog.get_logger()

FOR_ALL: Final = 64
"""The HTTP port's connections, the directory's two streams, the I/O thread, standard input and output."""
A_MAILBOX: Final = 32
"""Measured: 13 for a store that five threads use at once; four connections to the broker; files of the document
system, and large attachments on their way."""
ENOUGH: Final = 1 << 20
"""Not more than this, whatever the hard limit: some libraries walk through all that there may be."""


@dataclass(frozen=True, slots=True)
class Descriptors:
    limit: int | None
    """None where the system does not say."""
    wanted: int
    """An estimate for so many mailboxes."""

    @property
    def are_short(self) -> bool:
        return self.limit is not None and self.limit < self.wanted


def raise_limit(mailboxes: int) -> Descriptors:
    """Raises the soft limit to the hard one, and logs where that is short."""
    found = Descriptors(limit=_raised(), wanted=FOR_ALL + A_MAILBOX * mailboxes)
    if found.are_short:
        log.warning("descriptors.short", limit=found.limit, wanted=found.wanted, mailboxes=mailboxes, said=REMEDY)
    return found


REMEDY: Final = "đặt LimitNOFILE trong tệp .service, hoặc ulimit -Hn / set LimitNOFILE in the unit, or ulimit -Hn"


def _raised() -> int | None:
    try:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    except (OSError, ValueError):  # a filter of system calls
        return None
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return None if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft
    return wanted
