"""The centre's guard over what all mailboxes share, the audit stream and the queue `dead`: it counts per mailbox, says
who is near its quota, and isolates who is over it. The quotas are bus/topology/quotas.py's, the roads
bus/topology/isolation.py's; the stream is read by bus/rabbit/streams/audit_tail.py."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

from bus.errors import BadConfig, Words
from bus.rabbit.admin.dead_letter import DeadLetter
from bus.rabbit.admin.management import Management
from bus.rabbit.streams.audit_tail import OVERHEAD, AuditCopy
from bus.topology.isolation import isolate, isolated_in
from bus.topology.names import DEAD, is_exchange, mailbox_of
from bus.topology.quotas import RULES, Amount, QuotaTable, Subject, Tally, Use
from bus.topology.wanted import Isolated
from schemas.codes import Label
from schemas.values import MailboxCode

LOOKS = 5
"""Looks into `dead` while one mailbox fills its quota of it."""
MOST_LETTERS = 50_000
"""Of one look, the oldest first: a minute or two of reading."""


class Said(StrEnum):
    """What the guard says, by the code that an operator looks for."""

    NEARLY = "quota.nearly"
    OVER = "quota.over"
    ISOLATED = "quota.isolated"


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that it says of one mailbox."""

    code: Said
    use: Use


class Look(NamedTuple):
    """What was found in `dead` the last time."""

    lying: Amount
    unseen: Mapping[MailboxCode, Amount]
    """By mailbox, what the audit stream does not show."""

    @classmethod
    def from_kept(cls, kept: Any) -> Self:
        """Of a guard's file. Raises ValueError, TypeError, KeyError or AttributeError for anything else."""
        unseen = {str(mailbox): _amount(*each) for mailbox, each in kept["unseen"].items()}
        return cls(_amount(*kept["lying"]), unseen)


def _amount(messages: Any, size: Any) -> Amount:
    return Amount(int(messages), int(size))


class Guard:
    """Counts what passes. Tests say what time it is."""

    def __init__(
        self, quotas: QuotaTable, *, tally: Tally | None = None, offset: int | None = None, look: Look | None = None
    ) -> None:
        self._quotas = quotas
        self._look = look
        self._tally = tally or Tally()
        self._said: dict[tuple[Subject, MailboxCode], bool] = {}  # whether it was over
        self.offset = offset
        """The next one to read; None: it has read none yet."""

    def count(self, copies: Iterable[AuditCopy], *, at: datetime) -> None:
        for copy in copies:
            self.offset = copy.offset + 1
            mailbox = mailbox_of(copy.exchange) if is_exchange(copy.exchange) else None
            if mailbox is None:
                continue
            self._tally.add(Subject.AUDIT, mailbox, size=copy.size, at=at)
            if copy.key == DEAD:
                self._tally.add(Subject.DEAD, mailbox, size=copy.size, at=at)
                if copy.publisher is not None and copy.publisher != mailbox:
                    self._tally.add(Subject.BLAMED, copy.publisher, size=copy.size, at=at)

    def is_due(self, lying: Amount) -> bool:
        """Whether so much more lies in `dead` since the last look into it that a mailbox may be near its quota. What
        dies in an inbox, or comes by a key in CC or BCC, is not in the audit stream."""
        if (look := self._look) is None:
            return True
        before = Amount(*map(min, look.lying, lying))
        self._look = Look(before, look.unseen)
        least = self._quotas.least(Subject.DEAD)
        return any(LOOKS * (now - then) >= most for now, then, most in zip(lying, before, least, strict=True))

    def look(self, letters: Iterable[DeadLetter], lying: Amount, *, at: datetime) -> None:
        """Counts of what lies in `dead` all that the audit stream does not show, and that was not there before, for the
        mailbox in whose inbox it died, or whose exchange it came by. Of the first look nothing is counted. `lying`
        is some seconds old: it counts for what was not read, since no more than MOST_LETTERS are."""
        unseen: dict[MailboxCode, Amount] = {}
        read = Amount(0, 0)
        for letter in letters:
            read = Amount(read.messages + 1, read.size + letter.size)
            if letter.queue == DEAD and not letter.in_audit and letter.inboxes:
                messages, size = unseen.get(letter.inboxes[0], (0, 0))
                unseen[letter.inboxes[0]] = Amount(messages + 1, size + letter.size + OVERHEAD)
        known = unseen if self._look is None else self._look.unseen
        for mailbox, now in unseen.items():
            before = known.get(mailbox, Amount(0, 0))
            if now.messages > before.messages:
                size = max(now.size - before.size, 0)
                self._tally.add(Subject.DEAD, mailbox, size=size, at=at, messages=now.messages - before.messages)
        self._look = Look(read if read.messages < MOST_LETTERS else lying, unseen)

    def uses(self, *, at: datetime) -> Sequence[Use]:
        """Those that are nearly used up or over."""
        return self._tally.uses(self._quotas, at=at)

    def act(self, management: Management, *, vhost: str, at: datetime) -> Iterator[Word]:
        """Says what is new, and isolates who is over. Raises BrokerAway, BadConfig: it is tried again next time."""
        uses = self.uses(at=at)
        now = {(use.subject, use.mailbox) for use in uses}
        self._said = {key: over for key, over in self._said.items() if key in now}
        for use in uses:
            key = (use.subject, use.mailbox)
            if self._said.get(key) is not use.is_over and (use.is_over or key not in self._said):
                yield Word(Said.OVER if use.is_over else Said.NEARLY, use)
            self._said[key] = use.is_over
            if use.is_over and RULES[use.subject].isolates and self._isolate(management, use, vhost=vhost):
                yield Word(Said.ISOLATED, use)

    def _isolate(self, management: Management, use: Use, *, vhost: str) -> bool:
        """Whether it was not isolated before. From here on it counts from nothing: once released it has a whole
        quota."""
        kept = RULES[use.subject].isolates
        current = management.topology(vhost)
        known = isolated_in(current) >= {Isolated(each, use.mailbox) for each in kept}
        management.apply(isolate(current, use.mailbox, kept), vhost=vhost, hashes={})
        for subject in Subject:
            if subject is use.subject or subject.value in kept:
                self._tally.forget(subject, use.mailbox)
        return not known

    def to_json(self, *, at: datetime) -> str:
        """All that it must know after a restart, and what `lienthong queues` shows."""
        uses = [
            {"subject": use.subject, "mailbox": use.mailbox, "share": round(use.share, 3), **_amounts(use)}
            for use in self.uses(at=at)
        ]
        look = None if (last := self._look) is None else {"lying": last.lying, "unseen": last.unseen}
        counted = {"tally": self._tally.to_rows(), "look": look}
        return json.dumps({"at": at.isoformat(), "offset": self.offset, "uses": uses, **counted})

    @classmethod
    def kept_uses(cls, text: str | bytes, *, file: object) -> list[dict[str, Any]]:
        """What its JSON says of who is near a quota. Raises BadConfig."""
        cls.from_json(text, quotas=QuotaTable(), file=file)
        uses: list[dict[str, Any]] = json.loads(text)["uses"]
        return uses

    @classmethod
    def from_json(cls, text: str | bytes, *, quotas: QuotaTable, file: object) -> "Guard":
        """Raises BadConfig."""
        try:
            kept: Any = json.loads(text)
            offset = None if kept["offset"] is None else int(kept["offset"])
            look = Look.from_kept(kept["look"]) if kept.get("look") is not None else None
            return cls(quotas, tally=Tally.from_rows(kept["tally"]), offset=offset, look=look)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
            raise BadConfig(
                file=file,
                why=Words(
                    "không phải trạng thái của guard: xóa tệp, việc đếm bắt đầu lại",
                    "it is no state of a guard: remove it, counting begins anew",
                ),
            ) from exc


def in_words(word: Word) -> Label:
    """What was put where, and what comes of it or who must act."""
    use = word.use
    what, where = _WHERE[use.subject]
    used = f"{use.used.messages:,} / {use.quota.messages:,}, {use.used.size:,} / {use.quota.size:,} byte"
    vi, en = _THEN[word.code] if use.subject is not Subject.BLAMED else _BLAMED
    days = RULES[use.subject].span.days
    return Label(
        f"{use.mailbox} {what} {days} ngày qua: {used}. {vi.format(mailbox=use.mailbox)}",
        f"{use.mailbox} {where} in {days} days: {used}s. {en.format(mailbox=use.mailbox)}",
    )


_WHERE: dict[Subject, Label] = {
    Subject.AUDIT: Label("gửi", "has sent"),
    Subject.DEAD: Label("bỏ vào hàng đợi dead", "has put into the queue dead"),
    Subject.BLAMED: Label("bị nơi khác bỏ vào hàng đợi dead", "is named by others as the publisher of dead letters"),
}
_THEN: dict[Said, Label] = {
    Said.NEARLY: Label(
        "Người vận hành hỏi cơ quan đó; hết hạn mức thì bản sao của họ đi riêng, thư vẫn đi",
        "The operator asks that agency; at its quota its copies go apart, its mail goes on",
    ),
    Said.OVER: Label(
        "Hết hạn mức: bản sao của họ đi riêng, thư vẫn đi", "Over its quota: its copies go apart, its mail goes on"
    ),
    Said.ISOLATED: Label(
        "Đã cách ly: audit.{mailbox}, dead.{mailbox}. Người vận hành hỏi cơ quan đó; xong thì lienthong topology "
        "release {mailbox}",
        "Isolated: audit.{mailbox}, dead.{mailbox}. The operator asks that agency; afterwards lienthong topology "
        "release {mailbox}",
    ),
}
_BLAMED = Label(
    "Người vận hành xem lienthong dead list; nếu đúng thì dead discard, và topology apply --withdrawn {mailbox}",
    "The operator looks at lienthong dead list; if it is so, dead discard, and topology apply --withdrawn {mailbox}",
)


def _amounts(use: Use) -> dict[str, object]:
    return {"used": use.used._asdict(), "quota": use.quota._asdict()}
