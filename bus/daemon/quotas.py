"""How much of the quotas between mailboxes is used: looked at every minute, said once when most of one is, shown as a
gauge. What is beyond a quota is refused by sending/accept.py and receiving/take_in.py, not here."""

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import structlog

from bus.daemon.dependencies import Dependencies
from bus.directory.member import Member
from bus.errors import NoMailbox
from bus.ports.records import Event
from bus.ports.store import Transaction
from bus.sending.quota import NEARLY, Share, shares
from schemas.values import MailboxCode

log = structlog.get_logger()


class Use(NamedTuple):
    """One limit between two mailboxes, of which this one is either."""

    sender: MailboxCode
    recipient: MailboxCode
    share: Share


class QuotaWatch:
    def __init__(self, given: Dependencies) -> None:
        self._given = given
        self._said = frozenset[tuple[MailboxCode, MailboxCode, str]]()
        """Sender, recipient and unit of what is above the mark, and was said."""
        self.most_used: dict[str, float] = {}
        """The largest share in use of any quota, at the last look: what was `sent`, and what is `held`."""

    def step(self) -> bool:
        given, member = self._given, self._given.member_now()
        with given.store.read() as tx:
            uses = list(_uses(tx, member))
        self.most_used = {"sent": 0.0, "held": 0.0}
        above = dict[tuple[MailboxCode, MailboxCode, str], Use]()
        for use in uses:
            side = "sent" if use.sender == given.mailbox else "held"
            self.most_used[side] = max(self.most_used[side], use.share.ratio)
            if use.share.ratio >= NEARLY:
                above[use.sender, use.recipient, use.share.unit] = use
        for use in (above[key] for key in above.keys() - self._said):
            self._say(use)
        self._said = frozenset(above)
        return False

    def _say(self, use: Use) -> None:
        given, share = self._given, use.share
        log.warning(
            "quota.nearly",
            mailbox=given.mailbox,
            sender=use.sender,
            recipient=use.recipient,
            what=share.unit,
            used=share.used,
            limit=share.limit,
        )
        detail = f"{use.sender} → {use.recipient}: {share.used} / {share.limit} {share.unit_vi} / {share.unit}"
        given.tell(Event(at=given.clock(), name="quota.nearly", detail=detail))


def _uses(tx: Transaction, member: Member) -> Iterator[Use]:
    for recipient, used in tx.outbox.under_way().items():
        with suppress(NoMailbox):  # taken out of the directory since
            quota = member.directory.mailbox(recipient).under_way
            yield from (Use(member.mailbox, recipient, share) for share in shares(used, quota))
    with suppress(NoMailbox):
        quota = member.directory.mailbox(member.mailbox).under_way
        for sender, used in tx.inbox.held_from().items():
            if sender != member.mailbox:
                yield from (Use(sender, member.mailbox, share) for share in shares(used, quota))
