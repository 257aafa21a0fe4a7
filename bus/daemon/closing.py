"""How what is open is closed in the time there is: a stalled network must not hold up an end."""

import threading
import time
from collections.abc import Sequence
from typing import Protocol

GRACE, CLOSING = 2.5, 2.0
"""Seconds for the loops to end their batch, and for all that is open to be closed: a daemon is gone within 5, however
many mailboxes it hosts (a promise to operators)."""


class Closing(Protocol):
    def close(self) -> None: ...


def close_all(open_: Sequence[Closing], *, within: float) -> None:
    """All at once: where the network is stalled, each link waits as long as it may for the broker's farewell. What has
    not closed in time is left to the end of the process."""
    threads = [threading.Thread(target=each.close, name="close", daemon=True) for each in open_]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
