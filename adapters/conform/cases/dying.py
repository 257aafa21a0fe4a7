"""The adapter is killed, or cut off: whatever the moment, a new process given the same messages comes to one end."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from adapters.conform.case import Need, case
from adapters.conform.cases.sending import a_sent_bounce
from adapters.conform.deaths import at_each_write, at_random_moments, before_each_step, with_the_line_cut
from adapters.conform.processes import in_new_process, killed_after
from adapters.conform.samples import (
    a_document,
    a_filing,
    a_report,
    a_status,
    accepted,
    essence,
    essences,
    ids,
    raised,
)
from adapters.conform.trial import NotMet, Trial
from bus.errors import TryLater
from bus.ports import Adapter, Filing, Report
from schemas.codes import BusinessType, StatusCode

_TRIES: Final = 8


class Sending:
    """A submission is collected and acknowledged."""

    def __init__(self, t: Trial) -> None:
        self._t = t
        self._submit()

    def do(self) -> None:
        adapter = self._t.make()
        adapter.acknowledge(accepted(adapter.collect(10)))

    def judge(self, death: str) -> None:
        """It is settled, or offered again, whole."""
        again = self._t.make().collect(10)
        if not again:  # it was settled: the next death needs something to send
            self._t.note(death, "settled")
            self._submit()
            return
        self._t.same(f"{death}: collect", [essence(item.item) for item in again], [essence(self._document)])

    def _submit(self) -> None:
        self._t.site.submit(document := a_document())
        self._document = document


class Receiving:
    """A document, a revocation of one filed before, a status and a take-back of it are filed."""

    def __init__(self, t: Trial) -> None:
        self._t = t
        self.renew()

    def renew(self) -> None:
        """Other messages, and another document that they are about. What was filed goes, where it can: looking at it
        again and again takes the time."""
        if self._t.has_site:
            self._t.site.clear()
        (target,) = raised(self._t.make().deliver([a_filing()]))
        self._target = target.ref or ""
        self._filings = [a_filing(), a_filing(a_document(business=BusinessType.REVOKE), [self._target])]
        self._reports = [a_report(), a_report(a_status(StatusCode.TAKE_BACK), target=self._target)]

    def do(self) -> None:
        self._file(self._t.make())

    def do_at(self, address: tuple[str, int], *, tries: int = 1) -> None:
        """Over that address; the same adapter tries again when it is told to."""
        self._t.site.through(address)
        adapter = self._t.make()
        for left in range(tries - 1, -1, -1):
            try:
                self._file(adapter)
            except TryLater:
                if not left:
                    raise
                time.sleep(0.01)
            else:
                return

    def judge(self, death: str, *, is_quick: bool = False) -> None:
        """A new process continues; each document and each status is there once, each change is marked once."""
        self._nothing_half(death)
        self._t.note(death, "a new process continues")
        if is_quick:
            self._t.site.take_away()
        try:
            in_new_process(self.do, self._t.folder)
        except NotMet as unmet:
            self._t.true(f"{death}: a new process", False, unmet, "its end")
        self.look(death, is_quick=is_quick)
        self.renew()

    def _nothing_half(self, death: str) -> None:
        """What the clerk sees before anybody goes on is whole."""
        if self._t.has_site:
            wanted = {filing.document.id: filing.document for filing in self._filings}
            seen = [document for document in self._t.site.filed() if document.id in wanted]
            self._t.same(f"{death}: seen", essences(seen), essences([wanted[document.id] for document in seen]))

    def look(self, death: str, *, is_quick: bool = False) -> None:
        if not self._t.has_site:
            self._look_by_the_port(death)
            return
        filed, told = ids(self._t.site.filed()), ids(self._t.site.reported())
        documents = [filed.count(filing.document.id) for filing in self._filings]
        self._t.same(f"{death}: filed", documents, [1, 1])
        statuses = [told.count(report.status.concerns.document_id) for report in self._reports]
        self._t.same(f"{death}: told", statuses, [1, 1])
        if not is_quick:
            texts = self._t.site.changes(self._target)
            marks = [sum(each.message in text for text in texts) for each in (self._filings[1], self._reports[1])]
            self._t.same(f"{death}: marked", marks, [1, 1])

    def _look_by_the_port(self, death: str) -> None:
        first, second = ([each.ref for each in self._t.make().deliver(self._filings)] for _ in range(2))
        self._t.true(f"{death}: refs", first == second and len(set(first)) == 2, [first, second], "the same two")

    def _file(self, adapter: Adapter) -> None:
        answers = [*raised(adapter.deliver(self._filings)), *raised(adapter.report(self._reports))]
        items: list[Filing | Report] = [*self._filings, *self._reports]
        taken = {item.message: answer.ref for item, answer in zip(items, answers, strict=True)}
        held = set(adapter.holds(taken))
        if held != set(taken):
            raise NotMet(f"holds: {len(held)} of {len(taken)}")


def _deaths(work: Callable[[], object], t: Trial, kind: str) -> Iterator[str]:
    if kind == "step":
        return before_each_step(work, t.folder)
    return at_random_moments(work, t.folder, random=t.random, times=t.kills)


def _refusals_are_none(t: Trial) -> None:
    t.same("site.refusals", list(t.site.refusals()), [])


@case(
    "F-41",
    "Bị tắt (SIGKILL) trước từng bước khi gửi (chốt giao dịch, ghi tệp, ghi mạng…): văn bản đã xong hoặc được đưa ra "
    "lại, nguyên vẹn.",
    "Killed before each step of sending (commit, write to a file or socket …): a submission is settled, or offered "
    "again, whole.",
)
def killed_while_sending(t: Trial) -> None:
    work = Sending(t)
    for death in _deaths(work.do, t, "step"):
        work.judge(death)
    _refusals_are_none(t)


@case(
    "F-42",
    "Bị tắt trước từng bước khi vào sổ (chốt giao dịch, ghi tệp, ghi mạng…): không ai thấy phần dở dang; tiến trình "
    "sau làm tiếp, vào sổ một lần, đánh dấu văn bản bị thu hồi một lần.",
    "Killed before each step of filing (commit, write to a file or socket …): nothing half is seen; the next process "
    "goes on; filed once, the revoked document marked once.",
    needs=(),
)
def killed_while_filing(t: Trial) -> None:
    work = Receiving(t)
    for death in _deaths(work.do, t, "step"):
        work.judge(death)


@case(
    "F-43",
    "Cũng như vậy khi văn thư đã lấy văn bản đi trước khi tiến trình sau làm tiếp.",
    "The same where the clerk has dealt with what was filed before the next process goes on.",
)
def killed_and_the_clerk_was_quick(t: Trial) -> None:
    work = Receiving(t)
    for death in _deaths(work.do, t, "step"):
        work.judge(death, is_quick=True)


@case(
    "F-44",
    "Trả lời xong là đã giữ chắc: bị tắt ngay sau câu trả lời, không ai đưa lại, vẫn có đủ.",
    "An answer means kept: killed right after it, and given nothing again, the system holds everything.",
    needs=(),
)
def killed_right_after_the_answer(t: Trial) -> None:
    filings, reports = [a_filing(), a_filing()], [a_report()]

    def work() -> str:
        adapter = t.make()
        answers = [*raised(adapter.deliver(filings)), *raised(adapter.report(reports))]
        return "\n".join(answer.ref or "" for answer in answers)

    refs = killed_after(work, t.folder).split("\n")
    t.note("deliver, report, SIGKILL", refs)
    messages = [*(each.message for each in filings), *(each.message for each in reports)]
    t.same("holds", set(t.make().holds(dict(zip(messages, refs, strict=True)))), set(messages))
    if t.has_site:
        t.same("site.filed", sorted(ids(t.site.filed())), sorted(each.document.id for each in filings))
        t.same("site.reported", ids(t.site.reported()), ids([each.status for each in reports]))


@case(
    "F-45",
    "Xác nhận xong là đã nhớ: bị tắt ngay sau `acknowledge`, văn bản không được đưa ra lại.",
    "Acknowledged means remembered: killed right after it, what was accepted is not offered again.",
)
def killed_right_after_acknowledge(t: Trial) -> None:
    t.site.submit(a_document())

    def work() -> str:
        adapter = t.make()
        adapter.acknowledge(accepted(adapter.collect(10)))
        return "acknowledged"

    t.note("collect, acknowledge, SIGKILL", killed_after(work, t.folder))
    t.same("collect", list(t.make().collect(10)), [])


@case(
    "F-46",
    "Bị tắt ở từng lần ghi xuống máy chủ, trước khi máy chủ nhận và sau khi máy chủ đã làm: kết quả vẫn như F-42.",
    "Killed at each write to the server, before it came there, and after the server did it: the end is that of F-42.",
    needs=(Need.SITE, Need.SERVER),
)
def killed_at_each_write(t: Trial) -> None:
    work = Receiving(t)
    assert t.site.server
    for death in at_each_write(work.do_at, t.site.server, t.folder):
        work.judge(death)


@case(
    "F-47",
    "Đứt đường truyền ở từng lần ghi xuống máy chủ: bộ kết nối báo `TryLater`, chính nó làm lại, kết quả như F-42.",
    "The line is cut at each write to the server: the adapter says TryLater, is asked again, and the end is that of "
    "F-42.",
    needs=(Need.SITE, Need.SERVER),
)
def cut_at_each_write(t: Trial) -> None:
    work = Receiving(t)
    assert t.site.server
    for death in with_the_line_cut(lambda address: work.do_at(address, tries=_TRIES), t.site.server, t.folder):
        t.note(death, "the same adapter is asked again")
        work.look(death)
        work.renew()


@case(
    "F-48",
    "Bị tắt vào lúc bất kỳ khi vào sổ: kết quả vẫn như F-42.",
    "Killed at random moments of filing: the end is that of F-42.",
    needs=(),
)
def killed_at_random_while_filing(t: Trial) -> None:
    work = Receiving(t)
    for death in _deaths(work.do, t, "moment"):
        work.judge(death)


@case(
    "F-49",
    "Bị tắt vào lúc bất kỳ khi gửi: văn bản đã xong hoặc được đưa ra lại, nguyên vẹn.",
    "Killed at random moments of sending: a submission is settled, or offered again, whole.",
)
def killed_at_random_while_sending(t: Trial) -> None:
    work = Sending(t)
    for death in _deaths(work.do, t, "moment"):
        work.judge(death)
    _refusals_are_none(t)


@case(
    "F-50",
    "Bị tắt trước từng bước khi báo một văn bản bị trả lại: báo lại thì văn thư đọc được, một lần.",
    "Killed before each step of telling of a bounce: told again, the clerk reads it, once.",
    needs=(Need.SITE, Need.BOUNCES),
)
def killed_while_telling_of_a_bounce(t: Trial) -> None:
    bounce = a_sent_bounce(t)
    for death in _deaths(lambda: t.make().bounced([bounce]), t, "step"):
        in_new_process(lambda: t.make().bounced([bounce]), t.folder)
        texts = t.site.bounces()
        is_shown = len(texts) == 1 and bounce.error.in_vietnamese() in texts[0]
        t.true(f"{death}: site.bounces", is_shown, texts, [bounce.error.in_vietnamese()])


CASES: Final = (
    killed_while_sending,
    killed_while_filing,
    killed_and_the_clerk_was_quick,
    killed_right_after_the_answer,
    killed_right_after_acknowledge,
    killed_at_each_write,
    cut_at_each_write,
    killed_at_random_while_filing,
    killed_at_random_while_sending,
    killed_while_telling_of_a_bounce,
)
