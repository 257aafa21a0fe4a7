"""What an edition keeps of the one held: lists of revocation, and the mailboxes' own statements of their keys.

An edition that brings an older list, or none, undoes revocations; one that lists an older statement first leads senders
back to a key that was replaced. Both are judged by what is held. schemas/README.md §9.7."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bus.directory.header import Rule
from bus.directory.keys import MailboxKeys, check_keys, stated_under
from bus.directory.sources import Book
from bus.errors import BadCertificate, BadDirectory, BadEdition, Words
from bus.trust.certificates import Certificate, RevocationList
from bus.trust.statements import SealingStatement, is_newest_first
from bus.trust.trust_store import TrustStore
from schemas.clock import local
from schemas.values import MailboxCode

_MOST_SHOWN = 200
"""Letters of a reason: names come from strangers."""


def check_lists(held: TrustStore | None, offered: TrustStore, *, at: datetime, skew: timedelta) -> None:
    """Raises BadEdition unless each issuer whose list is held has one in the edition that is offered, no older one, and
    one that names every stolen key that was named before; and every list is still in force. schemas §9.7.5"""
    before = {} if held is None else held.lists_by_issuer()
    after = offered.lists_by_issuer()
    for issuer, old in before.items():
        new = after.get(issuer) or next((each for each in offered.lists if each.signed_by(issuer)), None)
        if new is None:
            if not _is_over(issuer, offered, at=at, skew=skew):
                raise _bad(
                    Words(
                        f"đang giữ danh sách thu hồi của {issuer.name}, mà nó không có",
                        f"the revocation list of {issuer.name} is held, and missing in it",
                    ),
                    Rule.LIST_MISSING,
                )
        elif (new.number, new.since) < (old.number, old.since) or new.since < old.since:
            raise _bad(
                Words(
                    f"danh sách thu hồi của {issuer.name} trong đó là số {new.number:x}, lúc {_text(new.since)}; "
                    f"đang giữ số {old.number:x}, lúc {_text(old.since)} (hệ 16)",
                    f"its revocation list of {issuer.name} is number {new.number:x}, of {_text(new.since)}; "
                    f"number {old.number:x}, of {_text(old.since)}, is held (hexadecimal)",
                ),
                Rule.LIST_OLDER,
            )
        elif (lost := _forgotten(old, new)) and not _is_over(issuer, offered, at=at, skew=skew):
            raise _bad(
                Words(
                    f"danh sách thu hồi của {issuer.name} trong đó thiếu chứng thư {min(lost):x} có khóa đã lộ "
                    f"(thiếu {len(lost)} chứng thư như vậy)",
                    f"its revocation list of {issuer.name} lacks certificate {min(lost):x}, whose key was stolen "
                    f"({len(lost)} such in all)",
                ),
                Rule.LIST_SHORTER,
            )
    for issuer, new in after.items():
        if new.until is not None and at > new.until + skew and not _is_over(issuer, offered, at=at, skew=skew):
            raise _bad(
                Words(
                    f"danh sách thu hồi của {issuer.name} trong đó đã hết hạn lúc {_text(new.until)}",
                    f"its revocation list of {issuer.name} ended at {_text(new.until)}",
                ),
                Rule.LIST_ENDED,
            )


def _forgotten(old: RevocationList, new: RevocationList) -> frozenset[int]:
    """The stolen keys that a list does not name as such any more. Other entries may go when their certificate has ended
    (RFC 5280, 3.3); what such a key ever signed counts at no time."""
    return frozenset() if new.der == old.der else old.compromised - new.compromised


def _is_over(issuer: Certificate, offered: TrustStore, *, at: datetime, skew: timedelta) -> bool:
    """Whether nothing that an issuer signed counts any more, so that its list may go: it ended, or its own issuer
    revoked it."""
    return at > issuer.until + skew or offered.is_revoked(issuer)


def check_statements(held: Book | None, offered: Book, trust_store: TrustStore) -> None:
    """Raises BadEdition where a mailbox's keys differ from those held and are not what the mailbox states, or where an
    older statement comes before a newer one that is known. schemas §4.11, §9.7.6"""
    before = {} if held is None else held.keys
    for mailbox, keys in offered.keys.items():
        known = before.get(mailbox)
        if known == keys:
            continue
        try:
            statements = check_keys(mailbox, keys)  # not cached: most mailboxes are never written to from here
        except (BadDirectory, BadCertificate) as error:
            raise BadEdition(why=error.facts["why"]) from error
        if not is_newest_first(statements):
            why = Words(
                f"{mailbox}: khóa niêm phong cũ đứng trước khóa mới",
                f"{mailbox}: an older sealing key comes before a newer one",
            )
            raise BadEdition(why=why, rule=Rule.STATEMENT, mailbox=mailbox)
        if known is not None:
            _check_newest(mailbox, known, statements, trust_store)


def _check_newest(
    mailbox: MailboxCode, held: MailboxKeys, offered: Sequence[SealingStatement], trust_store: TrustStore
) -> None:
    """What a key stated that was revoked since, or that no root vouches for, does not bind a mailbox: whoever stole or
    made it could have stated any serial."""
    old = [each for each in check_keys(mailbox, held) if _binds(each, held, trust_store)]
    if not old:
        return
    newest = max(each.order for each in old)
    least = max(each.withdraws for each in old)
    if not offered or offered[0].order < newest:
        raise BadEdition(
            why=Words(
                f"{mailbox}: khóa niêm phong cũ đứng đầu, mà đang giữ khóa mới hơn: {_order_vi(newest)}",
                f"{mailbox}: an older sealing key comes first, and a newer one is held: {_order(newest)}",
            ),
            rule=Rule.STATEMENT,
            mailbox=mailbox,
        )
    if any(each.serial < least for each in offered):
        raise BadEdition(
            why=Words(
                f"{mailbox}: khóa niêm phong mà {mailbox} đã rút; mọi khóa trước số {least} không còn giá trị",
                f"{mailbox}: a sealing key that {mailbox} withdrew; nothing before serial {least} counts",
            ),
            rule=Rule.STATEMENT,
            mailbox=mailbox,
        )


def _binds(statement: SealingStatement, held: MailboxKeys, trust_store: TrustStore) -> bool:
    under = stated_under(held, statement, trust_store)
    return under is not None and under.revoked is None


def _order_vi(order: tuple[int, datetime]) -> str:
    return f"số {order[0]}, từ {_text(order[1])}"


def _order(order: tuple[int, datetime]) -> str:
    return f"serial {order[0]}, since {_text(order[1])}"


def _bad(why: Words, rule: Rule) -> BadEdition:
    return BadEdition(why=Words(why.vi[:_MOST_SHOWN], why[:_MOST_SHOWN]), rule=rule)


def _text(at: datetime) -> str:
    return local(at)
