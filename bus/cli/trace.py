"""`lienthong trace`: every step of one document at one mailbox."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from bus.cli.entries import config_option
from bus.cli.output import emit, emit_json, json_option
from bus.cli.tables import console, table
from bus.operations.events import words_of
from bus.operations.trace import Step, find_document, trace_document
from bus.wiring.stores import store_of
from schemas.clock import ZONE
from schemas.values import VIETNAM


@click.command()
@click.argument("document")
@config_option
@json_option
def command(document: str, config: Path, as_json: bool) -> None:
    """Every step of DOCUMENT at this mailbox, with times. Từng chặng của một văn bản.

    DOCUMENT is its DocumentId, any part of that or of its number and notation, or the beginning of a message's id.
    """
    with store_of(config) as store:
        document = find_document(store, document)
        steps = trace_document(store, document)
    if as_json:
        emit_json([asdict(step) for step in steps])
        return
    numbers = {message: number for number, message in enumerate(dict.fromkeys(filter(None, map(_message, steps))), 1)}
    rows = [(_clock(step.at), _told(step.what), step.who, step.detail, numbers.get(_message(step))) for step in steps]
    heads = (f"Lúc\ntime {ZONE}", "Chặng\nstep", "Với\nwith", "Chi tiết\ndetail", "#")
    shown = table(heads, rows, title=document)
    for column in (shown.columns[0], shown.columns[-1]):
        column.no_wrap = True
    shown.columns[3].overflow = "fold"  # names of files and reasons are read, not guessed
    console().print(shown)
    emit("", "Bản tin / messages, by #:")
    for message, number in numbers.items():
        emit(f"{number:>3}  {message}")


_STEPS: Final[Mapping[str, str]] = {
    "accepted": "đã nhận từ phần mềm",
    "published": "đã gửi lên RabbitMQ",
    "held by recipient": "nơi nhận đã giữ",
    "refused by recipient": "nơi nhận từ chối",
    "given up: not confirmed in time": "thôi gửi, không kịp giờ",
    "sealed by sender": "nơi gửi đã niêm phong",
    "taken in": "đã nhận về",
    "filed": "đã vào sổ",
    "passed over": "đã có, bỏ qua",
    "waiting": "đang chờ",
    "parked": "tạm dừng",
    "refused": "từ chối",
    "cancelled": "đã bỏ",
}
"""The ends of steps' names, in Vietnamese."""


def _told(what: str) -> list[str] | str:
    """A step's name below its Vietnamese, where it has one."""
    words = words_of(what)
    if words.vi != what:
        return [words.vi, what]
    end = next((each for each in _STEPS if what.endswith(f" {each}")), None)
    return what if end is None else [_STEPS[end], what]


def _message(step: Step) -> str:
    return step.message or ""


def _clock(at: datetime) -> str:
    """To the millisecond: steps of one document follow each other faster than a second."""
    return at.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
