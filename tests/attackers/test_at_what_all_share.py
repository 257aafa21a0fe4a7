"""An insider floods what all mailboxes share: the queue of dead letters, and the audit stream. It costs nobody else a
dead letter, a document or a line of history; the operator hears of it before it bites."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pika.exceptions import NackError

from bus.cli.main import main
from bus.receiving.set_asides import MESSAGES
from bus.topology.names import DEAD, exchange_of, inbox_of, own_inbox_policy
from deploy import country as countries
from tests.attackers.besieged import BAD, COUNTED, FULL, INSIDER, VHOST, Besieged
from tests.e2e.site import eventually

RECIPIENT, HONEST = "G22", COUNTED  # H49 is the victim of the stories behind, and takes set-asides of theirs
QUOTA = 50


class Operator:
    """At the centre, with the operator's certificate and the administrator's password."""

    def __init__(self, land: Besieged, folder: Path) -> None:
        certificate, key = land.office.file("operator")
        self._environment = {
            "COLUMNS": "200",
            "LIENTHONG_VHOST": VHOST,
            "LIENTHONG_MANAGEMENT_URL": countries.management_of(land.broker),
            "LIENTHONG_GUARD_STATE": str(folder / "guard.json"),
        }
        url = land.broker.amqps_url.rpartition("/")[0] + f"/{VHOST}"
        self.login: tuple[str, ...] = ("--amqp", url, "--cafile", str(land.office.root_file))
        self.login += ("--certfile", str(certificate), "--keyfile", str(key))
        self._directory: tuple[str, ...] = (
            "--directory",
            str(land.country.edition_file),
            "--root",
            str(land.office.root_file),
        )
        self._directory += ("--as-of", land.country.as_of.isoformat())
        for code in set(land.country.mailboxes).difference(BAD):  # those keep their login: other stories need it
            self._directory += ("--mailbox", code)
        self._quotas = folder / "quotas.toml"
        self._quotas.write_text(f"[mailbox.{INSIDER}]\ndead_messages = {QUOTA}\naudit_messages = {4 * QUOTA}\n")

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> Result:
        result = CliRunner().invoke(main, arguments, env=self._environment)
        assert result.exit_code in codes, result.output
        return result

    def guard(self) -> str:
        return self.run("topology", "guard", "--once", "--quotas", str(self._quotas), *self.login).stdout

    def apply(self, **limits: int) -> None:
        chosen = [word for name, amount in limits.items() for word in ("--limit", f"{name}={amount}")]
        every = ("--limit", f"inbox_messages={FULL}")
        self.run("topology", "apply", *self._directory, *every, *chosen, codes=(0, 3))

    def dead(self, queue: str = DEAD) -> list[dict[str, Any]]:
        letters: list[dict[str, Any]] = json.loads(
            self.run("dead", "list", "--queue", queue, "--limit", "9999", "--json", *self.login).stdout
        )
        return letters

    def discard(self, queue: str = DEAD) -> None:
        self.run("dead", "discard", "--queue", queue, "--all", "--yes", *self.login)


@pytest.fixture
def operator(land: Besieged, tmp_path: Path) -> Iterator[Operator]:
    operator = Operator(land, tmp_path)
    operator.guard()
    yield operator
    operator.run("topology", "release", INSIDER, codes=(0, 1))
    operator.apply()
    operator.discard()


def flood(land: Besieged, key: str, count: int, body: bytes, also: dict[str, Any] | None = None) -> int:
    """How many of the insider's messages the broker took."""
    taken = 0
    with land.channel(INSIDER) as channel:
        for _ in range(count):
            properties = land.properties(INSIDER)
            properties.headers = {**(properties.headers or {}), **(also or {})}
            with suppress(NackError):
                channel.basic_publish(exchange_of(INSIDER), key, body, properties)
                taken += 1
    return taken


def give_up(land: Besieged, count: int) -> None:
    """The insider sends to itself, and rejects what it gets; at last its inbox is empty."""
    flood(land, f"document.{INSIDER}", count, b"x" * 100)
    with land.channel(INSIDER) as channel:
        while (method := channel.basic_get(inbox_of(INSIDER))[0]) is not None:
            channel.basic_reject(method.delivery_tag or 0, requeue=False)


ROADS: Mapping[str, Callable[[Besieged], object]] = {
    "a key in CC": lambda land: flood(land, "document.nowhere", QUOTA, b"x" * 100, {"CC": [DEAD]}),
    "a key in BCC": lambda land: flood(land, "document.nowhere", QUOTA, b"x" * 100, {"BCC": [DEAD]}),
    "its own inbox": lambda land: give_up(land, QUOTA),
}


def a_bad_message_is_set_aside(land: Besieged, operator: Operator) -> None:
    """Of an honest mailbox to an honest one; it arrives in `dead`."""
    before = sum(letter["for"] == [RECIPIENT] for letter in operator.dead())
    land.inject(HONEST, os.urandom(40), RECIPIENT)
    eventually(lambda: sum(letter["for"] == [RECIPIENT] for letter in operator.dead()) > before, every=1.0)


def test_an_insider_fills_the_queue_of_the_dead(land: Besieged, operator: Operator) -> None:
    """The operator hears of it at 80 %; at its quota its dead letters go apart, and others' still arrive."""
    flood(land, DEAD, QUOTA * 8 // 10, b"x" * 100)
    assert "quota.nearly" in operator.guard()
    assert f"{INSIDER}: 80% of its quota of dead" in operator.run("queues", codes=(3,)).stdout
    flood(land, DEAD, QUOTA, b"x" * 100)
    assert "quota.isolated" in operator.guard()
    there = len(operator.dead())
    flood(land, DEAD, QUOTA, b"x" * 100)
    assert len(operator.dead()) == there
    assert len(operator.dead(f"dead.{INSIDER}")) == QUOTA
    a_bad_message_is_set_aside(land, operator)
    land.still_works()
    operator.discard(f"dead.{INSIDER}")


def policy_of(land: Besieged, queue: str) -> object:
    with land.api() as api:
        return api.get(f"/api/queues/{VHOST}/{queue}").raise_for_status().json().get("policy")


@pytest.mark.parametrize("road", ROADS)
def test_no_other_road_to_the_dead_is_unseen_or_stays_open(land: Besieged, operator: Operator, road: str) -> None:
    """Beside a key of mail, hidden from all that is copied, or through its own inbox: it is counted, and isolated."""
    operator.discard()
    ROADS[road](land)
    assert eventually(lambda: len(operator.dead()) >= QUOTA, every=1.0)
    assert eventually(lambda: f"quota.isolated {INSIDER} dead" in operator.guard(), within=60, every=1.0)
    there = len(operator.dead())
    eventually(lambda: policy_of(land, inbox_of(INSIDER)) == own_inbox_policy(INSIDER), within=60, every=1.0)
    ROADS[road](land)
    eventually(lambda: len(operator.dead(f"dead.{INSIDER}")) == QUOTA, within=60, every=1.0)
    assert len(operator.dead()) == there
    a_bad_message_is_set_aside(land, operator)
    operator.discard(f"dead.{INSIDER}")


def test_a_flood_rolls_nobody_elses_history(land: Besieged, operator: Operator) -> None:
    """Over its quota of a day its copies go into its own stream, and its mail goes on: nobody is cut off."""
    flood(land, f"document.{HONEST}", 4 * QUOTA, b"x")
    assert "quota.isolated" in operator.guard()
    alarms = json.loads(operator.run("queues", "--json", codes=(3,)).stdout)["alarms"]
    assert INSIDER in next(alarm["en"] for alarm in alarms if alarm["code"] == "isolated")
    assert flood(land, f"document.{HONEST}", 1, b"x") == 1
    land.still_works()
    assert "quota" not in operator.guard()
    with land.api() as api:
        api.delete(f"/api/queues/{VHOST}/{inbox_of(HONEST)}/contents").raise_for_status()


def test_bad_messages_to_a_mailbox_fill_nothing(land: Besieged, operator: Operator) -> None:
    """Beyond a bound of each publisher they are counted and acknowledged, told once with a digest; another's bad
    message is set aside as ever, and mail goes on."""
    flood(land, f"document.{RECIPIENT}", MESSAGES + 30, b"rubbish")
    told = land.told(RECIPIENT, "set-aside.dropped", INSIDER)
    assert "sha256:" in told["detail"]
    a_bad_message_is_set_aside(land, operator)
    land.still_works()
    assert sum(letter["for"] == [RECIPIENT] for letter in operator.dead()) <= MESSAGES + 10


@pytest.mark.timeout(900)  # the wait between two tries may be five minutes by then
def test_a_full_queue_of_the_dead_holds_up_nobody(land: Besieged, operator: Operator) -> None:
    """What is set aside waits in its mailbox's store, the lane goes on; once there is room it arrives by itself."""
    operator.discard()
    operator.apply(kept_bytes=20_000)
    assert eventually(lambda: flood(land, DEAD, 40, b"x" * 1000) < 40)
    land.inject(HONEST, os.urandom(40), RECIPIENT)
    land.told(RECIPIENT, "inbox.set-aside", "")
    land.still_works()
    assert not [letter for letter in operator.dead() if letter["for"] == [RECIPIENT]]
    assert eventually(
        lambda: "đầy" in operator.run("queues", codes=(3,)).stdout, every=1.0
    )  # the broker counts bytes later
    operator.discard()
    eventually(lambda: [letter for letter in operator.dead() if letter["for"] == [RECIPIENT]], within=600, every=1.0)
