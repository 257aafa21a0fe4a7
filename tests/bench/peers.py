"""The peers: other clients with the same bytes on the same broker. They publish to a durable quorum queue in one
process, and consume in another. None of them seals, signs, stores or receipts; the road does all of it.

pika is used as its documentation recommends for speed (SelectConnection, confirms in a window, acks of many).
FastStream is used as its documentation shows (each publish awaited), and with many publishes in flight.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import takewhile
from typing import TypeAlias

import click
import pika
import pika.exceptions
from pika.channel import Channel
from pika.spec import Basic

from tests.bench import awaiting
from tests.bench.ground import Ground, bound_to_us
from tests.bench.wire import ACK_EVERY, PERSISTENT, QUEUE, WINDOW, ready, report, say_ready

Role: TypeAlias = Callable[[str, int, int], None]
"""(URL, messages, bytes of each)."""


def measure(ground: Ground, peer: str, *, count: int, size: int) -> float:
    """Returns messages a second, from the first published to the last consumed and the last confirmed."""
    with ground.vhost() as vhost, ExitStack() as stack:
        _declare(vhost.url)

        def start(role: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "tests.bench.peers", peer, role, vhost.url, str(count), str(size)]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=bound_to_us()
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", f"{peer} {role} did not start"
            return process

        consumer, publisher = start("consume"), start("publish")
        published, _ = publisher.communicate("go\n", timeout=600)
        consumed, _ = consumer.communicate("go\n", timeout=600)
        sent, taken = json.loads(published), json.loads(consumed)
        return count / float(max(sent["ended"], taken["ended"]) - sent["began"])


def _declare(url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    connection.close()


# -- pika --------------------------------------------------------------------------------------------------------------


def pika_publish(url: str, count: int, size: int) -> None:
    body = os.urandom(size)
    sent = 0
    unanswered: dict[int, None] = {}
    times: dict[str, float] = {}

    def pump(channel: Channel) -> None:
        nonlocal sent
        while sent < count and len(unanswered) < WINDOW:
            channel.basic_publish("", QUEUE, body, PERSISTENT)
            sent += 1
            unanswered[sent] = None

    def on_open(channel: Channel) -> None:
        def on_answer(frame: "pika.frame.Method[Basic.Ack | Basic.Nack]") -> None:
            method = frame.method
            assert isinstance(method, Basic.Ack), "the broker refused a message"
            tag = method.delivery_tag
            assert isinstance(tag, int)
            for each in list(takewhile(tag.__ge__, unanswered)) if method.multiple else [tag]:
                unanswered.pop(each, None)
            if sent == count and not unanswered:
                times["ended"] = time.time()
                channel.connection.close()
            else:
                pump(channel)

        def confirms_on(_: object) -> None:
            times["began"] = ready()
            pump(channel)

        channel.confirm_delivery(on_answer, callback=confirms_on)

    _until_closed(url, on_open)
    report(**times)


def pika_consume(url: str, count: int, size: int) -> None:
    seen = 0
    times: dict[str, float] = {}

    def on_message(channel: Channel, method: Basic.Deliver, _: pika.BasicProperties, body: bytes) -> None:
        nonlocal seen
        assert len(body) == size
        seen += 1
        if seen % ACK_EVERY == 0 or seen == count:
            assert isinstance(method.delivery_tag, int)
            channel.basic_ack(method.delivery_tag, multiple=True)
        if seen == count:
            times["ended"] = time.time()
            channel.connection.close()

    def on_open(channel: Channel) -> None:
        def consuming(_: object) -> None:
            say_ready()

        def limited(_: object) -> None:
            channel.basic_consume(QUEUE, on_message, callback=consuming)

        channel.basic_qos(prefetch_count=WINDOW, callback=limited)

    _until_closed(url, on_open)
    report(**times)


def _until_closed(url: str, on_open: Callable[[Channel], None]) -> None:
    """Runs until we close the connection; any other end raises and ends the process."""

    def opened(connection: pika.SelectConnection) -> None:
        connection.channel(on_open_callback=on_open)

    def closed(connection: pika.SelectConnection, reason: BaseException | str) -> None:
        if not isinstance(reason, pika.exceptions.ConnectionClosedByClient):
            sys.exit(f"pika: {reason!r}")
        connection.ioloop.stop()

    connection = pika.SelectConnection(
        pika.URLParameters(url), on_open_callback=opened, on_open_error_callback=closed, on_close_callback=closed
    )
    connection.ioloop.start()


# -- FastStream --------------------------------------------------------------------------------------------------------


def faststream_publish(url: str, count: int, size: int, *, window: int) -> None:
    from faststream.rabbit import RabbitBroker

    async def run() -> None:
        body = os.urandom(size)
        async with RabbitBroker(url, logger=None) as broker:
            await broker.start()
            began = ready()
            left = iter(range(count))

            async def publish() -> None:
                for _ in left:
                    await broker.publish(body, queue=QUEUE, persist=True)

            await asyncio.gather(*(publish() for _ in range(window)))
            report(began=began, ended=time.time())

    asyncio.run(run())


def faststream_consume(url: str, count: int, size: int) -> None:
    from faststream.rabbit import Channel as Settings
    from faststream.rabbit import QueueType, RabbitBroker, RabbitQueue

    async def run() -> None:
        # FastStream logs a line for each message by default; it is faster without.
        broker = RabbitBroker(url, logger=None, default_channel=Settings(prefetch_count=WINDOW))
        done = asyncio.Event()
        seen = 0

        @broker.subscriber(RabbitQueue(QUEUE, queue_type=QueueType.QUORUM, durable=True))
        async def take(body: bytes) -> None:
            nonlocal seen
            assert len(body) == size
            seen += 1
            if seen == count:
                done.set()

        async with broker:
            await broker.start()
            say_ready()
            await done.wait()
            ended = time.time()
        report(ended=ended)

    asyncio.run(run())


PEERS: Mapping[str, Mapping[str, Role]] = {
    "pika": {"publish": pika_publish, "consume": pika_consume},
    "pika-awaited": {"publish": awaiting.blocking_publish, "consume": awaiting.blocking_consume},
    "kombu": {"publish": awaiting.kombu_publish, "consume": awaiting.kombu_consume},
    "faststream": {
        "publish": lambda url, count, size: faststream_publish(url, count, size, window=WINDOW),
        "consume": faststream_consume,
    },
    "faststream-awaited": {
        "publish": lambda url, count, size: faststream_publish(url, count, size, window=1),
        "consume": faststream_consume,
    },
}


@click.command()
@click.argument("peer", type=click.Choice(list(PEERS)))
@click.argument("role", type=click.Choice(["publish", "consume"]))
@click.argument("url")
@click.argument("count", type=int)
@click.argument("size", type=int)
def main(peer: str, role: str, url: str, count: int, size: int) -> None:
    """One process of a peer; `measure` starts two."""
    PEERS[peer][role](url, count, size)


if __name__ == "__main__":
    main()
