"""What the document system receives: deliver, report, holds."""

import threading
from collections.abc import Callable
from typing import Final

from adapters.conform.case import Need, Row, case
from adapters.conform.samples import (
    a_document,
    a_filing,
    a_message,
    a_report,
    a_status,
    accepted,
    essence,
    essences,
    ids,
)
from adapters.conform.trial import Trial
from bus.ports import Filed, Filing
from schemas.agency import Party
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.document import DocumentNumber

_AT_ONCE: Final = 12


def refs_of(t: Trial, answers: list[Filed]) -> list[str]:
    """The refs of filings that were taken; each must have one."""
    for answer in answers:
        t.true("error", answer.error is None, answer, None)
        t.true("ref", bool(answer.ref), answer, "a name of the document system's own")
    return [answer.ref or "" for answer in answers]


def filed_are(t: Trial, *wanted: str) -> None:
    """What the clerk finds filed; where nobody can look, what the adapter said was looked at before."""
    if t.has_site:
        t.same("site.filed", sorted(ids(t.site.filed())), sorted(wanted))


@case(
    "N-21",
    "Mỗi văn bản được trả lời một lần, theo đúng thứ tự, kèm tên riêng mà hệ thống đặt cho nó; vào sổ đủ mọi trường.",
    "One answer for each filing, in order, each with the document system's own name for it; filed with every field.",
    needs=(),
)
def every_filing_is_answered(t: Trial) -> None:
    urgent = a_document(priority=Priority.IMMEDIATE_TIMED)
    filings = [a_filing(urgent), *(a_filing(a_document(business=kind)) for kind in BusinessType)]
    refs = refs_of(t, list(t.make().deliver(filings)))
    t.same("different refs", len(set(refs)), 5)
    if t.has_site:
        t.same("site.filed", essences(t.site.filed()), essences([filing.document for filing in filings]))


@case(
    "N-22",
    "Một bản tin đưa lại, trong cùng lô hay sau khi khởi động lại, được trả lời như cũ và chỉ vào sổ một lần.",
    "A message delivered again, in one batch or by the next adapter, is answered alike and filed once.",
    needs=(),
)
def the_same_message_is_filed_once(t: Trial) -> None:
    filing = a_filing()
    answers = [*t.make().deliver([filing, filing]), *t.make().deliver([filing])]
    t.same("different refs", len(set(refs_of(t, answers))), 1)
    filed_are(t, filing.document.id)


@case(
    "N-23",
    "Cùng một văn bản trong hai bản tin là hai lần vào sổ: bản cập nhật có thể mang mã của bản cũ.",
    "The same document in two messages is two filings: an update may bear the id of what it updates.",
    needs=(),
)
def two_messages_are_two_filings(t: Trial) -> None:
    document = a_document()
    answers = t.make().deliver([a_filing(document), a_filing(document)])
    t.same("different refs", len(set(refs_of(t, list(answers)))), 2)
    filed_are(t, document.id, document.id)


@case(
    "N-24",
    "Văn thư xử lý nhanh cũng không làm văn bản vào sổ lần nữa khi bản tin được đưa lại.",
    "A message delivered again is not filed again because the clerk has dealt with it in between.",
)
def the_clerk_was_quick(t: Trial) -> None:
    filing, report = a_filing(), a_report()
    adapter = t.make()
    adapter.deliver([filing])
    adapter.report([report])
    t.site.take_away()
    for again in (adapter, t.make()):
        again.deliver([filing])
        again.report([report])
    t.same("site.filed", ids(t.site.filed()), [filing.document.id])
    t.same("site.reported", ids(t.site.reported()), ids([report.status]))


@case(
    "N-25",
    "Thu hồi, cập nhật, thay thế hiện ngay tại văn bản cũ (`target`), một lần dù bản tin đến hai lần; "
    "văn bản của hệ thống khác thì bỏ qua.",
    "A revocation, update or replacement is shown at its targets: once, although the message came twice. Targets that "
    "another system knew are passed over.",
    rows=[Row(each.name.lower(), each) for each in (BusinessType.REVOKE, BusinessType.UPDATE, BusinessType.REPLACE)],
)
def a_change_is_shown(t: Trial) -> None:
    adapter = t.make()
    first, second, other = refs_of(t, list(adapter.deliver([a_filing(), a_filing(), a_filing()])))
    change = a_filing(a_document(business=t.row), [first, second, "some-other-system:77"])
    for again in (adapter, adapter, t.make()):
        refs_of(t, list(again.deliver([change])))
    t.same("len(site.changes)", [len(t.site.changes(ref)) for ref in (first, second, other)], [1, 1, 0])
    texts = t.site.changes(first)
    t.true("site.changes", change.message in texts[0], texts, f"… {change.message} …")


@case(
    "N-26",
    "Lấy lại (trạng thái 13) hiện tại văn bản đã vào sổ; các trạng thái khác thì không.",
    "A take-back (status 13) is shown at the document that was filed here; other statuses are not.",
)
def a_take_back_is_shown(t: Trial) -> None:
    adapter = t.make()
    (ref,) = refs_of(t, list(adapter.deliver([a_filing()])))
    asked = a_report(a_status(StatusCode.TAKE_BACK), target=ref)
    for again in (adapter, t.make()):
        again.report([asked, a_report(target=ref)])
    t.same("len(site.changes)", len(t.site.changes(ref)), 1)


@case(
    "N-27",
    "Cả chín mã trạng thái đều đến, đủ mọi trường, mỗi bản tin một lần, dù được đưa lại sau khi khởi động lại.",
    "All nine status codes arrive with every field, each message once, though the next adapter is told again.",
    needs=(),
)
def every_status_is_told_once(t: Trial) -> None:
    reports = [a_report(a_status(code)) for code in StatusCode]
    for adapter in (t.make(), t.make()):
        t.same("errors", [answer.error for answer in adapter.report(reports)], [None] * len(reports))
    if t.has_site:
        t.same("site.reported", essences(t.site.reported()), essences([report.status for report in reports]))


@case(
    "N-28",
    "Số 0 đứng đầu còn nguyên ở nơi văn thư đọc: trạng thái 01 không thành 1, số 007 không thành 7.",
    "Leading zeros are there where the clerk reads: status 01 is not 1, number 007 is not 7.",
)
def zeros_are_kept_when_filed(t: Trial) -> None:
    document = a_document().model_copy(
        update={
            "sender": Party(code="000.01.05.H49", name="Sở A"),
            "number": DocumentNumber(number="007", notation="SA-TTĐT"),
        }
    )
    filing, report = a_filing(document), a_report(a_status(StatusCode.ARRIVED))
    adapter = t.make()
    refs_of(t, list(adapter.deliver([filing])))
    t.same("report: error", [answer.error for answer in adapter.report([report])], [None])
    t.same("site.filed", essences(t.site.filed()), essences([document]))
    codes = [str(getattr(status.code, "value", status.code)) for status in t.site.reported()]
    t.same("site.reported: codes", codes, ["01"])


@case(
    "N-29",
    "Vừa vào sổ xong thì `holds` thấy ngay, kể cả sau khi khởi động lại.",
    "What was filed can be shown right after, by the next adapter, too.",
    needs=(),
)
def what_was_filed_is_held(t: Trial) -> None:
    adapter, filing, report = t.make(), a_filing(), a_report()
    (filed,), (told,) = adapter.deliver([filing]), adapter.report([report])
    taken = {filing.message: filed.ref, report.message: told.ref}
    for each in (adapter, t.make()):
        t.same("holds", set(each.holds(taken)), set(taken))


@case(
    "N-30",
    "Văn thư đã xử lý rồi thì `holds` vẫn coi là có.",
    "What a clerk has dealt with counts as held.",
)
def what_was_taken_is_held(t: Trial) -> None:
    adapter, filing, report = t.make(), a_filing(), a_report()
    (filed,), (told,) = adapter.deliver([filing]), adapter.report([report])
    taken = {filing.message: filed.ref, report.message: told.ref}
    t.site.take_away()
    for each in (adapter, t.make()):
        t.same("holds", set(each.holds(taken)), set(taken))


@case(
    "N-31",
    "Chưa từng vào sổ thì `holds` không nhận là có.",
    "What was never filed cannot be shown, whatever its name.",
    needs=(Need.SITE, Need.FILINGS),
)
def what_was_never_filed_is_not_held(t: Trial) -> None:
    adapter, filing, other = t.make(), a_filing(), a_message()
    (ref,) = refs_of(t, list(adapter.deliver([filing])))
    t.same("holds", set(adapter.holds({filing.message: ref, other: f"{ref}-2"})), {filing.message})


@case(
    "N-32",
    "Hai luồng cùng làm việc: luồng này lấy văn bản gửi đi, luồng kia đưa văn bản vào sổ; không mất, không lặp.",
    "Two threads at once, one that collects and acknowledges, one that files: nothing is lost, nothing is there twice.",
)
def two_threads(t: Trial) -> None:
    sent, filings = [a_document() for _ in range(_AT_ONCE)], [a_filing() for _ in range(_AT_ONCE)]
    for document in sent:
        t.site.submit(document)
    adapter, collected, failed = t.make(), list[str](), list[Exception]()

    def send() -> None:
        while len(collected) < _AT_ONCE and (batch := adapter.collect(1)):
            adapter.acknowledge(accepted(batch))
            collected.extend(ids(batch))

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as exc:  # noqa: BLE001 — a thread's error is what came of it
            failed.append(exc)

    thread = threading.Thread(target=guarded, args=(send,))
    thread.start()
    guarded(lambda: [refs_of(t, list(adapter.deliver([filing]))) for filing in filings])
    thread.join()
    t.same("raised", failed, [])
    t.same("collected", collected, ids(sent))
    filed_are(t, *(filing.document.id for filing in filings))


@case(
    "F-21",
    "Một văn bản lỗi được trả lời bằng lỗi ở đúng chỗ của nó; văn bản trước và sau vẫn vào sổ.",
    "A filing that fails is answered with an error in its place; what stands before and behind it is filed.",
)
def one_bad_filing_harms_no_other(t: Trial) -> None:
    filings = [a_filing() for _ in range(3)]
    t.site.spoil(filings[1])
    answers = t.make().deliver(filings)
    t.same("taken", [answer.error is None for answer in answers], [True, False, True])
    filed_are(t, filings[0].document.id, filings[2].document.id)


@case(
    "F-22",
    "Hệ thống mất kết nối thì mọi việc đều trả lời `TryLater`; khi có lại thì làm tiếp, không mất gì.",
    "While the system does not answer, everything says TryLater; afterwards the same adapter loses nothing.",
)
def away_loses_nothing(t: Trial) -> None:
    adapter = t.make()
    t.site.submit(document := a_document())
    filing, report = a_filing(), a_report()
    with t.site.away():
        t.puts_off("collect", lambda: adapter.collect(10))
        t.puts_off("deliver", lambda: adapter.deliver([filing]))
        t.puts_off("report", lambda: adapter.report([report]))
    t.same("collect", ids(adapter.collect(10)), [document.id])
    refs_of(t, list(adapter.deliver([filing])))
    t.same("report: error", [answer.error for answer in adapter.report([report])], [None])
    filed_are(t, filing.document.id)
    t.same("site.reported", ids(t.site.reported()), ids([report.status]))


@case(
    "F-23",
    "Đích không có ở đây, hay đã bị văn thư lấy đi, không cản văn bản thu hồi vào sổ.",
    "A target that is not here, or that the clerk took away, does not keep a revocation from being filed.",
    needs=(),
)
def a_target_that_is_gone(t: Trial) -> None:
    (ref,) = refs_of(t, list(t.make().deliver([a_filing()])))
    if t.has_site:
        t.site.take_away()
    changes: list[Filing] = [
        a_filing(a_document(business=BusinessType.REVOKE), [target]) for target in (ref, "nowhere/at all", "")
    ]
    refs_of(t, list(t.make().deliver(changes)))
    if t.has_site:
        filed = ids(t.site.filed())
        t.same("site.filed", [filed.count(each.document.id) for each in changes], [1, 1, 1])


@case(
    "F-24",
    "Mã, tên và chữ lạ (64 ký tự, dấu tách rời, dấu gạch chéo) đều vào sổ đúng từng chữ.",
    "Long codes, decomposed letters, slashes and quotes are filed letter by letter.",
)
def strange_letters_are_filed(t: Trial) -> None:
    document = a_document(subject="Về việc “kiểm thử” <&> 'a\"b' /../ %00 — 🏛 Kế hoạch").model_copy(
        update={"sender": Party(code="H" + "9" * 63, name="Đơn vị có tên / rất dài")}
    )
    refs_of(t, list(t.make().deliver([a_filing(document)])))
    t.same("site.filed", [essence(each) for each in t.site.filed()], [essence(document)])


CASES: Final = (
    every_filing_is_answered,
    the_same_message_is_filed_once,
    two_messages_are_two_filings,
    the_clerk_was_quick,
    a_change_is_shown,
    a_take_back_is_shown,
    every_status_is_told_once,
    zeros_are_kept_when_filed,
    what_was_filed_is_held,
    what_was_taken_is_held,
    what_was_never_filed_is_not_held,
    two_threads,
    one_bad_filing_harms_no_other,
    away_loses_nothing,
    a_target_that_is_gone,
    strange_letters_are_filed,
)
