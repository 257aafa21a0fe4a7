"""The port to the place where segments of large attachments wait."""

from collections.abc import Sequence
from typing import Protocol

from bus.ports.records import Segment
from schemas.values import BlobId, MailboxCode

SEGMENTS_AT_ONCE = 4
"""Segments of 1 MiB in one commit and in one round of uploading or fetching, so in memory (measured on the way of 200
MiB: with 8 the recipient's daemon had 136 MB at most, with 4 it has 110, no slower)."""


class Blobs(Protocol):
    """Where the sealed segments of large attachments wait for their recipients: put once, however many those are.

    Two implementations beside the fake: the sender's stream on the broker, and an S3-compatible store. Never declares
    anything. Not to be used by two threads at once. All but `close` raise BlobsAway where it cannot be reached, is
    full, or does not let us.
    """

    kind: str
    """`stream`, `s3`: a word of lower-case letters and digits. Recipients need the same kind."""

    def begin(self) -> str:
        """A mark, without spaces: what is put from now on is found from there on."""

    def put(self, segments: Sequence[Segment]) -> None:
        """Durable, all of them, when it returns. Any of them may be put again."""

    def get(
        self, sender: MailboxCode, blob: BlobId, *, first: int, mark: str | None, limit: int = SEGMENTS_AT_ONCE
    ) -> Sequence[Segment]:
        """Segments of one blob of another mailbox, as they lie there from a mark on (None: from the oldest kept), at
        most `limit` of them, those before number `first` left out. Their sender may have put them in any order, or
        twice: the caller checks. Each has the mark from which the next ones are found. Empty: nothing is found from
        there."""

    def remove(self, blobs: Sequence[BlobId]) -> None:
        """Removes own orphans. Does nothing where the place forgets by itself."""

    def close(self) -> None: ...
