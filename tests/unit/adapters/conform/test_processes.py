"""Work in a process of its own."""

import importlib
import os
import re
import signal
import time
from pathlib import Path

import pytest

from adapters.conform.processes import Child, in_new_process, killed_after, told
from adapters.conform.trial import NotMet
from schemas.document import Document


def test_what_hangs_is_ended(tmp_path: Path) -> None:
    """And said to have taken too long."""
    with pytest.raises(NotMet, match=r"no end after 0\.1 s"):
        Child(lambda _: time.sleep(60), tmp_path).end(within=0.1)


def test_what_it_wrote_down_outlives_a_kill(tmp_path: Path) -> None:
    """The last word counts."""

    def work(say: object) -> None:
        assert callable(say)
        say("a longer word")
        say("the last")
        os.kill(os.getpid(), signal.SIGKILL)

    end = Child(work, tmp_path).end()
    assert end.was_killed
    assert end.said == "the last"


def test_what_fails_is_said(tmp_path: Path) -> None:
    """With the place; a killed worker returns what the work returned."""

    def work() -> str:
        raise ValueError("of its own")

    with pytest.raises(NotMet, match=r"a new process: ValueError: of its own \(test_processes.py:\d+\)"):
        in_new_process(work, tmp_path)
    with pytest.raises(NotMet, match="of its own"):
        killed_after(work, tmp_path)
    assert killed_after(lambda: "answered", tmp_path) == "answered"


VENDOR = {
    "vendor": "import a_library\n\ndef f():\n    a_library.g()\n",
    "a_library": "def g():\n    raise KeyError(1)\n",
}


def test_the_line_that_is_told_is_the_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a library's, whatever raised there; of a package that is installed, its own."""
    with pytest.raises(ValueError, match="id") as wrong:
        Document.model_validate({})
    assert re.search(r"^ValidationError of Document: .*\(test_processes\.py:\d+\)$", told(wrong.value))
    for package, text in VENDOR.items():
        folder = tmp_path / "site-packages" / package
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    with pytest.raises(KeyError) as raised:
        importlib.import_module("vendor").f()
    assert raised.value.__traceback__
    raised.value.__traceback__ = raised.value.__traceback__.tb_next  # the suite's own line, in the place of this one
    assert told(raised.value) == "KeyError: 1 (__init__.py:4)"


def test_those_that_it_made_end_with_it(tmp_path: Path) -> None:
    """A helper of a stranger's adapter holds up nothing."""
    file = tmp_path / "pid"

    def work(_: object) -> None:
        helper = os.fork()
        if helper == 0:
            time.sleep(60)
            os._exit(0)
        file.write_text(str(helper))

    assert Child(work, tmp_path).end().code == 0
    assert is_gone(int(file.read_text()))


def test_work_within_work_ends_with_it(tmp_path: Path) -> None:
    """Where a row is ended for its time, what it had killed and started ends, too."""
    file = tmp_path / "pid"

    def inner(_: object) -> None:
        file.write_text(str(os.getpid()))
        time.sleep(60)

    with pytest.raises(NotMet):
        Child(lambda _: Child(inner, tmp_path).end(), tmp_path).end(within=1)
    assert is_gone(int(file.read_text()))


def is_gone(process: int) -> bool:
    """Within five seconds; one that nobody waited for counts."""
    for _ in range(100):
        state = Path(f"/proc/{process}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return True
        time.sleep(0.05)
    return False
