"""The conformance suite of adapters: what the bus relies on, as behaviour. How to run it: adapters/README.md.

`AdapterContract` drives an adapter through the bus's side and looks at its `Site`, one document system seen from the
clerk's side, for what became of it. No test asks how an adapter does it.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bus.errors import BadConfig, NotServed, Refused, RefusedByDms, StoreFull, TryLater
from bus.ports import Answer, Bounce, Filing, Report
from schemas.codes import BusinessType, Priority, StatusCode
from schemas.docket import DocumentKey
from schemas.document import Attachment, Document
from schemas.status import Status
from tests.contract.adapter_large import LargeContract
from tests.contract.adapter_site import (
    MIB,
    Site,
    a_document,
    a_filing,
    a_message,
    a_report,
    a_status,
    accepted,
    collected_all,
    crashes,
    essence,
    ids,
    raised,
)

DECOMPOSED = "Kế hoạch số 7 của Sở, đã duyệt.pdf"
"""As macOS spells it: letters and their marks apart."""
LARGE = 8 * MIB


class AdapterContract(LargeContract):
    """Inherit it, and override `site`."""

    @pytest.fixture
    def site(self) -> Site:
        raise NotImplementedError("a fixture `site` gives the document system under test")

    # -- made and looked at

    def test_wrong_options_are_refused_in_words(self, site: Site) -> None:
        """An option that cannot be meant is named when the adapter is made, not when the first document comes."""
        assert site.wrong_options
        for options in site.wrong_options:
            with pytest.raises(BadConfig) as caught:
                site.make(options)
            assert str(caught.value.facts["why"])

    def test_check_is_quiet_when_ready_and_speaks_when_not(self, site: Site) -> None:
        """`check` finds nothing wrong with a system that works, and something to say of one that is away."""
        adapter = site.make()
        assert not adapter.check()
        with site.away():
            assert all(adapter.check())
            assert adapter.check()

    def test_nothing_to_do_is_no_error(self, site: Site) -> None:
        """Empty batches are answered with empty batches."""
        adapter = site.make()
        assert not adapter.collect(10)
        assert not adapter.collect_large(10)
        adapter.acknowledge([])
        assert not adapter.deliver([])
        assert not adapter.report([])
        adapter.bounced([])
        adapter.close()

    # -- collect and acknowledge

    @pytest.mark.parametrize(
        "item",
        [
            pytest.param(a_document(), id="document"),
            pytest.param(a_document(subject="Đề nghị “báo cáo” & <giải trình> số 5"), id="marks"),
            pytest.param(
                a_document(attachments=[Attachment.of(DECOMPOSED, b"%PDF-1.7\n%%EOF\n", content_id="cid:1")]),
                id="unicode",
            ),
            pytest.param(a_document(business=BusinessType.REVOKE), id="revocation"),
            pytest.param(a_status(), id="status"),
            pytest.param(a_status(StatusCode.TAKE_BACK), id="take-back"),
        ],
    )
    def test_what_is_submitted_is_collected(self, site: Site, item: Document | Status) -> None:
        """Documents and statuses reach the bus as the clerk submitted them."""
        site.submit(item)
        (collected,) = site.make().collect(10)
        assert essence(collected.item) == essence(item)

    def test_a_large_attachment_is_collected_and_filed_whole(self, site: Site) -> None:
        """Every byte of a large file arrives, on either side; be it read from a source or from memory."""
        document = a_document(attachments=[Attachment.of("bản đồ.bin", os.urandom(LARGE), content_id="cid:1")])
        site.submit(document)
        adapter = site.make()
        (collected,) = collected_all(adapter)
        assert essence(collected.item) == essence(document)
        adapter.deliver([a_filing(document)])
        assert [essence(filed) for filed in site.filed()] == [essence(document)]

    def test_oldest_first_and_no_more_than_asked(self, site: Site) -> None:
        """A batch holds the oldest submissions, in their order, and at most as many as the bus asked for."""
        items = [a_document() for _ in range(5)]
        for item in items:
            site.submit(item)
        adapter = site.make()
        assert ids(adapter.collect(3)) == ids(items[:3])
        adapter.acknowledge(accepted(adapter.collect(3)))
        assert ids(adapter.collect(3)) == ids(items[3:])

    def test_urgent_first(self, site: Site) -> None:
        """What is urgent is offered before all that was submitted earlier, the most urgent first."""
        ordinary = [a_document() for _ in range(5)]
        urgent = [a_document(priority=Priority.URGENT), a_document(priority=Priority.IMMEDIATE)]
        for item in (*ordinary, *urgent):
            site.submit(item)
        adapter = site.make()
        assert ids(adapter.collect(3)) == ids([urgent[1], urgent[0], ordinary[0]])

    def test_offered_again_until_acknowledged(self, site: Site) -> None:
        """What was not acknowledged is offered again, by the same adapter and by the next one after a crash."""
        site.submit(document := a_document())
        adapter = site.make()
        assert [ids(adapter.collect(10)) for _ in range(2)] == [[document.id]] * 2
        assert ids(site.make().collect(10)) == [document.id]

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(lambda ref: Answer(ref=ref, message=a_message()), id="accepted"),
            pytest.param(lambda ref: Answer(ref=ref, message=a_message(), duplicate=True), id="duplicate"),
            pytest.param(lambda ref: Answer(ref=ref, error=NotServed(agency="G22", mailbox="H49")), id="refused"),
        ],
    )
    def test_settled_is_not_offered_again(self, site: Site, answer: Callable[[str], Answer]) -> None:
        """What was accepted, known already, or refused for good is not offered again, not even after a restart; an
        answer that is given twice does no harm."""
        site.submit(a_document())
        adapter = site.make()
        (collected,) = adapter.collect(10)
        for _ in range(2):
            adapter.acknowledge([answer(collected.ref)])
            assert not adapter.collect(10)
        assert not site.make().collect(10)

    def test_an_answer_outlives_the_adapter_that_collected(self, site: Site) -> None:
        """A ref means the same to the next adapter: it may be the one that is given the answer."""
        site.submit(a_document())
        (collected,) = site.make().collect(10)
        site.make().acknowledge(accepted([collected]))
        assert not site.make().collect(10)

    def test_a_refusal_is_shown_to_the_clerk(self, site: Site) -> None:
        """The clerk reads what happened and what to do, in Vietnamese; a submission that was accepted shows none."""
        site.submit(a_document())
        site.submit(a_document())
        adapter = site.make()
        first, second = adapter.collect(10)
        error = NotServed(agency="G22", mailbox="H49")
        adapter.acknowledge([Answer(ref=first.ref, error=error), *accepted([second])])
        (text,) = site.refusals()
        assert error.in_vietnamese() in text

    def test_try_later_is_offered_again(self, site: Site) -> None:
        """What the bus could not take just now is offered again, and is not shown as refused."""
        site.submit(document := a_document())
        adapter = site.make()
        (collected,) = adapter.collect(10)
        adapter.acknowledge([Answer(ref=collected.ref, error=StoreFull(store="h49.db", why="no space"))])
        assert not site.refusals()
        assert ids(adapter.collect(10)) == [document.id]

    def test_one_that_cannot_be_read_harms_no_other(self, site: Site) -> None:
        """Nonsense is offered as an error that says why; what stands before and behind it is offered as ever."""
        before, behind = a_document(), a_status()
        site.submit(before)
        site.submit_nonsense()
        site.submit(behind)
        adapter = site.make()
        collected = adapter.collect(10)
        errors = [item for item in collected if isinstance(item.item, Refused)]
        assert len(errors) == 1
        assert ids([item for item in collected if item not in errors]) == ids([before, behind])
        adapter.acknowledge(
            [
                Answer(ref=item.ref, error=item.item) if isinstance(item.item, Refused) else accepted([item])[0]
                for item in collected
            ]
        )
        assert not adapter.collect(10)
        assert len(site.refusals()) == 1

    def test_a_crash_at_any_step_of_sending_loses_nothing(self, site: Site) -> None:
        """Wherever the adapter is killed between collecting and having acknowledged, a submission is then either
        settled or offered again, whole."""
        document = a_document()
        site.submit(document)

        def send() -> None:
            adapter = site.make()
            adapter.acknowledge(accepted(adapter.collect(10)))

        for _ in crashes(send):
            again = site.make().collect(10)
            if not again:  # it was settled: the next crash needs something to send
                document = a_document()
                site.submit(document)
            assert [essence(item.item) for item in again] in ([], [essence(document)])
        assert not site.refusals()

    # -- deliver and report

    def test_every_filing_is_answered_in_order(self, site: Site) -> None:
        """One answer each, in the order of the batch, each with the document system's own name for what it filed."""
        filings = [a_filing() for _ in range(5)]
        answers = site.make().deliver(filings)
        assert [answer.error for answer in answers] == [None] * 5
        assert len({answer.ref for answer in answers}) == 5
        assert sorted(map(repr, map(essence, site.filed()))) == sorted(repr(essence(f.document)) for f in filings)

    def test_the_same_message_is_filed_once(self, site: Site) -> None:
        """A message delivered again, in one batch or by the next adapter, is answered alike and filed once."""
        filing = a_filing()
        first, second = site.make().deliver([filing, filing])
        (third,) = site.make().deliver([filing])
        assert first.ref is not None
        assert first.ref == second.ref == third.ref
        assert ids(site.filed()) == [filing.document.id]

    def test_the_same_document_in_two_messages_is_two_filings(self, site: Site) -> None:
        """Messages are told apart, documents are not judged: an update may bear the id of what it updates."""
        document = a_document()
        answers = site.make().deliver([a_filing(document), a_filing(document)])
        assert len({answer.ref for answer in answers}) == 2
        assert ids(site.filed()) == [document.id] * 2

    def test_filed_once_although_the_clerk_was_quick(self, site: Site) -> None:
        """A message delivered again is not filed again because the clerk has dealt with it in between."""
        filing, report = a_filing(), a_report()
        adapter = site.make()
        adapter.deliver([filing])
        adapter.report([report])
        site.take_away()
        for again in (adapter, site.make()):
            again.deliver([filing])
            again.report([report])
        assert ids(site.filed()) == [filing.document.id]
        assert ids(site.reported()) == ids([report.status])

    @pytest.mark.parametrize("quick", [False, True], ids=["", "quick clerk"])
    def test_a_crash_at_any_step_of_filing_files_once(self, site: Site, quick: bool) -> None:
        """Wherever the adapter is killed while it files, the next one, given the same messages, comes to the same
        end: each document and each status once, each change marked once; even where the clerk has dealt with what
        was filed before the next one comes."""
        (target,) = site.make().deliver([a_filing()])
        assert target.ref is not None
        work: list[Filing] = []
        reports: list[Report] = []

        def renew() -> None:
            work[:] = [a_filing(), a_filing(a_document(business=BusinessType.REVOKE), [target.ref or ""])]
            reports[:] = [a_report()]

        def file() -> None:
            adapter = site.make()
            adapter.deliver(work)
            adapter.report(reports)

        renew()
        for _ in crashes(file):
            if quick:
                site.take_away()
            file()
            filed, told = ids(site.filed()), ids(site.reported())
            assert [filed.count(filing.document.id) for filing in work] == [1, 1]
            assert [told.count(report.status.concerns.document_id) for report in reports] == [1]
            assert quick or sum(work[1].message in text for text in site.changes(target.ref)) == 1
            renew()

    def test_one_bad_filing_harms_no_other(self, site: Site) -> None:
        """A filing that fails is answered with an error in its place; what stands before and behind it is filed."""
        filings = [a_filing() for _ in range(3)]
        site.spoil(filings[1])
        answers = site.make().deliver(filings)
        assert [answer.error is None for answer in answers] == [True, False, True]
        assert sorted(ids(site.filed())) == sorted(ids([filings[0].document, filings[2].document]))

    @pytest.mark.parametrize("business", [BusinessType.REVOKE, BusinessType.UPDATE, BusinessType.REPLACE])
    def test_a_change_is_shown_at_its_targets(self, site: Site, business: BusinessType) -> None:
        """Who looks at a document filed before learns that it was revoked, updated or replaced: once, although the
        message came twice. Targets that another document system knew are passed over."""
        adapter = site.make()
        first, second, other = adapter.deliver([a_filing(), a_filing(), a_filing()])
        assert first.ref
        assert second.ref
        assert other.ref
        change = a_filing(a_document(business=business), [first.ref, second.ref, "some-other-system:77"])
        for again in (adapter, adapter, site.make()):
            (answer,) = again.deliver([change])
            assert answer.error is None
        assert [len(site.changes(ref)) for ref in (first.ref, second.ref, other.ref)] == [1, 1, 0]
        assert change.message in site.changes(first.ref)[0]

    def test_a_take_back_is_shown_at_its_target(self, site: Site) -> None:
        """Status 13 is about a document that was filed here, and is shown there; other statuses are not."""
        adapter = site.make()
        (filed,) = adapter.deliver([a_filing()])
        assert filed.ref
        asked = a_report(a_status(StatusCode.TAKE_BACK), target=filed.ref)
        for again in (adapter, site.make()):
            again.report([asked, a_report(target=filed.ref)])
        assert len(site.changes(filed.ref)) == 1

    def test_every_status_is_told_once(self, site: Site) -> None:
        """All nine codes arrive, in one answer each; the same message again, by the next adapter, tells nothing new."""
        reports = [a_report(a_status(code)) for code in StatusCode]
        for adapter in (site.make(), site.make()):
            assert [answer.error for answer in adapter.report(reports)] == [None] * len(reports)
        told = sorted(repr(essence(status)) for status in site.reported())
        assert told == sorted(repr(essence(report.status)) for report in reports)

    def test_a_bounce_is_shown_once(self, site: Site) -> None:
        """Where a recipient refuses what had been sent, the clerk learns who and why; twice told is once shown."""
        site.submit(document := a_document())
        adapter = site.make()
        (collected,) = adapter.collect(10)
        (answer,) = accepted([collected])
        adapter.acknowledge([answer])
        assert answer.message
        bounce = Bounce(
            ref=collected.ref,
            message=answer.message,
            document=DocumentKey(issuer="H49.06", id=document.id),
            mailbox="G22",
            error=RefusedByDms(document=document.id, why="sai thể thức"),
            at=datetime(2026, 1, 6, tzinfo=UTC),
        )
        adapter.bounced([bounce])
        site.make().bounced([bounce])
        if site.shows_bounces:
            (text,) = site.bounces()
            assert bounce.error.in_vietnamese() in text
            assert "G22" in text

    def test_what_was_filed_can_be_shown(self, site: Site) -> None:
        """Right after it was filed, by the next adapter too, and though the clerk has dealt with it in between."""
        adapter, filing, report = site.make(), a_filing(), a_report()
        (filed,), (told,) = adapter.deliver([filing]), adapter.report([report])
        taken = {filing.message: filed.ref, report.message: told.ref}
        for _ in ("where it was put", "taken away"):
            for each in (adapter, site.make()):
                assert set(each.holds(taken)) == set(taken)
            site.take_away()

    def test_what_was_never_filed_cannot_be_shown(self, site: Site) -> None:
        """Whatever its name; where the system can tell at all."""
        adapter, filing, other = site.make(), a_filing(), a_message()
        (filed,) = adapter.deliver([filing])
        assert filed.ref
        if site.shows_filings:
            assert set(adapter.holds({filing.message: filed.ref, other: f"{filed.ref}-2"})) == {filing.message}

    # -- away

    def test_a_system_that_is_away_loses_nothing(self, site: Site) -> None:
        """While the document system does not answer, every method says TryLater, by raising it or in each answer;
        afterwards the same adapter goes on where it stopped."""
        adapter = site.make()
        site.submit(document := a_document())
        filing, report = a_filing(), a_report()
        with site.away():
            with pytest.raises(TryLater):
                adapter.collect(10)
            with pytest.raises(TryLater):
                raised(adapter.deliver([filing]))
            with pytest.raises(TryLater):
                raised(adapter.report([report]))
        assert ids(adapter.collect(10)) == [document.id]
        assert adapter.deliver([filing])[0].error is None
        assert adapter.report([report])[0].error is None
        assert ids(site.filed()) == [filing.document.id]
        assert ids(site.reported()) == ids([report.status])
