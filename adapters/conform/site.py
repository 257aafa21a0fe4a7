"""The clerk's side of a document system, as the suite needs it: what a vendor writes to have an adapter tried.

A `Site` belongs to a **test** system: the suite submits, files, breaks and takes away what it likes.
"""

import resource
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bus.ports import Adapter, Filing, Report
from schemas.document import Document
from schemas.status import Status

MIB = 1024 * 1024


class Site(ABC):
    """One document system with nothing in it, and what its clerk does and sees. A new one is made for every row of
    every case, in a process of its own; processes that it forks use it, too, and are killed."""

    wrong_options: Sequence[Mapping[str, object]] = ()
    """Options that cannot be meant; at least one."""
    shows_bounces = True
    """False where the document system has no place to show that a recipient refused what had been sent."""
    shows_filings = True
    """False where `holds` is left as it is: the document system cannot be asked what it keeps."""
    submits_slowly = False
    """True where `submit_slowly` works: another clerk can overtake one who takes long to send."""
    sticks = False
    """True where `stick` works: something can be made to wait that does not go on by itself."""
    spoils_reports = False
    """True where `spoil_report` works: a status can be made to fail."""
    server: tuple[str, int] | None = None
    """Host and port of the server that the adapter speaks with over TCP; None where it speaks with none."""

    def __init__(self, options: Mapping[str, object], folder: Path) -> None:
        """`options` are those of [adapter.options] in the TOML; `folder` is empty, and this site's alone. What an
        earlier site left in the document system is cleared here."""
        self.options = options
        self.folder = folder

    @abstractmethod
    def make(self, options: Mapping[str, object] | None = None) -> Adapter:
        """A fresh adapter on this system, as after a restart. Without options: with the right ones."""

    @abstractmethod
    def submit(self, item: Document | Status) -> None:
        """The clerk sends something. Later than everything submitted before."""

    @abstractmethod
    def submit_nonsense(self) -> None:
        """The clerk sends what cannot be read as a document or a status."""

    def submit_slowly(self, item: Document | Status) -> AbstractContextManager[None]:
        """The clerk begins to send now, and has sent at the end of the block: a transaction that commits late, a file
        that is copied slowly. What is submitted within the block is sent before."""
        raise NotImplementedError

    @abstractmethod
    def refusals(self) -> Sequence[str]:
        """What the clerk reads about each submission that was refused."""

    @abstractmethod
    def filed(self) -> Sequence[Document]:
        """Every document that was ever filed, as often as it was."""

    @abstractmethod
    def reported(self) -> Sequence[Status]:
        """Every status that was ever reported, as often as it was, read from what the clerk sees. Where what is seen
        there is no code (`1`), return it so: `status.model_copy(update={"code": "1"})`; to raise would hide it."""

    @abstractmethod
    def take_away(self) -> None:
        """The clerk deals with all that was filed: it is where filings are put no longer. `filed` and `reported` still
        have it, as what was ever filed; `changes` of it need not work any more: it is not asked for until the next
        filing."""

    @abstractmethod
    def clear(self) -> None:
        """Wipes what was filed and reported, and the changes shown there, for the suite's own sake: not even `filed`
        and `reported` have it any more. What was submitted stays, and so may the adapter's own notes of messages."""

    @abstractmethod
    def changes(self, ref: str) -> Sequence[str]:
        """What the clerk reads about changes to the filed document of that `Filed.ref`, one text a change. Each text
        must contain the id of the message that brought the change (`Filing.message`, `Report.message`): by it the
        suite knows which one it is. Empty for a ref that is unknown here."""

    @abstractmethod
    def spoil(self, filing: Filing) -> None:
        """Makes this filing, and no other, fail or be refused."""

    def spoil_report(self, report: Report) -> None:
        """Makes this status, and no other, fail or be refused."""
        raise NotImplementedError

    def stick(self) -> str:
        """Makes something wait to be sent that does not go on by itself (it cannot be read, is of no kind that is
        sent). Returns what people call it, which is `Trouble.ref`."""
        raise NotImplementedError

    @abstractmethod
    def away(self) -> AbstractContextManager[None]:
        """The document system does not answer meanwhile."""

    @contextmanager
    def full(self) -> Iterator[None]:
        """Its disk takes no file of more than a MiB meanwhile. By a limit of this process, which is enough where it is
        this process that writes."""
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def bounces(self) -> Sequence[str]:
        """What the clerk reads about recipients that refused what had been sent."""
        return ()

    def through(self, address: tuple[str, int]) -> None:
        """From now on `make` gives adapters that connect to this address in place of `server`; only where there is
        one."""
        raise NotImplementedError

    def close(self) -> None:  # noqa: B027 — most sites hold nothing open
        """Lets go of what it holds; called at the end of the row."""
