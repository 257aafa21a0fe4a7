"""A country of two agencies on a broker that admits certificates only: their people's folders are recorded, and their
daemons can be killed at a crash point."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from deploy import country as countries
from deploy.country import Country
from deploy.local_broker import Kind, LocalBroker, local_broker
from deploy.offices import Office
from deploy.papers import Papers
from schemas.codes import Priority, StatusCode
from schemas.document import Attachment, Document
from schemas.status import Concerned, Status
from schemas.values import MailboxCode
from tests.e2e.site import eventually
from tests.faults.doomed import KILLED, Nursery, Process
from tests.faults.judge import Judgement, judge
from tests.faults.picky import UNWANTED
from tests.faults.record import Record, RecordedDesk

AS_OF = date(2016, 7, 1)
VHOST = "doomed"
AT_WORK = ("G22", "H49")
AWAY = "H53"
"""The agency without a daemon: messages to it expire."""
EXPIRY = '[expiry]\nimmediate_timed = "1s"\n'
LARGEST = 64 * 1024 * 1024
LARGE = 9 * 1024 * 1024
"""Size in bytes of a large file: more than one step sends."""
LONGEST = 150.0
"""The most seconds until a point is passed: some loops run once a minute."""
S = StatusCode


@dataclass
class DoomedLand:
    country: Country
    broker: LocalBroker
    nursery: Nursery
    papers: Papers
    record: Record
    desks: dict[MailboxCode, RecordedDesk] = field(init=False)

    def __post_init__(self) -> None:
        self.desks = {code: RecordedDesk(code, self.country.dms(code), self.record) for code in AT_WORK}

    # -- daemons

    def daemon(self, *, point: str | None = None, turn: int = 1) -> Process:
        """Starts one daemon process with both mailboxes."""
        return self.lienthong("adapter", "run", *map(self.country.config, AT_WORK), point=point, turn=turn)

    def lienthong(self, *arguments: object, point: str | None = None, turn: int = 1) -> Process:
        """Starts a command with the operator's environment."""
        return self.nursery.start(
            *map(str, arguments),
            log=self.log,
            point=point,
            turn=turn,
            environment={
                "LIENTHONG_MANAGEMENT_URL": countries.management_of(self.broker),
                "LIENTHONG_AMQP_URL": self.amqps_url,
            },
        )

    def done(self, *arguments: object) -> None:
        """Runs a command that must end with exit code 0."""
        assert self.lienthong(*arguments).wait(60) == 0, self.last_words()

    def killed(self, *arguments: object, point: str, turn: int = 1) -> None:
        process = self.lienthong(*arguments, point=point, turn=turn)
        assert process.wait(60) == KILLED, f"it never passed {point}:\n{self.last_words()}"

    @property
    def office(self) -> Office:
        assert self.country.office is not None
        return self.country.office

    @property
    def amqps_url(self) -> str:
        where = urlsplit(self.broker.amqps_url)
        return f"amqps://{where.hostname}:{where.port}/{VHOST}"

    def login(self, service: str) -> tuple[str, ...]:
        """Returns the login options of the operator's and the authority's commands."""
        certificate, key = self.office.file(service)
        return ("--cafile", str(self.office.root_file), "--certfile", str(certificate), "--keyfile", str(key))

    @contextmanager
    def doomed(self, point: str, turn: int) -> Iterator[None]:
        """Runs a daemon during the block; it is killed at the point, whatever the block does."""
        daemon = self.daemon(point=point, turn=turn)
        try:
            yield
            code = daemon.wait(LONGEST)
        finally:
            daemon.end()
        assert code == KILLED, f"{self.last_words()}\nit never passed {point}"

    @contextmanager
    def at_work(self) -> Iterator[Process]:
        daemon = self.daemon()
        try:
            yield daemon
        finally:
            code = daemon.end()
            assert code == 0, f"{self.last_words()}\nit ended with {code}"

    @property
    def log(self) -> Path:
        return self.country.root / "logs" / "doomed.log"

    def last_words(self) -> str:
        return self.log.read_text(encoding="utf-8")[-3000:]

    # -- people

    def drop(self, item: Document | Status) -> None:
        self.desks[item.sender.code].drop(item)

    def say(self, code: StatusCode, about: Document, sender: MailboxCode, to: MailboxCode) -> None:
        concerns = Concerned(agency=to, document_id=about.id, code=str(about.number), issued_on=about.issued_on)
        party, now = self.papers.party(sender), datetime.now(UTC)
        self.drop(Status(code=code, sender=party, concerns=concerns, at=now, description=code.label.vi))

    def judged(self) -> Judgement:
        for desk in self.desks.values():
            list(desk.look())
        return judge(self.record.facts())

    def settled(self) -> Judgement:
        """Returns the judgement once everything is finished, and one more document each way, too: a restarted process
        has then done all its old work. The judgement names what is not finished."""
        one, other = AT_WORK
        for item in (self.papers.new(one, [other]), self.papers.new(other, [one])):
            self.drop(item)
        try:
            eventually(lambda: not self.judged().faults, within=120, every=0.1)
        except AssertionError:
            raise AssertionError("\n".join([self.last_words(), *self.judged().faults])) from None
        return self.judged()

    def large_work(self) -> None:
        """Sends a large document each way."""
        one, other = AT_WORK
        for sender, recipient in ((one, other), (other, one)):
            small = self.papers.new(sender, [recipient])
            file = Attachment.of("Bản vẽ.zip", os.urandom(LARGE), content_id="cid:large")
            self.drop(small.model_copy(update={"attachments": (*small.attachments, file)}))

    def some_work(self, about: Document | None) -> Document:
        """Sends both ways: documents, one that is refused, one that expires, two statuses, and a take-back of an
        earlier document."""
        one, other = AT_WORK
        in_vain = self.papers.new(one, [AWAY]).model_copy(update={"priority": Priority.IMMEDIATE_TIMED})
        sent = self.papers.new(one, [other])
        unwanted = self.papers.new(one, [other])
        for item in (
            sent,
            unwanted.model_copy(update={"subject": f"{unwanted.subject} ({UNWANTED})"}),
            self.papers.new(other, [one]),
            in_vain,
        ):
            self.drop(item)
        if about is not None:
            self.say(S.ACCEPTED, about, other, one)
            self.say(S.IN_PROGRESS, about, other, one)
            self.say(S.TAKE_BACK, about, one, other)
        return sent


@contextmanager
def founded(root: Path, nursery: Nursery) -> Iterator[DoomedLand]:
    forced = os.environ.get("LIENTHONG_TEST_BROKER")
    prefer: Kind | None = next((kind for kind in get_args(Kind) if kind == forced), None)
    began = datetime.now(UTC) - timedelta(days=5)
    country = countries.found(root, mailboxes=[*AT_WORK, AWAY], as_of=AS_OF, began=began, largest=LARGEST)
    with local_broker(prefer, tls=countries.tls_of(country), plain=False) as broker:
        countries.connect(country, broker, vhost=VHOST, every=0.1)
        for code in country.mailboxes:
            file = country.config(code)
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace("adapters.folder:FolderAdapter", "tests.faults.picky:PickyAdapter") + EXPIRY)
        record = Record(root / "record.jsonl")
        yield DoomedLand(country, broker, nursery, Papers(country.directory(), AS_OF, seed=4), record)
        record.close()
