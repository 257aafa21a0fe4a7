"""Attachments that are too large to be held in memory: for adapters that say `takes_large`. Theirs is one more thread,
and a promise that nothing half is ever seen."""

import os
import threading
from collections.abc import Callable, Iterator
from typing import Final

from adapters.conform.case import Need, Row, case
from adapters.conform.cases.filing import refs_of
from adapters.conform.cases.sending import ANSWERS
from adapters.conform.deaths import at_random_moments, before_each_step
from adapters.conform.processes import Child, in_new_process
from adapters.conform.samples import (
    BARELY_LARGE,
    LARGE,
    MIB,
    a_document,
    a_filing,
    a_large_document,
    a_large_filing,
    accepted,
    collected_all,
    essence,
    ids,
    put_off,
    raised,
    read_from,
)
from adapters.conform.sources import Generated, lying
from adapters.conform.trial import Trial
from bus.errors import TryLater
from bus.ports import Filed
from schemas.codes import BusinessType
from schemas.document import Attachment, Document

NEEDS: Final = (Need.SITE, Need.LARGE)
IN_MEMORY: Final = 8 * MIB


class _Watched:
    """A source that stops half way to have something done, then goes on."""

    def __init__(self, at_half: Callable[[], None]) -> None:
        self._at_half = at_half

    def pieces(self, size: int) -> Iterator[bytes]:
        for number, piece in enumerate(Generated(LARGE).pieces(size)):
            if number == LARGE // size // 2:
                self._at_half()
            yield piece


@case(
    "N-41",
    "Tệp đính kèm 8 MiB đến nguyên vẹn từng byte ở cả hai chiều, đọc từ nguồn hay từ bộ nhớ.",
    "Every byte of a file of 8 MiB arrives, on either side, be it read from a source or from memory.",
)
def eight_mebibytes(t: Trial) -> None:
    document = a_document(attachments=[Attachment.of("bản đồ.bin", os.urandom(IN_MEMORY), content_id="cid:1")])
    t.site.submit(document)
    adapter = t.make()
    t.same("collect", [essence(each.item) for each in collected_all(adapter)], [essence(document)])
    refs_of(t, list(adapter.deliver([a_filing(document)])))
    t.same("site.filed", [essence(filed) for filed in t.site.filed()], [essence(document)])


@case(
    "N-42",
    "`collect` đưa ra văn bản nhỏ, `collect_large` đưa ra văn bản lớn; đọc tệp tại chỗ, bao nhiêu lần cũng được.",
    "`collect` has the small ones, `collect_large` the others, whose bytes are read where they lie.",
    needs=NEEDS,
    rows=[Row(name, name) for name in ("bản đồ.bin", "bản vẽ.pdf", "a.zip")],
)
def offered_apart(t: Trial) -> None:
    adapter = t.make()
    t.site.submit(small := a_document())
    t.site.submit(document := a_large_document(name=t.row))
    t.same("collect", ids(adapter.collect(10)), [small.id])
    collected = adapter.collect_large(10)
    for _ in range(2):
        t.same("collect_large", [essence(each.item) for each in collected], [essence(document)])
    item = collected[0].item
    assert isinstance(item, Document)
    file = item.attachments[1]
    t.true("source", file.source is not None and not file.content, file, "a source, and no content")
    t.same("len of pieces(1000)", sorted({len(piece) for piece in file.pieces(1000)}), [LARGE % 1000, 1000])


@case(
    "N-43",
    "Văn bản lớn được đưa ra đến khi xác nhận, và đến lúc đó vẫn đọc được; “để sau” không phải là xong.",
    "What is large is offered until acknowledged, and can be read until then; “later” does not end it.",
    needs=NEEDS,
)
def large_until_acknowledged(t: Trial) -> None:
    adapter = t.make()
    t.site.submit(document := a_large_document())
    offered = [adapter.collect_large(10), adapter.collect_large(10), t.make().collect_large(10)]
    t.same("collect_large", [ids(each) for each in offered], [[document.id]] * 3)
    adapter.acknowledge([put_off(offered[0][0])])
    t.same("site.refusals", list(t.site.refusals()), [])
    t.same("collect_large", ids(t.make().collect_large(10)), [document.id])
    t.same("read again", [essence(each.item) for (each,) in offered], [essence(document)] * 3)


@case(
    "N-44",
    "Văn bản lớn đã xong thì không đưa ra nữa, kể cả qua `collect`.",
    "What is large and settled is not offered again, not after a restart, nor by `collect`.",
    needs=NEEDS,
    rows=ANSWERS,
)
def large_and_settled(t: Trial) -> None:
    adapter = t.make()
    t.site.submit(document := a_large_document())
    collected = adapter.collect_large(10)
    t.same("collect_large", ids(collected), [document.id])
    for _ in range(2):
        adapter.acknowledge([t.row(collected[0].ref)])
        for each in (adapter, t.make()):
            t.same("collect_large, collect", [*each.collect_large(10), *each.collect(10)], [])


@case(
    "N-45",
    "Không đưa ra nhiều văn bản lớn hơn số trục hỏi, cũ nhất trước.",
    "No more large ones than the bus has room for, the oldest first.",
    needs=NEEDS,
)
def no_more_large_than_asked(t: Trial) -> None:
    adapter = t.make()
    items = [a_large_document() for _ in range(3)]
    for item in items:
        t.site.submit(item)
    for limit in (1, 2, 0):
        t.same(f"collect_large({limit})", ids(adapter.collect_large(limit)), ids(items[:limit]))


@case(
    "N-46",
    "Văn bản lớn vào sổ nguyên vẹn, một lần, dù bản tin được đưa lại sau khi khởi động lại.",
    "What is large is filed whole and once, from its source, though the next adapter is given it again.",
    needs=NEEDS,
)
def large_filed_once(t: Trial) -> None:
    adapter, filing = t.make(), a_large_filing()
    answers = [each.deliver([filing])[0] for each in (adapter, adapter, t.make())]
    refs = refs_of(t, answers)
    t.same("different refs", len(set(refs)), 1)
    t.same("site.filed", [essence(document) for document in t.site.filed()], [essence(filing.document)])
    t.same("holds", set(adapter.holds({filing.message: refs[0]})), {filing.message})
    t.site.take_away()
    t.make().deliver([filing])
    t.same("site.filed", ids(t.site.filed()), [filing.document.id])


@case(
    "N-47",
    "Văn bản lớn cập nhật văn bản cũ thì hiện tại văn bản cũ, một lần.",
    "What updates a document may be large, too, and is shown at its target: once.",
    needs=NEEDS,
)
def a_large_change(t: Trial) -> None:
    adapter = t.make()
    (ref,) = refs_of(t, list(adapter.deliver([a_filing()])))
    change = a_filing(a_large_document(business=BusinessType.UPDATE), [ref])
    for each in (adapter, t.make()):
        refs_of(t, list(each.deliver([change])))
    t.same("len(site.changes)", len(t.site.changes(ref)), 1)


@case(
    "N-48",
    "Văn bản nhỏ không phải chờ văn bản lớn: trong khi một văn bản lớn đang vào sổ, mọi việc nhỏ vẫn chạy.",
    "The small do not wait for the large: while one is filed, small ones are collected, acknowledged, filed and looked "
    "for in other threads.",
    needs=NEEDS,
)
def the_small_do_not_wait(t: Trial) -> None:
    adapter = t.make()
    half, go_on = threading.Event(), threading.Event()

    def stop() -> None:
        half.set()
        assert go_on.wait(30)

    filing, small = read_from(a_large_filing(), _Watched(stop)), a_filing()
    answers: list[Filed] = []
    thread = threading.Thread(target=lambda: answers.extend(adapter.deliver([filing])))
    thread.start()
    try:
        t.true("the source was read", half.wait(30), False, True)
        t.site.submit(document := a_document())
        collected = adapter.collect(10)
        t.same("collect", ids(collected), [document.id])
        adapter.acknowledge(accepted(collected))
        t.same("collect", list(adapter.collect(10)), [])
        (ref,) = refs_of(t, list(adapter.deliver([small])))
        t.same("holds", set(adapter.holds({small.message: ref})), {small.message})
        t.same("site.filed", ids(t.site.filed()), [small.document.id])
    finally:
        go_on.set()
        thread.join()
    refs_of(t, answers)
    t.same("site.filed", sorted(ids(t.site.filed())), sorted(ids([small.document, filing.document])))


def _judge_sending(t: Trial, death: str, document: Document) -> Document:
    again = t.make().collect_large(10)
    if not again:
        t.note(death, "settled")
        t.site.submit(document := a_large_document(size=BARELY_LARGE))
        return document
    t.same(f"{death}: collect_large", [essence(item.item) for item in again], [essence(document)])
    return document


@case(
    "F-61",
    "Bị tắt trước từng bước khi gửi văn bản lớn: đã xong hoặc được đưa ra lại, nguyên vẹn.",
    "Killed before each step of sending what is large: settled, or offered again, whole.",
    needs=NEEDS,
)
def killed_while_sending_large(t: Trial) -> None:
    t.site.submit(document := a_large_document(size=BARELY_LARGE))

    def send() -> None:
        adapter = t.make()
        adapter.acknowledge(accepted(adapter.collect_large(10)))

    for death in before_each_step(send, t.folder):
        document = _judge_sending(t, death, document)
    t.same("site.refusals", list(t.site.refusals()), [])


@case(
    "F-62",
    "Bị tắt trước từng bước, hay lúc bất kỳ, khi văn bản lớn vào sổ: không ai thấy phần dở dang; sau đó vào sổ một "
    "lần.",
    "Killed before each step, or at random moments, of filing what is large: nothing half is seen; then it is filed "
    "once.",
    needs=NEEDS,
    rows=[Row("step", "step"), Row("moment", "moment")],
)
def killed_while_filing_large(t: Trial) -> None:
    work = [a_large_filing(size=BARELY_LARGE)]

    def file() -> None:
        raised(t.make().deliver(work))

    at_moments = at_random_moments(file, t.folder, random=t.random, times=t.kills)
    for death in before_each_step(file, t.folder) if t.row == "step" else at_moments:
        seen = ids(t.site.filed())
        t.true(f"{death}: site.filed", seen in ([], [work[0].document.id]), seen, "nothing, or the whole")
        in_new_process(file, t.folder)
        t.same(f"{death}: site.filed", [essence(each) for each in t.site.filed()], [essence(work[0].document)])
        t.site.clear()
        work[:] = [a_large_filing(size=BARELY_LARGE)]


@case(
    "F-63",
    "Bị tắt giữa chừng một tệp lớn: không ai thấy gì, sau đó vào sổ nguyên vẹn.",
    "Killed half way through a large file nothing is seen; then it is filed whole.",
    needs=NEEDS,
)
def killed_half_way(t: Trial) -> None:
    filing = a_large_filing()
    half = read_from(filing, _Watched(lambda: os._exit(9)))
    end = Child(lambda _: t.make().deliver([half]), t.folder).end()
    t.same("died half way", end.code, 9)
    t.same("site.filed", ids(t.site.filed()), [])
    refs_of(t, list(t.make().deliver([filing])))
    t.same("site.filed", [essence(document) for document in t.site.filed()], [essence(filing.document)])


@case(
    "F-64",
    "Đầy đĩa giữa chừng: không giữ phần dở dang, văn bản nhỏ vẫn vào sổ; có chỗ lại thì văn bản lớn vào sổ nguyên vẹn.",
    "A disk that fills half way keeps nothing half; the small is filed meanwhile, the large once there is room.",
    needs=NEEDS,
)
def a_full_disk(t: Trial) -> None:
    adapter, filing, small = t.make(), a_large_filing(), a_filing()
    with t.site.full():
        t.puts_off("deliver", lambda: adapter.deliver([filing]))
        refs_of(t, list(adapter.deliver([small])))
    t.same("site.filed", ids(t.site.filed()), [small.document.id])
    refs_of(t, list(adapter.deliver([filing])))
    t.same("site.filed", sorted(ids(t.site.filed())), sorted([small.document.id, filing.document.id]))


@case(
    "F-65",
    "Nguồn đọc không được thì để sau; nguồn không đúng như đã khai thì không bao giờ vào sổ. Không cái nào được thấy.",
    "A source that cannot be read is tried later; one that is not what was said is filed never. Neither is seen.",
    needs=NEEDS,
    rows=[
        Row("cannot be read", (Generated(LARGE, fails_at=2 * MIB), True)),
        Row("ends early", (Generated(LARGE, ends_at=MIB), False)),
    ],
)
def a_source_that_fails(t: Trial) -> None:
    source, passes = t.row
    filing = a_filing(a_document(attachments=[lying("a.pdf", source, content_id="1")]))
    small = a_filing()
    failed, filed = t.make().deliver([filing, small])
    wanted = "TryLater" if passes else "Refused"
    is_met = failed.error is not None and isinstance(failed.error, TryLater) is passes
    t.true("error of the large one", is_met, failed, wanted)
    refs_of(t, [filed])
    t.same("site.filed", ids(t.site.filed()), [small.document.id])


@case(
    "F-66",
    "Hệ thống mất kết nối thì văn bản lớn cũng chờ (`TryLater`), rồi làm tiếp.",
    "What is large waits while the system is away, and goes on afterwards.",
    needs=NEEDS,
)
def large_waits_while_away(t: Trial) -> None:
    adapter = t.make()
    t.site.submit(document := a_large_document())
    filing = a_large_filing()
    with t.site.away():
        t.puts_off("collect_large", lambda: adapter.collect_large(1))
        t.puts_off("deliver", lambda: adapter.deliver([filing]))
    t.same("collect_large", ids(adapter.collect_large(1)), [document.id])
    refs_of(t, list(adapter.deliver([filing])))
    t.same("site.filed", ids(t.site.filed()), [filing.document.id])


CASES: Final = (
    eight_mebibytes,
    offered_apart,
    large_until_acknowledged,
    large_and_settled,
    no_more_large_than_asked,
    large_filed_once,
    a_large_change,
    the_small_do_not_wait,
    killed_while_sending_large,
    killed_while_filing_large,
    killed_half_way,
    a_full_disk,
    a_source_that_fails,
    large_waits_while_away,
)
