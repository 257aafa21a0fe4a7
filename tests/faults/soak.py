"""Random faults at steady load over a whole country, for minutes or for hours; then the judge.

    tests/faults/soak --minutes 30 --seed 7       the same seed gives the same faults at the same seconds
    tests/faults/soak --plan --seed 7             only says what would be done

Daemons are killed at random and at named crash points, the ledger now and then with them, the broker is killed and
stopped, the lines are cut and stalled, memory alarms are raised, document systems go away; people write and answer all
the while. In the end the ledger, which read the stream audit and nothing else, must say what the document systems got.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from deploy import country as countries
from deploy.country import Country
from deploy.local_broker import Kind, local_broker
from deploy.papers import Papers
from deploy.people import Expected, People, Seen
from deploy.undo import Undo
from deploy.witness import Account, Difference, account, difference, witness
from schemas.document import Document
from schemas.status import Status
from schemas.values import MailboxCode
from tests.faults.broker import Node
from tests.faults.doomed import Nursery, Process, nursery
from tests.faults.judge import Judgement, judge
from tests.faults.points import POINTS, Story
from tests.faults.record import Did, Fact, Record, RecordedDesk, ended
from tests.integration.forwarder import Forwarder

AS_OF = date(2016, 7, 1)
PROCESSES = 4
TURN = 0.25
"""Seconds between two rounds of the people."""
LARGEST, LARGE_EVERY = 64 * 1024 * 1024, 12
"""The largest file, in bytes, that each mailbox accepts apart; and one document in how many has such a file."""
CALM = 240.0
"""Seconds for everything to finish, once nothing is broken any more."""
CATCHES_UP = 60.0
"""Seconds for the ledger to have read it."""
WITH_IT = 3
"""The ledger is killed with a daemon process at one fault in so many."""


class Trouble(StrEnum):
    KILL = "kill a daemon process"
    END = "end a daemon process, as an operator does"
    POINT = "kill a daemon process at a crash point"
    BROKER_KILL = "kill the broker"
    BROKER_STOP = "stop the broker"
    CUT = "cut the lines"
    STALL = "stall the lines"
    ALARM = "raise the broker's memory alarm"
    DMS = "take a document system away"


WEIGHTS = {
    Trouble.KILL: 6,
    Trouble.END: 2,
    Trouble.POINT: 8,
    Trouble.BROKER_KILL: 1,
    Trouble.BROKER_STOP: 1,
    Trouble.CUT: 4,
    Trouble.STALL: 2,
    Trouble.ALARM: 2,
    Trouble.DMS: 4,
}


class Fault(NamedTuple):
    at: float
    """Seconds after the start of the run."""
    kind: Trouble
    lasts: float
    target: int
    """The number of the process or mailbox that the fault hits."""
    point: str = ""

    def __str__(self) -> str:
        where = f" {self.point}" if self.point else ""
        return f"{self.at:7.1f} s  {self.kind}{where} (#{self.target}, {self.lasts:.1f} s)"


def plan(seed: int, seconds: float) -> list[Fault]:
    dice = random.Random(seed)
    points = [point.name for point in POINTS if point.story in {Story.ROAD, Story.LARGE}]
    faults, at = list[Fault](), dice.uniform(3, 8)
    while at < seconds:
        kind = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        lasts = dice.uniform(1, 6)
        faults.append(
            Fault(
                round(at, 1),
                kind,
                round(lasts, 1),
                dice.randrange(1000),
                dice.choice(points) if kind is Trouble.POINT else "",
            )
        )
        at += lasts * (kind in _ALONE) + dice.uniform(2, 8)
    return faults


_ALONE = frozenset({Trouble.BROKER_KILL, Trouble.BROKER_STOP, Trouble.CUT, Trouble.STALL, Trouble.ALARM})
"""Faults that are over before the next one begins."""


class SoakDesk(RecordedDesk):
    """People whose document system may be away: they write when it is back."""

    def __init__(self, code: MailboxCode, folder: Path, record: Record) -> None:
        super().__init__(code, folder, record)
        self.later: list[Document | Status] = []

    def drop(self, item: Document | Status) -> float:
        if not self._is_there():
            self.later.append(item)
            return datetime.now(UTC).timestamp()
        return super().drop(item)

    def look(self) -> Iterator[Seen]:
        if self._is_there():
            later, self.later = self.later, []
            for item in later:
                self.drop(item)
        yield from super().look()

    def _is_there(self) -> bool:
        return all((self.folder / name).is_dir() for name in ("outgoing", "statuses"))


@dataclass
class Land:
    """The country under faults. One thread drives it; slow work at the broker runs beside it."""

    country: Country
    node: Node
    forwarder: Forwarder
    nursery: Nursery
    people: People
    record: Record
    processes: list[Process | None] = field(default_factory=lambda: [None] * PROCESSES)
    armed: list[str] = field(default_factory=lambda: [""] * PROCESSES)
    away: dict[MailboxCode, float] = field(default_factory=dict)
    under_way: threading.Thread | None = None
    mended_at: float | None = None
    done: Counter[Trouble] = field(default_factory=Counter)
    deaths: int = 0
    ledger: Process | None = None
    ledger_deaths: int = 0

    def keep_up(self, now: float) -> None:
        """Restarts processes that have died, ends faults that have lasted long enough, lets people read and answer."""
        for number, process in enumerate(self.processes):
            if process is None or process.wait(0) is not None:
                self.deaths += process is not None
                self.start(number)
        if self.ledger is None or self.ledger.wait(0) is not None:
            self.ledger_deaths += self.ledger is not None
            self.ledger = self.nursery.start(
                "ledger", "run", str(self.country.ledger_config), log=self.country.ledger_log
            )
        for code in [code for code, until in self.away.items() if now >= until]:
            self._hidden(code).rename(self.country.dms(code))
            del self.away[code]
        if self.mended_at is not None and now >= self.mended_at:
            self.forwarder.mend()
            self.mended_at = None
        self.people.look()

    def start(self, number: int) -> None:
        files = [str(self.country.config(code)) for code in self.country.mailboxes[number::PROCESSES]]
        log = self.country.root / "logs" / f"daemon-{number}.log"
        point, self.armed[number] = self.armed[number], ""
        self.processes[number] = self.nursery.start("adapter", "run", *files, log=log, point=point or None)

    def end(self) -> None:
        for process in (*self.processes, self.ledger):
            if process is not None:
                process.end()

    def hide(self, code: MailboxCode, until: float) -> None:
        if code not in self.away:
            self.country.dms(code).rename(self._hidden(code))
            self.away[code] = until

    @property
    def is_busy(self) -> bool:
        """Returns whether a fault is active that no other fault may run beside."""
        return self.mended_at is not None or (self.under_way is not None and self.under_way.is_alive())

    def beside(self, *steps: Callable[[], object]) -> None:
        def run() -> None:
            for step in steps:
                step()

        self.under_way = threading.Thread(target=run, name="broker", daemon=True)
        self.under_way.start()

    def heal(self) -> None:
        """Ends all faults for good."""
        if self.under_way is not None:
            self.under_way.join()
        self.mended_at = 0.0
        self.armed = [""] * PROCESSES
        self.away = dict.fromkeys(self.away, 0.0)
        self.end()  # a process with a crash point may never pass it

    def _hidden(self, code: MailboxCode) -> Path:
        return self.country.root / f"away-{code}"


def strike(land: Land, fault: Fault, now: float) -> None:
    land.done[fault.kind] += 1
    number = fault.target % PROCESSES
    process, node = land.processes[number], land.node
    wait = partial(time.sleep, fault.lasts)
    match fault.kind:
        case Trouble.KILL | Trouble.END | Trouble.POINT:
            land.armed[number] = fault.point
            if process is not None:
                process.signal(hard=fault.kind is not Trouble.END)
            if land.ledger is not None and fault.target % WITH_IT == 0:
                land.ledger.signal(hard=fault.kind is not Trouble.END)
        case Trouble.BROKER_KILL:
            land.beside(node.kill, wait, node.start)
        case Trouble.BROKER_STOP:
            land.beside(node.stop, wait, node.start)
        case Trouble.CUT | Trouble.STALL:
            (land.forwarder.cut if fault.kind is Trouble.CUT else land.forwarder.stall)()
            land.mended_at = now + fault.lasts
        case Trouble.ALARM:
            mark = partial(node.broker.ctl, "set_vm_memory_high_watermark", "absolute")
            land.beside(partial(mark, "1MB"), wait, partial(mark, "2GB"))
        case Trouble.DMS:
            land.hide(land.country.mailboxes[fault.target % len(land.country.mailboxes)], now + fault.lasts)


# -- a run -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    seed: int
    seconds: float
    mailboxes: int
    broker: str
    judged: Judgement
    told: Account
    differs: Difference
    """Between the ledger and what the document systems got."""
    faults: dict[str, int]
    deaths: int
    """Daemon processes that ended and were restarted."""
    ledger_deaths: int
    sent: int
    calm: float
    """Seconds from the last repair until everything was finished."""
    gap: float
    """The longest time, in seconds, in which nothing was filed anywhere."""

    def __str__(self) -> str:
        struck = ", ".join(f"{kind} {count}×" for kind, count in sorted(self.faults.items()))
        return "\n".join(
            [
                f"seed {self.seed}, {self.seconds:.0f} s, {self.mailboxes} mailboxes, {self.broker}",
                f"faults: {struck}; daemon processes started again: {self.deaths}",
                f"documents written: {self.sent}; {self.judged}",
                f"by the ledger, started again {self.ledger_deaths}×: {self.told.documents.total()} documents, "
                f"{self.told.statuses.total()} statuses: {'it differs' if self.differs else 'the same'}",
                f"the road stood still for at most {self.gap:.1f} s; "
                f"all had its end {self.calm:.1f} s after the last repair",
                *self.judged.faults,
                *(f"in the ledger only: {each}" for each in sorted(self.differs.ledger_only)),
                *(f"in the document systems only: {each}" for each in sorted(self.differs.systems_only)),
            ]
        )


def soak(root: Path, *, seed: int, seconds: float, mailboxes: int, rate: float, kind: Kind | None) -> Outcome:
    faults = plan(seed, seconds)
    with founded(root, mailboxes=mailboxes, seed=seed, kind=kind) as land:
        _begin(land)
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            while faults and faults[0].at <= now and not (land.is_busy and faults[0].kind in _ALONE):
                strike(land, faults.pop(0), now)
            land.people.documents = int(now * rate)
            land.people.write_some(land.people.documents)
            land.keep_up(now)
            time.sleep(TURN)
        land.heal()
        repaired = time.monotonic()
        judged = _calm(land, repaired)
        calm = time.monotonic() - repaired
        told, differs = _told(land)
        land.end()
        land.record.add(ended(datetime.now(UTC).timestamp()))
        filed = sorted(fact.at for fact in land.record.facts() if fact.did is Did.GOT)
        gap = max((later - earlier for earlier, later in pairwise(filed)), default=0.0)
        return Outcome(
            seed=seed,
            seconds=seconds,
            mailboxes=mailboxes,
            broker=f"RabbitMQ {land.node.broker.version} ({land.node.broker.kind})",
            judged=judged,
            told=told,
            differs=differs,
            faults={str(kind): count for kind, count in land.done.items()},
            deaths=land.deaths,
            ledger_deaths=land.ledger_deaths,
            sent=len(land.people.sent),
            calm=calm,
            gap=gap,
        )


def _begin(land: Land) -> None:
    deadline = time.monotonic() + 60
    while not all((land.country.dms(code) / "statuses").is_dir() for code in land.country.mailboxes):
        land.keep_up(0.0)
        assert time.monotonic() < deadline, "daemons do not start"
        time.sleep(TURN)
    for code in land.country.mailboxes:  # from here on a folder that was taken away is not made again
        config = land.country.config(code)
        config.write_text(config.read_text(encoding="utf-8") + "create = false\n", encoding="utf-8")


def _calm(land: Land, repaired: float) -> Judgement:
    """Returns the judgement once the judge finds no fault, and a moment later: duplicates would arrive then."""
    well_since: float | None = None
    while True:
        land.keep_up(time.monotonic())
        judged = judge(land.record.facts())
        now = time.monotonic()
        well_since = None if judged.faults else well_since or now
        if (well_since is not None and now - well_since > 3) or now - repaired > CALM:
            return judged
        time.sleep(1.0)


def _told(land: Land) -> tuple[Account, Difference]:
    """What the ledger says once it has caught up, and where that differs to the end."""
    deadline = time.monotonic() + CATCHES_UP
    with witness(land.country, still_running=lambda: None) as ledger:
        while True:
            land.keep_up(time.monotonic())
            told = account(ledger, now=datetime.now(UTC))
            differs = difference(told, got(land.record.facts()))
            if not differs or time.monotonic() > deadline:
                return told, differs
            time.sleep(1.0)


def got(facts: Sequence[Fact]) -> set[Expected]:
    """What lies in the document systems, as a record says."""
    return {Expected(fact.document, fact.what, fact.sender, fact.dms) for fact in facts if fact.did is Did.GOT}


@contextmanager
def founded(root: Path, *, mailboxes: int, seed: int, kind: Kind | None) -> Iterator[Land]:
    began = datetime.now(UTC) - timedelta(hours=1)
    country = countries.found(root, mailboxes=mailboxes, as_of=AS_OF, began=began, largest=LARGEST)
    with ExitStack() as stack:
        broker = stack.enter_context(local_broker(kind, tls=countries.tls_of(country), lasting=True))
        undo = Undo()
        stack.callback(undo.all)
        where = urlsplit(broker.amqps_url)
        forwarder = stack.enter_context(Forwarder(where.hostname or "", where.port or 0))
        through = replace(broker, amqps_url=f"amqps://{forwarder.host}:{forwarder.port}/%2F")
        countries.connect(country, through, every=0.25)
        record = Record(root / "record.jsonl")
        stack.callback(record.close)
        papers = Papers(country.directory(), AS_OF, seed=seed)
        people = People(country, papers, documents=0, seed=seed, large_every=LARGE_EVERY)
        people.desks = {code: SoakDesk(code, country.dms(code), record) for code in country.mailboxes}
        land = Land(country, Node(broker, undo), forwarder, stack.enter_context(nursery()), people, record)
        stack.callback(land.end)
        yield land


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the soak. Returns 1 if the judge found a fault, or the ledger says otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--mailboxes", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2.0, help="documents a second, each to one to five agencies")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--broker", choices=["docker", "binary"])
    parser.add_argument("--plan", action="store_true", help="only say what would be done")
    parser.add_argument("--keep", type=Path, help="folder for the country, its logs and the record; kept")
    chosen = parser.parse_args(arguments)
    seconds = chosen.minutes * 60
    if chosen.plan:
        sys.stdout.writelines(f"{fault}\n" for fault in plan(chosen.seed, seconds))
        return 0
    sys.stderr.write(f"seed {chosen.seed}\n")
    with tempfile.TemporaryDirectory(prefix="lienthong-soak-") as folder:
        outcome = soak(
            chosen.keep or Path(folder),
            seed=chosen.seed,
            seconds=seconds,
            mailboxes=chosen.mailboxes,
            rate=chosen.rate,
            kind=chosen.broker,
        )
    sys.stdout.write(f"{outcome}\n")
    return 1 if outcome.judged.faults or outcome.differs else 0


if __name__ == "__main__":
    sys.exit(main())
