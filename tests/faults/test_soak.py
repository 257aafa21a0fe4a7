"""The soak in short: a minute, or five, of random faults over a smaller country. tests/faults/soak is the long one."""

import os
from pathlib import Path
from typing import get_args

import pytest

from deploy.local_broker import Kind
from tests.faults.soak import Outcome, Trouble, plan, soak
from tests.faults.tale import FULL

SECONDS = 300.0 if FULL else 60.0
PROJECT = Path(__file__).parents[2]


def test_a_seed_is_a_plan() -> None:
    """A seed gives the same faults at the same seconds on any machine; another seed gives others."""
    assert plan(7, 1800) == plan(7, 1800)
    assert plan(7, 1800) != plan(8, 1800)
    assert {fault.kind for fault in plan(7, 1800)} == set(Trouble)


@pytest.mark.timeout(900)
def test_some_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks meanwhile, every document is filed once and every status arrives; the ledger, which was killed
    too, says the same."""
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    forced = os.environ.get("LIENTHONG_TEST_BROKER")
    kind: Kind | None = next((kind for kind in get_args(Kind) if kind == forced), None)
    seed = int(os.environ.get("LIENTHONG_FAULTS_SEED", "2026"))
    outcome: Outcome = soak(tmp_path, seed=seed, seconds=SECONDS, mailboxes=12, rate=1.0, kind=kind)
    assert not outcome.judged.faults, str(outcome)
    assert outcome.judged.filed > 30
    assert not outcome.differs, str(outcome)
    assert outcome.told.documents.total() == outcome.judged.filed - outcome.judged.statuses
