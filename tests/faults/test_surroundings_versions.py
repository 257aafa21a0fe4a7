"""A daemon one version older on the other end, and one whose store the new version takes over."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

from bus.directory.facts import Register
from bus.directory.sources import read
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from tests.e2e.site import Daemon, Site, eventually
from tests.faults.broker import Node
from tests.faults.tale import FULL_ONLY, PATIENT, Tale, accepted, health
from tests.identities import papers

pytestmark = PATIENT

WHEEL = next((Path(__file__).parent / "older").glob("lienthong-*.whl"))


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the previous version, unpacked, to import from."""
    folder = tmp_path_factory.mktemp("older")
    with zipfile.ZipFile(WHEEL) as wheel:
        wheel.extractall(folder)
    return folder


@contextmanager
def of_before(older: Path) -> Iterator[None]:
    """Processes that start inside the block run the older version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(older))
        patch.chdir(older.parent)  # Python imports from the working folder first
        yield


@contextmanager
def older_daemon(older: Path, site: Site, *codes: str) -> Iterator[Daemon]:
    with of_before(older):
        at_work = site.at_work(*codes, token=False)
        (daemon,) = at_work.__enter__()
    try:
        yield daemon
    finally:
        at_work.__exit__(None, None, None)


def test_it_is_another_version(older: Path) -> None:
    """The stories below would prove nothing if both ends ran the same code."""
    command = [sys.executable, "-m", "bus.cli", "--version"]
    with of_before(older):
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout
    assert said.split()[-1] == WHEEL.name.split("-")[1]
    assert said.split()[-1] != version("lienthong")


READS = """
import sys
from bus.register import Register

book = Register.parse(sys.stdin.buffer.read()).book()
print(sorted(book.mailboxes), sorted(book.keys), hasattr(book.mailboxes["G22"], "largest"))
"""


def test_it_reads_a_directory_that_says_who_takes_large_files(older: Path) -> None:
    """The older version reads today's edition: new names stand where it skips unknown ones."""
    listed = '[[agency]]\ncode = "G22"\nnames = [{ vi = "VP" }]\n[[mailbox]]\ncode = "G22"\nlargest = 5_000_000_000\n'
    listed += 'signatures = ["p256", "ml-dsa-65"]\n'
    listed += "under_way = { messages = 500 }\n"
    register = Register.of(
        read({"a.toml": f'{listed}[[keys]]\nmailbox = "G22"\ncertificates = ["AQ=="]\nsealing = ["Ag=="]\n'})
    )
    assert register.book().mailboxes["G22"].largest == 5_000_000_000
    assert register.book().mailboxes["G22"].under_way.messages == 500
    command = [sys.executable, "-c", READS]
    with of_before(older):
        said = subprocess.run(command, input=register.content(), capture_output=True, check=True, env=dict(os.environ))
    assert said.stdout.decode().strip() == "['G22'] ['G22'] False"


READS_STATEMENT = """
import sys
from bus.statement import SealingStatement

said = SealingStatement.from_bytes(sys.stdin.buffer.read())
print(said.mailbox, said.since.year, hasattr(said, "serial"))
"""


def test_it_reads_a_statement_with_a_serial(older: Path) -> None:
    """The older version passes over names that it does not know in the text of a statement."""
    office, signer = papers(), SigningKey.generate()
    stated = office.statement("H49", SealingKey.generate(), signer)
    numbered = SealingStatement.sign(
        stated.key, mailbox="H49", since=stated.since, until=stated.until, signer=signer, serial=2**52, withdraws=7
    )
    command = [sys.executable, "-c", READS_STATEMENT]
    with of_before(older):
        said = subprocess.run(command, input=numbered.encoded, capture_output=True, check=True, env=dict(os.environ))
    assert said.stdout.decode().strip() == "H49 2016 False"


@FULL_ONLY
def test_on_the_other_end(older: Path, own: Site) -> None:
    """Documents, receipts and statuses pass both ways between the two versions. In a country of its own: the older
    version cannot open a store that the new one has migrated."""
    tale = Tale(own)
    before, today, _ = own.country.mailboxes
    with older_daemon(older, own, before) as old, own.at_work(today) as (new,):
        tale.send(before, today, count=10)
        tale.send(today, before, count=10)
        tale.ends_well(old, new, in_order=True)


def test_upgraded_in_the_middle_of_traffic(older: Path, node: Node, own: Site) -> None:
    """Of the documents that the older version accepted, some are published, some wait in its outbox, some in its inbox.
    The new version takes the store over as it is, and goes on from there."""
    tale = Tale(own)
    mailbox, other, _ = own.country.mailboxes
    dms = own.country.dms(mailbox)
    with own.at_work(other) as (there,):
        with older_daemon(older, own, mailbox) as old:
            tale.send(mailbox, other, count=5)
            tale.ends_well(old, there)
            dms.rename(dms.with_name("gone"))
            tale.send(other, mailbox, count=5)
            eventually(lambda: health(old)["inbox"].get("waiting", 0) >= 5)
            dms.with_name("gone").rename(dms)
            own.forwarder.cut()
            tale.send(mailbox, other, count=10)
            eventually(lambda: accepted(own, mailbox))
            assert health(old)["outbox"]["waiting"] >= 10
        own.forwarder.mend()
        with own.at_work(mailbox) as (new,):
            tale.ends_well(new, there)
    assert own.command("store", "check", code=mailbox).exit_code == 0
