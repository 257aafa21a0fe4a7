"""`lienthong calendar take`: a ledger takes signed editions on, and counts by them from then on. Whom editions are
believed from is here, for all of `calendar`."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from bus.cli.asked import asked
from bus.cli.editions import file, loaded
from bus.cli.failures import Exit
from bus.cli.ledger_options import config_option
from bus.cli.output import emit, emit_fields
from bus.directory.charter import Charter
from bus.errors import BadCalendar, BadConfig, of_system, said
from bus.files.edition import load_roots
from bus.handling.calendar import SignedCalendar, read_all, read_calendar
from bus.ledger import calendars
from bus.trust.trust_store import TrustStore
from bus.wiring.ledger_config import load_ledger_config
from bus.wiring.ledgers import ledger_of


@click.command()
@click.argument("editions", type=file)
@config_option
def take(editions: Path, config: Path) -> None:
    """Take a file of editions on in a ledger. Đưa lịch đã ký vào sổ cái.

    Deadlines of what is open are counted anew by them while the ledger runs, and each says so in its history; what is
    met or void stays as it was. Of each year the last edition in the file is taken; one that is held already is passed
    over, an older one is an error. Exit code: 3 where one in the file, or in the ledger, is not believed.

    Hạn của việc còn mở được tính lại theo lịch mới, có ghi lại; việc đã xong giữ nguyên.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    trust_store, charter = _authority(config)
    offered, refused = list[SignedCalendar](), list[BadCalendar]()
    for encoded in read_all(_read(editions)):
        try:
            offered.append(read_calendar(encoded, trust_store=trust_store, charter=charter, now=now))
        except BadCalendar as error:  # it may be an old one, whose signer was revoked since
            refused.append(error)
    with ledger_of(load_ledger_config(config)) as ledger:
        asked(ledger, "calendar.take", {"editions": [str(each.edition.days) for each in offered]}, found=len(offered))
        with ledger.writing() as connection:
            held = calendars.kept(connection, trust_store=trust_store, now=now)
            count = calendars.keep(connection, _newest(offered), held, now=now)
    for each in (*refused, *held.refused):
        emit(f"! {each.in_vietnamese()}", f"! {each.in_english()}", err=True)
    emit_fields({"trong tệp / in the file": len(offered) + len(refused), "nhận thêm / taken on": count})
    sys.exit(Exit.FOUND if refused or held.refused else Exit.DONE)


def newest(editions: Iterable[SignedCalendar], year: int) -> SignedCalendar | None:
    own = (each for each in editions if each.edition.year == year)
    return max(own, key=lambda each: each.edition.edition, default=None)


def taken_by(config: Path, *, now: datetime) -> tuple[SignedCalendar, ...]:
    """What a ledger took on, and still believes. Raises BadConfig, BadEdition."""
    trust_store, _ = _authority(config)
    with ledger_of(load_ledger_config(config)) as ledger, ledger.reading() as connection:
        return tuple(each for _, each in calendars.kept(connection, trust_store=trust_store, now=now).taken)


def trust_in(root: Path, directory: Path | None) -> tuple[TrustStore, Charter | None]:
    """Whose signatures count. Raises BadConfig, BadEdition."""
    if directory is None:
        return TrustStore(load_roots(root)), None
    edition = loaded(directory, root)
    return edition.trust_store, edition.charter


def _authority(config: Path) -> tuple[TrustStore, Charter | None]:
    """Whom a ledger believes. Raises BadConfig where the directory of its TOML is unsigned, BadEdition."""
    trust = load_ledger_config(config).trust
    if trust is None:
        vi, en = "không có [trust]: danh mục không ai ký thì lịch cũng không", "without [trust] nobody signs a calendar"
        raise BadConfig(file=config, why=said(vi, en))
    return trust_in(Path(trust.root), Path(trust.directory))


def _newest(offered: Iterable[SignedCalendar]) -> list[SignedCalendar]:
    """Of each year the last: a ledger that was begun today needs no others."""
    years = {each.edition.year: each for each in sorted(offered, key=lambda each: each.edition.edition)}
    return list(years.values())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise BadConfig(file=path, why=of_system(exc)) from exc
