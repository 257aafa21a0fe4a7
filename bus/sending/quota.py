"""What one mailbox may have under way to another, and what is held of it: messages, bytes, bytes of large attachments.

The limits are the recipient's, in the directory. The sender refuses what would be more (bus/sending/accept.py); the
recipient takes no more from a sender that does not (bus/receiving/take_in.py). schemas §11"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from bus.ports.records import UnderWay
from schemas.agency import Quota
from schemas.docket import Docket

SLACK: Final = 1.1
"""A recipient holds so much more of one sender: the two do not count the same at the same moment."""
NEARLY: Final = 0.8
"""The share of a quota at which it is said that it is nearly used."""


class Share(NamedTuple):
    """How much of one of the three limits is used."""

    unit: str
    unit_vi: str
    used: int
    limit: int

    @property
    def ratio(self) -> float:
        return self.used / self.limit


def shares(used: UnderWay, quota: Quota) -> Iterator[Share]:
    yield Share("messages", "bản tin", used.messages, quota.messages)
    yield Share("bytes", "byte", used.bytes, quota.bytes)
    yield Share("bytes of large attachments", "byte tệp lớn", used.blobs, quota.blobs)


def exceeded(used: UnderWay, quota: Quota, *, slack: float = 1.0) -> Mapping[str, object]:
    """The facts of the first limit that is passed, for an error; empty where none is."""
    for share in shares(used, quota):
        if share.used > share.limit * slack:
            return share._asdict()
    return {}


def added(used: UnderWay, size: int, blobs: int) -> UnderWay:
    """After one message more."""
    return UnderWay(used.messages + 1, used.bytes + size, used.blobs + blobs)


def without(used: UnderWay, docket: Docket, size: int) -> UnderWay:
    """Before this message."""
    blobs = sum(blob.size for blob in docket.blobs or ())
    return UnderWay(used.messages - 1, used.bytes - size, used.blobs - blobs)
