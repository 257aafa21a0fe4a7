"""Mail and webhook, spoken to real servers of this process."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bus.errors import BadConfig, Who
from bus.ledger.alerts.causes import CAUSES
from bus.ledger.alerts.channels import Mail, Webhook
from bus.ledger.alerts.keep import open_alerts
from bus.ledger.alerts.message import Message, message
from tests.unit.bus.ledger.alerts.alerts_world import Tables, overdue


class MailServer(socketserver.ThreadingTCPServer):
    """As much of SMTP as one client needs. Addresses at `nowhere.vn` are refused."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.taken: list[tuple[tuple[str, ...], bytes]] = []
        super().__init__(("127.0.0.1", 0), _Smtp)


class _Smtp(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        to: list[str] = []
        for line in self.rfile:
            word = line.strip().upper()
            if word.startswith(b"RCPT"):
                nobody = b"NOWHERE.VN" in word
                to += [] if nobody else [line.decode().partition("<")[2].partition(">")[0]]
                self.wfile.write(b"550 nobody\r\n" if nobody else b"250 yes\r\n")
            elif word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (each := self.rfile.readline()) != b".\r\n":
                    lines.append(each)
                self.server.taken.append((tuple(to), b"".join(lines)))
                self.wfile.write(b"250 taken\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 yes\r\n")


class HookServer(HTTPServer):
    def __init__(self, status: int = 204) -> None:
        self.status = status
        self.taken: list[tuple[str, Any, Any]] = []
        super().__init__(("127.0.0.1", 0), _Hook)


class _Hook(BaseHTTPRequestHandler):
    server: HookServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, self.headers, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Location", "http://192.0.2.1/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not to the terminal."""


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def said(tmp_path: Path) -> Message:
    tables = Tables(tmp_path)
    tables.look(overdue())
    with tables.reading() as connection:
        return message("raised", open_alerts(connection))


def mail(port: int, *to: str, **others: Any) -> Mail:
    how = {"security": "none", "sender": "socai@lienthong.vn", **others}
    return Mail(name="mail", host="127.0.0.1", port=port, to=to, **how)


def test_mail_comes_as_it_was_written(said: Message) -> None:
    """To each of its readers, in one sending; Vietnamese letters stay what they are."""
    with serving(MailServer()) as server:
        assert mail(server.server_address[1], "an@h29.vn", "binh@h29.vn").send(said) is None
        ((to, data),) = server.taken
    read = message_from_bytes(data, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert sorted(to) == ["an@h29.vn", "binh@h29.vn"]
    assert read["Subject"] == said.title
    assert read["From"] == "socai@lienthong.vn"
    body = read.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip().splitlines() == said.text.splitlines()


def test_an_address_that_is_refused_does_not_trouble_the_others(said: Message) -> None:
    """Tried again, the mail would come to them again, for three days."""
    with serving(MailServer()) as server:
        assert mail(server.server_address[1], "an@h29.vn", "gone@nowhere.vn").send(said) is None
        assert [to for to, _ in server.taken] == [("an@h29.vn",)]


def test_mail_that_nobody_may_get_is_not_taken(said: Message) -> None:
    """With what the server says."""
    with serving(MailServer()) as server:
        why = mail(server.server_address[1], "gone@nowhere.vn").send(said)
    assert why is not None
    assert "nobody" in why


def test_a_webhook_gets_one_json_object(said: Message) -> None:
    """Words for people, and `alert` for programs; with the headers of the configuration."""
    with serving(HookServer()) as server:
        url = f"http://127.0.0.1:{server.server_port}/hooks/lien-thong?key=a%20b"
        hook = Webhook(name="hook", url=url, headers={"Authorization": "Bearer secret"})
        assert hook.send(said) is None
        ((path, headers, body),) = server.taken
    assert path == "/hooks/lien-thong?key=a%20b"
    assert headers["Authorization"] == "Bearer secret"
    assert (body["title"], body["message"]) == (said.title, said.text)
    assert body["alert"] == said.facts
    assert "attachments" not in body


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500, 503])
def test_a_webhook_that_says_no_is_not_taken(said: Message, status: int) -> None:
    """With its number; a redirection is not followed: the alert is for this place."""
    with serving(HookServer(status)) as server:
        why = Webhook(name="hook", url=f"http://127.0.0.1:{server.server_port}/").send(said)
        assert len(server.taken) == 1
    assert why is not None
    assert str(status) in why


@pytest.mark.parametrize(
    "channel",
    [
        pytest.param(Webhook(name="hook", url="http://127.0.0.1:1/"), id="webhook"),
        pytest.param(mail(1, "an@h29.vn"), id="mail"),
    ],
)
def test_a_place_that_is_away_is_a_reason(said: Message, channel: Mail | Webhook) -> None:
    """Nothing is raised, and the system's own words are kept."""
    why = channel.send(said)
    assert why is not None
    assert "refused" in why


@pytest.mark.parametrize(
    "channel",
    [
        pytest.param(Webhook(name="hook", url="slack://token"), id="another-service"),
        pytest.param(Webhook(name="hook", url="https://"), id="no-host"),
        pytest.param(Webhook(name="hook", url="https://h:port/"), id="no-port"),
        pytest.param(mail(25, "nobody"), id="no-address"),
        pytest.param(mail(25, "an@h29.vn", "nobody"), id="one-of-two"),
        pytest.param(mail(25, "an@h29.vn", sender="nobody"), id="no-sender"),
        pytest.param(mail(25, "an@h29.vn", security="plain"), id="no-such-security"),
    ],
)
def test_a_channel_that_could_reach_nobody_is_no_configuration(channel: Mail | Webhook) -> None:
    """It is said before the first alert, with the channel's name."""
    with pytest.raises(BadConfig, match=f"channel {channel.name}"):
        channel.check()


@pytest.mark.parametrize("channel", [Webhook(name="hook", url="https://h29.vn/x"), mail(25, "an@h29.vn", "b@h29.vn")])
def test_a_channel_that_reaches_somebody_is_good(channel: Mail | Webhook) -> None:
    """Its server is not asked."""
    channel.check()


def test_no_secret_is_shown() -> None:
    """A log may show a channel."""
    shown = repr(mail(25, "an@h29.vn", password="secret")) + repr(
        Webhook(name="hook", url="https://h29.vn", headers={"Authorization": "secret"})
    )
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("who", "causes", "wants"),
    [
        (frozenset(Who), frozenset(), True),
        (frozenset({Who.RECIPIENT}), frozenset(), True),
        (frozenset({Who.AUTHORITY}), frozenset(), False),
        (frozenset(Who), frozenset({"overdue"}), True),
        (frozenset(Who), frozenset({"silent"}), False),
    ],
)
def test_a_channel_is_told_what_it_wants(who: frozenset[Who], causes: frozenset[str], *, wants: bool) -> None:
    """By who must act, and by cause."""
    cause = CAUSES["overdue"]
    assert Webhook(name="hook", url="https://h29.vn", who=who, causes=causes).wants(cause) is wants
    assert mail(25, "an@h29.vn", who=who, causes=causes).wants(cause) is wants
