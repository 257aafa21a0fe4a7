"""The table of causes: every row complete, in both languages, and what its sentences name."""

import re
from pathlib import Path

import pytest

from bus.ledger.alerts.causes import CAUSES, Cause, Source, both, names_in, sentence
from bus.rabbit.admin.queue_faults import NO_FIGURES, every_fault
from tests.house.vietnamese import english_in

ROWS = [pytest.param(cause, id=cause.code) for cause in CAUSES.values()]


@pytest.mark.parametrize("cause", ROWS)
def test_a_cause_speaks_both_languages(cause: Cause) -> None:
    """Title, sentence and next step, and the Vietnamese ones have no English words; those of queues and nodes are
    judged where they stand."""
    for label in (cause.title, cause.text, cause.do):
        assert all(label)
        assert cause.source is Source.BROKER or english_in(label.vi) == []


@pytest.mark.parametrize("cause", ROWS)
def test_both_sentences_name_the_same_facts(cause: Cause) -> None:
    """What is told in one language is told in the other."""
    assert re.findall(r"\{\w+\}", cause.text.vi) == re.findall(r"\{\w+\}", cause.text.en)


@pytest.mark.parametrize("cause", ROWS)
def test_a_title_and_a_next_step_name_no_fact(cause: Cause) -> None:
    """They are of all alerts of the cause."""
    assert re.findall(r"[{}]", "".join((*cause.title, *cause.do))) == []


def test_every_fault_of_a_queue_is_a_cause() -> None:
    """But that of a queue that has no figures yet: wait some seconds."""
    assert {code.removeprefix("queue.") for code in CAUSES if code.startswith("queue.")} == {
        fault.code for fault in every_fault() if fault.code != NO_FIGURES
    }


def test_every_source_has_causes() -> None:
    """A source that no cause names would never be asked."""
    assert {cause.source for cause in CAUSES.values()} == set(Source)


def test_a_sentence_has_its_facts_in_its_own_language() -> None:
    """A fact that is given twice is told once in each; a time is told on the clock of Việt Nam."""
    facts = {"what": both("khóa niêm phong", "sealing key"), "ends_at": "2026-12-01T00:00:00+00:00"}
    said = sentence(CAUSES["key-ends"], subject="H29", facts=facts)
    assert said.vi == "Hộp thư H29: khóa niêm phong hết hạn 2026-12-01 07:00 +07"
    assert said.en == "Mailbox H29: its sealing key ends at 2026-12-01 07:00 +07"


def test_what_strangers_wrote_steers_nothing() -> None:
    """A subject with a line break is one line."""
    assert "\n" not in "".join(sentence(CAUSES["silent"], subject="H29\nSubject: x", facts={}))


def test_a_fact_of_another_version_is_left_open() -> None:
    """An alert that was kept before an upgrade still has a sentence."""
    assert (
        sentence(CAUSES["overdue"], subject="H29", facts={}).en
        == "Agency H29: … obligations overdue, the oldest since …"
    )


def test_the_facts_that_a_cause_names_are_known() -> None:
    """Beside its subject."""
    assert names_in(CAUSES["overdue"]) == {"count", "oldest_at"}


def test_the_handbook_names_every_cause() -> None:
    """But those of queues and nodes, which have a page of their own."""
    page = (Path(__file__).parents[5] / "deploy/handbook/alerts.md").read_text()
    table = page.partition('<a id="causes">')[2].partition("<a id=")[0]
    rows = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([a-z-]+)`", rows)) == {code for code in CAUSES if not code.startswith("queue.")}
