"""What an adapter tells people, and what it must not do meanwhile: check, troubles, the last word of a bounce; and a
status that is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from adapters.conform.case import Need, case
from adapters.conform.cases.sending import a_sent_bounce
from adapters.conform.samples import a_document, a_filing, a_report, ids
from adapters.conform.trial import Trial
from bus.errors import HeldAfterAll, NotInTime

_LATER: Final = timedelta(hours=1)


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@case(
    "N-13",
    "`check` không để lại gì: không tệp mới, không văn bản, không trạng thái, không lời từ chối.",
    "`check` leaves nothing behind: no new file, no document, no status, no refusal.",
)
def check_makes_nothing(t: Trial) -> None:
    t.site.submit(sent := a_document())
    adapter, filing, report = t.make(), a_filing(), a_report()
    adapter.deliver([filing])
    adapter.report([report])
    before = _files(t.site.folder)
    for each in (adapter, t.make()):
        each.check()
        t.same("new files", sorted(_files(t.site.folder) - before), [])
    t.same("site.filed", ids(t.site.filed()), [filing.document.id])
    t.same("site.reported", ids(t.site.reported()), ids([report.status]))
    t.same("site.refusals", list(t.site.refusals()), [])
    t.same("collect", ids(adapter.collect(10)), [sent.id])


@case(
    "N-14",
    "Lời sau cùng về một bản tin và một nơi nhận mới là lời có giá trị: quá hạn, rồi hóa ra nơi nhận đã có.",
    "The last word about a message and a recipient counts: not in time, then held after all.",
    needs=(Need.SITE, Need.BOUNCES),
)
def the_last_word_counts(t: Trial) -> None:
    bounce, due = a_sent_bounce(t), datetime(2026, 1, 7, tzinfo=UTC)
    assert bounce.document
    facts = {"document": bounce.document.id, "mailbox": "G22", "expires_at": due}
    first, last = NotInTime(**facts), HeldAfterAll(**facts)
    for error in (first, last):
        t.make().bounced([replace(bounce, error=error)])
    texts = t.site.bounces()
    t.true("site.bounces", bool(texts) and last.in_vietnamese() in texts[-1], texts, [last.in_vietnamese()])


@case(
    "N-15",
    "Không có gì vướng thì `troubles` không nói gì; cái còn chờ đến lượt không phải là vướng.",
    "Where nothing is stuck `troubles` names nothing; what only waits for its turn is no trouble.",
)
def no_trouble(t: Trial) -> None:
    t.site.submit(a_document())
    t.same("troubles", list(t.make().troubles(datetime.now(UTC))), [])


@case(
    "N-16",
    "Cái nằm lại mà không tự đi tiếp thì `troubles` nêu tên nó, từ lúc nào, vì sao, ai phải làm gì; tiến trình khác "
    "cũng thấy.",
    "What waits and does not go on by itself is named by `troubles`: since when, why, who must do what; by the next "
    "process, too.",
    needs=(Need.SITE, Need.TROUBLES),
)
def a_trouble_is_named(t: Trial) -> None:
    ref = t.site.stick()
    for adapter in (t.make(), t.make()):
        adapter.troubles(datetime.now(UTC))
        found = list(adapter.troubles(datetime.now(UTC) + _LATER))
        t.same("troubles: ref", [each.ref for each in found], [ref])
        (trouble,) = found
        t.true("troubles: since", trouble.since.tzinfo is not None, trouble.since, "a time with its zone")
        is_said = ref in trouble.error.in_vietnamese()
        t.true("troubles: error", is_said, trouble.error, f"an error whose sentences name {ref}")


@case(
    "F-25",
    "Một trạng thái không ghi được thì trả lời bằng lỗi ở đúng chỗ của nó; trạng thái trước và sau vẫn đến.",
    "A status that fails is answered with an error in its place; what stands before and behind it arrives.",
    needs=(Need.SITE, Need.SPOILT),
)
def one_bad_report_harms_no_other(t: Trial) -> None:
    reports = [a_report() for _ in range(3)]
    t.site.spoil_report(reports[1])
    answers = t.make().report(reports)
    t.same("taken", [answer.error is None for answer in answers], [True, False, True])
    told = sorted(ids(t.site.reported()))
    t.same("site.reported", told, sorted(ids([reports[0].status, reports[2].status])))


CASES: Final = (
    check_makes_nothing,
    the_last_word_counts,
    no_trouble,
    a_trouble_is_named,
    one_bad_report_harms_no_other,
)
