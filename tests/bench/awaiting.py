"""The peers whose publishers wait for each confirm before the next message, as their documentation recommends for
messages that must not be lost: pika's BlockingConnection, and kombu (over amqp). Their consumers hold 500 messages, as
all do."""

import os
import time

import pika

from tests.bench.wire import ACK_EVERY, PERSISTENT, QUEUE, WINDOW, ready, report, say_ready


def blocking_publish(url: str, count: int, size: int) -> None:
    body = os.urandom(size)
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    began = ready()
    for _ in range(count):
        channel.basic_publish("", QUEUE, body, PERSISTENT)
    report(began=began, ended=time.time())
    connection.close()


def blocking_consume(url: str, count: int, size: int) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=WINDOW)
    say_ready()
    for seen, (method, _, body) in enumerate(channel.consume(QUEUE), start=1):
        assert method is not None
        assert len(body or b"") == size
        if seen % ACK_EVERY == 0 or seen == count:
            assert isinstance(method.delivery_tag, int)
            channel.basic_ack(method.delivery_tag, multiple=True)
        if seen == count:
            break
    ended = time.time()
    connection.close()
    report(ended=ended)


def kombu_publish(url: str, count: int, size: int) -> None:
    from kombu import Connection

    body = os.urandom(size)
    with Connection(url, transport_options={"confirm_publish": True}) as connection:
        producer = connection.Producer()
        began = ready()
        for _ in range(count):
            producer.publish(body, routing_key=QUEUE, delivery_mode="persistent", content_type=PERSISTENT.content_type)
        report(began=began, ended=time.time())


def kombu_consume(url: str, count: int, size: int) -> None:
    from kombu import Connection, Message, Queue

    seen = 0

    def take(body: bytes, message: Message) -> None:
        nonlocal seen
        assert len(body) == size
        seen += 1
        if seen % ACK_EVERY == 0 or seen == count:
            message.ack(multiple=True)

    with Connection(url) as connection:
        queue = Queue(QUEUE, no_declare=True)
        with connection.Consumer(queue, callbacks=[take], prefetch_count=WINDOW):
            say_ready()
            while seen < count:
                try:
                    connection.drain_events(timeout=60)
                except TimeoutError as exc:
                    raise TimeoutError("nothing came for a minute") from exc
            report(ended=time.time())
