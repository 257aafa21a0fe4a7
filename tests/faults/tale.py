"""One story's documents: those it sends, and how they lie in the document systems at its end: lost, twice, or right.

Files in folders are counted, as people see them. The bus's own records are asked one thing only: whether anything is
still on its way.
"""

import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from deploy.people import Desk, Expected
from schemas.codes import StatusCode
from schemas.document import Document
from schemas.edxml import read
from schemas.status import Status
from schemas.values import MailboxCode
from tests.e2e.site import Daemon, Site, eventually

FULL = os.environ.get("LIENTHONG_FAULTS") == "full"
"""Whether the stories run in their full form; otherwise in the shortest form that still proves something."""
FULL_ONLY = pytest.mark.skipif(not FULL, reason="a story of the longer half: LIENTHONG_FAULTS=full tells it")
PATIENT = pytest.mark.timeout(2400 if FULL else 300)
"""The time limit of a whole story, against a hang; each fact that it waits for has a limit of its own."""
HANDLING = (StatusCode.ACCEPTED, StatusCode.DONE)
PATIENCE = 90.0


@dataclass
class Tale:
    site: Site
    expected: Counter[Expected] = field(default_factory=Counter)
    seen: Counter[Expected] = field(default_factory=Counter)
    desks: dict[MailboxCode, Desk] = field(init=False)
    _noted: dict[MailboxCode, int] = field(init=False)
    _unhandled: dict[tuple[str, MailboxCode], Document] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Ignores what lies there already: it belongs to other stories."""
        self.desks = {code: Desk(code, self.site.country.dms(code)) for code in self.site.country.mailboxes}
        for desk in self.desks.values():
            list(desk.look())
        self._noted = {code: len(self._journal(code)) for code in self.desks}

    # -- people

    def send(self, sender: MailboxCode, *recipients: MailboxCode, count: int = 1) -> list[Document]:
        """Drops documents now; each must be filed once at each recipient, and handled there."""
        sent = [self.site.new(sender, *recipients) for _ in range(count)]
        for document in sent:
            for recipient in recipients:
                self.expect(document, recipient)
            self.desks[sender].drop(document)
        return sent

    def expect(self, document: Document, recipient: MailboxCode) -> None:
        sender, what = document.sender.code, str(int(document.business.type))
        self.expected[Expected(document.id, what, sender, recipient)] += 1
        for code in (StatusCode.ARRIVED, *HANDLING):
            self.expected[Expected(document.id, code, recipient, sender)] += 1

    def forgo(self, document: Document, recipient: MailboxCode) -> None:
        """Expects nothing more of a document at this recipient: it is refused there, and its sender is told."""
        self.expected = Counter(
            {each: count for each, count in self.expected.items() if not _is(each, document, recipient)}
        )

    def look(self) -> bool:
        """Returns whether everything has arrived. Each document is handled (03, then 06) only after its sender knows of
        the 01: a clerk quicker than the bus may overtake its 01, and the order would prove nothing."""
        for desk in self.desks.values():
            for found in desk.look():
                match found.item:
                    case Document() as document:
                        what = str(int(document.business.type))
                        self.seen[Expected(document.id, what, document.sender.code, desk.code)] += 1
                        self._unhandled[document.id, desk.code] = document
                    case Status() as status:
                        about = status.concerns.document_id
                        self.seen[Expected(about, status.code, status.sender.code, desk.code)] += 1
        for (about, recipient), document in list(self._unhandled.items()):
            if self.seen[Expected(about, StatusCode.ARRIVED, recipient, document.sender.code)]:
                del self._unhandled[about, recipient]
                for code in HANDLING:
                    self.site.say(code, document, recipient, document.sender.code)
        return not self.lost

    @property
    def lost(self) -> list[Expected]:
        return list((self.expected - self.seen).elements())

    @property
    def twice(self) -> list[Expected]:
        ours = {each.document for each in self.expected}
        return [each for each in (self.seen - self.expected).elements() if each.document in ours]

    def filed(self, recipient: MailboxCode) -> int:
        """Returns the number of this story's documents filed there so far."""
        self.look()
        return sum(each.recipient == recipient and len(each.what) == 1 for each in self.seen)

    # -- the end

    def ends_well(self, *daemons: Daemon, within: float = PATIENCE, in_order: bool = False) -> None:
        """Asserts the end: lost 0, twice 0, nothing on its way any more. `in_order`: each sender was told 01, 03,
        06."""
        try:
            eventually(self.look, within=within, every=0.1)
        except AssertionError:
            raise AssertionError(f"lost {len(self.lost)} of {self.expected.total()}: {self.lost[:5]}") from None
        eventually(lambda: all(map(at_rest, daemons)), within=within, every=0.1)
        self.look()
        assert (self.lost, self.twice) == ([], [])
        if in_order:
            wrong = {about: told for about, told in self._told().items() if told != ["01", *map(str, HANDLING)]}
            assert not wrong, f"{len(wrong)} told otherwise: {dict(islice(wrong.items(), 5))}"

    def _told(self) -> dict[tuple[str, MailboxCode], list[str]]:
        """Returns the status codes in the order in which each sender's document system got them, by document and
        recipient."""
        ours = {each.document for each in self.expected}
        told: dict[tuple[str, MailboxCode], list[str]] = defaultdict(list)
        for code in self.desks:
            for ref in self._journal(code)[self._noted[code] :]:
                item = read((self.site.country.dms(code) / ref).read_bytes()).item
                if isinstance(item, Status) and item.concerns.document_id in ours:
                    told[item.concerns.document_id, item.sender.code].append(str(item.code))
        return told

    def _journal(self, code: MailboxCode) -> list[str]:
        """Returns the files of one agency in the order of filing."""
        lines: list[str] = []
        for name in ("filed.log.1", "filed.log"):
            path = self.site.folder(code, ".lienthong", name)
            lines += path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        filed = (item for line in lines if line for item in json.loads(line).items())
        # Contents and times are not asked for; a content that came again was filed under the ref of the first message.
        return list(dict.fromkeys(ref for message, ref in filed if not message.startswith(("=", "@"))))


def _is(expected: Expected, document: Document, recipient: MailboxCode) -> bool:
    return expected.document == document.id and recipient in (expected.sender, expected.recipient)


# -- what an operator sees ---------------------------------------------------------------------------------------------


def health(daemon: Daemon, code: MailboxCode | None = None) -> dict[str, Any]:
    """Returns the answer of /healthz for one mailbox, the first if none is named; empty if nobody answers."""
    _, body = daemon.page("/healthz")
    mailboxes = json.loads(body)["mailboxes"] if body else []
    return next((each for each in mailboxes if code in (None, each["mailbox"])), {})


def at_rest(daemon: Daemon) -> bool:
    """Returns whether nothing of its mailboxes is on its way: all is receipted, all is filed."""
    _, body = daemon.page("/healthz")
    mailboxes = json.loads(body)["mailboxes"] if body else [{}]
    return all(
        {"outbox", "inbox"} <= each.keys()
        and not each["outbox"].keys() & {"waiting", "sent"} | each["inbox"].keys() & {"waiting"}
        for each in mailboxes
    )


def failing(daemon: Daemon, code: MailboxCode, loop: str) -> str:
    """Returns the error over which a loop fails, in both languages; empty if it does not."""
    said = health(daemon, code).get("loops", {}).get(loop, {})
    return f"{said['error_vi']} / {said['error']}" if said.get("error") else ""


def events(site: Site, code: MailboxCode, name: str) -> list[str]:
    """Returns the details of the events of that name, newest first."""
    return [each["detail"] for each in site.json("events", "--name", name, "--limit", "1000", code=code)]


def logged(daemon: Daemon, event: str) -> list[dict[str, Any]]:
    return [fact for fact in daemon.facts() if fact["event"] == event]


def accepted(site: Site, code: MailboxCode) -> bool:
    """Returns whether the bus has accepted everything that this agency dropped."""
    return not list(site.folder(code, "outgoing").glob("*.edxml"))


def hurry(site: Site, code: MailboxCode, state: str = "waiting") -> None:
    """Retries all entries in that state, as an impatient operator does, until there are none."""

    def none_stands_so() -> bool:
        names = [
            row["docket"]["id"]
            for row in site.json("outbox", "list", "--all", "--state", state, "--limit", "500", code=code)
        ]
        if names:
            site.command("outbox", "retry", *names, code=code)
        return not names

    eventually(none_stands_so, within=60, every=0.5)


@contextmanager
def configured(site: Site, code: MailboxCode, **lines: object) -> Iterator[Path]:
    """Changes the daemon's TOML during the block: `section__name=value`."""
    config = site.country.config(code)
    before = config.read_text(encoding="utf-8")
    text = before
    for name, value in lines.items():
        section, _, key = name.partition("__")
        section = section.replace("_options", ".options")
        kept = (
            [line for line in text.splitlines() if not line.startswith(f"{key} = ")]
            if key in text
            else text.splitlines()
        )
        at = kept.index(f"[{section}]") + 1
        text = "\n".join([*kept[:at], f"{key} = {json.dumps(value)}", *kept[at:]]) + "\n"
    config.write_text(text, encoding="utf-8")
    try:
        yield config
    finally:
        config.write_text(before, encoding="utf-8")


def a_while(seconds: float) -> None:
    """Sleeps, in the full form only: the length of a fault is no condition of the story's end."""
    if FULL:
        time.sleep(seconds)
