"""The ledger's own process beside daemons at work, on a real broker: what it says is what the folders hold."""

import json
import os
import signal
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bus.ledger import keep
from bus.ledger.open import open_ledger
from bus.ledger.records import Lifeline
from deploy.country import LIENTHONG, end
from schemas.codes import Outcome, StatusCode
from schemas.docket import DocumentKey
from schemas.document import Document
from schemas.values import MailboxCode
from tests.e2e.site import Daemon, Site, eventually

S = StatusCode


@pytest.fixture(scope="module", autouse=True)
def _daemons(site: Site) -> Iterator[None]:
    with site.at_work():
        yield


@dataclass
class Record:
    """A ledger's database, read beside its process."""

    site: Site
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = tomllib.loads(self.site.country.ledger_config.read_text(encoding="utf-8"))["store"]

    def lifeline(self, document: Document) -> Lifeline | None:
        ledger = open_ledger(self.url, exclusive=False)
        try:
            with ledger.reading() as connection:
                key = DocumentKey(issuer=document.sender.code, id=document.id)
                number = keep.numbers_of(connection, [key]).get(key)
                return keep.lifelines(connection, [number])[number] if number is not None else None
        finally:
            ledger.close()

    def stands(self, document: Document, recipient: MailboxCode, state: StatusCode) -> bool:
        line = self.lifeline(document)
        return line is not None and recipient in line.deliveries and line.deliveries[recipient].state is state

    def derived(self) -> dict[str, list[tuple[Any, ...]]]:
        ledger = open_ledger(self.url, exclusive=False)
        try:
            with ledger.reading() as connection:
                return {
                    table: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}"))), key=repr)
                    for table in ("document", "delivery", "obligation", "daily")
                }
        finally:
            ledger.close()


@contextmanager
def at_work(site: Site) -> Iterator[Daemon]:
    log = site.country.root / "logs" / "ledger.log"
    begins = log.stat().st_size if log.exists() else 0
    port = tomllib.loads(site.country.ledger_config.read_text(encoding="utf-8"))["http"]["listen"].rpartition(":")[2]
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*LIENTHONG, "ledger", "run", str(site.country.ledger_config)],
            stdout=out,
            stderr=out,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
    daemon = Daemon(process, log, int(port), begins, {})
    try:
        eventually(lambda: '"ledger.reading"' in daemon.words() or process.poll() is not None, within=60)
        assert process.poll() is None, daemon.words()
        yield daemon
    finally:
        end([process])


@pytest.fixture(scope="module")
def record(site: Site) -> Record:
    return Record(site)


def exchanged(site: Site) -> Document:
    sender, one, other = site.country.mailboxes
    sent = site.new(sender, one, other)
    site.drop(sent)
    eventually(lambda: len(site.heard(sender, sent.id)) == 2)
    return sent


def test_what_the_ledger_says_is_what_the_folders_hold(site: Site, record: Record) -> None:
    """Of each recipient: its mailbox's receipt, its statuses, what it has met; and the page says that all is well."""
    sender, one, other = site.country.mailboxes
    with at_work(site) as ledger:
        sent = exchanged(site)
        site.say(S.ACCEPTED, sent, one, sender)
        eventually(lambda: len(site.heard(sender, sent.id)) == 3)
        eventually(lambda: record.stands(sent, one, S.ACCEPTED))
        eventually(lambda: record.stands(sent, other, S.ARRIVED))
        line = record.lifeline(sent)
        assert line is not None
        assert {each.outcome for each in line.deliveries.values()} == {Outcome.HELD}
        met = {(each.recipient, each.clock) for each in line.obligations if not each.is_open}
        assert {(one, "acknowledge"), (one, "accept"), (other, "acknowledge")} <= met
        assert (other, "accept") not in met
        status, page = ledger.page("/healthz")
        assert status == 200, page
        assert json.loads(page)["streams"]["audit"]["events"].keys() == {"genuine"}
        assert 'lienthong_ledger_behind_seconds{stream="audit"} 0.0' in ledger.page("/metrics")[1]


def test_it_ends_in_time(site: Site) -> None:
    """SIGTERM, as any daemon; exit code 0."""
    with at_work(site) as ledger:
        ledger.process.send_signal(signal.SIGTERM)
        assert ledger.process.wait(10) == 0


def test_the_road_does_not_care_and_it_catches_up(site: Site, record: Record) -> None:
    """Killed in the midst of its work, and away for a while: nothing is missing, nothing is there twice."""
    _, one, _ = site.country.mailboxes
    with at_work(site) as ledger:
        before = exchanged(site)
        ledger.process.kill()
        ledger.process.wait()
        meanwhile = exchanged(site)
    with at_work(site):
        for each in (before, meanwhile):
            eventually(lambda each=each: record.stands(each, one, S.ARRIVED))  # type: ignore[misc]
    grown = record.derived()
    done = site.command("ledger", "rebuild", str(site.country.ledger_config))
    assert done.exit_code == 0, done.output
    assert "0 were not kept" in done.stdout
    assert record.derived() == grown


def test_check_says_how_things_are(site: Site, record: Record, tmp_path: Path) -> None:
    """Ready; and with a wrong password it says what is in the way."""
    said = site.command("ledger", "check", str(site.country.ledger_config), "--json")
    assert said.exit_code == 0, said.stdout
    assert json.loads(said.stdout)["ok"]
    wrong = tmp_path / "ledger.toml"
    url = tomllib.loads(site.country.ledger_config.read_text(encoding="utf-8"))["broker"]["url"]
    login, _, host = url.rpartition("@")
    right = site.country.ledger_config.read_text(encoding="utf-8")
    wrong.write_text(right.replace(url, f"{login}x@{host}"), encoding="utf-8")
    said = site.command("ledger", "check", str(wrong))
    assert said.exit_code == 1
    assert "not ready" in said.stdout
    assert "password" in said.stdout
