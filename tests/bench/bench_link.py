"""How many messages a second one link publishes and receives. Declares its own topology in a vhost of its own.

python -m tests.bench.bench_link --kind docker --messages 20000 --size 4096 [--json]
"""

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from bus.ports.records import Confirmation, Publication
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.link import Link
from bus.rabbit.link_settings import LinkSettings
from deploy.local_broker import local_broker
from schemas.codes import Kind, Priority
from schemas.values import MailboxCode, MessageId
from tests.integration.broker_world import World

SENDER, RECIPIENT = MailboxCode("H49"), MailboxCode("G22")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=("docker", "binary"))
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--batch", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with local_broker(arguments.kind) as broker:
        world = World(
            amqp_url=broker.amqp_url,
            management_url=broker.management_url,
            kind=broker.kind,
            version=broker.version,
        )
        with world.vhost("bench") as vhost, IoThread() as io:
            vhost.declare(SENDER, RECIPIENT)
            figures = _measure(vhost.url, io, arguments)
        report = {"broker": broker.version, "kind": broker.kind, "size": arguments.size, **figures}
    if arguments.json:
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        for name, value in report.items():
            sys.stdout.write(f"{name:<28}{value:>14,.0f}\n" if isinstance(value, float) else f"{name:<28}{value:>14}\n")


def _measure(url: str, io: IoThread, arguments: argparse.Namespace) -> dict[str, float]:
    count, size = arguments.messages, arguments.size
    messages = [_publication(number, size) for number in range(count)]
    sender = Link(LinkSettings(mailbox=SENDER, url=url), io=io)
    recipient = Link(LinkSettings(mailbox=RECIPIENT, url=url), io=io)
    assert sender.wait_ready(20)
    assert recipient.wait_ready(20)
    figures: dict[str, list[float]] = {}

    def measure(name: str, work: Callable[[], None]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        figures.setdefault(f"{name} /s", []).append(count / (time.perf_counter() - wall))
        figures.setdefault(f"{name} CPU µs each", []).append((time.process_time() - cpu) / count * 1e6)

    try:
        for _ in range(arguments.rounds):
            recipient.close()
            measure("publish alone", partial(_publish, sender, messages, arguments.batch))
            recipient = Link(LinkSettings(mailbox=RECIPIENT, url=url), io=io)
            measure("receive alone", partial(_receive, recipient, count))
            measure("both at once", partial(_both, sender, recipient, messages, arguments.batch))
    finally:
        sender.close()
        recipient.close()
    return {name: statistics.median(each) for name, each in figures.items()}


def _publication(number: int, size: int) -> Publication:
    return Publication(
        message=MessageId(f"0190b6f4-7c3e-7abc-8def-{number:012x}"),
        kind=Kind.DOCUMENT,
        routing=(f"document.{RECIPIENT}",),
        body=bytes(size),
        priority=Priority.NORMAL,
        created_at=datetime.now(UTC),
    )


def _publish(link: Link, messages: Sequence[Publication], batch: int) -> None:
    for start in range(0, len(messages), batch):
        answers = link.publish(messages[start : start + batch])
        assert set(answers) == {Confirmation.CONFIRMED}


def _receive(link: Link, count: int) -> None:
    while count > 0:
        arrivals = link.receive(limit=256, wait=10)
        assert arrivals, "nothing came within 10 s"
        link.ack(arrivals)
        count -= len(arrivals)


def _both(sender: Link, recipient: Link, messages: Sequence[Publication], batch: int) -> None:
    receiving = threading.Thread(target=_receive, args=(recipient, len(messages)))
    receiving.start()
    _publish(sender, messages, batch)
    receiving.join()


if __name__ == "__main__":
    main()
