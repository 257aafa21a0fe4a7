"""A mailbox as a member, from its configuration."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bus.directory.edition import sign
from bus.directory.facts import Register
from bus.directory.sources import read
from bus.errors import BadConfig, BrokerAway
from bus.wiring.member import first_edition, member_of
from tests.identities import Papers, papers
from tests.scenarios.country import AGENCIES
from tests.unit.bus.wiring.configs import loaded, written


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a mailbox that lacks nothing but a broker."""
    return written(tmp_path, "G22")


def test_a_member_has_its_own_limit_and_ids(config: Path) -> None:
    """`max_content` of the TOML, else the bus's; ids are UUIDs of version 7, later ones greater."""
    member = member_of(loaded(config))
    assert (member.mailbox, member.directory.on) == ("G22", date(2026, 11, 22))
    assert member.max_content == 12 * 1024 * 1024
    ids = [member.new_id() for _ in range(3)]
    assert sorted(ids) == ids
    assert {each[14] for each in ids} == {"7"}
    config.write_text("max_content = 4096\n" + config.read_text())
    assert member_of(loaded(config)).max_content == 4096


class Entries:
    """What lies in the stream `directory`."""

    def __init__(self, *entries: bytes) -> None:
        self._entries = entries

    def history(self, *, wait: float) -> Iterator[bytes]:
        return iter(self._entries)

    def changes(self, *, wait: float) -> Sequence[bytes]:
        return ()

    def whole(self, *, wait: float) -> bytes | None:
        return None

    def close(self) -> None: ...


def test_a_first_edition_is_kept(tmp_path: Path) -> None:
    """The newest that verifies, whatever lies before and behind it: the next start needs no stream."""
    now = datetime.now(UTC)
    office = Papers(now - timedelta(days=9))
    signer, chain = office.directory_signer()
    register = Register.of(read({"a.toml": AGENCIES}), issuers=[office.issuer.certificate.der])
    until = now + timedelta(days=30)
    encoded = sign(register, version=3, issued_at=now, expires_at=until, signer=signer, chain=chain)
    taken = first_edition(Entries(b"stray", encoded, b"stray"), tmp_path / "d.lt", office.roots)
    assert taken.header.version == 3
    assert (tmp_path / "d.lt").read_bytes() == encoded


def test_without_a_first_edition_a_daemon_says_what_to_do(tmp_path: Path) -> None:
    """Nothing came; or nothing that may be taken, where "the one held stays in force" would be no help."""
    roots = papers().roots
    with pytest.raises(BrokerAway, match="no edition of the directory came"):
        first_edition(Entries(), tmp_path / "d.lt", roots)
    with pytest.raises(BadConfig, match=r"none on the bus can be taken.*\[trust\] root") as caught:
        first_edition(Entries(b"stray"), tmp_path / "d.lt", roots)
    assert "stays in force" not in str(caught.value)
    assert not (tmp_path / "d.lt").exists()
