"""The log of a process, as JSON lines."""

import json
import subprocess
import sys


def test_the_log_is_a_json_object_a_line() -> None:
    """With event, level and time in UTC; Vietnamese as it is written, tracebacks inside the line."""
    code = (
        "from bus.cli.adapter import log_as_json; log_as_json(); import structlog; log = structlog.get_logger();"
        "log.info('message.sent', recipient='Sở Nội vụ'); log.debug('not this')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError as error: log.error('loop.failing', exc_info=error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["event"], first["level"], first["recipient"]) == ("message.sent", "info", "Sở Nội vụ")
    assert first["timestamp"].endswith("Z")
    assert "Sở Nội vụ" in done.stdout
    assert "ZeroDivisionError" in second["exception"]


def test_a_line_of_the_log_steers_no_terminal() -> None:
    """Who reads the log with `journalctl` sees escapes; a program gets the text as it was."""
    text = "1\n\x1b[2J\x9b31m\u202e\u2028"
    code = (
        "from bus.cli.adapter import log_as_json; log_as_json(); import structlog;"
        f"structlog.get_logger().info('a', x={text!a})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert json.loads(done.stdout)["x"] == text
    assert [letter for letter in done.stdout if not letter.isprintable()] == ["\n"]


FULL = """
import sys, threading, time
err, sys.stdout = sys.stderr, open("/dev/full", "w")
from bus.wiring.logs import log_as_json
stream = log_as_json()
"""


def lines_of(code: str) -> list[str]:
    """What a process whose log is full says on standard error."""
    done = subprocess.run([sys.executable, "-c", FULL + code], capture_output=True, encoding="utf-8", check=True)
    return done.stderr.splitlines()


def test_a_log_that_cannot_be_written_ends_no_loop() -> None:
    """Neither one that fails nor one that recovers: both go on, and the lines are counted."""
    code = """
from bus.daemon.loops import Loop
from bus.errors import BrokerAway
turns, more = [], threading.Event()
def step():
    turns.append(1)
    if len(turns) < 4:
        raise BrokerAway(why=f"trial {len(turns)}")
    more.set()
    return False
loop = Loop("publish", step, idle=0.01, mailbox="H49", pauses=(0.01, 0.01))
loop.start()
assert more.wait(30)
until = time.monotonic() + 30
while stream.state.lost < 4 and time.monotonic() < until:
    time.sleep(0.01)
print(loop.is_alive, loop.health.failing_since, loop.health.error, stream.state.lost, stream.state.why, file=err)
"""
    assert lines_of(code) == ["True None None 4 No space left on device"]


def test_a_log_that_cannot_be_written_holds_up_no_publish() -> None:
    """Whoever published has the answer after `publish_timeout`, and the thread of the connections goes on."""
    code = """
import structlog
from bus.rabbit.io_thread import IoThread
from bus.rabbit.link.publisher import Publisher
from bus.rabbit.link_settings import LinkLimits, LinkSettings
from tests.contract.broker import publication
from tests.unit.bus.rabbit.offline import OfflineSession
io = IoThread()
settings = LinkSettings(mailbox="G22", url="amqp://G22:p@nowhere", limits=LinkLimits(publish_timeout=0.2))
publisher = Publisher(io, exchange="agency.G22", settings=settings, log=structlog.get_logger())
session = OfflineSession(publisher)
session.mark_ready()
said = []
worker = threading.Thread(target=lambda: said.extend(publisher.publish([publication(1)])), daemon=True)
worker.start()
worker.join(30)
until = time.monotonic() + 30
while not stream.state.lost and time.monotonic() < until:  # it is said once whoever waits has the answer
    time.sleep(0.01)
print(worker.is_alive(), io.is_alive, *said, stream.state.lost, file=err)
"""
    assert lines_of(code) == ["False True lost 1"]


def test_a_fact_that_cannot_be_shown_costs_that_fact_only() -> None:
    """The text of a stranger's error may raise another: the line is written without it."""
    code = (
        "from bus.wiring.logs import log_as_json; log_as_json(); import structlog\n"
        "class Bad:\n    def __str__(self): raise RuntimeError\n"
        "structlog.get_logger().info('a', x=Bad(), y=1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    facts = json.loads(done.stdout)
    assert (facts["event"], facts["x"], facts["y"]) == ("a", "(Bad)", 1)
