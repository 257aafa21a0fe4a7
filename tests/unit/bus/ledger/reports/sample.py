"""A report of made-up figures: three agencies, one quarter."""

from datetime import UTC, datetime

from bus.ledger.reports.figures import Counted, Figures, Owed, Paper, Report, grouped
from bus.ledger.reports.question import Period, Question
from schemas.values import AgencyCode

AT = datetime(2026, 11, 30, 17, tzinfo=UTC)
NAMES: dict[AgencyCode, str] = {
    "G22": "Văn phòng Chính phủ",
    "H29": "=Ủy ban nhân dân Thành phố Hồ Chí Minh",
    "H49": "Ủy ban nhân dân tỉnh Quảng Ninh",
}


def counted(agency: AgencyCode, times: int = 1) -> list[Counted]:
    """All measures of one agency, each so many times."""
    amounts = {
        ("sent", ""): 1200,
        ("sent.new", ""): 1100,
        ("sent.revoke", ""): 60,
        ("sent.update", ""): 40,
        ("sent.to", ""): 3400,
        ("received", ""): 2100,
        ("receipted", ""): 2090,
        ("accepted", ""): 2000,
        ("done", ""): 1500,
        ("revoked", ""): 20,
        ("refused", "02"): 31,
        ("refused", "too-large"): 2,
        ("sent.refused", "02"): 12,
        ("met.on-time", "acknowledge"): 900,
        ("met.late", "acknowledge"): 100,
        ("met.on-time", "finish"): 50,
        ("void", "finish"): 9,
        ("stage", "sent-receipt:2"): 500,
        ("stage", "sent-receipt:5"): 100,
        ("stage", "03-06:24"): 500,
    }
    return [Counted(agency, measure, detail, amount * times) for (measure, detail), amount in amounts.items()]


OWED = [Owed("H49", "finish", 44, 13), Owed("H29", "accept", 4, 1)]


def report(*, paper: bool = True, names: dict[AgencyCode, str] = NAMES) -> Report:
    rows = [*counted("G22", 3), *counted("H49"), *counted("H29", 2)]
    return Report(
        question=Question(period=Period.parse("2026-Q3")),
        made_at=AT,
        total=Figures.of(rows, OWED),
        before=Figures.of(counted("G22", 2), []),
        units=grouped(rows, OWED, unit=lambda code: code),
        names=names,
        paper={"H49": Paper(100, 30)} if paper else {},
        calendar="2026-2",
    )
