"""What `directory diff` shows: lines that come or go as a whole, and of the others what differs, uncut.

A certificate, a statement and a revocation list are shown as what they say, and with whether a chain leads from them to
a root: that is where a thief's key and a genuine one differ. What has none is marked with `!`, and counted.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bus.cli.output import text
from bus.directory.facts import ISSUER, KEYS, REVOKED, Register, object_of
from bus.errors import BadCertificate, BadDirectory, BadEdition, Words
from bus.trust.authority import Withdrawal, withdrawals_of
from bus.trust.certificates import Certificate, Purpose, RevocationList, Revoked, names_mailbox
from bus.trust.keys import key_id
from bus.trust.statements import SealingStatement
from bus.trust.trust_store import TrustStore
from schemas.printable import json_text

YES, NO = "có / yes", "KHÔNG / NO"
_CHAIN = "tới gốc / chain to the root"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two contents, and what its certificates are judged by."""

    register: Register
    trust_store: TrustStore

    @classmethod
    def of_draft(cls, register: Register, roots: Sequence[Certificate]) -> "Side":
        """Raises BadEdition."""
        try:
            issuers = [Certificate.from_der(der) for der in register.ders(ISSUER)]
            lists = [RevocationList.from_der(der) for der in register.ders(REVOKED)]
        except BadCertificate as exc:
            raise BadEdition(
                why=Words(
                    "có dòng không phải chứng thư hoặc danh sách thu hồi",
                    "a line of it is no certificate, or no revocation list",
                )
            ) from exc
        return cls(register, TrustStore(roots, issuers, lists))


class Comparison:
    """From one content to the next."""

    def __init__(self, before: Side, after: Side) -> None:
        self._before = before
        self._after = after
        self._change = before.register.change_to(after.register)
        self.flagged: list[str] = []
        """Lines of the next content, once for each thing to ask about: no chain leads from it to a root, or something
        revoked is so no more."""

    @property
    def gone(self) -> int:
        return len(self._change.gone)

    @property
    def put(self) -> int:
        return len(self._change.put)

    def lines(self) -> Iterator[str]:
        for name in self._change.gone:
            kind, _, code = name.partition("\t")
            yield from self._line("-", kind, code)
        for line in self._change.put:
            kind, code, _ = line.decode().split("\t", 2)
            yield from self._line("+" if self._before.register.fact(kind, code) is None else "~", kind, code)

    def _line(self, sign: str, kind: str, code: str) -> Iterator[str]:
        yield f"{sign} {kind} {code}"
        was, now = (object_of(side.register.fact(kind, code) or b"{}") for side in (self._before, self._after))
        for name in sorted({*was, *now}):
            if was.get(name) == now.get(name):
                continue
            yield f"    {name}"
            if (kind, name) == (REVOKED, "der"):
                yield from self._lists(code, _items(was.get(name)), _items(now.get(name)))
            else:
                yield from self._items(kind, code, name, was, now)

    def _items(
        self, kind: str, code: str, name: str, was: Mapping[str, object], now: Mapping[str, object]
    ) -> Iterator[str]:
        old, new = _items(was.get(name)), _items(now.get(name))
        for sign, side, said, items, others in (("-", self._before, was, old, new), ("+", self._after, now, new, old)):
            for place, item in enumerate(items, start=1):
                if item not in others:
                    shown, objection = _shown(kind, code, name, item, said, side.trust_store)
                    if sign == "+" and objection:
                        self.flagged.append(f"{kind} {code}")
                    at = f" ({place}/{len(items)})" if len(items) > 1 else ""
                    yield f"      {sign}{at} {shown[0]}"
                    yield from (f"          {each}" for each in shown[1:])
                    if objection:
                        yield f"        ! {_CHAIN}: {NO}: {objection}"
        if [item for item in old if item in new] != [item for item in new if item in old]:
            yield f"      thứ tự trước → sau / order: {', '.join(str(old.index(i) + 1) for i in new if i in old)}"

    def _lists(self, code: str, old: Sequence[object], new: Sequence[object]) -> Iterator[str]:
        # Each side was read before: its lists are lists.
        before, after = (RevocationList.from_der(_bytes(each[0])) if each else None for each in (old, new))
        counting = {each.der for each in self._after.trust_store.lists_by_issuer().values()}
        for sign, each in (("-", before), ("+", after)):
            if each is not None:
                name, until = each.parsed.issuer.rfc4514_string(), text(each.until) or "–"
                yield f"      {sign} {name}"
                yield f"          số / number {each.number}, {text(each.since)} → {until}, {len(each.parsed)}"
        if after is not None and after.der not in counting:
            self.flagged.append(f"{REVOKED} {code}")
            yield f"        ! {_CHAIN}: {NO}: no issuer with a chain signed it / không nơi cấp nào ký"
        was, now = ({} if each is None else withdrawals_of(each) for each in (before, after))
        for serial in (each for each in was if each not in now):
            self.flagged.append(f"{REVOKED} {code}")
            yield f"        ! không còn bị thu hồi / no longer revoked: {_entry(was[serial])}"
        for serial, entry in now.items():
            if was.get(serial) != entry:
                yield f"        {'~' if serial in was else '+'} thu hồi / revoked: {_entry(entry)}"


# -- one thing ---------------------------------------------------------------------------------------------------------


def _shown(
    kind: str, code: str, name: str, item: object, said: Mapping[str, object], trust_store: TrustStore
) -> tuple[list[str], str | None]:
    """Its lines, and why it does not lead to a root."""
    if (kind, name) in {(KEYS, "certificates"), (ISSUER, "der")}:
        return _certificate(code if kind == KEYS else None, item, trust_store)
    if (kind, name) == (KEYS, "sealing"):
        return _statement(code, item, _items(said.get("certificates")), trust_store)
    return [json_text(item)], None


def _certificate(mailbox: str | None, item: object, trust_store: TrustStore) -> tuple[list[str], str | None]:
    try:
        found = Certificate.from_der(_bytes(item))
    except (BadCertificate, ValueError):
        return [json_text(item)], "it cannot be read / không đọc được"
    objection = _objection(mailbox, found, trust_store)
    lines = [
        f"khóa / key {key_id(found.public_key)}",
        f"tên / name {found.name}",
        f"nơi cấp / issuer {found.parsed.issuer.rfc4514_string()}",
        f"hết hạn / until {text(found.until)}",
        f"số hiệu / serial {found.serial:x}",
    ]
    return (lines if objection else [*lines, f"{_CHAIN}: {YES}"]), objection


def _objection(mailbox: str | None, certificate: Certificate, trust_store: TrustStore) -> str | None:
    """The reason why a certificate is nobody's; None where a chain leads from it to a root, and no list names it."""
    if mailbox is not None and not names_mailbox(certificate, mailbox):
        return f"it is in the name of {certificate.name} / mang tên khác"
    revoked: Revoked | None
    try:
        if mailbox is None:
            revoked = trust_store.revoked(certificate)
        else:
            revoked = trust_store.validity(certificate, Purpose.MAILBOX).revoked
    except BadCertificate as error:
        return str(error.facts["why"])
    return None if revoked is None else f"revoked from {text(revoked.at)} on / đã thu hồi"


def _statement(
    mailbox: str, item: object, certificates: Sequence[object], trust_store: TrustStore
) -> tuple[list[str], str | None]:
    try:
        found = SealingStatement.from_bytes(_bytes(item))
    except (BadDirectory, ValueError):
        return [json_text(item)], "it cannot be read / không đọc được"
    objection: str | None = "no certificate beside it has the key that signed it / không có chứng thư của khóa ký"
    for each in certificates:
        with suppress(BadCertificate, ValueError):
            certificate = Certificate.from_der(_bytes(each))
            if found.holds(mailbox, [certificate.verify_key()]):
                objection = _objection(mailbox, certificate, trust_store)
                if objection is None:
                    break
    below = f", bỏ số dưới / withdraws those below {found.withdraws}" if found.withdraws else ""
    lines = [
        f"khóa niêm phong / sealing key {found.key.id}",
        f"số / serial {found.serial}{below}",
        f"từ / since {text(found.since)}",
        f"đến / until {text(found.until)}",
        f"ký bởi / signed by {found.signed_by}",
    ]
    return (lines if objection else [*lines, f"{_CHAIN}: {YES}"]), objection


def _entry(entry: Withdrawal) -> str:
    return f"{entry.serial:x} {text(entry.at)} ({entry.reason.value})"


def _items(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _bytes(item: object) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(str(item), validate=True)
