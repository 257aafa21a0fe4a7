"""The ground of all measurements: one broker, one folder on the disk to be measured, one vhost for each measurement.
All of it is removed when the run ends, however it ends."""

import ctypes
import itertools
import os
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from deploy.local_broker import Kind, LocalBroker, local_broker
from deploy.undo import Undo

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Vhost:
    name: str
    url: str = field(repr=False)
    """The broker's URL, with the administrator's login."""


@dataclass(frozen=True, slots=True)
class Ground:
    broker: LocalBroker
    root: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count, repr=False)

    @property
    def credentials(self) -> Path:
        """The file of the mailboxes' passwords: users outlive a vhost, and keep theirs."""
        return self.root / "credentials.toml"

    def fresh_folder(self) -> Path:
        folder = self.root / f"{next(self._numbers):03}"
        folder.mkdir()
        return folder

    @contextmanager
    def vhost(self) -> Iterator[Vhost]:
        """Yields an empty vhost; it is removed afterwards with everything in it."""
        name = f"bench-{next(self._numbers)}"
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        with self.api() as api:
            api.put(f"/api/vhosts/{name}").raise_for_status()
            try:
                user = quote(self.broker.user, safe="")
                api.put(f"/api/permissions/{name}/{user}", json=everything).raise_for_status()
                yield Vhost(name, urlsplit(self.broker.amqp_url)._replace(path=f"/{name}").geturl())
            finally:
                api.delete(f"/api/vhosts/{name}").raise_for_status()

    def api(self) -> httpx.Client:
        auth = (self.broker.user, self.broker.password)
        return httpx.Client(base_url=self.broker.management_url, auth=auth, trust_env=False, timeout=60)

    def broker_memory(self) -> float:
        """Returns the megabytes that RabbitMQ has from the system now. (The management interface shows an older
        figure.)"""
        return int(self.broker.ctl("eval", "vm_memory_monitor:get_process_memory().").split()[-1]) / 2**20

    def broker_cpu(self) -> float:
        """Returns RabbitMQ's seconds of CPU since it started, including the kernel's for it (which Erlang's own count
        leaves out)."""
        answer = self.broker.ctl("eval", '{ok, Stat} = file:read_file("/proc/self/stat"), io:format("~s", [Stat]).')
        user, system = answer.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def ground(prefer: Kind | None, *, folder: Path | None = None) -> Iterator[Ground]:
    """Yields the ground. `folder` is for the stores: it must be on a disk, or "durable" means nothing."""
    _end_when_told()
    undo = Undo()
    try:
        root = Path(tempfile.mkdtemp(prefix="lienthong-bench-", dir=folder)).resolve()
        undo.add(f"rm -rf {shlex.quote(str(root))}")
        with local_broker(prefer) as broker:
            try:
                yield Ground(broker, root)
            finally:
                shutil.rmtree(root, ignore_errors=True)
    finally:
        undo.all()


def _end_when_told() -> None:
    """Makes SIGTERM unwind open blocks, like Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def bound_to_us() -> Callable[[], None]:
    """Returns a function for `Popen(preexec_fn=…)`: the child is ended when we die, even by SIGKILL. Linux."""
    libc = ctypes.CDLL(None)  # loaded before the fork
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM)) and None
