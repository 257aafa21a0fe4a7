"""Where large attachments wait, in memory: one depot for a whole country, `bus.ports.Blobs` of each mailbox, and faults
to order. Held to tests/contract/blobs.py like the real ones.

A depot is as a stream is: what a mailbox put lies in the order of putting, twice where it was put twice, until it is
trimmed. Its faults are of what lies there, or of the next call; every get sees them.
"""

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bus.errors import BlobsAway
from bus.ports.blobs import SEGMENTS_AT_ONCE
from bus.ports.records import Segment
from schemas.values import BlobId, MailboxCode


@dataclass(frozen=True, slots=True)
class _Lying:
    place: int
    """In its sender's row; the mark of what comes before it leads here."""
    segment: Segment = field(repr=False)


class FakeDepot:
    """Every mailbox's segments, behind one lock."""

    def __init__(self, kind: str = "stream") -> None:
        self.kind = kind
        self.away: str | None = None
        """Why nobody can use it just now."""
        self.full: str | None = None
        """Why nothing more can be put; what lies there can be fetched."""
        self.puts = 0
        """Segments ever put, repeated ones included: what a resumed upload did not send again shows here."""
        self.gets = 0
        """Segments ever handed out."""
        self._lock = threading.Lock()
        self._places = itertools.count()
        self._rows: dict[MailboxCode, list[_Lying]] = {}
        self._fuses: dict[str, int] = {}

    def of(self, mailbox: MailboxCode) -> "FakeBlobs":
        return FakeBlobs(self, mailbox)

    def numbers(self, sender: MailboxCode, blob: BlobId) -> list[int]:
        """Of one blob, as they lie there."""
        with self._lock:
            return [each.segment.number for each in self._rows.get(sender, ()) if each.segment.blob == blob]

    # -- faults of a call

    def cut_put(self, after: int) -> None:
        """The next put stores so many segments, and then the connection is gone."""
        self._fuses["put"] = after

    def cut_get(self, after: int) -> None:
        """After so many more segments were handed out, in however many calls, one call finds it away."""
        self._fuses["get"] = after

    # -- faults of what lies there

    def trim(self, sender: MailboxCode, *, keep: int = 0) -> None:
        """It has forgotten all but the last few of the segments of a mailbox."""
        with self._lock:
            row = self._rows.get(sender, [])
            self._rows[sender] = row[len(row) - keep :] if keep else []

    def alter(self, sender: MailboxCode, blob: BlobId, number: int, *, data: bytes | None = None) -> None:
        """One byte of a segment is another; or all of it is."""

        def altered(segment: Segment) -> Segment:
            other = data if data is not None else bytes([segment.data[0] ^ 1]) + segment.data[1:]
            return replace(segment, data=other)

        self._edit(sender, blob, number, lambda each: [replace(each, segment=altered(each.segment))])

    def lose(self, sender: MailboxCode, blob: BlobId, number: int) -> None:
        """A segment is not there; those around it are."""
        self._edit(sender, blob, number, lambda _: [])

    def repeat(self, sender: MailboxCode, blob: BlobId, number: int) -> None:
        """A segment lies there twice, one behind the other."""
        self._edit(sender, blob, number, lambda each: [each, each])

    def swap(self, sender: MailboxCode, blob: BlobId, one: int, other: int) -> None:
        """Two segments lie in each other's place."""
        with self._lock:
            row = self._rows[sender]
            here, there = (
                next(i for i, each in enumerate(row) if (each.segment.blob, each.segment.number) == (blob, number))
                for number in (one, other)
            )
            row[here], row[there] = (
                replace(row[there], place=row[here].place),
                replace(row[here], place=row[there].place),
            )

    def _edit(self, sender: MailboxCode, blob: BlobId, number: int, to: Callable[[_Lying], list[_Lying]]) -> None:
        with self._lock:
            row = self._rows[sender]
            assert any((each.segment.blob, each.segment.number) == (blob, number) for each in row), "nothing to spoil"
            self._rows[sender] = [
                new
                for each in row
                for new in (to(each) if (each.segment.blob, each.segment.number) == (blob, number) else [each])
            ]

    # -- for mailboxes

    def next_mark(self) -> str:
        with self._lock:
            return str(next(self._places))

    def put(self, sender: MailboxCode, segments: Sequence[Segment]) -> None:
        if self.full is not None:
            raise BlobsAway(kind=self.kind, why=self.full)
        fuse = self._fuses.pop("put", len(segments))
        with self._lock:
            row = self._rows.setdefault(sender, [])
            for segment in segments[:fuse]:
                row.append(_Lying(next(self._places), replace(segment, mark=None)))
                self.puts += 1
        if fuse < len(segments):
            raise BlobsAway(kind=self.kind, why="connection lost")

    def get(self, sender: MailboxCode, blob: BlobId, first: int, mark: str | None, limit: int) -> list[Segment]:
        since = -1 if mark is None or self.kind != "stream" else int(mark)
        with self._lock:
            found = [
                replace(each.segment, mark=str(each.place + 1))
                for each in self._rows.get(sender, ())
                if each.place >= since and each.segment.blob == blob and each.segment.number >= first
            ]
        if self.kind != "stream":  # found by its name: what was put last, in the order of numbers
            named = {each.number: replace(each, mark="0") for each in found}
            found = [named[number] for number in sorted(named)]
        found = found[:limit]
        if "get" in self._fuses:
            found = found[: self._fuses["get"]]
            self._fuses["get"] -= len(found)
            if not found:
                del self._fuses["get"]
                raise BlobsAway(kind=self.kind, why="connection lost")
        self.gets += len(found)
        return found

    def remove(self, sender: MailboxCode, blobs: Sequence[BlobId]) -> None:
        """As an S3 store does: a stream forgets by itself."""
        with self._lock:
            row = self._rows.get(sender, [])
            self._rows[sender] = [each for each in row if self.kind == "stream" or each.segment.blob not in blobs]


class FakeBlobs:
    """One mailbox's."""

    def __init__(self, depot: FakeDepot, mailbox: MailboxCode) -> None:
        self._depot = depot
        self._mailbox = mailbox
        self._closed = False
        self.kind = depot.kind

    def begin(self) -> str:
        self._check()
        return self._depot.next_mark()

    def put(self, segments: Sequence[Segment]) -> None:
        if segments:
            self._check()
            self._depot.put(self._mailbox, segments)

    def get(
        self, sender: MailboxCode, blob: BlobId, *, first: int, mark: str | None, limit: int = SEGMENTS_AT_ONCE
    ) -> Sequence[Segment]:
        self._check()
        return self._depot.get(sender, blob, first, mark, limit)

    def remove(self, blobs: Sequence[BlobId]) -> None:
        if blobs:
            self._check()
            self._depot.remove(self._mailbox, blobs)

    def close(self) -> None:
        self._closed = True

    def _check(self) -> None:
        if why := "closed" if self._closed else self._depot.away:
            raise BlobsAway(kind=self.kind, why=why)
