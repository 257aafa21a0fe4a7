"""Two daemons of one mailbox on one PostgreSQL, as two machines would run them, and a sender that never rests."""

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.country import LIENTHONG
from deploy.probes import free_ports
from schemas.values import MailboxCode
from tests.e2e.site import Daemon, Site, eventually, http_section
from tests.integration.forwarder import Forwarder
from tests.postgres.server import Server


@dataclass
class Post:
    """One of the two daemons, and its line to PostgreSQL."""

    daemon: Daemon
    line: Forwarder

    def standing(self) -> dict[str, Any]:
        """What /healthz says of its only mailbox; empty while it says nothing."""
        code, body = self.daemon.page("/healthz")
        return {"code": code, **json.loads(body)["mailboxes"][0]} if code else {}

    @property
    def is_active(self) -> bool:
        return self.standing().get("standing") == "active"

    @property
    def works(self) -> bool:
        """With everything that it needs."""
        said = self.standing()
        return said.get("standing") == "active" and bool(said["ok"])

    @property
    def stands_by(self) -> bool:
        said = self.standing()
        return said.get("standing") == "standby" and said["ok"] and bool(said["waits_for"])

    def times(self, fact: str) -> list[float]:
        """When it said so."""
        said = [each for each in self.daemon.facts() if each["event"] == fact]
        return [datetime.fromisoformat(each["timestamp"]).timestamp() for each in said]

    def kill(self) -> None:
        self.daemon.process.kill()
        self.daemon.process.wait()

    def stop(self) -> None:
        self.daemon.process.send_signal(signal.SIGTERM)


@dataclass
class Pair:
    """The mailbox `code` of a site, whose store lies in a database of its own."""

    site: Site
    code: MailboxCode
    server: Server
    database: str
    posts: list[Post] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _started: int = 0

    def start(self) -> Post:
        """Another daemon of the mailbox: same keys, same folders, same database."""
        self._started += 1
        name = f"{self.code}-{self._started}"
        line = self._stack.enter_context(Forwarder("127.0.0.1", self.server.port))
        (port,) = free_ports(1)
        config = self.site.country.config(self.code)
        text = re.sub(
            r"(?m)^store = .*$",
            f'store = "{self.server.url(self.database, port=line.port)}"',
            config.read_text(encoding="utf-8").partition("[http]")[0],
        )
        own = config.parent / "posts" / f"{name}.toml"
        own.parent.mkdir(exist_ok=True)
        own.touch(mode=0o600)
        own.write_text(text + http_section(own.parent, port), encoding="utf-8")
        log = self.site.country.root / "logs" / f"{name}.log"
        process = self._stack.enter_context(running(own, log))
        post = Post(Daemon(process, log, port), line)
        eventually(lambda: post.works or post.stands_by)
        self.posts.append(post)
        return post

    def both(self) -> tuple[Post, Post]:
        """The one at work and the one that stands by; started where they are not there."""
        self.posts = [post for post in self.posts if post.daemon.process.poll() is None]
        while len(self.posts) < 2:
            self.start()
        eventually(lambda: any(post.works for post in self.posts) and any(post.stands_by for post in self.posts))
        first, second = self.posts
        return (first, second) if first.works else (second, first)

    def config(self) -> Path:
        """Of the daemon started last: for an operator's commands."""
        return self.site.country.config(self.code).parent / "posts" / f"{self.code}-{self._started}.toml"

    def close(self) -> None:
        self._stack.close()


@contextmanager
def running(config: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as said:
        process = subprocess.Popen(
            [*LIENTHONG, "adapter", "run", str(config)],
            stdout=said,
            stderr=said,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(timeout=8)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def pair(site: Site, code: MailboxCode, server: Server) -> Iterator[Pair]:
    database = f"pair_{re.sub('[^a-z0-9]', '_', code.lower())}"
    server.ask(f"CREATE DATABASE {database}")
    made = Pair(site, code, server, database)
    try:
        yield made
    finally:
        made.close()
        server.ask(f"DROP DATABASE {database} WITH (FORCE)")


@contextmanager
def busy(send: Any, *, every: float = 0.05) -> Iterator[None]:
    """Calls `send` again and again while the block runs."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(every):
            send()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def filed_after(site: Site, code: MailboxCode, at: float, *, within: float = 60.0) -> float:
    """When the first package after `at` was filed."""

    def first() -> float | None:
        folder = site.folder(code, "incoming")
        times = [each.stat().st_mtime for each in folder.glob("*.edxml")]
        return min((time for time in times if time > at), default=None)

    return eventually(first, within=within, every=0.02)  # type: ignore[return-value]


def now() -> float:
    return time.time()
