"""What stands in the way of a ledger: directory, clocks, database, broker, management API. Nothing is made; its process
may run meanwhile."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bus.errors import BusError, Words, said
from bus.handling.clocks import TABLE
from bus.ledger import keep
from bus.ledger.open import database_of, open_ledger
from bus.ledger.records import Checkpoint
from bus.rabbit.admin.management import Management
from bus.rabbit.streams.audit_reader import AuditReader, Continuity, Place
from bus.store.open import is_shared
from bus.topology.names import AUDIT
from bus.wiring.daemon import operators_token
from bus.wiring.ledger import broker_nodes, clocks_of, management_url
from bus.wiring.ledger_config import LedgerConfig, load_ledger_config
from bus.wiring.ledgers import onlooker_of
from bus.wiring.stores import line_in_clear, store_url
from schemas.clock import local

_FOUND: Final = {
    Continuity.CUT: said(
        "luồng audit đã bỏ những bản tin mà sổ chưa đọc", "the stream audit has dropped messages that were not read"
    ),
    Continuity.ANOTHER: said(
        "luồng audit không phải luồng đã đọc: nó bị tạo lại",
        "the stream audit is not the one that was read: it was made anew",
    ),
}


@dataclass(slots=True)
class LedgerReport:
    """`findings` stand in the way of running; `facts` say how things are."""

    findings: list[Words] = field(default_factory=list)
    facts: list[Words] = field(default_factory=list)


def examine(path: Path) -> LedgerReport:
    """Everything, in the order in which the process would meet it."""
    report = LedgerReport()
    try:
        config = load_ledger_config(path)
    except BusError as error:
        report.findings.append(error.in_both())
        return report
    _try(report, lambda: _directory(config))
    _try(report, lambda: _clocks(config))
    _try(report, lambda: _token(config))
    at: list[Checkpoint] = []
    _try(report, lambda: _database(config, at))
    _try(report, lambda: _broker(config, at[0] if at else None, report))
    if config.management is not None:
        _try(report, lambda: _management(config))
    return report


def _try(report: LedgerReport, look: Callable[[], Iterable[Words]]) -> None:
    try:
        report.facts += look()
    except BusError as error:
        report.findings.append(error.in_both())


def _directory(config: LedgerConfig) -> Iterator[Words]:
    onlooker = onlooker_of(config)
    count = len(onlooker.directory.mailboxes)
    yield said("danh mục: {count} hộp thư", "directory: {count} mailboxes", count=count)


def _clocks(config: LedgerConfig) -> Iterator[Words]:
    own = len(clocks_of(config)) - len(TABLE)
    if config.calendar.clocks is not None:
        yield said("{own} đồng hồ thêm vào của luật", "{own} clocks more than the law's", own=own)


def _token(config: LedgerConfig) -> Iterable[Words]:
    operators_token([config])
    return ()


def _database(config: LedgerConfig, at: list[Checkpoint]) -> Iterator[Words]:
    if host := line_in_clear(config.store):
        yield said(
            "nối tới PostgreSQL ở {host} có thể không mã hóa: thêm ?sslmode=verify-full vào URL",
            "the line to PostgreSQL at {host} may be in clear: add ?sslmode=verify-full to the URL",
            host=host,
        )
    url = store_url(config)
    if not is_shared(config.store) and not database_of(url).exists():
        yield said("cơ sở dữ liệu chưa có, lần chạy đầu sẽ tạo", "there is no database yet: the first run makes it")
        return
    with closing(open_ledger(url, exclusive=False)) as ledger, ledger.reading() as connection:
        found = keep.checkpoint(connection, AUDIT)
    if found is None:
        yield said("sổ chưa đọc bản tin nào", "no message has been read yet")
        return
    at.append(found)
    yield said(
        "đã đọc {stream} đến vị trí {offset}, lúc {at}",
        "{stream} was read to offset {offset}, at {at}",
        stream=AUDIT,
        offset=found.last_offset,
        at=local(found.at),
    )


def _broker(config: LedgerConfig, at: Checkpoint | None, report: LedgerReport) -> Iterator[Words]:
    place = None
    if at is not None and at.last_offset is not None and at.last_sha256 is not None:
        place = Place(at.last_offset, at.last_sha256)
    with closing(AuditReader(*broker_nodes(config, None), after=place, name="ledger check").open()) as reader:
        found = reader.continuity
        waiting = reader.read(limit=1, max_bytes=1, wait=1.0) if place is None or found is Continuity.SAME else ()
    if found in _FOUND:
        report.findings.append(_FOUND[found])
    elif waiting:
        yield said(
            "đọc được luồng {stream}; có bản tin chờ", "the stream {stream} can be read; messages wait", stream=AUDIT
        )
    else:
        yield said("đọc được luồng {stream}", "the stream {stream} can be read", stream=AUDIT)


def _management(config: LedgerConfig) -> Iterator[Words]:
    assert config.management is not None
    with Management(management_url(config.management), plain=config.broker.plain) as management:
        version = ".".join(map(str, management.version()))
    yield said("API quản trị: RabbitMQ {version}", "management API: RabbitMQ {version}", version=version)
