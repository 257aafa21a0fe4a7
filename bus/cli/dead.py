"""`lienthong dead`: dead letters and unroutable messages, as dockets and reasons; replayed or discarded."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import wraps
from typing import Any

import click

from bus.cli.amqp import with_nodes
from bus.cli.failures import Exit
from bus.cli.output import confirm, emit, emit_fields, emit_json, json_option
from bus.cli.tables import console, emit_table, table
from bus.errors import BY_CODE
from bus.rabbit.address import Address
from bus.rabbit.admin.dead_letter import REASONS, DeadLetter, choose_letters, full_refs
from bus.rabbit.admin.dead_letter_queues import (
    BATCH_SIZE,
    QUEUES,
    DeadLetterOutcome,
    DeadLetterQueues,
    HandledDeadLetter,
)
from bus.receiving.by_code import error_of
from bus.topology.names import is_mailbox_name, is_own_dead, mailbox_of
from schemas.codes import Label
from schemas.docket import Docket
from schemas.values import MailboxCode

FATES = {
    DeadLetterOutcome.REPLAYED: Label("gửi lại", "replayed"),
    DeadLetterOutcome.DISCARDED: Label("bỏ hẳn", "discarded"),
    DeadLetterOutcome.NO_PLACE: Label(
        "giữ lại: chưa có hàng đợi của hộp thư nhận; chạy topology plan, topology apply; mã sai thì discard",
        "kept: its inbox is not there; run topology plan, topology apply; of a wrong code, discard",
    ),
    DeadLetterOutcome.FULL: Label(
        "giữ lại: hộp thư nhận đã đầy; xem lienthong queues",
        "kept: its inbox is full; see lienthong queues",
    ),
    DeadLetterOutcome.UNDECODABLE: Label(
        "giữ lại: thuộc tính AMQP không giải mã được nên không gửi lại nguyên vẹn được; tìm nơi gửi, rồi discard",
        "kept: its AMQP properties cannot be decoded, so it cannot be sent as it was; find its sender, then discard",
    ),
}

_ID = 36
"""Letters of a message's id: it is copied, and stands on one line."""


@click.group()
def command() -> None:
    """What nobody could take: list, show, replay, discard. Bản tin chết và bản tin không có nơi nhận.

    Dockets and reasons only: content stays sealed. Log in as the user `operator` of the topology.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The dead letters that a person chose."""

    refs: tuple[str, ...] = ()
    reason: str | None = None
    mailbox: MailboxCode | None = None
    queues: tuple[str, ...] = QUEUES

    @property
    def everything(self) -> bool:
        return not (self.refs or self.reason or self.mailbox)

    def of(self, letters: Iterable[DeadLetter]) -> tuple[DeadLetter, ...]:
        """Raises NoSuchMessage, AmbiguousId."""
        there = tuple(letters)
        refs = full_refs(there, self.refs, box=" + ".join(self.queues))
        return choose_letters(there, refs=refs, reason=self.reason, mailbox=self.mailbox)


def _queues(context: click.Context, parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in QUEUES and not (is_own_dead(name) and is_mailbox_name(mailbox_of(name) or "")):
            raise click.BadParameter(f"{name!r}: one of {', '.join(QUEUES)}, or dead.CODE / hoặc dead.MÃ")
    return names


def _with_choice(run: Callable[..., None]) -> Callable[..., None]:
    """The filters; the command gets `choice`."""

    @click.option(
        "--queue", "queues", multiple=True, metavar="QUEUE", callback=_queues,
        help="Only this one: dead, unroutable, or dead.CODE of an isolated mailbox.  [default: dead, unroutable]",
    )  # fmt: skip
    @click.option("--reason", metavar="CODE", help="Only those that died of this.")
    @click.option("--mailbox", metavar="CODE", help="Only those for or from this mailbox.")
    @wraps(run)
    def command(queues: tuple[str, ...], reason: str | None, mailbox: MailboxCode | None, **rest: Any) -> None:
        refs = rest.pop("refs", ())
        run(choice=Choice(refs=refs, reason=reason, mailbox=mailbox, queues=queues or QUEUES), **rest)

    return command


# -- looking -----------------------------------------------------------------------------------------------------------


@command.command("list")
@with_nodes
@_with_choice
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most so many of each queue.")
@json_option
def list_(nodes: Sequence[Address], choice: Choice, limit: int, as_json: bool) -> None:
    """Longest dead first: docket and reason. Liệt kê, cũ nhất trước."""
    with DeadLetterQueues(*nodes) as dead:
        found = choice.of(dead.letters(choice.queues, limit=limit if choice.everything else None))
    if as_json:
        emit_json([_plain(letter) for letter in found])
        return
    if not found:
        emit("Không có gì. Nothing there.")
        return
    show_letters(found)
    if any(count >= limit for count in Counter(letter.queue for letter in found).values()) and choice.everything:
        emit(f"Có thể còn nữa: --limit lớn hơn {limit}. There may be more: --limit above {limit}.")


@command.command()
@click.argument("message")
@with_nodes
@json_option
def show(nodes: Sequence[Address], message: str, as_json: bool) -> None:
    """One message: its docket, and how it came here. Xem một bản tin."""
    with DeadLetterQueues(*nodes) as dead:
        found = Choice(refs=(message,)).of(dead.letters())
    if as_json:
        emit_json([_plain(letter) for letter in found])
        return
    for number, letter in enumerate(found):
        if number:
            emit()
        emit_fields({name: value for name, value in _fields(letter).items() if value not in (None, "")})


# -- acting ------------------------------------------------------------------------------------------------------------


def _with_consent(run: Callable[..., None]) -> Callable[..., None]:
    @click.argument("refs", nargs=-1, metavar="[MESSAGE]...")
    @with_nodes
    @_with_choice
    @click.option("--all", "all_", is_flag=True, help="Everything that lies there.")
    @click.option("--dry-run", is_flag=True, help="Only count.")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @json_option
    @wraps(run)
    def command(choice: Choice, all_: bool, **rest: Any) -> None:
        if choice.everything != all_:
            raise click.UsageError(
                "name messages, --reason, --mailbox, or --all, and not both / chọn bản tin hoặc --all"
            )
        run(choice=choice, **rest)

    return command


@command.command()
@_with_consent
def replay(nodes: Sequence[Address], choice: Choice, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Send again where it belongs: the inbox it died in, or the one its key names. Gửi lại vào đúng hộp thư.

    Counts first, asks, then goes in batches of 100. What cannot be placed stays. With --json nothing is asked: without
    --yes it only counts. Exit code: 0 all of it went, 3 some stayed.
    """
    _act(nodes, choice, DeadLetterQueues.replay, "Gửi lại? Replay?", dry_run=dry_run, yes=yes, as_json=as_json)


@command.command()
@_with_consent
def discard(nodes: Sequence[Address], choice: Choice, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Throw away for ever. Bỏ hẳn.

    Counts first, asks, then goes in batches of 100. With --json nothing is asked: without --yes it only counts.
    """
    question = "Bỏ hẳn? Discard for ever?"
    _act(nodes, choice, DeadLetterQueues.discard, question, dry_run=dry_run, yes=yes, as_json=as_json)


_Verb = Callable[[DeadLetterQueues, Sequence[DeadLetter]], Iterator[Sequence[HandledDeadLetter]]]


def _act(
    nodes: Sequence[Address], choice: Choice, verb: _Verb, question: str, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    with DeadLetterQueues(*nodes) as dead:
        chosen = choice.of(dead.letters(choice.queues))
    if not as_json:
        _preview(chosen)
    done: list[HandledDeadLetter] = []
    if chosen and not dry_run and (yes or not as_json):
        if not yes:
            confirm(question)
        # Connected anew: a person may take an hour to answer, and no broker waits that long.
        with DeadLetterQueues(*nodes) as dead:
            for some in verb(dead, chosen):
                done += some
                if not as_json and len(chosen) > BATCH_SIZE:
                    emit(f"  {len(done)} / {len(chosen)}")
    if as_json:
        emit_json({"chosen": [_plain(letter) for letter in chosen], "done": [_outcome(each) for each in done]})
    elif done:
        _report(done)
    if any(each.outcome not in {DeadLetterOutcome.REPLAYED, DeadLetterOutcome.DISCARDED} for each in done):
        click.get_current_context().exit(Exit.FOUND)


def _preview(chosen: Sequence[DeadLetter]) -> None:
    if not chosen:
        emit("Không có gì như vậy. Nothing like that there.")
        return
    counts = Counter((letter.queue, letter.reason, _places(letter)) for letter in chosen)
    rows = [(queue, reason, places, count) for (queue, reason, places), count in sorted(counts.items())]
    emit_table(("Hàng đợi\nqueue", "Lý do\nreason", "Nơi nhận\nfor", "Số\ncount"), rows)
    emit(f"{len(chosen)} bản tin · {_messages(len(chosen))}")


def _report(done: Sequence[HandledDeadLetter]) -> None:
    for fate, count in Counter(each.outcome for each in done).items():
        label = FATES[fate]
        emit(f"{count} {label.vi} · {count} {label.en}")


def show_letters(found: Sequence[DeadLetter]) -> None:
    shown = table(
        ("Bản tin, lý do\nmessage, reason", "Loại, lúc\nkind, at", "Nơi gửi → nơi nhận\nfrom → for"),
        list(map(_cells, found)),
    )
    shown.columns[0].min_width = _ID
    console().print(shown)
    emit(f"{len(found)} bản tin · {_messages(len(found))}")


# -- in words ----------------------------------------------------------------------------------------------------------


def _reason(letter: DeadLetter) -> Label:
    code, docket = letter.reason, letter.docket
    if code in BY_CODE:
        inbox = letter.inboxes[0] if len(letter.inboxes) == 1 else None
        error = error_of(code, docket, mailbox=inbox, judged_at=letter.at) if docket else BY_CODE[code]()
        return Label(error.in_vietnamese(), error.in_english())
    return REASONS.get(code, Label("", ""))


def _places(letter: DeadLetter) -> str:
    return ", ".join(letter.inboxes) or "?"


def _cells(letter: DeadLetter) -> Sequence[object]:
    kind = letter.docket.kind if letter.docket else "?"
    reason = f"{letter.reason}, undecodable" if letter.undecodable else letter.reason
    return [letter.ref, f"  {reason}"], [kind, letter.at], f"{letter.sender} → {_places(letter)}"


def _fields(letter: DeadLetter) -> Mapping[str, object]:
    why = _reason(letter)
    return {
        "Bản tin / message": letter.ref,
        "Hàng đợi / queue": letter.queue,
        "Lý do / reason": letter.reason,
        "  vi": why.vi,
        "  en": why.en,
        "Do / put here by": _places(letter) if letter.set_aside else "RabbitMQ",
        "Người phát / published by": letter.published_by,
        "Lúc / at": letter.at,
        "Số lần / deaths": letter.deaths,
        "Nơi gửi / from": letter.sender,
        "Nơi nhận / for": _places(letter),
        "Byte / bytes": letter.size,
        "Không giải mã được / undecodable": letter.undecodable,
        **(_docket_fields(letter.docket) if letter.docket else {}),
    }


def _docket_fields(docket: Docket) -> Mapping[str, object]:
    labels = {
        "Nghiệp vụ / business": docket.business_type.label if docket.business_type is not None else None,
        "Trạng thái / status": docket.status.label if docket.status else None,
        "Độ khẩn / priority": docket.priority.label,
    }
    return {
        "Loại / kind": docket.kind,
        "Đơn vị gửi / sender": f"{docket.sender.agency} ({docket.sender.mailbox})",
        "Đơn vị nhận / recipients": ", ".join(f"{to.agency} ({to.mailbox})" for to in docket.recipients),
        "Lập lúc / made": docket.created_at,
        "Hết hạn / expires": docket.expires_at,
        "Văn bản / document": f"{docket.document.id} ({docket.document.issuer})" if docket.document else None,
        **{name: f"{label.vi} / {label.en}" for name, label in labels.items() if label},
        "Hạn xử lý / due": docket.due_on,
        "Tệp kèm / attachments": docket.attachments or None,
        "Biên nhận cho / acknowledges": ", ".join(line.message for line in docket.acknowledges),
    }


def _plain(letter: DeadLetter) -> dict[str, object]:
    return {
        "message": letter.ref,
        "queue": letter.queue,
        "reason": letter.reason,
        "set_aside": letter.set_aside,
        "published_by": letter.published_by,
        "from": letter.sender,
        "for": letter.inboxes,
        "at": letter.at,
        "deaths": letter.deaths,
        "bytes": letter.size,
        "undecodable": asdict(letter.undecodable) if letter.undecodable else None,
        "docket": letter.docket.model_dump(mode="json", exclude_none=True) if letter.docket else None,
    }


def _outcome(done: HandledDeadLetter) -> dict[str, object]:
    return {"message": done.letter.ref, "for": done.letter.inboxes, "fate": done.outcome}


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"
