"""Isolation of a mailbox: its audit copies go into a stream of its own, its dead letters into a queue of its own, and
its mail goes on. What it puts there costs no other mailbox's history or dead letters.

What dies in its inbox goes into its own queue by a policy of that inbox alone.

Pure, and written down nowhere but on the broker: a mailbox whose exchange is bound to its own is isolated. Changes are
in the order in which nothing is lost: what is new is bound before what is old is unbound."""

from collections.abc import Collection

from bus.topology.drift import Change, diff
from bus.topology.names import Kept, is_exchange, mailbox_of, own_of
from bus.topology.wanted import Isolated, Topology, kept_bindings, own_inbox_policies, own_queue
from schemas.values import MailboxCode


def isolated_in(current: Topology) -> frozenset[Isolated]:
    """The mailboxes that are isolated on a broker."""
    return frozenset(
        Isolated(kept, mailbox)
        for binding in current.bindings
        if is_exchange(binding.source) and (mailbox := mailbox_of(binding.source)) is not None
        for kept in Kept
        if binding.destination == own_of(kept, mailbox)
    )


def isolate(current: Topology, mailbox: MailboxCode, kept: Collection[Kept]) -> tuple[Change, ...]:
    """The changes that isolate a mailbox; none where it is, or where it has no exchange."""
    return _changes(current, mailbox, isolated_in(current) | {Isolated(each, mailbox) for each in kept})


def release(current: Topology, mailbox: MailboxCode) -> tuple[Change, ...]:
    """The changes that end a mailbox's isolation. What lies in its own stays there: `topology plan` names it."""
    return _changes(current, mailbox, isolated_in(current) - {Isolated(each, mailbox) for each in Kept})


def _changes(current: Topology, mailbox: MailboxCode, isolated: Collection[Isolated]) -> tuple[Change, ...]:
    exchanges = tuple(each for each in current.exchanges if is_exchange(each.name) and mailbox_of(each.name) == mailbox)
    if not exchanges:
        return ()
    wanted = Topology(
        vhost=current.vhost,
        exchanges=exchanges,
        queues=tuple(own_queue(each) for each in sorted(isolated) if each.mailbox == mailbox),
        bindings=kept_bindings(mailbox, isolated),
        policies=own_inbox_policies([each for each in isolated if each.mailbox == mailbox], current.policies),
    )
    return diff(current, wanted)
