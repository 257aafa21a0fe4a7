"""The ports: what the bus needs from outside, one file each (document system, store, broker, place of blobs).

This module itself is the API for strangers who write an adapter: `Adapter`, and the records it works with. Beside it
they may import `schemas`, `bus.errors` and `bus.crashpoints`, nothing else. Code of the bus imports the port's own
file."""

from bus.handling.statuses import Verdict
from bus.ports.adapter import Adapter, Answer, Bounce, Collected, Filed, Filing, Notice, Report, Trouble

__all__ = ["Adapter", "Answer", "Bounce", "Collected", "Filed", "Filing", "Notice", "Report", "Trouble", "Verdict"]
