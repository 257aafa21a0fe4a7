"""Makes the vectors of editions anew, with an authority of their own: `python -m tests.vectors.editions`.

Each says what is held, what is offered, when, and what comes of it: `taken`, or the rule of schemas §9.7 and §9.8.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from bus.directory.charter import Terms
from bus.directory.container import SIGNED, WHOLE, countersigned, opened
from bus.directory.edition import change, cosign
from bus.directory.header import STEP
from bus.directory.keys import MailboxKeys
from bus.trust.authority import Withdrawal, revocation_list
from bus.trust.certificates import RevocationList
from bus.trust.keys import SealingKey, SigningKey
from bus.trust.statements import SealingStatement
from schemas.framing import frame, unframe
from tests.unit.bus.directory.offices import DAY, NOW, Centre, id_of, under

FOLDER: Final = Path(__file__).parent / "editions"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One vector. `expect`: `taken`, or a rule."""

    name: str
    fact: str
    expect: str
    held: bytes | None
    offered: bytes
    now: datetime = NOW


class Country:
    """A centre with three signers, of which one was revoked in the edition held; and H49's keys."""

    def __init__(self) -> None:
        self.centre = Centre()
        self.revoked, self.centre.signer = self.centre.signer, self.centre.office.directory_signer()
        self.second, self.third = self.centre.office.directory_signer(), self.centre.office.directory_signer()
        self.early = self.centre.crl(number=3, at=NOW - 2 * DAY)
        self.listed = self.centre.crl(self.revoked[1][0].serial, number=4, at=NOW - DAY)
        self.signing = SigningKey.generate()
        self.certificate = self.centre.office.certificate("H49", self.signing)
        self.old, self.new = SealingKey.generate(), SealingKey.generate()
        self.held = self.edition(57)

    def stated(self, key: SealingKey, serial: int, withdraws: int = 0) -> bytes:
        since, until = NOW - 50 * DAY, NOW + 300 * DAY
        return SealingStatement.sign(
            key.public,
            mailbox="H49",
            since=since,
            until=until,
            signer=self.signing,
            serial=serial,
            withdraws=withdraws,
        ).encoded

    def edition(self, version: int, *, lists: tuple[Any, ...] | None = None, sealing: Any = None, **more: Any) -> bytes:
        keys = MailboxKeys(
            certificates=(self.certificate.der,),
            sealing=sealing or (self.stated(self.new, 7), self.stated(self.old, 6)),
        )
        register = self.centre.register(*((self.listed,) if lists is None else lists), H49=keys)
        return self.centre.edition(version, register=register, **more)

    def stolen(self, number: int, *serials: int) -> RevocationList:
        """A list of stolen keys."""
        reason = x509.ReasonFlags.key_compromise
        withdrawals = [Withdrawal(serial=serial, at=NOW - 3 * DAY, reason=reason) for serial in serials]
        made = NOW - DAY + timedelta(seconds=number)
        return revocation_list(self.centre.office.issuer, withdrawals, at=made, until=made + 90 * DAY, number=number)

    def numbered(self, number: str) -> bytes:
        """With a number of any length, rightly signed."""
        good = self.edition(58)
        header = re.sub(rb'"version":58', f'"version":{number}'.encode(), opened(good).signed)
        _, _, chain, content = unframe(memoryview(good)[len(WHOLE) :], at_most=4)
        return frame((header, self.centre.signer[0].sign(SIGNED + header), chain, content), after=WHOLE)


def rows() -> Iterator[Row]:
    it = Country()
    yield from _taken(it)
    yield from _bounds(it)
    yield from _lists(it)
    yield from _statements(it)
    yield from _charters(it)


def _taken(it: Country) -> Iterator[Row]:
    centre, held = it.centre, it.held
    before = centre.takes(None, held)
    after = centre.takes(before, it.edition(58, lists=(centre.crl(it.revoked[1][0].serial, number=5),)))
    yield Row(name="first", fact="A first edition, nothing held.", expect="taken", held=None, offered=held)
    yield Row(name="next", fact="The next one, with a newer list.", expect="taken", held=held, offered=after.encoded)
    yield Row(name="change", fact="The same, as a change.", expect="taken", held=held, offered=change(before, after))
    yield Row(name="far", fact="As far as a number may go.", expect="taken", held=held, offered=it.edition(57 + STEP))
    stray = countersigned(it.edition(58), charter=b"", others=opened(held).others)
    yield Row(name="bare", fact="Nothing around it.", expect="taken", held=held, offered=stray)
    yield Row(name="older", fact="Older than the one held.", expect="refused", held=held, offered=it.edition(56))
    late = it.edition(58, at=NOW, lasts=DAY)
    yield Row(name="expired", fact="Past its end.", expect="refused", held=held, offered=late, now=NOW + 2 * DAY)
    foreign = it.edition(58, by=Centre().signer)
    yield Row(name="foreign", fact="Signed below a foreign root.", expect="refused", held=held, offered=foreign)


def _bounds(it: Country) -> Iterator[Row]:
    for name, fact, rule, offered in (
        ("endless", "A number of 4,001 digits.", "version-out-of-bounds", it.numbered("1" + "0" * 4000)),
        ("above-2-53", "The number 2^53.", "version-out-of-bounds", it.numbered(str(2**53))),
        ("too-far", "A number one too far above.", "version-out-of-bounds", it.edition(58 + STEP)),
        ("too-long", "For 401 days.", "lifetime-out-of-bounds", it.edition(58, lasts=401 * DAY)),
        ("dated-back", "Issued before the one held.", "dated-back", it.edition(58, at=NOW - timedelta(seconds=9))),
    ):
        yield Row(name=name, fact=fact, expect=rule, held=it.held, offered=offered)


def _lists(it: Country) -> Iterator[Row]:
    thief, early = it.revoked, it.early
    ended = it.centre.crl(number=5, at=NOW - DAY / 2, lasts=DAY / 4)
    for name, fact, rule, offered in (
        ("thief-early", "A revoked signer, with the earlier list.", "signer-revoked",
         it.edition(58, by=thief, lists=(early,))),
        ("thief-none", "A revoked signer, without a list.", "signer-revoked", it.edition(58, by=thief, lists=())),
        ("no-list", "Without the list that is held.", "list-missing", it.edition(58, lists=())),
        ("early-list", "With an earlier list.", "list-older", it.edition(58, lists=(early,))),
        ("ended-list", "With a list that has ended.", "list-ended", it.edition(58, lists=(ended,))),
    ):  # fmt: skip
        yield Row(name=name, fact=fact, expect=rule, held=it.held, offered=offered)
    named = it.edition(57, lists=(it.stolen(4, 1, 2),))
    shorter, longer = it.edition(58, lists=(it.stolen(5, 1),)), it.edition(58, lists=(it.stolen(5, 1, 2, 3),))
    yield Row(name="one-less", fact="Without a stolen key.", expect="list-shorter", held=named, offered=shorter)
    yield Row(name="one-more", fact="With one more stolen key.", expect="taken", held=named, offered=longer)
    first = it.edition(1, lists=(ended,))
    yield Row(name="ended-first", fact="A first one with an ended list.", expect="list-ended", held=None, offered=first)


def _statements(it: Country) -> Iterator[Row]:
    new, old, rule = it.stated(it.new, 7), it.stated(it.old, 6), "statement-older"
    back, turned = it.edition(58, sealing=(old,)), it.edition(58, sealing=(old, new))
    yield Row(name="old-key", fact="H49's older statement alone.", expect=rule, held=it.held, offered=back)
    yield Row(name="old-key-first", fact="H49's older statement first.", expect=rule, held=it.held, offered=turned)
    withdrawing = it.edition(57, sealing=(it.stated(it.new, 7, withdraws=7),))
    again = it.edition(58, sealing=(it.stated(it.new, 7, withdraws=7), old))
    yield Row(name="withdrawn", fact="H49 withdrew its older key.", expect=rule, held=withdrawing, offered=again)
    other = SealingStatement.sign(
        it.old.public, mailbox="H49", since=NOW, until=NOW + DAY, signer=SigningKey.generate(), serial=9
    )
    swapped = it.edition(58, sealing=(other.encoded,))
    yield Row(name="swapped", fact="A key that H49 did not state.", expect="refused", held=it.held, offered=swapped)


def _charters(it: Country) -> Iterator[Row]:
    centre, one, two, three = it.centre, it.centre.signer, it.second, it.third
    two_of_three = centre.charter(1, one, two, three, threshold=2)
    alone = it.edition(58)
    both = under(two_of_three, cosign(alone, signer=two[0], chain=two[1]))
    same = under(two_of_three, cosign(alone, signer=one[0], chain=one[1]))
    for name, fact, rule, offered in (
        ("two-of-three", "Two of the three signers of a charter.", "taken", both),
        ("one-of-two", "One signer, where a charter wants two.", "signers-missing", under(two_of_three, alone)),
        ("one-twice", "The same signer twice.", "signers-missing", same),
    ):
        yield Row(name=name, fact=fact, expect=rule, held=it.held, offered=offered)
    kept = centre.takes(centre.takes(None, it.held), both).encoded
    later = it.edition(59)
    yield Row(name="one-later", fact="The charter is held.", expect="signers-missing", held=kept, offered=later)
    by_issuer = centre.chartered(Terms(serial=2, issued_at=NOW, signers=(id_of(one),)), by=centre.office.issuer)
    false = countersigned(alone, charter=by_issuer, others=())
    yield Row(name="issuers", fact="A charter of the issuer's.", expect="charter-refused", held=it.held, offered=false)
    driven = it.edition(57 + STEP)
    reset = centre.charter(1, two, withdrawn=(id_of(one),), last=57)
    back, thief = under(reset, it.edition(58, by=two)), under(reset, it.edition(58 + STEP))
    below = under(reset, it.edition(57, by=two))
    yield Row(name="back", fact="The way back from a stolen signer.", expect="taken", held=driven, offered=back)
    yield Row(name="back-too-far", fact="Not above `last`.", expect="charter-refused", held=driven, offered=below)
    yield Row(name="back-thief", fact="The stolen signer.", expect="signers-missing", held=driven, offered=thief)
    bare = it.edition(58, by=two)
    yield Row(name="back-bare", fact="Back without a charter.", expect="refused", held=driven, offered=bare)
    yield Row(
        name="root", fact="The root of all of these.", expect="root", held=None, offered=centre.office.roots[0].der
    )


def write(folder: Path) -> None:
    for row in rows():
        vector = {
            "fact": row.fact,
            "expect": row.expect,
            "now": row.now.isoformat(),
            "held": None if row.held is None else base64.b64encode(row.held).decode(),
            "offered": base64.b64encode(row.offered).decode(),
        }
        text = json.dumps(vector, ensure_ascii=False, indent=1) + "\n"
        (folder / f"{row.expect}-{row.name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    write(FOLDER)
