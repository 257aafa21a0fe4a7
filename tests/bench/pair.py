"""A sender's and a recipient's daemon, each a process with its own store, over document systems that only keep a
durable log. They are started, watched and ended here; bench_road.py measures with them."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from bus.handling.transport import State
from bus.ports.records import Box, Row
from bus.store.open import open_store
from bus.store.store import SqlStore
from deploy import country as countries
from deploy.country import LIENTHONG, Country
from deploy.offices import Office
from schemas.values import MailboxCode
from tests.bench.crowd import enlarged
from tests.bench.ground import Ground, bound_to_us

SENDER, RECIPIENT = "G22", "H49"
START = 60.0
"""Seconds in which a daemon must be at work; a busy machine needs some."""
SETTLE = 2.0
"""Seconds for its links to be up, and for the memory of the start to be given back."""
PROJECT = Path(__file__).parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")


class Broken(RuntimeError):
    """A daemon has ended, or one of its loops fails; the text is its last output."""


class Pair:
    def __init__(
        self,
        ground: Ground,
        vhost: str,
        *,
        count: int,
        rate: float = 0,
        office: Office | None = None,
        mailboxes: int = 2,
        units: int = 0,
    ) -> None:
        """With an `office`: certificates, TLS and a signed directory; the broker must know its authority. With more
        than two `mailboxes` the others are only in the directory and on the broker."""
        self.root, self.count = ground.fresh_folder(), count
        both, day = [SENDER, RECIPIENT], date(2016, 7, 1)
        self.land: Country = countries.found(self.root, mailboxes=both, as_of=day, plain=office is None, office=office)
        if (mailboxes, units) != (2, 0):
            self.land = enlarged(self.land, mailboxes=mailboxes, units=units)
        ours = self.root / "credentials.toml"
        if ground.credentials.exists():
            shutil.copy2(ground.credentials, ours)
        countries.connect(self.land, ground.broker, vhost=vhost)
        if office is None:
            shutil.copy2(ours, ground.credentials)
        url = ground.broker.amqp_url if office is None else ground.broker.amqps_url
        self._port = f":{url.rpartition(':')[2].partition('/')[0]}/"
        self.gate = self.root / "go"
        self.urgent = self.root / "urgent"
        self.use(SENDER, sender=SENDER, recipient=RECIPIENT, count=count, rate=rate, gate=self.gate, urgent=self.urgent)
        self.use(RECIPIENT)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.most: dict[str, float] = {}
        """The peak resident megabytes of each daemon, seen while waiting."""

    def use(self, code: str, *, every: float = 0.005, **options: object) -> None:
        """Uses the document system of benchmarks with these options, polled every `every` seconds."""
        self._adapter(code, "tests.bench.dms:BenchAdapter", every=every, log=self.root / f"{code}.log", **options)

    def use_folder(self, code: str, root: Path) -> None:
        """Uses folders instead, with the defaults, but polled five times a second."""
        self._adapter(code, "adapters.folder:FolderAdapter", every=0.2, root=root)

    def _adapter(self, code: str, use: str, *, every: float, **options: object) -> None:
        file = self.land.config(code)
        head = file.read_text(encoding="utf-8").partition("[adapter]")[0]
        lines = [f'{name} = "{value}"' for name, value in options.items()]
        adapter = ["[adapter]", f'use = "{use}"', f"every = {every}", "[adapter.options]", *lines]
        file.write_text(head + "\n".join(adapter) + "\n", encoding="utf-8")

    # -- the daemons

    def start(self, *codes: str, settle: float = SETTLE) -> None:
        """Starts the daemons, a process each. Returns when they are at work and have settled."""
        before = {code: self._starts(code) for code in codes}
        for code in codes:
            self._launch(code, [code])
        self._until(lambda: all(self._starts(code) > before[code] for code in codes), every=0.02, patience=START)
        time.sleep(settle)

    def host(self, name: str, codes: Sequence[str], *, settle: float = SETTLE) -> None:
        """Starts one process, with a name, that hosts all of them; otherwise as `start`."""
        before = self._starts(name)
        self._launch(name, codes)
        self._until(lambda: self._starts(name) >= before + len(codes), every=0.02, patience=3 * START)
        time.sleep(settle)

    def _launch(self, name: str, codes: Sequence[str]) -> None:
        with self._said(name).open("ab") as out:
            self.running[name] = subprocess.Popen(
                [*LIENTHONG, "adapter", "run", *(str(self.land.config(code)) for code in codes)],
                stdout=out,
                stderr=out,
                cwd=PROJECT,
                start_new_session=True,
                preexec_fn=bound_to_us(),
            )

    def stop(self, *codes: str) -> None:
        countries.end([self.running.pop(code) for code in codes or tuple(self.running)])

    @contextmanager
    def without_broker(self, code: str) -> Iterator[None]:
        """During the block, a daemon that is started finds nobody at the broker's port."""
        file = self.land.config(code)
        good = file.read_text(encoding="utf-8")
        file.write_text(good.replace(self._port, ":9/"), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(good, encoding="utf-8")

    def open_gate(self) -> None:
        """Lets the sender's document system offer its documents."""
        self.gate.touch()

    def close_gate(self) -> None:
        """Closes the gate: a restarted document system would offer everything again."""
        self.gate.unlink()

    def _starts(self, code: str) -> int:
        said = self._said(code)
        return said.read_text(encoding="utf-8").count('"mailbox.started"') if said.exists() else 0

    def _said(self, code: str) -> Path:
        return self.root / f"{code}.out"

    # -- watching

    def wait(self, code: str, box: Box, count: int, *states: State, every: float = 0.1, patience: float = 900) -> float:
        """Waits until `count` messages of a box are in these states. Returns the time at which it saw that."""
        with self._store(code) as store:

            def there() -> bool:
                with store.read() as tx:
                    counts = tx.of(box).counts()
                return sum(number for state, number in counts.items() if state in states) >= count

            return self._until(there, every=every, patience=patience)

    def _until(self, fact: Callable[[], bool], *, every: float = 0.1, patience: float) -> float:
        deadline = time.monotonic() + patience
        while not fact():
            for code, process in self.running.items():
                said = self._said(code).read_text(encoding="utf-8")
                if process.poll() is not None or '"level": "error"' in said:  # an error spoils every figure
                    raise Broken(f"{code} (exit code {process.returncode}) said:\n{said[-3000:]}")
                self.most[code] = max(self.most.get(code, 0), self.memory(code))
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing came of it within {patience:.0f} s")
            time.sleep(every)
        return time.time()

    def wait_for(self, code: str, what: str, *refs: str, patience: float = 900) -> dict[str, float]:
        """Returns `times` once these references are in the log; without references, once there is any."""
        log = self.root / f"{code}.log"

        def there() -> bool:
            said = log.read_text(encoding="utf-8") if log.exists() else ""
            return all(f"{what} {ref} " in said for ref in refs) if refs else f"{what} " in said

        self._until(there, every=0.02, patience=patience)
        return self.times(code, what)

    def rows(self, code: str, box: Box) -> Sequence[Row[State]]:
        """Returns all rows of a box."""
        with self._store(code) as store, store.read() as tx:
            return tx.of(box).rows(limit=self.count + 1)

    @contextmanager
    def _store(self, code: str) -> Iterator[SqlStore]:
        store = open_store(f"sqlite:///{self.root / 'stores' / code}.db", owner=MailboxCode(code), exclusive=False)
        try:
            yield store
        finally:
            store.close()

    def times(self, code: str, what: str) -> dict[str, float]:
        """Returns reference -> seconds since the epoch, from the document system's log. No reference may be there
        twice."""
        log = (self.root / f"{code}.log").read_text(encoding="utf-8")
        rows = [line.split() for line in log.splitlines() if line.startswith(f"{what} ")]
        found = {ref: int(at) / 1e9 for _, ref, at in rows}
        assert len(found) == len(rows), f"{len(rows)} times {what}, of {len(found)} documents"
        return found

    def memory(self, code: str) -> float:
        """Returns the daemon's resident megabytes."""
        status = Path(f"/proc/{self.running[code].pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024 if "VmRSS:" in status else 0.0

    def cpu(self, code: str) -> float:
        """Returns the daemon's seconds of CPU since it started."""
        stat = Path(f"/proc/{self.running[code].pid}/stat").read_text(encoding="utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / _TICKS


@contextmanager
def pair(
    ground: Ground,
    *,
    count: int,
    rate: float = 0,
    office: Office | None = None,
    mailboxes: int = 2,
    units: int = 0,
) -> Iterator[Pair]:
    """Yields a pair; its vhost, its folder and its processes are removed afterwards."""
    with ground.vhost() as vhost:
        both = Pair(ground, vhost.name, count=count, rate=rate, office=office, mailboxes=mailboxes, units=units)
        try:
            yield both
        finally:
            both.stop()
            shutil.rmtree(both.root, ignore_errors=True)
