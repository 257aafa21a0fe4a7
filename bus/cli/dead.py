"""`lienthong dead`: what nobody could take, in dockets and reasons; putting it back, or throwing it away."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from bus.cli.amqp import with_nodes
from bus.cli.output import emit_fields, emit_json, json_option
from bus.cli.tables import emit_table
from bus.errors import BY_CODE
from bus.rabbit.address import Address
from bus.rabbit.dead import BATCH, QUEUES, REASONS, DeadLetter, Done, Fate, Graveyard, choose
from schemas.codes import Label
from schemas.docket import Docket
from schemas.values import MailboxCode

FATES = {
    Fate.REPLAYED: Label("gửi lại", "replayed"),
    Fate.DISCARDED: Label("bỏ hẳn", "discarded"),
    Fate.NO_PLACE: Label(
        "giữ lại: không có hộp thư nhận; kiểm tra danh mục và topology plan, hoặc discard",
        "kept: no such inbox; look at the directory and topology plan, or discard",
    ),
    Fate.FULL: Label(
        "giữ lại: hộp thư nhận đã đầy; xem lienthong queues",
        "kept: its inbox is full; see lienthong queues",
    ),
}


@click.group()
def command() -> None:
    """What nobody could take: list, show, replay, discard. Bản tin chết và bản tin không có nơi nhận.

    Dockets and reasons only: content stays sealed. Log in as the user `operator` of the topology.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which letters a person means."""

    refs: tuple[str, ...] = ()
    reason: str | None = None
    mailbox: MailboxCode | None = None
    queues: tuple[str, ...] = QUEUES

    @property
    def everything(self) -> bool:
        return not (self.refs or self.reason or self.mailbox)

    def of(self, letters: Iterable[DeadLetter]) -> tuple[DeadLetter, ...]:
        return choose(letters, refs=self.refs, reason=self.reason, mailbox=self.mailbox)


def _with_choice(run: Callable[..., None]) -> Callable[..., None]:
    """The filters; the command gets `choice`."""

    @click.option("--queue", "queues", multiple=True, type=click.Choice(QUEUES), help="Only this one.  [default: both]")
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
    with Graveyard(*nodes) as graveyard:
        found = choice.of(graveyard.letters(choice.queues, limit=limit if choice.everything else None))
    if as_json:
        emit_json([_plain(letter) for letter in found])
        return
    if not found:
        click.echo("Không có gì. Nothing there.")
        return
    emit_table(
        ("Bản tin\nmessage", "Loại\nkind", "Nơi gửi\nfrom", "Nơi nhận\nfor", "Lý do\nreason", "Lúc\nat"),
        list(map(_cells, found)),
    )
    click.echo(f"{len(found)} bản tin · {len(found)} messages")
    if any(count >= limit for count in Counter(letter.queue for letter in found).values()) and choice.everything:
        click.echo(f"Có thể còn nữa: --limit lớn hơn {limit}. There may be more: --limit above {limit}.")


@command.command()
@click.argument("message")
@with_nodes
@json_option
def show(nodes: Sequence[Address], message: str, as_json: bool) -> None:
    """One message: its docket, and how it came here. Xem một bản tin."""
    with Graveyard(*nodes) as graveyard:
        found = choose(graveyard.letters(), refs=(message,))
    if not found:
        raise click.BadParameter(
            f"{message} is not among the dead / không có trong số bản tin chết", param_hint="MESSAGE"
        )
    if as_json:
        emit_json([_plain(letter) for letter in found])
        return
    for number, letter in enumerate(found):
        if number:
            click.echo()
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
    --yes it only counts.
    """
    _act(nodes, choice, Graveyard.replay, "Gửi lại? Replay?", dry_run=dry_run, yes=yes, as_json=as_json)


@command.command()
@_with_consent
def discard(nodes: Sequence[Address], choice: Choice, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Throw away for ever. Bỏ hẳn.

    Counts first, asks, then goes in batches of 100. With --json nothing is asked: without --yes it only counts.
    """
    _act(nodes, choice, Graveyard.discard, "Bỏ hẳn? Discard for ever?", dry_run=dry_run, yes=yes, as_json=as_json)


_Verb = Callable[[Graveyard, Sequence[DeadLetter]], Iterator[Sequence[Done]]]


def _act(
    nodes: Sequence[Address], choice: Choice, verb: _Verb, question: str, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    with Graveyard(*nodes) as graveyard:
        chosen = choice.of(graveyard.letters(choice.queues))
    if not as_json:
        _preview(chosen)
    done: list[Done] = []
    if chosen and not dry_run and (yes or not as_json):
        if not yes:
            click.confirm(question, abort=True)
        # Connected anew: a person may take an hour to answer, and no broker waits that long.
        with Graveyard(*nodes) as graveyard:
            for some in verb(graveyard, chosen):
                done += some
                if not as_json and len(chosen) > BATCH:
                    click.echo(f"  {len(done)} / {len(chosen)}")
    if as_json:
        emit_json({"chosen": [_plain(letter) for letter in chosen], "done": [_outcome(each) for each in done]})
    elif done:
        _report(done)
    if any(each.fate in {Fate.NO_PLACE, Fate.FULL} for each in done):
        click.get_current_context().exit(1)


def _preview(chosen: Sequence[DeadLetter]) -> None:
    if not chosen:
        click.echo("Không có gì như vậy. Nothing like that there.")
        return
    counts = Counter((letter.queue, letter.reason, _places(letter)) for letter in chosen)
    rows = [(queue, reason, places, count) for (queue, reason, places), count in sorted(counts.items())]
    emit_table(("Hàng đợi\nqueue", "Lý do\nreason", "Nơi nhận\nfor", "Số\ncount"), rows)
    click.echo(f"{len(chosen)} bản tin · {len(chosen)} messages")


def _report(done: Sequence[Done]) -> None:
    for fate, count in Counter(each.fate for each in done).items():
        label = FATES[fate]
        click.echo(f"{count} {label.vi} · {count} {label.en}")


# -- in words ----------------------------------------------------------------------------------------------------------


def _reason(code: str) -> Label:
    if code in BY_CODE:
        error = BY_CODE[code]()
        return Label(error.in_vietnamese(), error.in_english())
    return REASONS.get(code, Label("", ""))


def _places(letter: DeadLetter) -> str:
    return ", ".join(letter.inboxes) or "?"


def _cells(letter: DeadLetter) -> Sequence[object]:
    kind = letter.docket.kind if letter.docket else "?"
    return letter.ref, kind, letter.sender, _places(letter), letter.reason, letter.at


def _fields(letter: DeadLetter) -> Mapping[str, object]:
    why = _reason(letter.reason)
    return {
        "Bản tin / message": letter.ref,
        "Hàng đợi / queue": letter.queue,
        "Lý do / reason": letter.reason,
        "  vi": why.vi,
        "  en": why.en,
        "Do / put here by": _places(letter) if letter.set_aside else "RabbitMQ",
        "Lúc / at": letter.at,
        "Số lần / deaths": letter.deaths,
        "Nơi gửi / from": letter.sender,
        "Nơi nhận / for": _places(letter),
        "Byte / bytes": letter.size,
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
        "from": letter.sender,
        "for": letter.inboxes,
        "at": letter.at,
        "deaths": letter.deaths,
        "bytes": letter.size,
        "docket": letter.docket.model_dump(mode="json", exclude_none=True) if letter.docket else None,
    }


def _outcome(done: Done) -> dict[str, object]:
    return {"message": done.letter.ref, "for": done.letter.inboxes, "fate": done.fate}
