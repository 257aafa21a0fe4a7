"""`lienthong topology guard` and `release`: quotas of one mailbox in what all share, and the end of an isolation."""

import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bus.cli.amqp import with_nodes
from bus.cli.management import management_option, open_management, vhost_option
from bus.cli.output import emit, emit_json, json_option, text
from bus.errors import TryLater
from bus.files.private import write_public
from bus.files.texts import toml_of
from bus.rabbit.address import Address
from bus.rabbit.admin.dead_letter_queues import DeadLetterQueues
from bus.rabbit.admin.guard import MOST_LETTERS, Guard, Word, in_words
from bus.rabbit.admin.management import Management
from bus.rabbit.streams.audit_tail import AuditTail
from bus.topology.isolation import release
from bus.topology.names import DEAD
from bus.topology.quotas import QuotaTable, read_quotas
from schemas.values import MailboxCode

READ = 1.0
"""Seconds of reading between two looks at what was counted."""
AGAIN = 5.0
"""Seconds before a broker that went away is asked again."""


@click.command("guard")
@management_option
@vhost_option
@with_nodes
@click.option(
    "--state",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="LIENTHONG_GUARD_STATE",
    show_envvar=True,
    help="File of what was counted; `queues` shows it, too.",
)
@click.option(
    "--quotas",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML: audit_bytes, audit_messages, dead_…, blamed_…; for one mailbox below [mailbox.CODE].",
)
@click.option("--once", is_flag=True, help="Read to the present end, act, and finish.")
@json_option
def guard_(
    url: str, vhost: str, nodes: Sequence[Address], state: Path, file: Path | None, once: bool, as_json: bool
) -> None:
    """Count what each mailbox puts into `audit` and `dead`; isolate who is over its quota. Canh hạn mức.

    Until SIGTERM. At 80 % it says so. At 100 % the mailbox's copies go into a stream and a queue of its own: its mail
    goes on, and everybody else's history and dead letters stay.
    """
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    guard = _begun(state, _quotas(file))
    while not end.is_set():
        try:
            with (
                open_management(url) as management,
                AuditTail(*nodes, begin="last" if guard.offset is None else guard.offset) as tail,
            ):
                _watch(guard, tail, management, nodes, end, vhost=vhost, state=state, once=once, as_json=as_json)
        except TryLater as error:
            if once:
                raise
            emit(f"{error.in_vietnamese()}", f"{error.in_english()}", err=True)
            end.wait(AGAIN)


@click.command("release")
@click.argument("mailbox")
@management_option
@vhost_option
@json_option
def release_(mailbox: MailboxCode, url: str, vhost: str, as_json: bool) -> None:
    """End the isolation of MAILBOX: its copies go into `audit` and `dead` again. Thôi cách ly.

    What lies in its own stream and queue stays there: `dead list --queue dead.CODE`, `topology plan`. Exit code: 0
    done, 1 it was not isolated.
    """
    with open_management(url) as management:
        changes = release(management.topology(vhost), mailbox)
        management.apply(changes, vhost=vhost, hashes={})
    if as_json:
        emit_json({"mailbox": mailbox, "released": bool(changes)})
    else:
        emit(
            f"{mailbox}: thôi cách ly / isolated no more"
            if changes
            else f"{mailbox}: không bị cách ly / is not isolated"
        )
    sys.exit(0 if changes else 1)


def _watch(
    guard: Guard,
    tail: AuditTail,
    management: Management,
    nodes: Sequence[Address],
    end: threading.Event,
    *,
    vhost: str,
    state: Path,
    once: bool,
    as_json: bool,
) -> None:
    while not end.is_set():
        copies = tail.read(AGAIN if once else READ)
        now = datetime.now(UTC)
        guard.count(copies, at=now)
        if once and guard.offset is None:
            guard.offset = 0  # an empty stream: the next time from its first message on
        if guard.is_due(lying := management.lying(vhost, DEAD)):
            with DeadLetterQueues(*nodes) as queues:
                guard.look(queues.letters((DEAD,), limit=MOST_LETTERS), lying, at=now)
        _say(guard.act(management, vhost=vhost, at=now), now, as_json=as_json)
        write_public(state, guard.to_json(at=now).encode())
        if once and not copies:
            end.set()


def _say(words: Iterable[Word], now: datetime, *, as_json: bool) -> None:
    for word in words:
        said, use = in_words(word), word.use
        if as_json:
            facts = {"at": now, "code": word.code, "mailbox": use.mailbox, "subject": use.subject}
            emit_json({**facts, "share": round(use.share, 3), "vi": said.vi, "en": said.en})
        else:
            emit(f"{text(now)} {word.code} {use.mailbox} {use.subject} {use.share:.0%}", f"  {said.vi}", f"  {said.en}")


def _quotas(file: Path | None) -> QuotaTable:
    if file is None:
        return QuotaTable()
    return read_quotas(toml_of(file.read_bytes(), file=file), file=file)


def kept_uses(state: Path) -> list[dict[str, Any]]:
    """What the guard's file says of who is near a quota; nothing where there is none yet. Raises BadConfig."""
    return Guard.kept_uses(state.read_bytes(), file=state) if state.exists() else []


def _begun(state: Path, quotas: QuotaTable) -> Guard:
    if not state.exists():
        return Guard(quotas)
    return Guard.from_json(state.read_bytes(), quotas=quotas, file=state)
