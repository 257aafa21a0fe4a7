"""An alert from end to end: what is wrong at a broker is found by a ledger's process, and somebody's webhook hears of
it."""

import json
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

import pika
import pytest

from bus.topology.names import DEAD
from deploy.country import LIENTHONG, end
from tests.e2e.site import Site, eventually
from tests.integration.broker_world import World


class Hook(HTTPServer):
    """The first message is answered with 503, as by a place that is not ready."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.asked = 0
        super().__init__(("127.0.0.1", 0), _Hook)


class _Hook(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += 1
        if self.server.asked > 1:
            self.server.heard.append(body["alert"])
        self.send_response(204 if self.server.asked > 1 else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not to the terminal."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def vhost_of(site: Site) -> str:
    url: str = tomllib.loads(site.country.ledger_config.read_text())["broker"]["url"]
    return urlsplit(url).path


def put_aside(broker: World, vhost: str) -> None:
    """A message that nobody could take."""
    url = urlsplit(broker.amqp_url)._replace(path=vhost).geturl()
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        connection.channel().basic_publish("", DEAD, b"what nobody could read")


def test_a_dead_letter_is_told_to_whoever_wants_to_know(site: Site, broker: World, hook: Hook) -> None:
    """Found at the broker within seconds, sent again where the place was not ready, and shown by the command."""
    config = site.country.ledger_config
    channel = f'[[channel]]\nname = "hook"\n[channel.webhook]\nurl = "http://127.0.0.1:{hook.server_port}/"\n'
    text = config.read_text().partition("[alerts]")[0]
    config.write_text(f"{text}\n[alerts]\nevery = 5\n{channel}")
    with (site.country.root / "logs" / "ledger.log").open("ab") as log:
        process = subprocess.Popen([*LIENTHONG, "ledger", "run", str(config)], stdout=log, stderr=log)
        try:
            put_aside(broker, vhost_of(site))
            eventually(lambda: [each for each in hook.heard if each["cause"] == "queue.dead-letters"])
        finally:
            end([process])
    (told,) = [each for each in hook.heard if each["cause"] == "queue.dead-letters"]
    assert (told["what"], told["who"]) == ("raised", "operator")
    assert told["alerts"][0]["text"]["en"] == "dead: dead letters"
    said = site.command("alerts", "list", "-c", str(config), "--cause", "queue.dead-letters")
    assert said.exit_code == 3
    assert "dead: có bản tin chết" in said.output
