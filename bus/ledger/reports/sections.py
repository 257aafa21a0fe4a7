"""A report as tables: titles, heads and cells, in the order in which people read them. Every form shows these."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

from bus.errors import BY_CODE
from bus.handling.clocks import TABLE, Clock
from bus.ledger.counters import RECEIPT, SENT
from bus.ledger.reports.figures import ByClock, Figures, Report
from schemas.clock import local
from schemas.codes import BusinessType, Label, StatusCode
from schemas.values import AgencyCode

Cell: TypeAlias = str | int | Fraction | timedelta | None
"""A fraction is a share of a whole."""


class Language(StrEnum):
    VI = "vi"
    EN = "en"

    def of(self, label: Label) -> str:
        return label.vi if self is Language.VI else label.en


SUMMARY, UNITS, DEADLINES, REFUSALS, STAGES = "summary", "units", "deadlines", "refusals", "stages"


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    """One of SUMMARY, UNITS and their like: for programs."""
    title: Label
    heads: tuple[Label, ...]
    rows: Sequence[tuple[Cell | Label, ...]]
    note: Label | None = None

    def told(self, language: Language) -> list[list[Cell]]:
        return [[language.of(cell) if isinstance(cell, Label) else cell for cell in row] for row in self.rows]


QUARTERLY: Final = Label(
    "Báo cáo quý về gửi, nhận văn bản điện tử", "Quarterly report on sending and receiving electronic documents"
)
"""QĐ 28/2018/QĐ-TTg Đ.15: the Government Office reports each quarter."""
ARTICLE: Final = Label("Điều 15 Quyết định 28/2018/QĐ-TTg", "Article 15 of Decision 28/2018/QĐ-TTg")
PLAIN: Final = Label("Báo cáo gửi, nhận văn bản điện tử", "Report on sending and receiving electronic documents")


def title(report: Report) -> Label:
    return QUARTERLY if report.question.period.quarter else PLAIN


def facts(report: Report) -> list[tuple[Label, Label]]:
    """What stands below the title: whom and when it is of, by what it was counted, when it was made."""
    period, asked = report.question.period, report.question
    days = f"{period.first:%d/%m/%Y} – {period.last:%d/%m/%Y}"
    if period.quarter:
        days = f"Q{period.quarter}/{period.last.year} ({days})"
    state = Label("tạm tính", "provisional") if report.provisional else Label("đã xác nhận", "confirmed")
    whole = Label("tất cả", "all")
    agency = whole if asked.agency is None else _one(_named(asked.agency, report.names))
    return [
        *([(Label("Căn cứ", "By"), ARTICLE)] if period.quarter else []),
        (Label("Cơ quan", "Agency"), agency),
        (Label("Kỳ báo cáo", "Period"), _one(days)),
        (Label("Loại văn bản", "Kind of document"), whole if asked.kind is None else asked.kind.label),
        (
            Label("Lịch ngày làm việc", "Calendar of working days"),
            Label(f"{report.calendar}, {state.vi}", f"{report.calendar}, {state.en}"),
        ),
        (Label("Lập lúc", "Made at"), _one(local(report.made_at))),
    ]


def sections(report: Report, *, clocks: Mapping[str, Clock] | None = None) -> list[Section]:
    """`clocks`: those in force, where a ministry has its own."""
    named = {clock.code: clock for clock in TABLE} if clocks is None else clocks
    found = [
        _summary(report),
        _units(report),
        _deadlines(report, named),
        _refusals(report),
        _stages(report),
    ]
    return [section for section in found if section.rows]


def _named(code: AgencyCode, names: Mapping[AgencyCode, str]) -> str:
    name = names.get(code, code)
    return code if name == code else f"{code} {name}"


def _one(text: str) -> Label:
    return Label(text, text)


def _summary(report: Report) -> Section:
    rows: list[tuple[Cell | Label, ...]] = [
        (name, *(value(each) for each in (report.total, report.before))) for name, value in _SUMMARY
    ]
    rows.append((Label("Tỷ lệ văn bản điện tử", "Electronic share"), report.electronic(), None))
    note = Label(
        "Một văn bản được tính vào kỳ gửi nó, dù được xử lý sau. Cột kỳ trước theo số liệu lúc lập báo cáo này.",
        "A document counts in the period in which it was sent, whatever became of it later. The period before is shown "
        "as it stands at the time of this report.",
    )
    if not report.paper:
        told = Label(
            " Chưa có số văn bản giấy nên chưa tính được tỷ lệ văn bản điện tử.",
            " Nobody told what went on paper, so there is no electronic share.",
        )
        note = Label(note.vi + told.vi, note.en + told.en)
    heads = (Label("Chỉ tiêu", "Figure"), Label("Kỳ này", "This period"), Label("Kỳ trước", "Period before"))
    return Section(SUMMARY, Label("Tổng hợp", "Summary"), heads, rows, note)


def _kind(kind: BusinessType) -> tuple[Label, Callable[[Figures], Cell]]:
    name = Label(f"– {kind.label.vi}", f"– {kind.label.en}")
    return name, lambda figures: figures.sent_by_kind.get(kind, 0)


_SUMMARY: Final[tuple[tuple[Label, Callable[[Figures], Cell]], ...]] = (
    (Label("Văn bản gửi", "Documents sent"), lambda each: each.sent),
    *map(_kind, BusinessType),
    (Label("Lượt gửi (mỗi nơi nhận một lượt)", "Copies sent, one for each recipient"), lambda each: each.sent_to),
    (Label("Lượt nhận", "Copies received"), lambda each: each.received),
    (Label("Đã xác nhận lưu giữ", "Receipted by the mailbox"), lambda each: each.receipted),
    (Label("Đã tiếp nhận", "Accepted"), lambda each: each.accepted),
    (Label("Đã hoàn thành", "Done"), lambda each: each.done),
    (Label("Từ chối", "Refused"), lambda each: sum(each.refused.values())),
    (Label("Bị nơi khác từ chối", "Refused by others"), lambda each: sum(each.sent_refused.values())),
    (Label("Đã thu hồi, lấy lại", "Revoked, taken back"), lambda each: each.revoked),
    (Label("Việc làm đúng hạn", "Obligations met on time"), lambda each: each.deadlines.on_time),
    (Label("Việc làm trễ hạn", "Obligations met late"), lambda each: each.deadlines.late),
    (Label("Việc quá hạn, chưa làm", "Obligations overdue now"), lambda each: each.deadlines.overdue),
    (Label("Tỷ lệ việc đúng hạn", "Obligations on time, share"), lambda each: each.deadlines.share),
)


def _units(report: Report) -> Section:
    heads = (
        Label("Mã", "Code"),
        Label("Cơ quan", "Agency"),
        Label("Gửi", "Sent"),
        Label("Nhận", "Received"),
        Label("Tiếp nhận", "Accepted"),
        Label("Hoàn thành", "Done"),
        Label("Từ chối", "Refused"),
        Label("Thu hồi", "Revoked"),
        Label("Đúng hạn", "On time"),
        Label("Trễ hạn", "Late"),
        Label("Quá hạn", "Overdue"),
        Label("Tỷ lệ đúng hạn", "On time, share"),
        *([Label("Tỷ lệ điện tử", "Electronic")] if report.paper else []),
    )
    rows = [
        (
            code,
            report.names.get(code, code),
            each.sent,
            each.received,
            each.accepted,
            each.done,
            sum(each.refused.values()),
            each.revoked,
            each.deadlines.on_time,
            each.deadlines.late,
            each.deadlines.overdue,
            each.deadlines.share,
            *([report.electronic(code)] if report.paper else []),
        )
        for code, each in report.units.items()
    ]
    return Section(UNITS, Label("Theo cơ quan", "By agency"), heads, rows)


def _deadlines(report: Report, named: Mapping[str, Clock]) -> Section:
    heads = (
        Label("Việc phải làm", "What is owed"),
        Label("Theo", "By"),
        Label("Đúng hạn", "On time"),
        Label("Trễ hạn", "Late"),
        Label("Quá hạn", "Overdue"),
        Label("Còn trong hạn", "Not due yet"),
        Label("Hết phải làm", "Owed no more"),
        Label("Tỷ lệ đúng hạn", "On time, share"),
    )

    def row(code: str, each: ByClock) -> tuple[Cell | Label, ...]:
        clock = named.get(code)
        name, article = (_one(code), "") if clock is None else (clock.name, clock.article)
        return name, article, each.on_time, each.late, each.overdue, each.open - each.overdue, each.void, each.share

    order = [*named, *report.total.clocks]
    rows = [
        row(code, each) for code, each in sorted(report.total.clocks.items(), key=lambda each: order.index(each[0]))
    ]
    return Section(DEADLINES, Label("Thời hạn", "Deadlines"), heads, rows)


def _refusals(report: Report) -> Section:
    codes = dict.fromkeys((*report.total.refused, *report.total.sent_refused))
    rows = [
        (code, _meaning(code), report.total.refused.get(code, 0), report.total.sent_refused.get(code, 0))
        for code in codes
    ]
    heads = (
        Label("Mã", "Code"),
        Label("Lý do", "Reason"),
        Label("Từ chối", "Refused"),
        Label("Bị từ chối", "Refused by others"),
    )
    return Section(REFUSALS, Label("Từ chối, theo lý do", "Refusals, by reason"), heads, rows)


def _meaning(code: str) -> Label:
    if code == StatusCode.REFUSED:
        return StatusCode.REFUSED.label
    error = BY_CODE.get(code)
    return _one(code) if error is None else Label(error.means_vi, error.means_en)


_ENDS: Final = {
    SENT: Label("gửi", "sent"),
    RECEIPT: Label("hộp thư xác nhận giữ", "receipted"),
    **{code.value: Label(code.label.vi.lower(), code.label.en.lower()) for code in StatusCode},
}


def _stages(report: Report) -> Section:
    heads = (
        Label("Chặng", "Stage"),
        Label("Số lượt", "Count"),
        Label("Một nửa trong vòng (p50)", "Half within (p50)"),
        Label("95 % trong vòng (p95)", "95 % within (p95)"),
    )
    rows = [(_stage(name), each.times, each.half, each.most) for name, each in report.total.stages.items()]
    return Section(STAGES, Label("Thời gian từng chặng", "Time in each stage"), heads, rows)


def _stage(name: str) -> Label:
    begin, _, end = name.partition("-")
    one, other = (_ENDS.get(each, _one(each)) for each in (begin, end))
    return Label(f"{one.vi} → {other.vi}", f"{one.en} → {other.en}")


# -- cells as text -----------------------------------------------------------------------------------------------------

_UNITS: Final = (
    (86400, Label("ngày", "d")),
    (3600, Label("giờ", "h")),
    (60, Label("phút", "min")),
    (1, Label("giây", "s")),
)


def text(cell: Cell, language: Language) -> str:
    """As people read it: 1.234 and 97,5 % in Vietnamese, 1,234 and 97.5 % in English."""
    match cell:
        case None:
            return "–"
        case Fraction():
            return _figures(f"{round(float(cell) * 100, 1):.1f} %", language)
        case timedelta():
            return duration(cell, language)
        case int():
            return _figures(f"{cell:,}", language)
        case _:
            return cell


def duration(took: timedelta, language: Language) -> str:
    """In its two largest units."""
    left = round(took.total_seconds())
    parts = []
    for seconds, name in _UNITS:
        if count := left // seconds:
            parts.append(f"{count} {language.of(name)}")
            left -= count * seconds
        elif parts:
            break
    return " ".join(parts[:2]) or f"0 {language.of(_UNITS[-1][1])}"


def _figures(number: str, language: Language) -> str:
    return number.translate(str.maketrans(",.", ".,")) if language is Language.VI else number
