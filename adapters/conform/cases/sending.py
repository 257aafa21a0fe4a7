"""What the document system sends: collect, acknowledge, bounced."""

from datetime import UTC, datetime
from typing import Final

from adapters.conform.case import Need, Row, case
from adapters.conform.samples import (
    a_document,
    a_message,
    a_status,
    accepted,
    essence,
    ids,
    put_off,
)
from adapters.conform.trial import Trial
from bus.errors import BadConfig, NotServed, Refused, RefusedByDms, said
from bus.ports import Answer, Bounce
from schemas.agency import Party
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.docket import DocumentKey
from schemas.document import Attachment, DocumentNumber

DECOMPOSED: Final = "Kế hoạch số 7 của Sở, đã duyệt.pdf"
"""As macOS spells it: letters and their marks apart."""
ANSWERS: Final = (
    Row("accepted", lambda ref: Answer(ref=ref, message=a_message())),
    Row("duplicate", lambda ref: Answer(ref=ref, message=a_message(), duplicate=True)),
    Row("refused", lambda ref: Answer(ref=ref, error=NotServed(agency="G22", mailbox="H49"))),
)
"""What ends a submission."""


def a_sent_bounce(t: Trial) -> Bounce:
    """Of a document that was submitted and accepted."""
    t.site.submit(document := a_document())
    adapter = t.make()
    collected = adapter.collect(10)
    t.same("collect", ids(collected), [document.id])
    (answer,) = accepted(collected)
    adapter.acknowledge([answer])
    assert answer.message
    return Bounce(
        ref=collected[0].ref,
        message=answer.message,
        document=DocumentKey(issuer="H49.06", id=document.id),
        mailbox="G22",
        error=RefusedByDms(document=document.id, why=said("sai thể thức", "wrong in form")),
        at=datetime(2026, 1, 6, tzinfo=UTC),
    )


@case(
    "N-01",
    "Không có việc gì thì không phải lỗi: lô rỗng được trả lời bằng lô rỗng.",
    "Nothing to do is no error: empty batches are answered with empty batches.",
    needs=(),
)
def nothing_to_do(t: Trial) -> None:
    adapter = t.make()
    if t.has_site:
        t.same("collect", list(adapter.collect(10)), [])
        t.same("collect_large", list(adapter.collect_large(10)), [])
    adapter.acknowledge([])
    t.same("deliver", list(adapter.deliver([])), [])
    t.same("report", list(adapter.report([])), [])
    t.same("holds", set(adapter.holds({})), set())
    adapter.bounced([])
    adapter.close()


@case(
    "N-02",
    "Hệ thống đang chạy tốt thì `check` không nói gì.",
    "`check` finds nothing wrong with a system that works.",
    needs=(),
)
def quiet_when_ready(t: Trial) -> None:
    t.same("check", list(t.make().check()), [])


@case(
    "N-03",
    "Văn bản và trạng thái đến trục đúng như văn thư đã gửi, đủ mọi trường.",
    "Documents and statuses reach the bus as the clerk submitted them, with every field.",
    rows=[
        Row("document", lambda: a_document(priority=Priority.URGENT)),
        Row("marks", lambda: a_document(subject="Đề nghị “báo cáo” & <giải trình> số 5")),
        Row(
            "unicode",
            lambda: a_document(attachments=[Attachment.of(DECOMPOSED, b"%PDF-1.7\n%%EOF\n", content_id="cid:1")]),
        ),
        Row("revocation", lambda: a_document(business=BusinessType.REVOKE)),
        Row("update", lambda: a_document(business=BusinessType.UPDATE)),
        Row("replacement", lambda: a_document(business=BusinessType.REPLACE)),
        Row("status", lambda: a_status()),
        Row("take-back", lambda: a_status(StatusCode.TAKE_BACK)),
    ],
)
def collected_as_submitted(t: Trial) -> None:
    t.site.submit(item := t.row())
    t.same("collect", [essence(each.item) for each in t.make().collect(10)], [essence(item)])


@case(
    "N-04",
    "Số 0 đứng đầu được giữ: số văn bản 007, mã trạng thái 01, mã đơn vị 000.01.05.H49 đều là chữ.",
    "Leading zeros are kept: number 007, status 01, agency 000.01.05.H49 are texts. Sent and received.",
)
def zeros_are_kept_when_sent(t: Trial) -> None:
    document = a_document().model_copy(
        update={
            "sender": Party(code="000.01.05.H49", name="Sở A"),
            "number": DocumentNumber(number="007", notation="SA-TTĐT"),
        }
    )
    status = a_status(StatusCode.ARRIVED)
    t.site.submit(document)
    t.site.submit(status)
    items = [each.item for each in t.make().collect(10)]
    t.same("collect", [essence(each) for each in items], [essence(document), essence(status)])


@case(
    "N-05",
    "Cũ nhất trước, theo đúng thứ tự, và không nhiều hơn số trục hỏi.",
    "The oldest first, in their order, and no more than the bus asked for.",
)
def oldest_first(t: Trial) -> None:
    items = [a_document() for _ in range(5)]
    for item in items:
        t.site.submit(item)
    adapter = t.make()
    t.same("collect(3)", ids(adapter.collect(3)), ids(items[:3]))
    adapter.acknowledge(accepted(adapter.collect(3)))
    t.same("collect(3)", ids(adapter.collect(3)), ids(items[3:]))


@case(
    "N-06",
    "Văn bản khẩn được đưa ra trước mọi văn bản gửi sớm hơn, khẩn nhất trước.",
    "What is urgent is offered before all that was submitted earlier, the most urgent first.",
)
def urgent_first(t: Trial) -> None:
    ordinary = [a_document() for _ in range(5)]
    urgent = [a_document(priority=Priority.URGENT), a_document(priority=Priority.IMMEDIATE)]
    for item in (*ordinary, *urgent):
        t.site.submit(item)
    t.same("collect(3)", ids(t.make().collect(3)), ids([urgent[1], urgent[0], ordinary[0]]))


@case(
    "N-07",
    "Chưa được xác nhận thì còn được đưa ra, bởi bộ kết nối này và bởi bộ kết nối sau khi khởi động lại.",
    "What was not acknowledged is offered again, by the same adapter and by the next one.",
)
def offered_until_acknowledged(t: Trial) -> None:
    t.site.submit(document := a_document())
    adapter = t.make()
    t.same("collect", [ids(adapter.collect(10)) for _ in range(2)], [[document.id]] * 2)
    t.same("collect", ids(t.make().collect(10)), [document.id])


@case(
    "N-08",
    "Đã nhận, đã biết, hay bị từ chối hẳn thì không đưa ra nữa; trả lời hai lần không hại gì.",
    "What was accepted, known already, or refused for good is not offered again; an answer given twice does no harm.",
    rows=ANSWERS,
)
def settled_is_not_offered_again(t: Trial) -> None:
    t.site.submit(document := a_document())
    adapter = t.make()
    collected = adapter.collect(10)
    t.same("collect", ids(collected), [document.id])
    for _ in range(2):
        adapter.acknowledge([t.row(collected[0].ref)])
        t.same("collect", list(adapter.collect(10)), [])
    t.same("collect", list(t.make().collect(10)), [])


@case(
    "N-09",
    "Câu trả lời còn giá trị với bộ kết nối khởi động sau: `ref` vẫn chỉ đúng văn bản đó.",
    "An answer outlives the adapter that collected: a ref means the same to the next one.",
)
def an_answer_outlives_the_adapter(t: Trial) -> None:
    t.site.submit(a_document())
    t.make().acknowledge(accepted(t.make().collect(10)))
    t.same("collect", list(t.make().collect(10)), [])


@case(
    "N-10",
    "Bị từ chối thì văn thư đọc được lý do và việc phải làm, bằng tiếng Việt; văn bản được nhận thì không có gì.",
    "A refusal is shown to the clerk, in Vietnamese; a submission that was accepted shows none.",
)
def a_refusal_is_shown(t: Trial) -> None:
    t.site.submit(a_document())
    t.site.submit(a_document())
    adapter = t.make()
    collected = adapter.collect(10)
    t.same("collect", len(collected), 2)
    error = NotServed(agency="G22", mailbox="H49")
    adapter.acknowledge([Answer(ref=collected[0].ref, error=error), *accepted(collected[1:])])
    texts = t.site.refusals()
    is_shown = len(texts) == 1 and error.in_vietnamese() in texts[0]
    t.true("site.refusals", is_shown, texts, [error.in_vietnamese()])


@case(
    "N-11",
    "Nơi nhận trả lại thì văn thư biết nơi nào và vì sao; báo hai lần vẫn hiện một lần.",
    "Where a recipient refuses what had been sent, the clerk learns who and why: once, though it was told twice.",
    needs=(Need.SITE, Need.BOUNCES),
)
def a_bounce_is_shown_once(t: Trial) -> None:
    bounce = a_sent_bounce(t)
    t.make().bounced([bounce])
    t.make().bounced([bounce])
    texts = t.site.bounces()
    is_shown = len(texts) == 1 and bounce.error.in_vietnamese() in texts[0] and "G22" in texts[0]
    t.true("site.bounces", is_shown, texts, [f"G22: {bounce.error.in_vietnamese()}"])


@case(
    "N-12",
    "Văn thư gửi chậm không bị bỏ qua: văn bản bắt đầu trước mà xong sau vẫn được đưa ra.",
    "Who sends slowly is not passed over: what was begun before others, and finished after them, is offered, too.",
    needs=(Need.SITE, Need.SLOWLY),
)
def the_slow_are_not_overtaken(t: Trial) -> None:
    slow, quick = a_document(), a_document()
    adapter = t.make()
    with t.site.submit_slowly(slow):
        t.site.submit(quick)
        collected = adapter.collect(10)
        t.same("collect", ids(collected), [quick.id])
        adapter.acknowledge(accepted(collected))
    t.same("collect", ids(adapter.collect(10)), [slow.id])
    t.same("collect", ids(t.make().collect(10)), [slow.id])


@case(
    "F-01",
    "Tùy chọn sai bị từ chối bằng lời ngay khi khởi động, không đợi đến văn bản đầu tiên.",
    "Wrong options are refused in words when the adapter is made, not when the first document comes.",
)
def wrong_options_are_refused(t: Trial) -> None:
    t.true("site.wrong_options", bool(t.site.wrong_options), t.site.wrong_options, "≥ 1")
    for options in t.site.wrong_options:
        try:
            t.site.make(options)
        except BadConfig as error:
            t.true("BadConfig", bool(str(error.facts["why"])), error, "a sentence")
        else:
            t.true(f"make({options})", False, "no error", "BadConfig")


@case(
    "F-02",
    "Hệ thống không trả lời thì `check` nói rõ.",
    "`check` has something to say of a system that is away.",
)
def check_speaks_when_away(t: Trial) -> None:
    adapter = t.make()
    with t.site.away():
        found = adapter.check()
        t.true("check", bool(found) and all(found), found, "a sentence")
    t.same("check", list(adapter.check()), [])


@case(
    "F-03",
    "Trục chưa nhận được lúc này thì văn bản được đưa ra lại, không hiện là bị từ chối; văn bản khác không che nó.",
    "What the bus could not take just now is offered again and not shown as refused, though a later one was accepted.",
)
def later_is_offered_again(t: Trial) -> None:
    items = [a_document() for _ in range(3)]
    for item in items:
        t.site.submit(item)
    adapter = t.make()
    collected = adapter.collect(10)
    t.same("collect", ids(collected), ids(items))
    adapter.acknowledge([put_off(collected[0]), *accepted(collected[1:])])
    t.same("site.refusals", list(t.site.refusals()), [])
    t.same("collect", ids(adapter.collect(10)), ids(items[:1]))
    t.same("collect", ids(t.make().collect(10)), ids(items[:1]))


@case(
    "F-04",
    "Một gói hỏng được báo lỗi kèm lý do; những gói trước và sau nó vẫn được đưa ra như thường.",
    "Nonsense is offered as an error that says why; what stands before and behind it is offered as ever.",
)
def nonsense_harms_no_other(t: Trial) -> None:
    before, behind = a_document(), a_status()
    t.site.submit(before)
    t.site.submit_nonsense()
    t.site.submit(behind)
    adapter = t.make()
    collected = adapter.collect(10)
    wrong = {item.ref: item.item for item in collected if isinstance(item.item, Refused)}
    good = [item for item in collected if item.ref not in wrong]
    t.same("collect: Refused", len(wrong), 1)
    t.same("collect", ids(good), ids([before, behind]))
    adapter.acknowledge([*accepted(good), *(Answer(ref=ref, error=error) for ref, error in wrong.items())])
    t.same("collect", list(adapter.collect(10)), [])
    t.same("site.refusals", len(t.site.refusals()), 1)


CASES: Final = (
    nothing_to_do,
    quiet_when_ready,
    collected_as_submitted,
    zeros_are_kept_when_sent,
    oldest_first,
    urgent_first,
    offered_until_acknowledged,
    settled_is_not_offered_again,
    an_answer_outlives_the_adapter,
    a_refusal_is_shown,
    a_bounce_is_shown_once,
    the_slow_are_not_overtaken,
    wrong_options_are_refused,
    check_speaks_when_away,
    later_is_offered_again,
    nonsense_harms_no_other,
)
