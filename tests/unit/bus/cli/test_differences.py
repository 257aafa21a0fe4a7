"""bus/cli/differences.py: what a second person sees before an edition is signed."""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509

from bus.cli.differences import NO, YES, Comparison, Side
from bus.directory.facts import Register
from bus.directory.keys import MailboxKeys
from bus.errors import BadEdition
from bus.files.edition import load_edition, load_roots
from bus.trust.authority import Withdrawal, revocation_list
from bus.trust.certificates import Certificate
from bus.trust.keys import SealingKey, SigningKey, key_id
from bus.trust.statements import SealingStatement
from tests.identities import BEGIN, Papers
from tests.unit.bus.cli.test_pilot import admit, pilot, run, sign
from tests.unit.bus.directory.offices import DAY, NOW, Centre

__all__ = ["pilot"]


@dataclass
class Pair:
    """A certificate of H49 from an office, and a sealing key that its key stated."""

    office: Papers
    name: str = "H49"
    key: SigningKey = field(default_factory=SigningKey.generate)
    sealing: SealingKey = field(default_factory=SealingKey.generate)

    def __post_init__(self) -> None:
        self.certificate: Certificate = self.office.certificate(self.name, self.key)
        self.stated = SealingStatement.sign(
            self.sealing.public, mailbox="H49", since=BEGIN, until=NOW + 300 * DAY, signer=self.key, serial=5
        )


def keys(*pairs: Pair) -> MailboxKeys:
    return MailboxKeys(
        certificates=tuple(each.certificate.der for each in pairs), sealing=tuple(each.stated.encoded for each in pairs)
    )


def compared(before: Register, after: Register, centre: Centre) -> tuple[str, list[str]]:
    comparison = Comparison(*(Side.of_draft(each, centre.office.roots) for each in (before, after)))
    shown = "\n".join(comparison.lines())
    return shown, comparison.flagged


def changed(register: Register, name: str, fact: object) -> Register:
    line = f"{name}\t{json.dumps(fact)}\n".encode()
    kept = [each for each in register.content().splitlines(keepends=True) if not each.startswith(f"{name}\t".encode())]
    return Register.parse(b"".join(sorted([*kept, line])))


def text_of(der: bytes) -> str:
    return base64.b64encode(der).decode("ascii")


@pytest.fixture(scope="module")
def centre() -> Centre:
    return Centre()


def test_a_renewal_is_told_from_a_thief(centre: Centre) -> None:
    """By the chain and by who signed; only what comes and goes is shown, by ids that people can compare."""
    old, new, thief = Pair(centre.office), Pair(centre.office), Pair(Papers())
    before = centre.register(H49=keys(old))
    shown, flagged = compared(before, centre.register(H49=keys(new, old)), centre)
    assert flagged == []
    assert (shown.count(YES), NO in shown) == (2, False)
    for said in (
        "~ keys H49", f"+ (1/2) khóa / key {new.key.id}", f"serial {new.certificate.serial:x}",
        f"sealing key {new.sealing.public.id}", f"signed by {new.key.id}",
    ):  # fmt: skip
        assert said in shown
    assert old.key.id not in shown
    assert max(map(len, shown.splitlines())) <= 80
    shown, flagged = compared(before, centre.register(H49=keys(thief, old)), centre)
    assert flagged == ["keys H49", "keys H49"]
    assert shown.count(f"! tới gốc / chain to the root: {NO}: no chain leads") == 2
    assert thief.key.id in shown


def test_a_first_and_a_last_key(centre: Centre) -> None:
    """A line that comes or goes shows all it says."""
    pair = Pair(centre.office)
    empty, full = centre.register(), centre.register(H49=keys(pair))
    for mark, one, other in (("+", empty, full), ("-", full, empty)):
        shown, flagged = compared(one, other, centre)
        assert shown.startswith(f"{mark} keys H49\n    certificates\n      {mark} khóa / key {pair.key.id}")
        assert flagged == []


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ({"certificates": ["!"]}, "cannot be read"),
        ({"certificates": [text_of(b"x")]}, "cannot be read"),
        ({"sealing": [text_of(b"x")]}, "cannot be read"),
        ({"certificates": [], "sealing": None}, "no certificate beside it"),
        ({"certificates": None}, "in the name of H53"),
    ],
)
def test_what_is_wrong_is_marked(centre: Centre, fact: dict[str, list[str] | None], said: str) -> None:
    """Drafts come from an editor, too."""
    pair, other = Pair(centre.office), Pair(centre.office, "H53")
    real = {"sealing": [text_of(pair.stated.encoded)], "certificates": [text_of(other.certificate.der)]}
    said_of_it = {name: real[name] if items is None else items for name, items in fact.items()}
    shown, flagged = compared(centre.register(), changed(centre.register(), "keys\tH49", said_of_it), centre)
    assert flagged == ["keys H49"]
    assert f"{NO}: " in shown
    assert said in shown


def test_a_revoked_certificate_is_marked(centre: Centre) -> None:
    pair = Pair(centre.office)
    listed = centre.crl(pair.certificate.serial)
    shown, flagged = compared(centre.register(listed), centre.register(listed, H49=keys(pair)), centre)
    assert flagged == ["keys H49", "keys H49"]
    assert "revoked from" in shown


def test_long_values_are_not_cut(centre: Centre) -> None:
    """Whose mail a mailbox takes, an agency's old codes: of a list, what comes and goes."""
    many = [f"H49.{number}" for number in range(1, 60)]
    before = changed(centre.register(), "mailbox\tH49", {"serves": many})
    after = changed(changed(centre.register(), "mailbox\tH49", {"serves": [*many[1:], "H53.7"]}), "agency\tX9",
                    {"aliases": ["H53.8"], "names": [{"vi": "Nơi mới"}]})  # fmt: skip
    shown, _ = compared(before, after, centre)
    assert shown.splitlines() == [
        "+ agency X9", "    aliases", '      + "H53.8"', "    names", '      + {"vi": "Nơi mới"}',
        "~ mailbox H49", "    serves", '      - (1/59) "H49.1"', '      + (59/59) "H53.7"',
    ]  # fmt: skip
    turned = changed(before, "mailbox\tH49", {"serves": [many[1], many[0], *many[2:]], "limit": 7})
    shown, _ = compared(before, turned, centre)
    assert shown.splitlines()[1:4] == ["    limit", "      + 7", "    serves"]
    assert "order: 2, 1, 3" in shown


def _listed(centre: Centre, *entries: tuple[int, x509.ReasonFlags], number: int, by: Papers | None = None) -> Register:
    withdrawals = [Withdrawal(serial=serial, at=BEGIN, reason=reason) for serial, reason in entries]
    issuer = (by or centre.office).issuer
    return centre.register(revocation_list(issuer, withdrawals, at=NOW, until=NOW + 90 * DAY, number=number))


def test_what_a_revocation_list_changes(centre: Centre) -> None:
    """Entry by entry; what is revoked no longer is marked, and a list that no issuer signed."""
    stolen, over = x509.ReasonFlags.key_compromise, x509.ReasonFlags.superseded
    before = _listed(centre, (0xA1, stolen), (0xB2, over), number=1)
    shown, flagged = compared(before, _listed(centre, (0xB2, stolen), (0xC3, over), number=2), centre)
    assert (len(flagged), flagged[0].split()[0]) == (1, "revoked")
    assert "! không còn bị thu hồi / no longer revoked: a1 " in shown
    assert "~ thu hồi / revoked: b2 " in shown
    assert "+ thu hồi / revoked: c3 " in shown
    shown, flagged = compared(before, _listed(centre, (0xA1, stolen), (0xB2, over), number=2, by=Papers()), centre)
    assert len(flagged) == 1
    assert "no issuer with a chain signed it" in shown
    assert "- revoked " in compared(before, centre.register(), centre)[0]


def test_a_new_issuer_has_its_chain_shown(centre: Centre) -> None:
    ours, stranger = centre.second_issuer(), Papers().issuer
    both = centre.register(issuers=[centre.office.issuer, ours, stranger])
    shown, flagged = compared(centre.register(), both, centre)
    assert key_id(ours.certificate.public_key) in shown
    assert (shown.count(YES), shown.count(NO), len(flagged)) == (1, 1, 1)


def test_a_draft_with_a_broken_issuer_is_refused(centre: Centre) -> None:
    with pytest.raises(BadEdition, match="no certificate"):
        Side.of_draft(changed(centre.register(), "issuer\taa", {"der": [text_of(b"x")]}), centre.office.roots)


def test_the_command_warns_the_second_person(pilot: Path) -> None:
    """In both languages, at the end, where it is read; the exit code is that of any difference."""
    admit("H49")
    sign("e1.lt")
    root = Path("ca/root.pem")
    held = load_edition(Path("e1.lt"), roots=load_roots(root), now=datetime.now().astimezone())
    assert held is not None
    thief = Pair(Papers())
    fact = {"certificates": [text_of(thief.certificate.der)], "sealing": [text_of(thief.stated.encoded)]}
    Path("forged.txt").write_bytes(changed(held.register, "keys\tH49", fact).content())
    done = run("directory", "diff", "e1.lt", "forged.txt", "--root", root, code=3)
    assert "! ASK BEFORE YOU SIGN" in done.stderr
    assert "! PHẢI HỎI TRƯỚC KHI KÝ" in done.stderr
    assert "keys H49" in done.stderr.splitlines()[-1]
    assert f"- khóa / key {key_id(Certificate.from_pem(Path('H49.pem').read_bytes())[0].public_key)}" in done.stdout
    run("directory", "diff", "e1.lt", "e1.lt", "--root", root)
