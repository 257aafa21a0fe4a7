"""Every error of the bus, as one tree. Each says who must act, what happened, and what to do, in two languages.

BusError
├── Refused                      trying again will not help; somebody must change something
│   ├── BadPackage               sender      the package cannot be read, or breaks a rule of the format
│   ├── NotServed                sender      From is no agency of this mailbox
│   ├── WrongDirection           sender      this status goes the other way round
│   ├── UnknownAgency            sender      no such identifier code
│   ├── AgencyClosed             sender      the code is closed; its successor is named
│   ├── NoMailbox                sender      the agency exists, nobody serves it on the bus
│   ├── StateSecret              sender      marked as a state secret: no place on this bus
│   ├── TooLarge                 sender      over the limit, with both figures
│   ├── TooManyRecipients        sender      more than one message can address
│   ├── TooManyNamed             sender      a change that names more documents than one may
│   ├── TooMuchUnderWay          sender      a recipient has not taken in what was sent before: it is full
│   ├── BadMessage               sender      bytes on the bus that are no message of version 1
│   ├── BadSignature             sender      not signed by the agency that it names
│   ├── NotItsUser               sender      published under another name than the one it is signed with
│   ├── BadCertificate           sender      expired, revoked, of a foreign authority, for another purpose
│   ├── ClockAhead               sender      made in the future, by more than clocks may differ
│   ├── TooOld                   sender      made longer ago than duplicates are remembered
│   ├── Expired                  sender      it came when its sender had ceased to want it delivered
│   ├── NotInTime                sender      its time ran out before a recipient confirmed it
│   ├── HeldAfterAll             sender      told as not in time, and yet it had arrived
│   ├── Withdrawn                sender      an operator took it back before it left
│   ├── NotForUs                 sender      its docket does not name this mailbox
│   ├── NotUnderstood            sender      of a business type or version that the recipient does not take
│   ├── KeyWithdrawn             sender      sealed to a key that is no longer in use: it is sealed again by itself
│   ├── BlobMissing              sender      segments of an attachment are gone: they are sent again by itself
│   ├── TooMuchHeld              recipient   it has not filed what came before: sent again by itself after a while
│   ├── BadBlob                  sender      segments of an attachment that are not what its message says
│   ├── CannotOpen               recipient   sealed to a key that this mailbox does not hold, or altered
│   ├── NoFingerprint            authority   a first certificate, and nobody has compared the fingerprint
│   ├── WrongFingerprint         authority   what was read out is not the request's
│   ├── UnprovenRenewal          authority   not signed by a key whose certificate counts
│   ├── NoKey                    authority   the directory has no key for a mailbox
│   ├── RefusedByDms             recipient   the document system says no, for good
│   ├── Orphan                   recipient   a status about a document nobody here knows
│   ├── ReceiptMissing           operator    sent again and again, and no receipt came
│   ├── NotFolded                operator    the ledger failed at a genuine message by a defect of its own
│   ├── BadConfig                operator    a file of the daemon is wrong
│   ├── BadDirectory             authority   the directory contradicts itself
│   ├── BadCalendar              authority   an edition of the calendar that is forged, broken or old
│   ├── BadEdition               authority   an edition of the directory that is forged, broken, old or expired
│   ├── AlreadyRunning           operator    another daemon holds this store
│   ├── NoSuchMessage            operator    no message or document of that name in this store
│   ├── AmbiguousId              operator    what was typed may stand for several messages or documents
│   ├── NotPossible              operator    the message's state does not allow what was asked
│   ├── NotSignedIn              operator    the API does not know who asks
│   ├── NotAllowed               operator    the role of whoever asks does not include it
│   ├── BadQuery                 operator    the API was asked in a form that it does not read
│   ├── NoSuchResource           operator    the API has nothing of that name for whoever asks
│   ├── LogBroken                operator    the log of who asked the ledger was altered
│   ├── StoreDamaged             operator    the store's file is no longer sound
│   ├── StoreLost                operator    recovery finds too little in it: a backup must take its place
│   ├── StoreIncomplete          operator    a recovery could not bring all of it back, and nobody has dealt with that
│   ├── NoStore                  operator    a command for a store that is not there
│   ├── NotInAFile               operator    a command for a store in a file, which is on a server
│   ├── AlreadyThere             operator    a backup, a store or a key would be overwritten
│   ├── StrayLog                 operator    the log of another store lies where one is to be restored
│   ├── CannotWrite              operator    a backup or a store cannot be written there
│   └── CannotOpenBackup         operator    a backup that is sealed to another key, altered, or cut off
└── TryLater                     the same thing may work in a while
    ├── DirectoryExpired         authority   the edition held is past its date, and no newer one came
    ├── OwnClockWrong            operator    this machine's clock stands before the directory it holds
    ├── BrokerAway               operator    no connection, or the broker blocks
    ├── RoadGone                 operator    a part of the bus is gone at the broker: nothing would get everywhere
    ├── BrokerDenied             operator    the broker refuses our user, password, vhost or right
    ├── BrokerRevoked            operator    who answers shows a certificate that was revoked
    ├── BrokerRefused            operator    the broker nacked: an inbox is full
    ├── BlobsAway                operator    where segments wait cannot be reached, is full, or does not let us
    ├── DmsAway                  operator    the document system does not answer
    ├── NotKept                  recipient   the document system said yes, and cannot show it
    ├── NotTaken                 sender      something waits to be sent and is no package by its name or kind
    ├── NotReadable              sender      a package waits that the adapter may not read
    ├── SentNotMoved             sender      a package was sent and cannot be moved out of its folder
    ├── RefusedNotMoved          sender      a package was refused and cannot be moved out of its folder
    ├── InboxShared              operator    another process consumes the inbox with this mailbox's keys
    ├── BackupUnderWay           operator    another backup has the place beside the store
    ├── StoreFull                operator    the store cannot write
    ├── StoreAway                operator    the store's server does not answer, or lets nobody in
    └── StoreTaken               operator    another daemon of this mailbox has the store by now

To add an error: write its class into the file of its subject here; import it below and put it into `__all__`; draw it
in the tree above. tests/unit/bus/test_errors.py fails until all three are done, or while a sentence or a code is
missing; `python -m deploy.codes` writes it into the handbook's page of codes.
A fact that is words of ours has two languages: `why=said("đĩa đã đầy", "the disk is full")`. See words.py.
A code travels in receipts: once released, it never changes its meaning (schemas/README.md §8.3).
"""

from bus.errors.api import BadQuery, LogBroken, NoSuchResource, NotAllowed, NotSignedIn
from bus.errors.base import WHO_VI, BusError, Refused, TryLater, Who
from bus.errors.broker import BlobsAway, BrokerAway, BrokerDenied, BrokerRefused, BrokerRevoked, InboxShared, RoadGone
from bus.errors.directory import (
    BadCalendar,
    BadCertificate,
    BadDirectory,
    BadEdition,
    DirectoryExpired,
    NoFingerprint,
    NoKey,
    OwnClockWrong,
    UnprovenRenewal,
    WrongFingerprint,
)
from bus.errors.dms import (
    DmsAway,
    NotKept,
    NotReadable,
    NotTaken,
    Orphan,
    RefusedByDms,
    RefusedNotMoved,
    SentNotMoved,
)
from bus.errors.message import (
    BadBlob,
    BadMessage,
    BadSignature,
    BlobMissing,
    CannotOpen,
    ClockAhead,
    Expired,
    HeldAfterAll,
    KeyWithdrawn,
    NotFolded,
    NotForUs,
    NotInTime,
    NotItsUser,
    ReceiptMissing,
    TooMuchHeld,
    TooOld,
    UnknownKey,
    Withdrawn,
)
from bus.errors.operation import AmbiguousId, BadConfig, NoSuchMessage, NotPossible
from bus.errors.store import (
    AlreadyRunning,
    AlreadyThere,
    BackupUnderWay,
    CannotOpenBackup,
    CannotWrite,
    NoStore,
    NotInAFile,
    StoreAway,
    StoreDamaged,
    StoreFull,
    StoreIncomplete,
    StoreLost,
    StoreTaken,
    StrayLog,
)
from bus.errors.submission import (
    AgencyClosed,
    BadPackage,
    NoMailbox,
    NoSuccessor,
    NotServed,
    NotUnderstood,
    StateSecret,
    SuccessorNotJoined,
    TooLarge,
    TooManyNamed,
    TooManyRecipients,
    TooMuchUnderWay,
    UnknownAgency,
    WrongDirection,
)
from bus.errors.words import Words, listed, of_fields, of_system, quoted, said, side_by_side

__all__ = [
    "BY_CODE",
    "WHO_VI",
    "AgencyClosed",
    "AlreadyRunning",
    "AlreadyThere",
    "AmbiguousId",
    "BackupUnderWay",
    "BadBlob",
    "BadCalendar",
    "BadCertificate",
    "BadConfig",
    "BadDirectory",
    "BadEdition",
    "BadMessage",
    "BadPackage",
    "BadQuery",
    "BadSignature",
    "BlobMissing",
    "BlobsAway",
    "BrokerAway",
    "BrokerDenied",
    "BrokerRefused",
    "BrokerRevoked",
    "BusError",
    "CannotOpen",
    "CannotOpenBackup",
    "CannotWrite",
    "ClockAhead",
    "DirectoryExpired",
    "DmsAway",
    "Expired",
    "HeldAfterAll",
    "InboxShared",
    "KeyWithdrawn",
    "LogBroken",
    "NoFingerprint",
    "NoKey",
    "NoMailbox",
    "NoStore",
    "NoSuccessor",
    "NoSuchMessage",
    "NoSuchResource",
    "NotAllowed",
    "NotFolded",
    "NotForUs",
    "NotInAFile",
    "NotInTime",
    "NotItsUser",
    "NotKept",
    "NotPossible",
    "NotReadable",
    "NotServed",
    "NotSignedIn",
    "NotTaken",
    "NotUnderstood",
    "Orphan",
    "OwnClockWrong",
    "ReceiptMissing",
    "Refused",
    "RefusedByDms",
    "RefusedNotMoved",
    "RoadGone",
    "SentNotMoved",
    "StateSecret",
    "StoreAway",
    "StoreDamaged",
    "StoreFull",
    "StoreIncomplete",
    "StoreLost",
    "StoreTaken",
    "StrayLog",
    "SuccessorNotJoined",
    "TooLarge",
    "TooManyNamed",
    "TooManyRecipients",
    "TooMuchHeld",
    "TooMuchUnderWay",
    "TooOld",
    "TryLater",
    "UnknownAgency",
    "UnknownKey",
    "UnprovenRenewal",
    "Who",
    "Withdrawn",
    "Words",
    "WrongDirection",
    "WrongFingerprint",
    "listed",
    "of_fields",
    "of_system",
    "quoted",
    "said",
    "side_by_side",
]


def _leaves(of: type[BusError]) -> dict[str, type[BusError]]:
    return {leaf.code: leaf for branch in of.__subclasses__() for leaf in branch.__subclasses__()}


BY_CODE: dict[str, type[BusError]] = _leaves(BusError)
"""Error classes by the code that travels in receipts."""
