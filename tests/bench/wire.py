"""The protocol that all peers' processes share: the queue, the window, and the few words to the process that started
them."""

import json
import sys
import time

import pika

WINDOW = 500
"""Confirms in flight, if a peer can have several, and messages that a consumer may hold."""
ACK_EVERY = 50
QUEUE = "peer"
PERSISTENT = pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent, content_type="application/octet-stream")


def say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def ready() -> float:
    """Reports that it is ready, waits for the start, and returns its time."""
    say_ready()
    sys.stdin.readline()
    return time.time()


def report(**times: float) -> None:
    sys.stdout.write(json.dumps(times) + "\n")
