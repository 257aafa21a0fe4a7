"""Quotas of one mailbox in what all share, the audit stream and the queue `dead`: what each may put there in a span of
time, what it has put there, and when to say so.

Pure: the centre's guard counts what it reads in the audit stream, and in `dead` (bus/rabbit/admin/guard.py). RabbitMQ
itself bounds a queue, never what one user puts into it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from bus.errors import BadConfig, said
from bus.topology.names import Kept
from schemas.values import MailboxCode

NEARLY = 0.8
MOST = 20_000
"""Counts above which no new name is taken from what others say: they could think out any number of names."""
STEPS = 24
"""A span slides in so many steps."""


class Subject(StrEnum):
    AUDIT = "audit"
    """All that a mailbox publishes, since all of it is copied there."""
    DEAD = "dead"
    """What it puts into `dead` itself, by whatever road; what dies in its own inbox, too."""
    BLAMED = "blamed"
    """What other mailboxes put into `dead`, with its name as the publisher."""


class Rule(NamedTuple):
    """Of one subject."""

    span: timedelta
    isolates: tuple[Kept, ...]
    """What a mailbox over its quota gets of its own. Nothing for what others say of it: they may lie."""


RULES: Mapping[Subject, Rule] = {
    # Its dead letters, too: their copies leave `audit` with the others, and are counted there no more.
    Subject.AUDIT: Rule(timedelta(days=1), (Kept.AUDIT, Kept.DEAD)),
    Subject.DEAD: Rule(timedelta(days=7), (Kept.DEAD,)),
    Subject.BLAMED: Rule(timedelta(days=7), ()),
}


class Amount(NamedTuple):
    messages: int
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """Of one mailbox. A hundredth of the audit stream a day: a flood of thirty days is a third of it."""

    audit_messages: int = 1_000_000
    audit_bytes: int = 2 * 1024**3
    dead_messages: int = 5_000
    dead_bytes: int = 64 * 1024**2
    blamed_messages: int = 5_000
    blamed_bytes: int = 64 * 1024**2

    def of(self, subject: Subject) -> Amount:
        return Amount(getattr(self, f"{subject}_messages"), getattr(self, f"{subject}_bytes"))


@dataclass(frozen=True, slots=True)
class QuotaTable:
    """The quotas of all mailboxes, and of those that have others."""

    common: Quotas = field(default_factory=Quotas)
    own: Mapping[MailboxCode, Quotas] = field(default_factory=dict)

    def of(self, mailbox: MailboxCode) -> Quotas:
        return self.own.get(mailbox, self.common)

    def least(self, subject: Subject) -> Amount:
        """Of all mailboxes."""
        all_of_them = [quotas.of(subject) for quotas in (self.common, *self.own.values())]
        return Amount(min(each.messages for each in all_of_them), min(each.size for each in all_of_them))


_BELOW = said("`mailbox`: ghi [mailbox.MÃ] rồi hạn mức ở dưới", "mailbox: write [mailbox.CODE] and quotas below it")


def read_quotas(content: Mapping[str, Any], *, file: object, common: Quotas | None = None) -> QuotaTable:
    """From TOML: names of `Quotas` with their values; those of one mailbox below `[mailbox.H17]`. Raises BadConfig."""
    for_all = {name: value for name, value in content.items() if name != "mailbox"}
    common = _changed(common or Quotas(), for_all, file)
    own = content.get("mailbox", {})
    if not isinstance(own, Mapping):
        raise BadConfig(file=file, why=_BELOW)
    return QuotaTable(common, {str(code): _changed(common, given, file) for code, given in own.items()})


def _changed(common: Quotas, given: object, file: object) -> Quotas:
    names = sorted(each.name for each in fields(Quotas))
    if not isinstance(given, Mapping):
        raise BadConfig(file=file, why=_BELOW)
    for name, value in given.items():
        if name not in names:
            raise BadConfig(
                file=file,
                why=said("{name}: chỉ có {names}", "{name}: one of {names}", name=name, names=", ".join(names)),
            )
        if type(value) is not int or value < 1:
            raise BadConfig(
                file=file, why=said("{name}: phải là số nguyên lớn hơn 0", "{name}: a whole number above 0", name=name)
            )
    return replace(common, **given)


class Use(NamedTuple):
    """What a mailbox has put somewhere within the span."""

    subject: Subject
    mailbox: MailboxCode
    used: Amount
    quota: Amount

    @property
    def share(self) -> float:
        return max(self.used.messages / self.quota.messages, self.used.size / self.quota.size)

    @property
    def is_over(self) -> bool:
        return self.share >= 1


class Tally:
    """What each mailbox has put where, by steps of time. The caller says what time it is."""

    def __init__(self) -> None:
        self._steps: dict[tuple[Subject, MailboxCode], dict[int, Amount]] = {}

    def add(self, subject: Subject, mailbox: MailboxCode, *, size: int, at: datetime, messages: int = 1) -> None:
        if subject is Subject.BLAMED and (subject, mailbox) not in self._steps and len(self._steps) >= MOST:
            return
        steps = self._steps.setdefault((subject, mailbox), {})
        now = _step(subject, at)
        before, total = steps.get(now, _NONE)
        steps[now] = Amount(before + messages, total + size)

    def forget(self, subject: Subject, mailbox: MailboxCode) -> None:
        """It counts from nothing again."""
        self._steps.pop((subject, mailbox), None)

    def uses(self, quotas: QuotaTable, *, at: datetime) -> tuple[Use, ...]:
        """Those that are nearly used up or over, the fullest first. Steps that have passed are forgotten."""
        found = []
        for (subject, mailbox), steps in list(self._steps.items()):
            first = _step(subject, at) - STEPS
            for old in [step for step in steps if step <= first]:
                del steps[old]
            used = Amount(sum(each.messages for each in steps.values()), sum(each.size for each in steps.values()))
            if not steps:
                self.forget(subject, mailbox)
            use = Use(subject, mailbox, used, quotas.of(mailbox).of(subject))
            if use.share >= NEARLY:
                found.append(use)
        return tuple(sorted(found, key=lambda use: (-use.share, use.subject, use.mailbox)))

    def to_rows(self) -> list[list[str | int]]:
        """For a file that outlives the process."""
        return [
            [subject, mailbox, step, *amount]
            for (subject, mailbox), steps in self._steps.items()
            for step, amount in steps.items()
        ]

    @classmethod
    def from_rows(cls, rows: list[list[Any]]) -> "Tally":
        """Of what `to_rows` gave. Raises ValueError or TypeError for anything else."""
        tally = cls()
        for subject, mailbox, step, messages, size in rows:
            steps = tally._steps.setdefault((Subject(subject), str(mailbox)), {})
            steps[int(step)] = Amount(int(messages), int(size))
        return tally


_NONE = Amount(0, 0)


def _step(subject: Subject, at: datetime) -> int:
    return int(at.timestamp() // (RULES[subject].span.total_seconds() / STEPS))
