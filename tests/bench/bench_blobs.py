"""How many MB a second one mailbox puts and another gets, in segments of 1 MiB, by each place where they can wait.

python -m tests.bench.bench_blobs --kind docker --segments 512 [--json]
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bus.blobs.s3 import S3Blobs, S3Settings
from bus.ports.blobs import SEGMENTS_AT_ONCE, Blobs
from bus.ports.records import Segment
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link_settings import LinkSettings
from bus.rabbit.streams.blobs import StreamBlobs
from bus.topology.names import blob_key, blobs_of, exchange_of
from deploy.local_broker import local_broker
from schemas.docket import SEGMENT
from schemas.values import MailboxCode
from tests.integration.broker_world import World
from tests.integration.object_store import SECRET, USER, object_store

SENDER, RECIPIENT = MailboxCode("H49"), MailboxCode("G22")
DATA = bytes(range(256)) * (SEGMENT // 256) + bytes(16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=("docker", "binary"))
    parser.add_argument("--segments", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    report: dict[str, float | str] = {"segments": arguments.segments}
    with streams(arguments.kind) as (sender, recipient, broker):
        report["broker"] = broker
        report |= measure(sender, recipient, arguments.segments, arguments.rounds)
    with buckets() as (sender, recipient):
        report |= measure(sender, recipient, min(arguments.segments, 128), arguments.rounds)
    report["peak of this process, MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if arguments.json:
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    else:
        for name, value in report.items():
            shown = f"{value:,.0f}" if isinstance(value, float) else str(value)
            sys.stdout.write(f"{name:<28}{shown:>28}\n")


def measure(sender: Blobs, recipient: Blobs, count: int, rounds: int) -> dict[str, float]:
    """Returns the medians, in MB a second, by kind."""
    figures: dict[str, list[float]] = {}
    for number in range(1, rounds + 1):
        blob = f"{number:032x}"
        mark = sender.begin()
        began = time.perf_counter()
        for start in range(1, count + 1, SEGMENTS_AT_ONCE):
            numbers = range(start, min(start + SEGMENTS_AT_ONCE, count + 1))
            sender.put([Segment(blob=blob, number=n, data=DATA) for n in numbers])
        put = time.perf_counter() - began
        began, found = time.perf_counter(), 0
        while found < count:
            some = recipient.get(SENDER, blob, first=found + 1, mark=mark)
            assert [each.number for each in some] == list(range(found + 1, found + 1 + len(some)))
            assert all(each.data == DATA for each in some)
            found, mark = found + len(some), some[-1].mark or mark
        for name, seconds in (("put", put), ("get", time.perf_counter() - began)):
            figures.setdefault(f"{sender.kind} {name} MB/s", []).append(count * len(DATA) / seconds / 1e6)
        sender.remove([blob])
    return {name: statistics.median(each) for name, each in figures.items()}


@contextmanager
def streams(kind: str | None) -> Iterator[tuple[Blobs, Blobs, str]]:
    with ExitStack() as stack:
        broker = stack.enter_context(local_broker(kind))  # type: ignore[arg-type] # argparse has seen to it
        world = World(
            amqp_url=broker.amqp_url, management_url=broker.management_url, kind=broker.kind, version=broker.version
        )
        vhost, io = stack.enter_context(world.vhost("bench")), stack.enter_context(IoThread())
        with vhost.channel() as channel:
            channel.exchange_declare(exchange_of(SENDER), "topic", durable=True)
            channel.queue_declare(blobs_of(SENDER), durable=True, arguments={"x-queue-type": "stream"})
            channel.queue_bind(blobs_of(SENDER), exchange_of(SENDER), blob_key(SENDER))
        both = [StreamBlobs(LinkSettings(mailbox=each, url=vhost.url), io=io) for each in (SENDER, RECIPIENT)]
        for each in both:
            stack.callback(each.close)
        yield both[0], both[1], f"RabbitMQ {broker.version} ({broker.kind})"


@contextmanager
def buckets() -> Iterator[tuple[Blobs, Blobs]]:
    with ExitStack() as stack:
        store = stack.enter_context(object_store(Path(stack.enter_context(TemporaryDirectory())) / "swift"))
        store.make_bucket("bench")
        both = [
            S3Blobs(
                S3Settings(
                    mailbox=mailbox,
                    bucket="bench",
                    endpoint=store.endpoint,
                    plain=True,
                    access_key_id=USER,
                    secret_access_key=SECRET,
                )
            )
            for mailbox in (SENDER, RECIPIENT)
        ]
        for each in both:
            stack.callback(each.close)
        yield both[0], both[1]


if __name__ == "__main__":
    main()
