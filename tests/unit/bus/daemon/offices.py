"""Mailboxes for the tests of the daemon: an office of the country in memory, its clock, and the daemon around it."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bus.daemon.current_member import UnsignedMember
from bus.daemon.dependencies import Dependencies
from bus.daemon.loops import Loop
from bus.daemon.mailbox import MailboxDaemon
from tests.scenarios.country import Land


def daemon_of(land: Land, code: str, **other: Any) -> MailboxDaemon:
    """Not started. Its time is the country's."""
    return MailboxDaemon(dependencies_of(land, code, **other))


def dependencies_of(land: Land, code: str, **other: Any) -> Dependencies:
    office = land[code]
    settings: dict[str, Any] = {
        "member": UnsignedMember(office.member),
        "store": office.store,
        "broker": office.broker,
        "adapter": office.dms,
        "every": 0.01,
        "clock": lambda: land.now,
        "dice": lambda: 0.0,
    }
    return Dependencies(**settings | other)


def step(daemon: MailboxDaemon, name: str) -> bool:
    """One step of one loop, here and now."""
    return loop(daemon, name).step()


def loop(daemon: MailboxDaemon, name: str) -> Loop:
    (found,) = [each for each in daemon.loops if each.name == name]
    return found


def failing(daemon: MailboxDaemon, name: str, error: str, land: Land) -> None:
    health = loop(daemon, name).health
    loop(daemon, name).health = replace(health, failing_since=land.now, error=error)


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def ended(*daemons: MailboxDaemon) -> None:
    for daemon in daemons:
        daemon.tell_to_stop()
        daemon.close()
        assert all(each.join(5) for each in daemon.loops)
