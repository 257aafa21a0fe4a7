"""Mailboxes for the tests of the daemon: an office of the country in memory, its clock, and the daemon around it."""

from dataclasses import replace
from typing import Any

from bus.daemon.loops import Loop
from bus.daemon.mailbox import MailboxDaemon, Surroundings
from tests.scenarios.country import Land


def daemon_of(land: Land, code: str, *, every: float = 0.01, **other: Any) -> MailboxDaemon:
    """Not started. Its time is the country's."""
    office = land[code]
    return MailboxDaemon(
        Surroundings(
            member=office.member,
            store=office.store,
            broker=office.broker,
            adapter=office.dms,
            every=every,
            clock=lambda: land.now,
            dice=lambda: 0.0,
            **other,
        )
    )


def step(daemon: MailboxDaemon, name: str) -> bool:
    """One turn of one loop, here and now."""
    return loop(daemon, name).step()


def loop(daemon: MailboxDaemon, name: str) -> Loop:
    (found,) = [each for each in daemon.loops if each.name == name]
    return found


def failing(daemon: MailboxDaemon, name: str, error: str, land: Land) -> None:
    health = loop(daemon, name).health
    loop(daemon, name).health = replace(health, failing_since=land.now, error=error)
