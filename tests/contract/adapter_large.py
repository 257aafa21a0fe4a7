"""The contract of adapters, its part about attachments that are too large to be held in memory: for those adapters that
say `takes_large`. Theirs is one more thread, and a promise that nothing half is ever seen."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bus.errors import NotServed, StoreFull, TryLater
from bus.ports import Adapter, Answer, Filed, Filing
from schemas.codes import BusinessType
from schemas.document import Attachment, Document
from tests.contract.adapter_site import (
    MIB,
    Site,
    a_document,
    a_filing,
    a_message,
    accepted,
    crashes,
    essence,
    ids,
    raised,
)
from tests.fakes.source import Generated, large, lying

SIZE = 2 * MIB + 1234
"""Of a large file here: more than a piece, and no whole number of them."""


def a_large_document(*, name: str = "bản đồ.bin", business: BusinessType = BusinessType.NEW) -> Document:
    """With a large file and a small one."""
    small = Attachment.of("12-SA.pdf", b"%PDF-1.7\n%%EOF\n", content_id="1")
    return a_document(attachments=[small, large(name, SIZE, content_id="2")], business=business)


def a_large_filing(source: object = None) -> Filing:
    filing = a_filing(a_large_document())
    if source is None:
        return filing
    attachments = tuple(each.model_copy(update={"source": source}) for each in filing.document.attachments[1:])
    return replace(filing, document=filing.document.model_copy(update={"attachments": attachments}))


class _Watched:
    """A source that stops half way to have something done, then goes on."""

    def __init__(self, at_half: Callable[[], None]) -> None:
        self._at_half = at_half

    def pieces(self, size: int) -> Iterator[bytes]:
        for number, piece in enumerate(Generated(SIZE).pieces(size)):
            if number == SIZE // size // 2:
                self._at_half()
            yield piece


class LargeContract:
    """Part of `AdapterContract`."""

    @pytest.fixture
    def adapter(self, site: Site) -> Adapter:
        adapter = site.make()
        if not adapter.takes_large:
            pytest.skip("this adapter takes no attachments from a source")
        return adapter

    # -- collect and acknowledge

    @pytest.mark.parametrize("name", ["bản đồ.bin", "bản vẽ.pdf", "a.zip"])
    def test_what_is_large_is_offered_apart(self, site: Site, adapter: Adapter, name: str) -> None:
        """`collect` has the small ones, `collect_large` the others, with every byte of theirs to be read where it
        lies, as often as one likes."""
        site.submit(small := a_document())
        site.submit(document := a_large_document(name=name))
        assert ids(adapter.collect(10)) == [small.id]
        (collected,) = adapter.collect_large(10)
        assert essence(collected.item) == essence(document)
        assert essence(collected.item) == essence(document)
        assert isinstance(collected.item, Document)
        file = collected.item.attachments[1]
        assert file.source is not None
        assert not file.content
        assert {len(piece) for piece in file.pieces(1000)} == {1000, SIZE % 1000}

    def test_what_is_large_is_offered_until_acknowledged(self, site: Site, adapter: Adapter) -> None:
        """By the same adapter and by the next one after a crash; "later" is no answer that ends it, though the same one
        may wait a while; and what was offered can be read until then, whoever offers it again meanwhile."""
        site.submit(document := a_large_document())
        offered = [adapter.collect_large(10), adapter.collect_large(10), site.make().collect_large(10)]
        assert [ids(each) for each in offered] == [[document.id]] * 3
        adapter.acknowledge([Answer(ref=offered[0][0].ref, error=StoreFull(store="h49.db", why="no space"))])
        assert not site.refusals()
        assert ids(site.make().collect_large(10)) == [document.id]
        assert [essence(each.item) for (each,) in offered] == [essence(document)] * 3

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(lambda ref: Answer(ref=ref, message=a_message()), id="accepted"),
            pytest.param(lambda ref: Answer(ref=ref, message=a_message(), duplicate=True), id="duplicate"),
            pytest.param(lambda ref: Answer(ref=ref, error=NotServed(agency="G22", mailbox="H49")), id="refused"),
        ],
    )
    def test_what_is_large_and_settled_is_not_offered_again(
        self, site: Site, adapter: Adapter, answer: Callable[[str], Answer]
    ) -> None:
        """Not by the adapter that got the answer, not after a restart; nor by `collect`."""
        site.submit(a_large_document())
        (collected,) = adapter.collect_large(10)
        for _ in range(2):
            adapter.acknowledge([answer(collected.ref)])
            for each in (adapter, site.make()):
                assert not each.collect_large(10)
                assert not each.collect(10)

    def test_no_more_large_ones_than_asked(self, site: Site, adapter: Adapter) -> None:
        """The oldest, as many as the bus has room for."""
        items = [a_large_document() for _ in range(3)]
        for item in items:
            site.submit(item)
        assert ids(adapter.collect_large(1)) == ids(items[:1])
        assert ids(adapter.collect_large(2)) == ids(items[:2])
        assert not adapter.collect_large(0)

    def test_a_crash_at_any_step_of_sending_large_loses_nothing(self, site: Site, adapter: Adapter) -> None:
        """As for the small ones: settled or offered again, whole."""
        del adapter
        site.submit(document := a_large_document())

        def send() -> None:
            adapter = site.make()
            adapter.acknowledge(accepted(adapter.collect_large(10)))

        for _ in crashes(send):
            again = site.make().collect_large(10)
            if not again:
                site.submit(document := a_large_document())
            assert [essence(item.item) for item in again] in ([], [essence(document)])
        assert not site.refusals()

    # -- deliver

    def test_what_is_large_is_filed_whole_and_once(self, site: Site, adapter: Adapter) -> None:
        """From its source, which the next adapter may be given again, as a crash does."""
        filing = a_large_filing()
        answers = [each.deliver([filing])[0] for each in (adapter, adapter, site.make())]
        assert [answer.error for answer in answers] == [None] * 3
        assert len({answer.ref for answer in answers}) == 1
        assert [essence(document) for document in site.filed()] == [essence(filing.document)]
        assert set(adapter.holds({filing.message: answers[0].ref})) == {filing.message}
        site.take_away()
        site.make().deliver([filing])
        assert ids(site.filed()) == [filing.document.id]

    def test_a_large_change_is_shown_at_its_target(self, site: Site, adapter: Adapter) -> None:
        """What updates a document may be large, too."""
        (filed,) = adapter.deliver([a_filing()])
        change = a_filing(a_large_document(business=BusinessType.UPDATE), [filed.ref or ""])
        for each in (adapter, site.make()):
            assert each.deliver([change])[0].error is None
        assert len(site.changes(filed.ref or "")) == 1

    def test_a_crash_at_any_step_of_filing_large_files_once(self, site: Site, adapter: Adapter) -> None:
        """Killed wherever it may be, nothing half is seen, and the next one comes to the same end."""
        del adapter
        work = [a_large_filing()]

        def file() -> None:
            raised(site.make().deliver(work))

        for _ in crashes(file):
            assert ids(site.filed()) in ([], [work[0].document.id])
            file()
            assert [essence(document) for document in site.filed()] == [essence(work[0].document)]
            site.clear()
            work[:] = [a_large_filing()]

    def test_killed_half_way_through_a_file_nothing_is_seen(self, site: Site, adapter: Adapter) -> None:
        """Between two pieces, which is where it spends its time."""
        filing = a_large_filing()
        half = replace(filing, document=a_large_filing(_Watched(lambda: os._exit(9))).document)
        child = os.fork()
        if child == 0:
            adapter.deliver([half])
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert not site.filed()
        raised(site.make().deliver([filing]))
        assert [essence(document) for document in site.filed()] == [essence(filing.document)]

    def test_a_disk_that_fills_half_way_keeps_nothing_half(self, site: Site, adapter: Adapter) -> None:
        """It is tried later; what is small is filed meanwhile; once there is room the same message is filed whole."""
        filing, small = a_large_filing(), a_filing()
        with site.full():
            with pytest.raises(TryLater):
                raised(adapter.deliver([filing]))
            raised(adapter.deliver([small]))
        assert ids(site.filed()) == [small.document.id]
        raised(adapter.deliver([filing]))
        assert sorted(ids(site.filed())) == sorted([small.document.id, filing.document.id])

    @pytest.mark.parametrize(
        ("source", "passes"),
        [
            pytest.param(Generated(SIZE, fails_at=2 * MIB), True, id="cannot be read"),
            pytest.param(Generated(SIZE, ends_at=MIB), False, id="ends early"),
        ],
    )
    def test_a_source_that_fails_harms_no_other(
        self, site: Site, adapter: Adapter, source: Generated, passes: bool
    ) -> None:
        """What cannot be read now may be later; what is not what was said is filed never. Neither is seen."""
        filing = a_filing(a_document(attachments=[lying("a.pdf", source, content_id="1")]))
        small = a_filing()
        failed, filed = adapter.deliver([filing, small])
        assert isinstance(failed.error, TryLater) is passes
        assert failed.error is not None
        assert filed.error is None
        assert ids(site.filed()) == [small.document.id]

    # -- three threads

    def test_the_small_do_not_wait_for_the_large(self, site: Site, adapter: Adapter) -> None:
        """While a large document is filed in one thread, small ones are collected, acknowledged, filed and looked for
        in others; not one of them waits for its end."""
        half, go_on = threading.Event(), threading.Event()

        def stop() -> None:
            half.set()
            assert go_on.wait(60)

        filing, small = a_large_filing(_Watched(stop)), a_filing()
        answers: list[Filed] = []
        thread = threading.Thread(target=lambda: answers.extend(adapter.deliver([filing])))
        thread.start()
        try:
            assert half.wait(60)
            site.submit(a_document())
            adapter.acknowledge(accepted(adapter.collect(10)))
            assert not adapter.collect(10)
            (filed,) = adapter.deliver([small])
            assert set(adapter.holds({small.message: filed.ref})) == {small.message}
            assert ids(site.filed()) == [small.document.id]
        finally:
            go_on.set()
            thread.join()
        raised(answers)
        assert sorted(ids(site.filed())) == sorted(ids([small.document, filing.document]))

    def test_what_is_large_waits_while_the_system_is_away(self, site: Site, adapter: Adapter) -> None:
        """Every method for the large says TryLater then, as the others do, and goes on afterwards."""
        site.submit(document := a_large_document())
        filing = a_large_filing()
        with site.away():
            with pytest.raises(TryLater):
                adapter.collect_large(1)
            with pytest.raises(TryLater):
                raised(adapter.deliver([filing]))
        assert ids(adapter.collect_large(1)) == [document.id]
        raised(adapter.deliver([filing]))
        assert ids(site.filed()) == [filing.document.id]
