"""Closing connections and stores within the time there is: a stalled network must not hold up the end of a process."""

import threading
import time
from collections.abc import Callable, Sequence

GRACE, CLOSING = 2.5, 2.0
"""Seconds for the loops to end their batch, and for everything open to be closed: a daemon is gone within 5, however
many mailboxes it hosts (a promise to operators)."""


def close_all(closes: Sequence[Callable[[], None]], *, within: float) -> None:
    """Calls all at once: where the network is stalled, each link waits as long as it may for the broker's farewell.
    What has not closed in time is left to the end of the process."""
    threads = [threading.Thread(target=close, name="close", daemon=True) for close in closes]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + within
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
