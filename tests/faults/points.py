"""The crash points: every place between two durable effects, with the effects before it and after it, and the story
that passes it.

The names stand in the code as `reached("…")`; test_points.py holds this table, the code and the stories equal.
"""

from enum import StrEnum
from typing import NamedTuple


class Story(StrEnum):
    """The stories: the process that is killed, and its work."""

    ROAD = "road"
    """A daemon of two mailboxes that send each other documents, statuses, a take-back and a refusal."""
    LARGE = "large"
    """The same daemon, with large documents both ways among the others."""
    EDITION = "edition"
    """A daemon that receives a new edition of the signed directory while documents travel."""
    STORE = "store"
    """The migration of an older store to this version."""
    KEYS = "keys"
    """`lienthong keys rotate`, beside a daemon."""
    ANNOUNCE = "announce"
    """`lienthong directory publish`."""
    RECOVER = "recover"
    """`lienthong store recover`."""
    AUDIT = "audit"
    """`lienthong audit replay`."""
    APPLY = "apply"
    """`lienthong topology apply`."""
    REPLAY = "replay"
    """`lienthong dead replay`."""
    LEDGER = "ledger"
    """A ledger beside a daemon at work."""
    REBUILD = "rebuild"
    """`lienthong ledger rebuild`."""


class Point(NamedTuple):
    name: str
    story: Story
    after: str
    before: str
    turns: tuple[int, ...] = (1,)
    """The passings of the point at which the process is killed; each is a story of its own."""


R, L = Story.ROAD, Story.LARGE
POINTS = (
    Point("collect.read", R, "the document system was read", "anything is kept of it"),
    Point("accept.committed", R, "a document lies sealed in the outbox", "its document system knows", (1, 2)),
    Point("folder.explained", R, "the texts beside a sent package are written", "its line in the register"),
    Point("folder.registered", R, "the register has a package's line", "the package is moved to sent/"),
    Point("folder.moved", R, "one package is moved to sent/", "the others of its batch are, and the folder is synced"),
    Point("collect.acknowledged", R, "the document system knows", "the next look at it"),
    Point("publish.sent", R, "a message was handed to the socket", "the broker has answered", (1, 4)),
    Point("publish.answered", R, "the broker has confirmed", "the road knows", (1, 3)),
    Point("publish.confirmed", R, "all of a batch is confirmed", "the outbox says so", (1, 3)),
    Point("publish.marked", R, "the outbox says sent", "receipts are awaited"),
    Point("take-in.received", R, "messages were delivered by the broker", "any is kept", (1, 3)),
    Point("take-in.committed", R, "messages and receipts for them are kept", "the broker is told", (1, 2, 4)),
    Point("take-in.acknowledged", R, "the acknowledgement is on its way to the I/O thread", "it has left"),
    Point("ack.sent", R, "the acknowledgement was handed to the socket", "the broker has it"),
    Point("folder.staged", R, "a package lies in staged/", "the journal has it"),
    Point("folder.noted", R, "the journal has a package", "it lies in incoming/"),
    Point("folder.filed", R, "one package lies in incoming/", "the others of its batch do", (1, 2)),
    Point("folder.marked", R, "a .changes has its line", "the package that it tells of is filed"),
    Point("deliver.filed", R, "documents are filed", "the inbox says so and status 01 lies in the outbox", (1, 2)),
    Point("deliver.committed", R, "the inbox says filed, and 01 lies in the outbox", "01 is published"),
    Point("report.told", R, "the document system has a status", "the inbox and the dossier say so", (1, 3)),
    Point("report.committed", R, "the inbox and the dossier have a status", "the next batch"),
    Point("folder.bounced", R, "a .reason says that a recipient refused", "the others of its batch do"),
    Point("bounce.told", R, "the document system knows of a refusal", "the inbox says so"),
    Point("settle.committed", R, "a refusal is kept and its receipt lies in the outbox", "the receipt is published"),
    Point("watch.begun", R, "what waited for a time out of all reason is due again", "it is tried"),
    Point("expire.committed", R, "a document is given up, and what is to be told of it is kept", "it is told"),
    Point("remind.committed", R, "a missed deadline is kept as said", "the log says it"),
    Point("forget.box", R, "some of what is long done is dropped", "the rest is", (1, 2)),
    Point("forget.history", R, "some of the history is dropped", "the rest is"),
    Point("collect.large-read", L, "a large document was read", "anything is kept of it"),
    Point("seal.kept", L, "some segments of a large file lie sealed in the outbox's store", "the rest do", (2,)),
    Point("collect.large-acknowledged", L, "the document system knows", "the next look at it"),
    Point("upload.begun", L, "it is kept from where on segments are found", "one is put there"),
    Point("upload.put", L, "some segments are where recipients fetch them", "the outbox says so", (2,)),
    Point("upload.marked", L, "the outbox says how many are there, or that all are", "the rest are put", (2,)),
    Point("fetch.kept", L, "some segments are proven and kept", "the rest are fetched", (2,)),
    Point("fetch.settled", L, "all are here, proven whole, and a receipt lies in the outbox", "it is filed"),
    Point("sweep.removed", L, "where segments waited they are gone", "they are gone here"),
    Point("sweep.dropped", L, "some segments that nobody needs are dropped", "the rest are", (2,)),
    Point("edition.kept", Story.EDITION, "a new edition is on disk", "the daemon goes by it"),
    Point("event.committed", Story.EDITION, "an event is kept", "anything else happens"),
    Point("public.drafted", Story.EDITION, "a file is written under another name", "it replaces the one before"),
    Point("public.replaced", Story.EDITION, "a file is replaced", "its folder is synced"),
    Point("private.drafted", Story.KEYS, "a new key is written under another name", "it has its own", (1, 2)),
    Point("private.created", Story.KEYS, "a new key is there", "the pair is, and the request is made", (1, 2)),
    Point("migrate.upgraded", Story.STORE, "the tables are new", "that is committed"),
    Point("migrate.committed", Story.STORE, "the tables are new for good", "the store is opened"),
    Point("recover.saved", Story.RECOVER, "what a damaged store holds is in a file of its own", "it has its name"),
    Point("recover.ready", Story.RECOVER, "that file has its name", "the damaged file's log is gone"),
    Point("recover.bared", Story.RECOVER, "the damaged file's log is gone", "the sound file is in its place"),
    Point("recover.replaced", Story.RECOVER, "the sound file is in its place", "the command says what was lost"),
    Point("audit.confirmed", Story.AUDIT, "one message lies in the inbox again", "the next does", (1, 2)),
    Point("announce.confirmed", Story.ANNOUNCE, "the whole edition is on its stream", "the change is", (1, 2)),
    Point("credentials.kept", Story.APPLY, "new passwords are in the file", "the broker has their users"),
    Point("replay.confirmed", Story.REPLAY, "a dead letter lies in the inbox again", "it is taken from the dead"),
    Point("ledger.committed", Story.LEDGER, "a batch of the stream is in the record", "the next is read", (1, 2)),
    Point("ledger.stream-renewed", Story.LEDGER, "it is kept that the stream is another one", "that one is read"),
    Point("rebuild.begun", Story.REBUILD, "there are empty tables beside those in use", "anything is in them"),
    Point("rebuild.committed", Story.REBUILD, "some of the kept events, or all, are in them", "the next are"),
    Point("rebuild.reread", Story.REBUILD, "some of the stream is looked through again", "the rest is"),
    Point("replay.acknowledged", Story.REPLAY, "it is taken from the dead", "the next one is looked at"),
)
