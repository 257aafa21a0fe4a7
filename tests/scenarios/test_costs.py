"""What the road costs, counted and not clocked: statements, commits, publishes and bytes of a batch, how often a
message is parsed; and sealing and opening against the bare cryptography in them, as a ratio with room to spare."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import event

from bus.ports.adapter import Collected
from bus.ports.records import Arrival, InboxEntry
from bus.receiving.deliver import deliver
from bus.receiving.judge import judge
from bus.receiving.open import open_all
from bus.receiving.outcome import Delivery
from bus.receiving.take_in import take_in
from bus.receiving.verified import Verified
from bus.sending.accept import accept
from bus.sending.address import address
from bus.sending.publish import publish
from bus.sending.seal import Ready, seal_all
from bus.store.open import open_store
from bus.store.store import SqlStore
from bus.trust.keys import SealingKey, SealingPublicKey, SigningKey, VerifyKey
from bus.wire import envelope
from schemas.docket import Docket
from schemas.document import Attachment, Document
from tests.scenarios.country import Land, document

STATEMENTS = {"accept": 10, "publish": 7, "take in": 9, "deliver": 12, "answer": 7, "hear": 10}
"""The most a step may ask of the store, begins and commits aside, however many documents are in its batch."""


class Costs:
    """One sender, one recipient, a broker in memory, and SQLite; each step is one batch."""

    def __init__(self, root: Path) -> None:
        self.land = Land()
        self.stores = {code: open_store(f"sqlite:///{root}/{code}.db", owner=code) for code in ("G22", "H49")}
        self.commits = Counter[str]()
        self.statements = Counter[str]()
        self._step = "?"
        for store in self.stores.values():
            event.listen(store.engine, "before_cursor_execute", self._asked)
            event.listen(store.engine, "commit", self._committed)

    def _asked(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.statements[self._step] += not statement.startswith("BEGIN")

    def _committed(self, _connection: object) -> None:
        self.commits[self._step] += 1

    @contextmanager
    def step(self, name: str) -> Iterator[SqlStore]:
        self._step = name
        yield self.stores["H49" if name in {"take in", "deliver", "answer"} else "G22"]
        self._step = "?"

    def drive(self, count: int) -> None:
        """So many documents all the way, and their receipts back, a batch a step."""
        one, other, now = self.land["G22"], self.land["H49"], self.land.now
        items = [Collected(ref=str(n), item=papers(n)) for n in range(count)]
        with self.step("accept") as store:
            accept(store, items, member=one.member, now=now)
        with self.step("publish") as store:
            publish(store, one.broker, now=now, dice=lambda: 0.5)
        arrivals = other.broker.receive(limit=500, wait=0)
        assert len(arrivals) == count
        with self.step("take in") as store:
            take_in(store, arrivals, member=other.member, now=now, verified=other.verified)
        other.broker.ack(arrivals)
        other.dms.reports_arrival = True
        with self.step("deliver") as store:
            delivery = Delivery(member=other.member, now=now, dice=lambda: 0.5, verified=other.verified)
            assert deliver(store, other.dms, delivery).filed == count
        with self.step("answer") as store:
            publish(store, other.broker, now=now, dice=lambda: 0.5)
        arrivals = one.broker.receive(limit=500, wait=0)
        with self.step("hear") as store:
            take_in(store, arrivals, member=one.member, now=now)
        self.receipts = len(arrivals)


@pytest.fixture
def costs(tmp_path: Path) -> Iterator[Costs]:
    made = Costs(tmp_path)
    yield made
    for store in made.stores.values():
        store.close()


def papers(number: int) -> Document:
    letter = Attachment.of("1.pdf", os.urandom(3000), content_id="cid:1")
    return document(number=number).model_copy(update={"attachments": (letter,)})


def test_a_step_asks_the_store_as_often_for_many_as_for_few(costs: Costs) -> None:
    """One commit a batch; what it reads and writes goes in a few statements, whatever their number."""
    costs.drive(100)
    assert dict(costs.commits) == dict.fromkeys(STATEMENTS, 1)
    over = {step: asked for step, asked in costs.statements.items() if asked > STATEMENTS[step]}
    assert not over, costs.statements


def test_one_publish_a_document_and_one_receipt_a_batch(costs: Costs) -> None:
    """Each message travels once, and a batch of one sender is receipted together."""
    costs.drive(50)
    assert costs.receipts == 1
    assert costs.land.exchange.depth("inbox.H49") == 0


@contextmanager
def called(*functions: Callable[..., object]) -> Iterator[Counter[str]]:
    """How often each was called, in this thread."""
    codes: dict[CodeType, str] = {}
    for function in functions:
        plain = getattr(function, "__func__", function)
        codes[plain.__code__] = plain.__qualname__
    found = Counter[str]()

    def profile(frame: FrameType, what: str, _: object) -> None:
        if what == "call" and (name := codes.get(frame.f_code)):
            found[name] += 1

    sys.setprofile(profile)
    try:
        yield found
    finally:
        sys.setprofile(None)


def test_a_message_is_worked_on_once_a_side(costs: Costs) -> None:
    """Signed once, wrapped once, verified once, unwrapped once; taken apart once by each reader. Its docket is parsed
    where it arrives and nowhere else: what a store was given a moment ago it need not be asked for."""
    count = 100
    with called(
        SigningKey.sign, SealingPublicKey.wrap, VerifyKey.verify, SealingKey.unwrap, envelope.parse, Docket.from_json
    ) as found:
        costs.drive(count)
    receipts = costs.receipts
    assert found["SigningKey.sign"] == count + receipts
    assert found["VerifyKey.verify"] == count + receipts
    assert found["SealingPublicKey.wrap"] == count
    assert found["SealingKey.unwrap"] == count
    assert found["parse"] == count + receipts
    assert found["Value.from_json"] == 2 * count + receipts  # the docket, and the document in the content


def test_a_sealed_document_is_little_larger_than_its_content() -> None:
    """The content is there once; a docket, a signature and a wrap for each recipient are around it."""
    land = Land()
    member = land["G22"].member
    (entry,) = seal_all(member, [Ready(addressed=(addressed := address(member, papers(1))))], now=land.now)
    assert not isinstance(entry, Exception)
    assert len(entry.body) < len(addressed.content) + 2000


def _least(work: Callable[[], object], times: int = 7) -> float:
    """Seconds of the processor in this thread, of the quickest of several: what else runs is not in them."""
    taken = []
    for _ in range(times):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return min(taken)


COUNT = 100
ROOM = 15.0
"""A step may take so many times its bare cryptography. Measured: sealing 1.3, judging 1.8, judging and opening 1.7;
beside much other work, 2.6 to 5.6."""


def test_sealing_and_opening_are_mostly_cryptography() -> None:
    """What is done around it, for a batch of documents of 4 KiB, is no multiple of it."""
    land = Land()
    one, other, now = land["G22"].member, land["H49"].member, land.now
    ready = [Ready(addressed=address(one, papers(number))) for number in range(COUNT)]
    entries = [each for each in seal_all(one, ready, now=now) if not isinstance(each, Exception)]
    arrivals = [Arrival(tag=(1, n), body=each.body, user="G22") for n, each in enumerate(entries, start=1)]
    held = [InboxEntry(docket=each.docket, body=each.body, taken_at=now) for each in entries]
    key, signer, nonce, text = other.identity.sealing[0], one.identity.signing, bytes(12), ready[0].addressed.content
    wrapped, signature, sealed = key.public.wrap(bytes(32), b"x"), signer.sign(b"y"), AESGCM(bytes(32))
    secret = sealed.encrypt(nonce, text, None)

    def bare(work: Callable[[], object]) -> float:
        return _least(lambda: [work() for _ in range(COUNT)])

    def opened() -> None:
        verified = Verified()
        judge(other, arrivals, now, verified=verified)
        open_all(held, other, land["H49"].store, verified)

    seal = bare(lambda: (key.public.wrap(bytes(32), b"x"), signer.sign(b"y"), sealed.encrypt(nonce, text, None)))
    verify = bare(lambda: signer.public.verify(signature, b"y"))
    unwrap = bare(lambda: (key.unwrap(wrapped, b"x"), sealed.decrypt(nonce, secret, None)))
    ratios = {
        "seal": _least(lambda: seal_all(one, ready, now=now)) / seal,
        "judge": _least(lambda: judge(other, arrivals, now, verified=Verified())) / verify,
        "judge and open": _least(opened) / (verify + unwrap),
    }
    assert max(ratios.values()) < ROOM, ratios
