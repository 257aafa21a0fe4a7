"""The ground of the broker contract on a real RabbitMQ: links that all go through one forwarder."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from bus.rabbit.backoff import Backoff
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.link import Link
from bus.rabbit.link_settings import LinkLimits, LinkSettings
from schemas.values import MailboxCode
from tests.contract.broker import HOME, wait_for
from tests.integration.broker_world import Vhost
from tests.integration.forwarder import Forwarder

QUICK = Backoff(0.2, 0.5)


class RealGround:
    """A vhost of its own, and a forwarder that every link goes through."""

    def __init__(self, vhost: Vhost, io: IoThread, forwarder: Forwarder) -> None:
        self.user = vhost.user
        self.vhost = vhost
        self.forwarder = forwarder
        self._io = io
        self._links: list[Link] = []
        self.settings = LinkSettings(
            mailbox=HOME,
            url=vhost.through(forwarder.host, forwarder.port),
            limits=LinkLimits(retry=QUICK, refused_retry=QUICK),
        )

    def link(
        self,
        mailbox: MailboxCode,
        *,
        url: str | Sequence[str] | None = None,
        prefetch: int = 256,
        heartbeat: int = 15,
        ready: bool = True,
        dice: float | None = None,
        **limits: object,
    ) -> Link:
        """`dice`: what is drawn, always; by chance where None. `limits`: of LinkLimits."""
        settings = replace(
            self.settings,
            mailbox=mailbox,
            url=url or self.settings.url,
            prefetch=prefetch,
            heartbeat=heartbeat,
            limits=replace(self.settings.limits, **limits),  # type: ignore[arg-type]
        )
        link = Link(settings, io=self._io, dice=random.random if dice is None else lambda: dice)
        self._links.append(link)
        if ready:
            assert link.wait_ready(15), link.status()
        return link

    def another_way(self) -> Forwarder:
        """To the same broker; whoever asked for it closes it."""
        parts = urlsplit(self.vhost.url)
        return Forwarder(parts.hostname or "localhost", parts.port or 5672)

    def settle(self) -> None:
        time.sleep(0.3)  # the I/O thread takes the acks over in its own time
        wait_for(lambda: self.forwarder.quiet(0.2))

    def cut(self) -> None:
        self.forwarder.cut()
        wait_for(lambda: not any(link.status().publishing or link.status().consuming for link in self._links))

    def mend(self) -> None:
        self.forwarder.mend()
        assert all(link.wait_ready(15) for link in self._links)

    def depth(self, queue: str) -> int:
        return self.vhost.depth(queue)

    def close(self) -> None:
        for link in self._links:
            link.close()
