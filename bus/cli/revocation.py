"""The reason and the date of a revocation, as `ca revoke` asks for them. bus/trust/trust_store.py says what they do."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Final

import click

from bus.cli.output import emit, text, typed
from schemas.codes import Label
from schemas.values import VIETNAM

REASONS: Final = {
    "key-compromise": Label(
        "khóa lộ, mất, hoặc nghi ngờ: mọi thứ nó đã ký đều không còn giá trị, kể cả trước ngày này",
        "the key is out, lost, or suspected: nothing that it ever signed counts, before the date either",
    ),
    "cessation": Label(
        "đơn vị hoặc dịch vụ ngừng hoạt động: những gì ký trước ngày này còn giá trị",
        "the agency or service has ended: what was signed before the date counts",
    ),
    "superseded": Label(
        "đã có chứng thư khác thay: những gì ký trước ngày này còn giá trị",
        "another certificate has taken its place: what was signed before the date counts",
    ),
}
"""The reasons that a person may give. A revocation list may hold others, and `unspecified` from before 0.2.0."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Since:
    """From when on a certificate is not believed: a moment, or a day on the clock of Việt Nam from its beginning."""

    at: datetime
    is_day: bool

    @classmethod
    def parse(cls, given: str) -> "Since":
        """Raises ValueError."""
        try:
            day = date.fromisoformat(given)
        except ValueError:
            at = datetime.fromisoformat(given)
            return cls(at if at.tzinfo else at.replace(tzinfo=VIETNAM), is_day=False)
        return cls(datetime(day.year, day.month, day.day, tzinfo=VIETNAM), is_day=True)

    def check(self, *, began: Iterable[datetime], now: datetime) -> None:
        """Refuses a date in the future, and one before any of the certificates began: either is a slip of the pen."""
        if self.at > now:
            raise _wrong(f"{text(self.at)} còn ở phía trước, bây giờ là {text(now)} / is in the future")
        if self.at + (_DAY if self.is_day else timedelta(0)) < (first := min(began)):
            raise _wrong(
                f"{text(self.at)} trước khi chứng thư bắt đầu, {text(first)} / is before the certificate began"
            )


def reason_and_since(run: Callable[..., None]) -> Callable[..., None]:
    """The options `--reason` and `--since`; the command gets both. What is missing is asked for at a terminal;
    elsewhere the command is refused."""

    @click.option("--reason", type=click.Choice(list(REASONS)), help="Why; asked for where it is missing.")
    @click.option(
        "--since", metavar="WHEN",
        help="From when on it is not believed, 2026-11-05 or 2026-11-05T07:30, on the clock of Việt Nam; asked for "
        "where it is missing.",
    )  # fmt: skip
    @wraps(run)
    def command(reason: str | None, since: str | None, **rest: object) -> None:
        if (reason is None or since is None) and not sys.stdin.isatty():
            emit(*_reasons(), err=True)
            raise click.UsageError(
                "Thu hồi cần lý do và ngày · A revocation needs a reason and a date: --reason, --since."
            )
        if reason is None:
            emit(*_reasons())
            reason = typed("Lý do / reason", type=click.Choice(list(REASONS)))
        asked = _since(since) if since is not None else typed(_ASKED, value_proc=_since)
        run(reason=reason, since=asked, **rest)

    return command


_ASKED: Final = "Không tin từ lúc nào, giờ Việt Nam / not believed from when on (2026-11-05, 2026-11-05T07:30)"


def _since(given: str) -> Since:
    try:
        return Since.parse(given.strip())
    except ValueError as exc:
        raise _wrong(f"{given!r}: ghi như / write it as 2026-11-05, 2026-11-05T07:30") from exc


def _reasons() -> list[str]:
    return [line for name, label in REASONS.items() for line in (f"  {name}: {label.vi}", f"    {label.en}")]


def _wrong(why: str) -> click.BadParameter:
    return click.BadParameter(why, param_hint="--since")
