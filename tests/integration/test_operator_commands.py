"""`lienthong topology`, `queues` and `dead` as an operator uses them, from an empty broker to a replayed message."""

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pika
import pytest
from click.testing import CliRunner, Result
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import NackError
from uuid_utils import uuid7

from bus.cli.main import main
from bus.directory.sources import render_keys
from bus.topology.names import SERVICES, Login, user_of
from bus.trust.keys import new_identity
from bus.wire.envelope import seal
from schemas.codes import Kind, Outcome
from schemas.docket import Acknowledged, Address, Docket
from schemas.values import VIETNAM
from tests.admitted import admitted
from tests.integration.broker_world import World

RUN = random.randrange(1000, 9000)
SENDER, RECIPIENT, LATER = f"G22.{RUN}", f"H49.{RUN}", f"H61.{RUN}"
IDENTITY = new_identity()
SIGNER = IDENTITY.signing


def directory(*codes: str) -> str:
    return "\n".join(
        f'[[agency]]\ncode = "{code}"\nnames = [{{ vi = "Đơn vị {code}" }}]\n[[mailbox]]\ncode = "{code}"\n'
        for code in codes
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where an operator sits: a broker, a directory, a file of passwords."""

    world: World
    folder: Path
    strangers: frozenset[str] = frozenset()
    """Users that the broker had before us: nobody told us their passwords."""
    vhost: str = field(default_factory=lambda: f"desk-{secrets.token_hex(3)}")

    @property
    def credentials(self) -> Path:
        return self.folder / "credentials.toml"

    @property
    def environment(self) -> dict[str, str]:
        parts = urlsplit(self.world.management_url)
        login = f"{quote(self.world.user, safe='')}:{quote(self.world.password, safe='')}"
        return {
            "COLUMNS": "200",
            "LIENTHONG_PLAIN": "true",
            "LIENTHONG_MANAGEMENT_URL": f"{parts.scheme}://{login}@{parts.netloc}",
            "LIENTHONG_VHOST": self.vhost,
            "LIENTHONG_DIRECTORY": str(self.folder / "directory"),
            "LIENTHONG_CREDENTIALS": str(self.credentials),
            "LIENTHONG_AMQP_URL": self.amqp_url("operator"),
        }

    def passwords(self) -> dict[str, str]:
        return tomllib.loads(self.credentials.read_text()) if self.credentials.exists() else {}

    def amqp_url(self, user: str) -> str:
        """As the user where the topology made it; as administrator on a broker that had an operator before us."""
        password = None if user in self.strangers else self.passwords().get(user)
        user, password = (user, password) if password else (self.world.user, self.world.password)
        parts = urlsplit(self.world.amqp_url)
        where = f"{parts.hostname}:{parts.port}/{self.vhost}"
        return f"amqp://{quote(user, safe='')}:{quote(password, safe='')}@{where}"

    def write_directory(self, *codes: str) -> None:
        (self.folder / "directory").mkdir(exist_ok=True)
        (self.folder / "directory" / "all.toml").write_text(directory(*codes))

    def run(self, *arguments: str, code: int = 0, typing: str | None = None, **environment: str) -> Result:
        result = CliRunner().invoke(main, arguments, env={**self.environment, **environment}, input=typing)
        assert result.exit_code == code, result.output
        return result

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    @contextmanager
    def channel(self, user: str) -> Iterator[BlockingChannel]:
        connection = admitted(pika.URLParameters(self.amqp_url(user)))
        try:
            yield connection.channel()
        finally:
            connection.close()

    def send(self, sender: str, key: str, *bodies: bytes, **headers: Any) -> None:
        with self.channel(sender) as channel:
            channel.confirm_delivery()
            stamp = int(datetime.now(UTC).timestamp())
            properties = pika.BasicProperties(
                delivery_mode=2, user_id=sender, timestamp=stamp, headers=headers, priority=7, app_id="lienthong"
            )
            for body in bodies:
                channel.basic_publish(f"agency.{sender}", key, body, properties)

    def take(self, mailbox: str, *, reject: bool = False) -> tuple[Any, Any, bytes | None]:
        """The first of a mailbox's inbox, as its adapter does."""
        with self.channel(mailbox) as channel:
            method, properties, body = channel.basic_get(f"inbox.{mailbox}")
            if method is not None and reject:
                channel.basic_reject(method.delivery_tag or 0, requeue=False)
            elif method is not None:
                channel.basic_ack(method.delivery_tag or 0)
            return method, properties, body


def receipt(sender: str, recipient: str) -> tuple[str, bytes]:
    """A real message: its id and its body."""
    message = str(uuid7())
    docket = Docket(
        id=message,  # type: ignore[arg-type]
        kind=Kind.RECEIPT,
        sender=Address(agency=sender, mailbox=sender),
        recipients=(Address(agency=recipient, mailbox=recipient),),
        created_at=datetime.now(UTC),
        acknowledges=(Acknowledged(message=message, docket_sha256="0" * 64, outcome=Outcome.HELD),),  # type: ignore[arg-type]
    )
    return message, seal(docket, None, signer=SIGNER, recipients={})


@pytest.fixture(scope="module")
def desk(broker: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with broker.api() as api:
        strangers = frozenset(user["name"] for user in api.get("/api/users").json())
    desk = Desk(world=broker, folder=tmp_path_factory.mktemp("desk"), strangers=strangers)
    desk.write_directory(SENDER, RECIPIENT)
    yield desk
    with broker.api() as api:
        for user in {SENDER, RECIPIENT, LATER, "operator", "ledger", "authority"} - strangers:
            api.delete(f"/api/users/{user}")
        api.delete(f"/api/vhosts/{desk.vhost}")


@pytest.fixture(scope="module")
def applied(desk: Desk) -> Desk:
    desk.run("topology", "apply")
    return desk


def wait(holds: Callable[[], bool], within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.2)


def test_from_nothing_to_a_broker_in_order(desk: Desk) -> None:
    """plan says what is missing (exit 3), apply makes it, a second apply and plan have nothing to do (exit 0)."""
    plan = desk.run("topology", "plan", code=3).stdout
    assert f"inbox.{SENDER}" in plan
    assert "create" in plan
    assert desk.passwords() == {}
    first = desk.run("topology", "apply").output
    assert str(desk.credentials) in first
    passwords = desk.passwords()
    assert {SENDER, RECIPIENT} <= set(passwords)
    assert desk.credentials.stat().st_mode & 0o077 == 0
    assert not any(password in first for password in passwords.values())
    assert "Done: 0 changes" in desk.run("topology", "apply").stdout
    assert desk.passwords() == passwords
    assert "Nothing to do" in desk.run("topology", "plan").stdout
    assert desk.json("topology", "plan")["changes"] == []


def test_without_credentials_users_log_in_by_certificate(desk: Desk, tmp_path: Path) -> None:
    """They are made without a password, by the URN in it: nobody gets in by another way."""
    mailbox = f"G22.{RUN + 1}"
    elsewhere = Desk(world=desk.world, folder=tmp_path, vhost=f"{desk.vhost}-x")
    elsewhere.write_directory(mailbox)
    user, *services = (quote(user_of(name, Login.URN)) for name in (mailbox, *SERVICES))
    with desk.world.api() as api:
        try:
            elsewhere.run("topology", "apply", LIENTHONG_CREDENTIALS="")
            assert not api.get(f"/api/users/{user}").raise_for_status().json()["password_hash"]
            (limits,) = api.get(f"/api/user-limits/{user}").raise_for_status().json()
            assert limits["value"] == {"max-connections": 12, "max-channels": 32}
        finally:
            api.delete(f"/api/vhosts/{elsewhere.vhost}")
            for each in (user, *services):
                api.delete(f"/api/users/{each}")


def test_a_password_is_only_ever_drawn_once(applied: Desk) -> None:
    """Where file and broker disagree, the broker's stands, and the operator is told."""
    before = applied.credentials.read_text()
    wrong = before.replace(f'"{SENDER}" = "', f'"{SENDER}" = "x')
    applied.credentials.write_text(wrong)
    assert f"is not RabbitMQ's: {SENDER}" in applied.run("topology", "apply").stderr
    assert applied.credentials.read_text() == wrong
    applied.credentials.write_text(before)
    assert "RabbitMQ's" not in applied.run("topology", "apply").stderr


def test_an_export_has_hashes_and_no_passwords(applied: Desk) -> None:
    """What is put under load_definitions tells nobody a password."""
    exported = applied.run("topology", "export").stdout
    assert {user["name"] for user in json.loads(exported)["users"]} >= {SENDER, "operator"}
    assert not any(password in exported for password in applied.passwords().values())
    without = applied.run("topology", "export", LIENTHONG_CREDENTIALS="")
    assert {user["password_hash"] for user in json.loads(without.stdout)["users"]} == {""}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["topology", "plan", "--mailbox", "X99"], "X99"),
        (["topology", "plan", "--prune", "--mailbox", SENDER], "whole directory"),
        (["topology", "plan", "--limit", "inbox=3"], "inbox_messages"),
        (["topology", "plan", "--limit", "inbox_messages=many"], "whole number"),
        (["queues", "--mailbox", "X99"], "X99"),
        (["queues", "--watch", "--json"], "--watch"),
        (["dead", "replay"], "--all"),
        (["dead", "discard", "--all", "--reason", "rejected"], "--all"),
    ],
)
def test_a_command_that_makes_no_sense_is_refused(applied: Desk, arguments: list[str], words: str) -> None:
    """With a sentence that names what is wrong."""
    assert words in applied.run(*arguments, code=2).stderr


def test_a_letter_that_is_not_there_is_said(applied: Desk) -> None:
    """As an error, not as a wrong use of the command."""
    assert "no-such-message" in applied.run("dead", "show", "nothing", code=1).stderr


def test_another_limit_is_a_change(applied: Desk) -> None:
    """A plan with another limit shows it before and after; one mailbox alone can be looked at."""
    (change,) = applied.json("topology", "plan", "--limit", "inbox_messages=7", "--mailbox", SENDER, code=3)["changes"]
    assert change["detail"]["en"] == "max-length: 200000 → 7"


def test_queues_say_that_nobody_reads(applied: Desk) -> None:
    """Each mailbox has a row, with what is wrong and what to do; --json says the same."""

    def faults() -> list[str]:
        row = next(each for each in applied.json("queues", code=3)["queues"] if each["name"] == f"inbox.{RECIPIENT}")
        return [fault["code"] for fault in row["wrong"]]

    wait(lambda: faults() == ["nobody-reads"])  # the broker tells of a policy some seconds after the queue
    page = applied.run("queues", code=3).stdout
    assert SENDER in page
    assert "(dead)" in page
    rows = applied.json("queues", code=3)["queues"]
    assert not [row["name"] for row in rows if row["name"].startswith("blobs.")], "streams hold no mail"
    queue = next(row for row in rows if row["name"] == f"inbox.{RECIPIENT}")
    assert (queue["ready"], queue["consumers"]) == (0, 0)
    assert [fault["code"] for fault in queue["wrong"]] == ["nobody-reads"]
    only = applied.json("queues", "--mailbox", SENDER, code=3)["queues"]
    assert {row["mailbox"] for row in only} == {SENDER}
    lanes = [row for row in only if row["name"].startswith("urgent.")]
    assert len(only) == 1 + len(lanes)
    assert [[fault["code"] for fault in row["wrong"]] for row in lanes] == [["lane-unread"]] * applied.world.has_lanes


def test_who_has_not_joined_is_left_out(applied: Desk) -> None:
    """Those without keys in the directory, as long as nobody sends to them; asked for by name, they are shown."""
    folder = applied.folder / "joined"
    folder.mkdir(exist_ok=True)
    sealing = [key.public.to_bytes() for key in IDENTITY.sealing]
    keys = render_keys(SENDER, signing=[SIGNER.public.to_bytes()], sealing=sealing)
    (folder / "all.toml").write_text(directory(SENDER, RECIPIENT) + keys)
    # The broker tells figures and policy of a new queue some seconds later.
    wait(lambda: RECIPIENT in applied.json("queues", "--directory", str(folder), code=3)["not_joined"])
    said = applied.json("queues", "--directory", str(folder), code=3)
    assert f"inbox.{RECIPIENT}" not in {row["name"] for row in said["queues"]}
    assert f"inbox.{SENDER}" in {row["name"] for row in said["queues"]}
    assert "have not joined" in applied.run("queues", "--directory", str(folder), code=3).stdout
    only = applied.json("queues", "--directory", str(folder), "--mailbox", RECIPIENT, code=3)
    assert f"inbox.{RECIPIENT}" in {row["name"] for row in only["queues"]}


def test_queues_tell_how_long_the_oldest_waits(applied: Desk) -> None:
    """Without touching a message: what is taken afterwards was never delivered before."""
    message, body = receipt(SENDER, RECIPIENT)
    applied.send(SENDER, f"receipt.{RECIPIENT}", body)

    def waits() -> bool:
        rows = applied.json("queues", "--mailbox", RECIPIENT, code=3)["queues"]
        queue = next(row for row in rows if row["name"] == f"inbox.{RECIPIENT}")
        return queue["ready"] == 1 and queue["oldest"] is not None and queue["oldest"]["seconds"] >= 5

    wait(waits)
    method, _, taken = applied.take(RECIPIENT)
    assert (method.redelivered, taken) == (False, body)
    assert message


def test_queues_watch_until_interrupted(applied: Desk) -> None:
    """At a terminal it draws again and again, and Ctrl-C ends it quietly."""
    command = [sys.executable, "-m", "bus.cli", "queues", "--watch", "--every", "0.2"]
    environment = {**applied.environment, "PATH": "/usr/bin:/bin", "TERM": "xterm", "LINES": "60"}
    ours, its = os.openpty()
    process = subprocess.Popen(command, env=environment, stdin=its, stdout=its, stderr=subprocess.PIPE)
    try:
        os.close(its)
        # The broker counts a new queue only after some seconds.
        drawn_until(ours, (b"nobody reads", b"no-figures"))
        process.send_signal(signal.SIGINT)
        drawn_until(ours, ())
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert process.returncode == 0, err
    assert err == b""


def drawn_until(terminal: int, words: tuple[bytes, ...]) -> None:
    """Reads what is drawn until one of these words is among it; without words, to the end."""
    drawn = b""
    while not any(word in drawn for word in words):
        try:
            read = os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody draws any more
            read = b""
        if not read:
            assert not words, drawn
            return
        drawn = (drawn + read)[-200_000:]


def bury(desk: Desk) -> tuple[str, str, str]:
    """One that its recipient rejected, one without recipient, one set aside as no message."""
    rejected, body = receipt(SENDER, RECIPIENT)
    desk.send(SENDER, f"receipt.{RECIPIENT}", body, **{"x-lienthong-version": "1"})
    desk.take(RECIPIENT, reject=True)
    lost, body = receipt(SENDER, LATER)
    desk.send(SENDER, f"receipt.{LATER}", body, CC=["receipt.NOBODY"])
    headers = {"x-lienthong-reason": "bad-message", "x-lienthong-set-aside-by": "somebody else"}
    junk = secrets.token_bytes(40)
    desk.send(RECIPIENT, "dead", junk, **headers)
    wait(lambda: len(desk.json("dead", "list")) == 3)
    (aside,) = (row["message"] for row in desk.json("dead", "list") if row["set_aside"])
    return rejected, lost, aside


@pytest.fixture
def buried(applied: Desk) -> Iterator[tuple[str, str, str]]:
    yield bury(applied)
    applied.run("dead", "discard", "--all", "--yes")
    assert applied.json("dead", "list") == []


def test_the_dead_are_listed_with_docket_and_reason(applied: Desk, buried: tuple[str, str, str]) -> None:
    """Where it died, why, from whom: what the broker vouches for, not what a header says. Listing takes nothing."""
    rejected, lost, aside = buried
    rows = {row["message"]: row for row in applied.json("dead", "list")}
    assert rows == {row["message"]: row for row in applied.json("dead", "list")}
    assert (rows[rejected]["reason"], rows[rejected]["for"], rows[rejected]["from"]) == (
        "rejected",
        [RECIPIENT],
        SENDER,
    )
    assert (rows[lost]["reason"], rows[lost]["for"], rows[lost]["queue"]) == (
        "unroutable",
        [LATER, "NOBODY"],
        "unroutable",
    )
    assert (rows[aside]["reason"], rows[aside]["for"], rows[aside]["docket"]) == ("bad-message", [RECIPIENT], None)
    assert rows[rejected]["docket"]["kind"] == "receipt"
    assert rejected in applied.run("dead", "list").stdout
    assert aside not in applied.run("dead", "list", "--reason", "rejected").stdout
    shown = applied.run("dead", "show", rejected).stdout
    assert rejected in shown
    assert "bị từ chối" in shown
    assert applied.json("dead", "show", aside)[0]["set_aside"] is True


def test_a_replay_counts_first_and_asks(applied: Desk, buried: tuple[str, str, str]) -> None:
    """--dry-run, a "no", and --json without --yes leave everything where it is."""
    rejected, _, _ = buried
    assert "1 message\n" in applied.run("dead", "replay", rejected, "--dry-run").stdout
    assert "Replay?" in applied.run("dead", "replay", "--all", code=1, typing="n\n").stdout
    assert applied.json("dead", "discard", "--all")["done"] == []
    assert len(applied.json("dead", "list")) == 3


def test_a_replayed_message_arrives_as_it_was_sent(applied: Desk, buried: tuple[str, str, str]) -> None:
    """In the inbox it died in, same bytes, without the marks of its death, and it is among the dead no more."""
    rejected, _, _ = buried
    assert "1 replayed" in applied.run("dead", "replay", rejected, typing="y\n").stdout
    method, properties, body = applied.take(RECIPIENT)
    assert method is not None
    assert body is not None
    assert rejected.encode() in body
    assert not [name for name in properties.headers if "death" in name]
    assert properties.headers["x-lienthong-version"] == "1"
    assert (properties.delivery_mode, properties.priority, properties.message_id) == (2, 7, rejected)
    assert rejected not in applied.run("dead", "list").stdout


def test_what_has_no_place_stays(applied: Desk, buried: tuple[str, str, str]) -> None:
    """A replay to a mailbox that does not exist keeps the message, says so, and exits with 1."""
    _, lost, aside = buried
    result = applied.json("dead", "replay", "--all", "--yes", code=3)
    fates = {row["message"]: row["fate"] for row in result["done"]}
    assert fates[lost] == "no-place"
    assert fates[aside] == "replayed"
    assert [row["message"] for row in applied.json("dead", "list")] == [lost]
    assert applied.take(RECIPIENT)[2]
    assert applied.take(RECIPIENT)[2]


def test_a_full_inbox_keeps_the_dead_where_they_are(applied: Desk, buried: tuple[str, str, str]) -> None:
    """The broker's "no" is taken for a no: nothing is taken out that is not held elsewhere."""
    rejected, _, _ = buried
    applied.run("topology", "apply", "--limit", "inbox_messages=1")
    try:
        for _ in range(3):  # a limit is a soft one: it is kept once it has been passed
            _, body = receipt(SENDER, RECIPIENT)
            try:
                applied.send(SENDER, f"receipt.{RECIPIENT}", body)
            except NackError:
                break
        (done,) = applied.json("dead", "replay", rejected, "--yes", code=3)["done"]
        assert done["fate"] == "full"
        assert rejected in applied.run("dead", "list").stdout
    finally:
        applied.run("topology", "apply")
        while applied.take(RECIPIENT)[0] is not None:
            pass


def test_hundreds_go_in_batches(applied: Desk) -> None:
    """250 dead letters are replayed in three batches, each exactly once."""
    bodies = [f"{number:03}".encode() for number in range(250)]
    applied.send(RECIPIENT, "dead", *bodies, **{"x-lienthong-reason": "bad-message"})
    wait(lambda: len(applied.json("dead", "list", "--limit", "1000")) == 250)
    said = applied.run("dead", "replay", "--reason", "bad-message", "--yes").stdout
    assert [line.strip() for line in said.splitlines() if "/ 250" in line] == ["100 / 250", "200 / 250", "250 / 250"]
    with applied.channel(RECIPIENT) as channel:
        taken = iter(lambda: channel.basic_get(f"inbox.{RECIPIENT}", auto_ack=True)[2], None)
        assert sorted(taken) == bodies


@pytest.mark.long  # the broker's figures say for some seconds yet that messages may lie there
def test_a_mailbox_that_leaves_is_removed_when_asked(applied: Desk) -> None:
    """The plan shows what is no longer named; only --prune removes, after a yes."""
    applied.write_directory(SENDER, RECIPIENT, LATER)
    applied.run("topology", "apply")
    applied.write_directory(SENDER, RECIPIENT)
    kept = applied.json("topology", "plan")
    assert kept["changes"] == []
    assert f"inbox.{LATER}" in {row["name"] for row in kept["leftovers"]}
    wait(lambda: all(row["kind"] == "remove" for row in applied.json("topology", "plan")["leftovers"]))
    assert f"inbox.{LATER}" in applied.run("topology", "plan").stdout
    applied.run("topology", "apply", "--prune", "--json", code=2)
    applied.run("topology", "apply", "--prune", code=1, typing="n\n")
    applied.run("topology", "apply", "--prune", "--yes")
    assert applied.json("topology", "plan")["leftovers"] == []


def test_a_flooder_is_said_isolated_and_released(applied: Desk, tmp_path: Path) -> None:
    """At 80 % `guard` and `queues` say so; at the quota its dead letters and its history go apart, `plan` has nothing
    against it, and `dead`, `audit replay` read them there; `release` ends it."""
    quotas = tmp_path / "quotas.toml"
    quotas.write_text(f'[mailbox."{SENDER}"]\naudit_messages = 10\n')
    state: dict[str, Any] = {"LIENTHONG_GUARD_STATE": str(tmp_path / "guard.json")}
    guard = ("topology", "guard", "--once", "--quotas", str(quotas))
    applied.run(*guard, **state)
    assert "Nobody watches the quotas" in applied.run("queues", code=3, **state).stdout
    begun = datetime.now(VIETNAM)
    message, body = receipt(SENDER, RECIPIENT)
    applied.send(SENDER, f"receipt.{RECIPIENT}", *[body] * 8)
    assert "quota.nearly" in applied.run(*guard, **state).stdout
    assert f"{SENDER}: 80% of its quota of audit" in applied.run("queues", code=3, **state).stdout
    applied.send(SENDER, f"receipt.{RECIPIENT}", *[body] * 2)
    said = applied.run(*guard, **state).stdout
    assert "quota.over" in said
    assert f"lienthong topology release {SENDER}" in said
    assert applied.json("topology", "plan")["changes"] == []
    applied.send(SENDER, f"receipt.{RECIPIENT}", body)
    applied.send(SENDER, "dead", b"x")
    assert "isolated" in {alarm["code"] for alarm in applied.json("queues", code=3)["alarms"]}
    assert [letter["queue"] for letter in applied.json("dead", "list", "--queue", f"dead.{SENDER}")]
    since = ("audit", "replay", RECIPIENT, "--since", begun.strftime("%Y-%m-%dT%H:%M:%S"))
    assert applied.json(*since, "--also", SENDER)["replayed"].count(message) == 11
    assert "isolated no more" in applied.run("topology", "release", SENDER).stdout
    applied.run("topology", "release", SENDER, code=1)
    left = {change["name"] for change in applied.json("topology", "plan")["leftovers"]}
    assert f"audit.{SENDER}" in left or f"dead.{SENDER}" in left
    applied.run("dead", "discard", "--queue", f"dead.{SENDER}", "--all", "--yes")
    for _ in range(22):
        applied.take(RECIPIENT)


@pytest.mark.parametrize(
    ("command", "variable", "url"),
    [
        (["queues"], "LIENTHONG_MANAGEMENT_URL", "http://me:s3cret@bus.example.vn:15672"),
        (["topology", "plan"], "LIENTHONG_MANAGEMENT_URL", "http://me:s3cret@10.0.0.5:15672"),
        (["dead", "list"], "LIENTHONG_AMQP_URL", "amqp://me:s3cret@bus.example.vn/gov"),
        (["audit", "replay", "H49", "--since", "2026-11-05"], "LIENTHONG_AMQP_URL", "amqp://me:s3cret@bus2/gov"),
    ],
)
def test_no_password_goes_over_a_line_in_clear(desk: Desk, command: list[str], variable: str, url: str) -> None:
    """Refused before anything is sent, with what to write, and without the password."""
    said = desk.run(*command, code=1, **{"LIENTHONG_PLAIN": "", variable: url}).stderr
    assert "in clear" in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("command", "variable", "words"),
    [
        (["queues"], "LIENTHONG_MANAGEMENT_URL", "broker-away"),
        (["dead", "list"], "LIENTHONG_AMQP_URL", "broker-away"),
    ],
)
def test_a_broker_that_is_away_is_said_without_the_password(
    applied: Desk, command: list[str], variable: str, words: str
) -> None:
    """Which address did not answer, in both languages, exit 1."""
    parts = urlsplit(applied.environment[variable])
    away = parts._replace(netloc="me:s3cret@127.0.0.1:1").geturl()
    said = applied.run(*command, code=1, **{variable: away}).stderr
    assert words in said
    assert "127.0.0.1:1" in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("command", "variable", "code"),
    [(["queues"], "LIENTHONG_MANAGEMENT_URL", 3), (["dead", "list"], "LIENTHONG_AMQP_URL", 0)],
)
def test_the_first_node_that_answers_serves(applied: Desk, command: list[str], variable: str, code: int) -> None:
    """Of a cluster all nodes may be named, and some may be away. `queues` says that nobody reads here."""
    url = applied.environment[variable]
    login = urlsplit(url).netloc.rpartition("@")[0]
    away = urlsplit(url)._replace(netloc=f"{login}@127.0.0.1:1").geturl()
    both: dict[str, Any] = {variable: f"{away} {url}"}
    applied.run(*command, code=code, **both)


@pytest.mark.parametrize(
    ("user", "words"),
    [("nobody", "check its password"), ("sender", "log in as `operator`")],
    ids=["unknown", "mailbox"],
)
def test_who_may_not_look_at_the_dead_is_told_who_may(applied: Desk, user: str, words: str) -> None:
    """A wrong password, and a mailbox's own user."""
    url = applied.amqp_url(SENDER) if user == "sender" else applied.amqp_url(SENDER).replace("amqp://", "amqp://x")
    assert words in applied.run("dead", "list", code=1, LIENTHONG_AMQP_URL=url).stderr


def test_a_broker_without_a_topology_is_said(broker: World, desk: Desk) -> None:
    """Not a stack of 404: which command makes it."""
    name = f"{desk.vhost}-empty"
    with broker.vhost(name) as empty:
        assert "topology apply" in desk.run("queues", LIENTHONG_VHOST=name).stdout
        assert "topology apply" in desk.run("dead", "list", code=1, LIENTHONG_AMQP_URL=empty.url).stderr
    assert "topology apply" in desk.run("queues", code=1, LIENTHONG_VHOST=f"{name}-none").stderr
