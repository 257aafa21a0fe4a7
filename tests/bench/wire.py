"""What every peer's processes share: the queue, the window, and the few words they say to who started them."""

import json
import sys
import time

import pika

WINDOW = 500
"""Confirms in flight where a peer can have them, and messages that a consumer may hold."""
ACK_EVERY = 50
QUEUE = "peer"
PERSISTENT = pika.BasicProperties(delivery_mode=pika.DeliveryMode.Persistent, content_type="application/octet-stream")


def say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def ready() -> float:
    """Says so, waits for the word to go, and returns the time of it."""
    say_ready()
    sys.stdin.readline()
    return time.time()


def report(**times: float) -> None:
    sys.stdout.write(json.dumps(times) + "\n")
